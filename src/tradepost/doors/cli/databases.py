"""`tradepost database`: the database as a whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cyclopts import App

from tradepost.doors.cli.house import HERE, Where, address, data_folder, database_url
from tradepost.ground import backup as backups
from tradepost.ground import schema
from tradepost.ground.database import connect
from tradepost.ground.settings import Address, Settings

database = App(name="database", help="Upgrade, back up, restore or find the database.")


@database.command
async def upgrade(*, where: Where = HERE) -> int:
    """Bring the database to the schema of this program; an empty one gets it whole.

    Make a backup first. Exit codes: 0 the schema is this program's; 2 it is newer
    than the program, or the database cannot be reached.
    """
    async with _reached(where) as url:
        before = await schema.found_revision(url)
        await schema.upgrade(url)
        after = await schema.found_revision(url)
    was = f"it was {before}" if before else "there was none"
    print(f"The schema is {after} already." if before == after else f"The schema is {after} now; {was}.")
    return 0


@database.command
async def backup(file: Path, /, *, where: Where = HERE) -> int:
    """Write the whole database, as it is at one moment, to a file for its owner only.

    For example:
      tradepost database backup monday.backup

    Exit codes: 0 written; 2 not.

    Parameters
    ----------
    file
        A file that does not exist yet.
    """
    async with _reached(where) as url:
        await backups.backup(url, file)
    print(f"The backup is {file}.")
    return 0


@database.command
async def restore(file: Path, /, *, where: Where = HERE) -> int:
    """Fill an empty database from a backup, wholly or not at all.

    Also the way from the embedded server to another:
      tradepost database backup all.backup
      tradepost database restore all.backup --database postgresql://host/shop

    Exit codes: 0 restored; 2 not, and nothing was changed.

    Parameters
    ----------
    file
        What `tradepost database backup` wrote.
    """
    async with _reached(where) as url:
        await backups.restore(url, file)
        found = await schema.found_revision(url)
    older = "" if found == schema.head() else " Its schema is older: run `tradepost database upgrade`."
    print(f"The database holds what {file} held.{older}")
    return 0


@database.command(name="where")
async def tell_where(*, where: Where = HERE) -> int:
    """Print where the database is: its address, or the folder of the embedded server.

    Nothing is started. Exit code: 0.
    """
    settings = Settings.from_environment()
    url = database_url(where, settings)
    print(Address.of(url).url if url else data_folder(where, settings))
    return 0


@asynccontextmanager
async def _reached(where: Where) -> AsyncIterator[str]:
    """The address of a database that answers, whatever is in it."""
    async with address(where, Settings.from_environment()) as (url, _):
        async with connect(url, connections=1):
            pass
        yield url
