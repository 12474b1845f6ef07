"""The schema of the database: made and upgraded with Alembic, and checked without it.

Alembic and SQLAlchemy take longer to import than most commands take to run, so only an upgrade imports them.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from tradepost.ground.database import Transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"

_NOT_OURS = (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError, asyncpg.DuplicateTableError)


class SchemaMismatch(Exception):
    """The schema in the database is not the one that this program works with; the sentence says what to do."""


async def upgrade(url: str) -> None:
    """Bring the database at `url` to this program's schema; an empty one gets it whole. Raises SchemaMismatch."""
    await go_to(url, head())


async def go_to(url: str, revision: str) -> None:
    """Bring the schema to any revision; what an older one has no place for is lost. Raises SchemaMismatch."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    _refuse_unknown(await found_revision(url))
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=30), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_go_to, revision)
            await connection.commit()
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig else None
        if isinstance(cause, _NOT_OURS):
            raise SchemaMismatch(
                f"The schema cannot be made here ({cause}), and nothing was changed: name an empty database, "
                "as a user who may create tables in it."
            ) from error
        raise cause or error from error
    finally:
        await engine.dispose()


async def require_current(url: str) -> None:
    """Raise SchemaMismatch unless the database has exactly this program's schema."""
    _refuse_other(await found_revision(url))


async def require_current_in(tx: Transaction) -> None:
    """The same, of the database that is open."""
    _refuse_other(await _revision(tx.value))


def _refuse_other(found: str | None) -> None:
    _refuse_unknown(found)
    if found is None:
        raise SchemaMismatch("The database has no Tradepost schema yet; run `tradepost database upgrade`.")
    if found != head():
        raise SchemaMismatch(
            f"The database has the older schema {found}, and this program needs {head()}; make a backup, "
            "then run `tradepost database upgrade`."
        )


async def found_revision(url: str) -> str | None:
    """The revision of the schema in the database; None when there is none."""
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return await _revision(connection.fetchval)
    finally:
        await connection.close()


async def _revision(value_of: Callable[[str], Awaitable[str | None]]) -> str | None:
    if await value_of("SELECT to_regclass('alembic_version')::text") is None:
        return None
    return await value_of("SELECT version_num FROM alembic_version")


async def holds_nothing(url: str) -> bool:
    """Whether there is no table in the database, of nobody's."""
    connection = await asyncpg.connect(url, timeout=30)
    try:
        tables: int = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return tables == 0
    finally:
        await connection.close()


def head() -> str:
    """The newest revision that this program knows."""
    return revisions()[-1]


def revisions() -> list[str]:
    """The revisions that this program knows, oldest first: the numbers that their files begin with."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _refuse_unknown(found: str | None) -> None:
    if found is not None and found not in revisions():
        raise SchemaMismatch(
            f"The database has the schema {found}, which this program does not know: use the Tradepost that made it, "
            "or a newer one."
        )


def _go_to(connection: "Connection", revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    command.downgrade(config, revision)
