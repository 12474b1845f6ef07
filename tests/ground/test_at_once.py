"""Work without locks: all that it writes is one statement. Where that does not do it runs again in a transaction."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from tests.scene import Scene, open_market
from tradepost.ground.database import Database, Transaction

Step = Callable[[Transaction], Awaitable[object]]

CREATE = """
    CREATE TABLE numbers (number int PRIMARY KEY CONSTRAINT small CHECK (number < 100));
    CREATE TABLE others (number int);
"""
INSERT = "INSERT INTO numbers SELECT unnest($1::int[])"
INSERT_OTHERS = "INSERT INTO others SELECT unnest($1::int[])"
READ = "SELECT count(*) FROM numbers"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


PROMPTLY = timedelta(hours=1)  # a busy machine is slow at any moment


@pytest.fixture
async def real(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database whose clock is real for good, and which knows it."""
    monkeypatch.setattr("tradepost.ground.database._PROMPTLY", PROMPTLY)
    await (await open_market(database, start=None)).place()
    async with database.transaction() as tx:
        await tx.execute(CREATE)
    return database


async def ways(database: Database, step: Step) -> list[bool]:
    """Do this in work that runs at once if it can; for each time that it ran: whether it ran at once."""
    seen: list[bool] = []

    async def work(tx: Transaction) -> None:
        seen.append(tx.at_once)
        await step(tx)

    await database.run_at_once(work)
    return seen


async def numbers(database: Database) -> list[int]:
    async with database.transaction() as tx:
        return [row[0] for row in await tx.fetch("SELECT number FROM numbers ORDER BY number")]


async def test_a_simulated_clock_never_goes_at_once(scene: Scene) -> None:
    await scene.place()

    async def step(tx: Transaction) -> None:
        assert await tx.value(LOCKS) == 1, "the clock is kept in its place"

    assert await ways(scene.database, step) == [False]
    assert await ways(scene.database, step) == [False]


async def test_what_is_read_first_and_written_last_is_one_statement(real: Database) -> None:
    async def step(tx: Transaction) -> None:
        assert await tx.value(LOCKS) == await tx.value(READ) == 0
        await tx.later(INSERT, [1, 2])
        await tx.later(INSERT_OTHERS, [3])
        assert tx.statements == 2, "nothing is sent before the end"

    assert await ways(real, step) == [True]
    assert await numbers(real) == [1, 2]
    rows = await real.pool.fetch("SELECT xmin::text FROM numbers UNION SELECT xmin::text FROM others")
    assert len(rows) == 1, "by one transaction"


async def locks(tx: Transaction) -> None:
    await tx.later(INSERT, [1])
    await tx.fetch("SELECT 1 FROM orders FOR UPDATE OF orders")


async def shares(tx: Transaction) -> None:
    await tx.fetch("SELECT 1 FROM orders FOR KEY SHARE")
    await tx.later(INSERT, [1])


async def writes_and_waits(tx: Transaction) -> None:
    await tx.execute(INSERT, [1])


async def reads_what_it_wrote(tx: Transaction) -> None:
    await tx.later(INSERT, [1])
    assert await tx.value(READ) == 1


async def writes_twice(tx: Transaction) -> None:
    await tx.later(INSERT, [0])
    await tx.later(INSERT, [1])
    await tx.later("DELETE FROM numbers WHERE number = $1", 0)


async def turns_pages(tx: Transaction) -> None:
    await tx.later(INSERT, [1])
    assert [len(page) async for page in tx.cursor("SELECT * FROM numbers")] == [1]


async def takes_long(tx: Transaction) -> None:
    await tx.later(INSERT, [1])
    tx.act_at(tx.now - PROMPTLY)


STEPS = [locks, shares, writes_and_waits, reads_what_it_wrote, writes_twice, turns_pages, takes_long]


@pytest.mark.parametrize("step", STEPS)
async def test_what_needs_a_transaction_runs_again_in_one(real: Database, step: Step) -> None:
    assert await ways(real, step) == [True, False]
    assert await numbers(real) == [1]


async def test_what_was_overtaken_runs_again_in_a_transaction(real: Database) -> None:
    async def step(tx: Transaction) -> None:
        latest = await tx.value("SELECT coalesce(max(number), 0) FROM numbers")
        await tx.later(INSERT_OTHERS, [latest])
        await tx.later(INSERT, [latest + 1])
        if tx.at_once:
            await real.pool.execute("INSERT INTO numbers VALUES (1)")

    assert await ways(real, step) == [True, False]
    assert await numbers(real) == [1, 2]
    assert await real.pool.fetchval("SELECT array_agg(number) FROM others") == [1], "nothing of the first attempt"


async def test_a_rule_that_is_broken_in_a_transaction_too_is_an_error(real: Database) -> None:
    seen = []

    async def work(tx: Transaction) -> None:
        seen.append(tx.at_once)
        await tx.later(INSERT, [1, 100])

    with pytest.raises(asyncpg.CheckViolationError, match="small"):
        await real.run_at_once(work)
    assert seen == [True, False]
    assert await numbers(real) == []


async def test_what_fails_for_another_cause_does_not_run_again(real: Database) -> None:
    seen = []

    async def work(tx: Transaction) -> None:
        seen.append(tx.at_once)
        await tx.later(INSERT, [1])
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        await real.run_at_once(work)
    assert (seen, await numbers(real)) == ([True], [])
