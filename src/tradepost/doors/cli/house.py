"""Opening the house: the database that a command works on, with the schema that this program works with."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import Parameter

from tradepost.doors.cli.mistakes import Mistake
from tradepost.ground import schema
from tradepost.ground.database import Database, Transaction, connect
from tradepost.ground.embedded import default_data_folder, lease
from tradepost.ground.settings import Address, Settings
from tradepost.ground.storage import InvalidStorage, Storage
from tradepost.ground.throw_away import SETTINGS, throw_away_database
from tradepost.orders import records as orders
from tradepost.payments.gateway import Gateway, SimulatedGateway
from tradepost.people import policies
from tradepost.people import records as people


@Parameter(name="*", group="Which marketplace")
@dataclass(frozen=True)
class Where:
    """Where the marketplace is."""

    database: Annotated[str | None, Parameter(name="--database", metavar="URL")] = None
    """A PostgreSQL 15 or newer of your own [env: TRADEPOST_DATABASE_URL]."""

    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR")] = None
    """The folder of the embedded server, used where no database is named [env: TRADEPOST_DATA]."""


HERE = Where()


@dataclass(frozen=True, slots=True)
class House:
    """An open house. `folder` is where the embedded server, or at least the mailbox, keeps its files."""

    database: Database
    url: str
    folder: Path
    settings: Settings
    documents: str  # the folder or URL of sellers' documents

    @property
    def gateways(self) -> Sequence[Gateway]:
        """The payment gateways that this program can ask."""
        return (SimulatedGateway(),)

    @property
    def storage(self) -> Storage:
        """Where sellers' documents lie."""
        try:
            return Storage.at(self.documents)
        except InvalidStorage as error:
            raise Mistake(f"{error} Set another with TRADEPOST_DOCUMENTS.") from error


def database_url(where: Where, settings: Settings) -> str | None:
    """The address of the database that is meant; None: the embedded server's. What is typed overrules what is set."""
    if where.database and where.data:
        raise Mistake("Name a database or a data folder, not both.")
    url = where.database or (None if where.data else settings.database_url)
    if url:
        Address.of(url)
    return url


def data_folder(where: Where, settings: Settings) -> Path:
    """The data folder that is meant; a ~ that no shell has replaced is the home folder here, too."""
    try:
        return (where.data or settings.data or default_data_folder()).expanduser().absolute()
    except RuntimeError as error:
        raise Mistake("There is no such home folder: name a data folder with --data or TRADEPOST_DATA.") from error


@asynccontextmanager
async def address(where: Where, settings: Settings) -> AsyncIterator[tuple[str, bool]]:
    """The address of the database, and whether it is the embedded server's, which runs until the end of the block."""
    if url := database_url(where, settings):
        yield url, False
        return
    async with lease(data_folder(where, settings)) as server:
        yield server.url(), True


@asynccontextmanager
async def open_house(where: Where, *, furnish: bool = False) -> AsyncIterator[House]:
    """The marketplace that is meant. A database without a schema gets it if it is the embedded one, or with `furnish`;
    any other must have it."""
    settings = Settings.from_environment()
    async with address(where, settings) as (url, embedded), connect(url) as database:
        if (embedded or furnish) and await schema.found_revision(url) is None:
            if not embedded and not await schema.holds_nothing(url):
                raise Mistake("The database is not empty: name one that is Tradepost's, or nobody's.")
            await schema.upgrade(url)
        await schema.require_current(url)
        folder = data_folder(where, settings)
        yield House(database, url, folder, settings, settings.documents or str(folder / "documents"))


@asynccontextmanager
async def throw_away_house(where: Where) -> AsyncIterator[House]:
    """A new marketplace in the embedded server, gone at the end of the block."""
    settings = Settings.from_environment()
    folder = data_folder(where, settings)
    with TemporaryDirectory(prefix="tradepost-documents-") as documents:
        async with (
            lease(folder) as server,
            throw_away_database(server) as url,
            connect(url, settings=SETTINGS) as database,
        ):
            yield House(database, url, folder, settings, settings.documents or documents)


@asynccontextmanager
async def empty_house(where: Where, *, keep: bool) -> AsyncIterator[House]:
    """A database with nothing of a marketplace in it: the one that is named or to be kept, or else a throw-away one."""
    if not (keep or where.database):
        async with throw_away_house(where) as house:
            yield house
        return
    async with open_house(where, furnish=True) as house:
        if await house.database.run(_is_used):
            raise Mistake("The database is not empty: name one that holds no marketplace yet.")
        yield house


async def marketplace_zone(tx: Transaction) -> str:
    """The zone in which times are shown and read: that of the marketplace; UTC where there are several or none."""
    in_force = [(market.marketplace_id, market.policy_version) for market in await people.marketplaces(tx)]
    zones = {policy.zone for policy in (await policies.of(tx, in_force)).values()}
    return zones.pop() if len(zones) == 1 else "UTC"


async def _is_used(tx: Transaction) -> bool:
    return bool(await people.marketplaces(tx)) or await orders.any_order(tx)
