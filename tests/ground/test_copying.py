"""Large results as files: what becomes of a connection when a file is broken off."""

import asyncio

import asyncpg
import pytest

from tradepost.ground import copying
from tradepost.ground.database import Database

ROWS = "SELECT number FROM generate_series(1, $1::int) AS number"
SHORT, LONG = 3, 300_000  # rows that come in one piece, and in many


@pytest.mark.parametrize("rows", [SHORT, LONG])
async def test_what_the_writer_raises_ends_the_file_and_nothing_else(database: Database, rows: int) -> None:
    async def write(piece: bytes) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        async with database.transaction() as tx:
            await tx.copy_out(ROWS, rows, write=write)
    assert await _lines(database, rows) == rows


@pytest.mark.parametrize("rows", [SHORT, LONG])
async def test_who_is_broken_off_at_the_first_piece_leaves_the_connection_as_it_was(
    database: Database, rows: int
) -> None:
    async def write(piece: bytes) -> None:
        task.cancel()

    async def copy() -> None:
        async with database.transaction() as tx:
            await tx.copy_out(ROWS, rows, write=write)

    task = asyncio.create_task(copy())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _lines(database, rows) == rows


async def test_who_is_broken_off_does_not_wait_for_a_statement_that_takes_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PATIENCE_SECONDS", 0.1)

    async def write(piece: bytes) -> None:
        raise AssertionError

    async def copy() -> None:
        async with database.transaction() as tx:
            await tx.copy_out("SELECT pg_sleep($1)", 3600, write=write)

    task = asyncio.create_task(copy())
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%pg_sleep%'"
    while not await database.pool.fetchval(sleeping):  # noqa: ASYNC110 (another process)
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)):
        await task
    assert await _lines(database, SHORT) == SHORT


async def test_a_statement_that_fails_is_told_as_it_is(database: Database) -> None:
    async def write(piece: bytes) -> None:
        raise AssertionError

    with pytest.raises(asyncpg.DivisionByZeroError):
        async with database.transaction() as tx:
            await tx.copy_out("SELECT 1 / $1::int", 0, write=write)


async def _lines(database: Database, rows: int) -> int:
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    async with database.transaction() as tx:
        assert await tx.copy_out(ROWS, rows, write=keep) == rows
    return b"".join(pieces).count(b"\n")
