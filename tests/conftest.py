"""One PostgreSQL for the whole run, and a database of its own for every test that asks for one.

TRADEPOST_TEST_DATABASE_URL names another server to test against, as a user who may create databases.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from tests.faults.serving import PATIENCE_SECONDS
from tests.scene import Scene, open_market
from tradepost.ground import embedded, schema
from tradepost.ground.database import Database, connect

SHARED = Path(__file__).resolve().parents[2] / "shared"
MEMORY = Path("/dev/shm")  # noqa: S108  # the tests' own database
TEMPLATE = f"tradepost_template_{os.getpid()}"
OURS = "tradepost-tests-"
UNSAFE_AND_FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100",
    "autovacuum": "off",  # it comes when it likes, and what it learns changes plans in the middle of a test
}  # fmt: skip
settings.register_profile("slow machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow machine")

_numbers = count(1)


def absent(place: Path) -> str:
    """Why a test is skipped that uses this file or folder of ../shared: nothing of it is part of the project."""
    return f"../shared/{place.relative_to(SHARED)} is not beside this checkout"


class TestServer:
    """The server under test: makes a fresh database with the schema in it."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        """The address of a database on this server."""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    async def make(self, template: str = TEMPLATE) -> str:
        """A new database; its address."""
        name = f"tradepost_test_{os.getpid()}_{next(_numbers)}"
        await self.say(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self.say(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")
                except asyncpg.ObjectInUseError:  # who was sent away has five seconds to go, however busy the machine
                    await asyncio.sleep(0.1)

    async def say(self, statement: str) -> None:
        """Run a statement outside of every test's database."""
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[TestServer]:
    """The server, with a migrated template."""
    if url := os.environ.get("TRADEPOST_TEST_DATABASE_URL"):
        yield await _with_template(TestServer(url))
        return
    parent = _fast_folder()
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{OURS}{os.getpid()}-", dir=parent))
    folder.chmod(0o755)
    async with embedded.lease(folder / "data", settings=UNSAFE_AND_FAST) as lease:
        yield await _with_template(TestServer(lease.url("postgres")))
    shutil.rmtree(folder, ignore_errors=True)


def _fast_folder() -> Path:
    """Memory, where there is enough: a fresh database is some 300 files, made ten times as fast there as on a disk."""
    enough = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * 2**30
    return MEMORY if enough else Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    """What runs that were killed have left there; their server has stopped by itself."""
    for folder in parent.glob(f"{OURS}*-*"):
        pid = folder.name.removeprefix(OURS).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


async def _with_template(server: TestServer) -> TestServer:
    await server.drop(server.url(TEMPLATE))
    await server.say(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
    await schema.upgrade(server.url(TEMPLATE))
    return server


@pytest.fixture
async def database_url(server: TestServer) -> AsyncIterator[str]:
    """The address of a fresh database with the schema in it."""
    url = await server.make()
    yield url
    await server.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with the schema in it."""
    async with connect(database_url) as connected:
        yield connected


@pytest.fixture
async def scene(database: Database) -> Scene:
    """A small open marketplace on a frozen clock; see tests/scene.py."""
    return await open_market(database)
