"""The Selling Partner API on a small marketplace, asked by a client of ours and by real ones."""

import gc
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from tests.conftest import absent
from tests.faults.serving import PATIENCE_SECONDS, serving
from tests.scene import PRO, Scene
from tests.selling_partner_api.clients import (
    NPM_CLIENT,
    NPM_SECONDS,
    Application,
    JavaScript,
    Judgement,
    Selling,
    ValidatingClient,
    authorized,
    selling_of,
)
from tests.selling_partner_api.model import FOLDER, Models, Walk, load
from tests.selling_partner_api.operations import Market, market_of
from tests.selling_partner_api.tap import tapped
from tradepost.doors.selling_partner_api.documents import Shelf
from tradepost.doors.selling_partner_api.terms import Terms
from tradepost.doors.serving import app
from tradepost.ground.storage import Storage

Authorize = Callable[..., Awaitable[Application]]

HERE = Path(__file__).parent
LOOKING_BACK = "test_walked.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all the others comes after them; and clients of others leave sockets to the collector."""
    items.sort(key=lambda item: item.path == HERE / LOOKING_BACK)
    for item in items:
        if "running" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


def whole_folder(session: pytest.Session) -> bool:
    """Whether all tests of this folder are run: every file, and in each all that it has."""
    files = {item.path for item in session.items if item.path.parent == HERE}
    words = (session.config.getoption(word) for word in ("keyword", "markexpr", "lf", "deselect"))
    return (
        files == {*HERE.glob("test_*.py")} and not any(words) and not any("::" in part for part in session.config.args)
    )


@pytest.fixture(scope="session")
def models() -> Models:
    """Amazon's models."""
    if not FOLDER.is_dir():
        pytest.skip(absent(FOLDER))
    return load()


@pytest.fixture(scope="session")
def walk() -> Walk:
    """Which operations were asked in this run of the tests, and how they answered."""
    return Walk()


@pytest.fixture
def judgement(models: Models, walk: Walk) -> Judgement:
    """Holds responses against the models."""
    return Judgement(models, walk)


@pytest.fixture
def terms() -> Terms:
    """The terms of the marketplace: a sandbox's, with restricted tokens. A test file that needs others overrides it."""
    return Terms(generous_plans=True, settling=timedelta(0), restricted=True)


@pytest.fixture
def authorize(scene: Scene) -> Authorize:
    """Make an application that a seller has authorized: `await authorize(SOLO)`."""

    async def make(seller_id: str = PRO, name: str = "Order Tool") -> Application:
        return await authorized(scene.database, seller_id, name)

    return make


@pytest.fixture
async def application(authorize: Authorize) -> Application:
    """An application that Acme, the professional seller, has authorized."""
    return await authorize(PRO)


@pytest.fixture
async def partner_client(
    scene: Scene, judgement: Judgement, terms: Terms, storage: Storage
) -> AsyncIterator[ValidatingClient]:
    """The whole application on the scene's database, without a socket; no token is sent."""
    front = app.of_database(scene.database, terms=terms, shelf=Shelf(storage, "http://tradepost.test"))
    transport = httpx.ASGITransport(front, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with ValidatingClient(judgement, transport=transport, base_url="http://tradepost.test") as client:
        yield client


@pytest.fixture
async def selling(partner_client: ValidatingClient, application: Application) -> Selling:
    """The seller API, asked by `application` for Acme; without a socket."""
    return await selling_of(partner_client, application)


@pytest.fixture
async def market(scene: Scene, storage: Storage, application: Application) -> Market:
    """An order of Acme's that is to be shipped, a feed that waits, and a subscription of `application` for Acme."""
    return await market_of(scene, storage, application.client_id)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """The folder where documents lie."""
    return tmp_path / "documents"


@pytest.fixture
def storage(documents: Path) -> Storage:
    """Where documents lie."""
    return Storage.at(str(documents))


@pytest.fixture
async def running(
    scene: Scene,
    database_url: str,
    judgement: Judgement,
    terms: Terms,
    documents: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    """The address of the whole application in processes of its own, on the scene's database. No worker is beside it.

    Whatever comes by this address is held against its model; a test during which something was wrong fails at its end.
    """
    # Clients of others wait for five seconds where nothing is said, and not all of them can be told to wait longer.
    monkeypatch.setattr(httpx.Client, "__init__", partialmethod(httpx.Client.__init__, timeout=PATIENCE_SECONDS))
    settings: dict[str, Any] = {
        "TRADEPOST_DOCUMENTS": str(documents),
        "TRADEPOST_SELLER_API_PLANS": "generous" if terms.generous_plans else "",
        "TRADEPOST_SELLER_API_SETTLING": str(int(terms.settling.total_seconds())),
        "TRADEPOST_SELLER_API_RESTRICTED": "" if terms.restricted else "no",
    }
    async with serving("--database", database_url, "--worker", "apart", **settings) as program:
        tap = tapped(urlsplit(program.url).port or 0, judgement.judge)
        # In a thread of its own, since some clients ask for a token where they are made, and hold up this one.
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(tap) as port:
            yield f"http://127.0.0.1:{port}"
    gc.collect()  # the sockets that clients have left, while this test is the one to be told of them
    judgement.insist()


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JavaScript]:
    """npm's amazon-sp-api; its tests are skipped where there is no Node or it cannot be installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), NPM_CLIENT]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=NPM_SECONDS, text=True)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {NPM_CLIENT} within {NPM_SECONDS} seconds")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm could not install {NPM_CLIENT}: {error.stderr[-500:]}")
    yield JavaScript(folder)
    shutil.rmtree(folder)
