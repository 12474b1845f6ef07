"""The schema of the database: made, upgraded and checked with Alembic."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """The schema in the database is not the one that this program works with; the sentence says what to do."""


async def upgrade(url: str) -> None:
    """Bring the database at `url` to this program's schema; an empty one gets it whole. Raises SchemaMismatch."""
    await _refuse_newer(url)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=30), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))
            await connection.commit()
    finally:
        await engine.dispose()


async def require_current(url: str) -> None:
    """Raise SchemaMismatch unless the database has exactly this program's schema."""
    await _refuse_newer(url)
    found = await found_revision(url)
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
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()


def head() -> str:
    """The newest revision that this program knows."""
    newest = _scripts().get_current_head()
    assert newest is not None
    return newest


async def _refuse_newer(url: str) -> None:
    found = await found_revision(url)
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise SchemaMismatch(
            f"The database has schema {found}, which is newer than this program; install a newer Tradepost."
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
