"""The combiner: who waits at the same moment shares a transaction, and each gets an answer of their own."""

import asyncio
from collections.abc import Sequence

import pytest

from tradepost.ground import combine
from tradepost.ground.combine import Combiner, TooManyWaiting
from tradepost.ground.database import Database, Transaction

CREATE = "CREATE TABLE written (number int PRIMARY KEY)"
INSERT = "INSERT INTO written SELECT unnest($1::int[])"


@pytest.fixture
async def table(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(CREATE)
    return database


async def write(tx: Transaction, numbers: Sequence[int]) -> list[int]:
    await tx.execute(INSERT, list(numbers))
    return [number * 10 for number in numbers]


async def written(database: Database) -> set[int]:
    async with database.transaction() as tx:
        return {row[0] for row in await tx.fetch("SELECT number FROM written")}


async def test_items_that_wait_together_share_a_transaction(table: Database) -> None:
    sizes: list[int] = []
    combiner = Combiner(table, write, observe=sizes.append)
    outcomes = await asyncio.gather(*map(combiner.submit, range(100)))
    assert outcomes == [number * 10 for number in range(100)]
    assert sum(sizes) == 100
    assert len(sizes) <= 2, sizes


async def test_who_comes_when_the_last_batch_has_just_ended_is_served(table: Database) -> None:
    combiner = Combiner(table, write)
    for number in range(0, 300, 3):
        first = asyncio.create_task(combiner.submit(number))
        await first
        async with asyncio.timeout(120):  # in the very step in which the writer leaves
            assert await asyncio.gather(combiner.submit(number + 1), combiner.submit(number + 2))


async def test_a_steady_stream_holds_no_batch_back(table: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One item in every moment: a batch that waited for the end of the stream would hold it whole."""
    monkeypatch.setattr(combine, "MOMENT_SECONDS", 0.02)
    sizes: list[int] = []
    combiner = Combiner(table, write, observe=sizes.append)
    under_way = [asyncio.create_task(combiner.submit(number)) for number in range(2)]
    async with asyncio.timeout(120):
        while len(sizes) < 3:  # the stream goes on until batches have come out of it
            await asyncio.sleep(0.005)
            under_way.append(asyncio.create_task(combiner.submit(len(under_way))))
    await asyncio.gather(*under_way)


async def test_no_batch_is_larger_than_the_limit(table: Database) -> None:
    sizes: list[int] = []
    combiner = Combiner(table, write, observe=sizes.append)
    await asyncio.gather(*map(combiner.submit, range(3 * combine.MOST_AT_ONCE)))
    assert max(sizes) == combine.MOST_AT_ONCE


async def test_an_item_that_sinks_its_batch_sinks_alone(table: Database) -> None:
    async def picky(tx: Transaction, numbers: Sequence[int]) -> list[int]:
        outcomes = await write(tx, numbers)
        if 13 in numbers:
            raise ValueError("thirteen")
        return outcomes

    combiner = Combiner(table, picky)
    outcomes = await asyncio.gather(*map(combiner.submit, range(40)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == ["thirteen"]
    assert isinstance(outcomes[13], ValueError)
    assert await written(table) == set(range(40)) - {13}


async def test_an_item_that_the_database_refuses_sinks_alone(table: Database) -> None:
    combiner = Combiner(table, write)
    await combiner.submit(7)
    outcomes = await asyncio.gather(*map(combiner.submit, range(20)), return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [7]


async def test_a_database_that_is_away_is_tried_once_for_all(table: Database) -> None:
    tries = 0

    async def away(tx: Transaction, numbers: Sequence[int]) -> list[int]:
        nonlocal tries
        tries += 1
        raise ConnectionResetError

    combiner = Combiner(table, away)
    outcomes = await asyncio.gather(*map(combiner.submit, range(50)), return_exceptions=True)
    assert all(isinstance(outcome, ConnectionResetError) for outcome in outcomes)
    assert tries <= 2


async def test_who_has_left_before_the_batch_is_not_served(table: Database) -> None:
    gate, busy = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(tx: Transaction, numbers: Sequence[int]) -> list[int]:
        busy.release()
        await gate.wait()
        return await write(tx, numbers)

    combiner = Combiner(table, slow)
    first = asyncio.create_task(combiner.submit(0))
    await busy.acquire()
    leaving, staying = (asyncio.create_task(combiner.submit(number)) for number in (98, 99))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.set()
    await asyncio.gather(first, staying)
    assert await written(table) == {0, 99}


async def test_more_than_can_be_served_soon_are_turned_away(table: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combine, "MOST_WAITING", 3)
    combiner = Combiner(table, write)
    outcomes = await asyncio.gather(*map(combiner.submit, range(5)), return_exceptions=True)
    assert [isinstance(outcome, TooManyWaiting) for outcome in outcomes] == [False] * 3 + [True] * 2


async def test_after_a_batch_of_several_the_next_one_waits_for_who_is_on_the_way(table: Database) -> None:
    sizes: list[int] = []
    combiner = Combiner(table, write, observe=sizes.append)
    await asyncio.gather(*map(combiner.submit, range(10)))

    async def come(number: int) -> int:
        await asyncio.sleep(0.0001 * number)
        return await combiner.submit(100 + number)

    sizes.clear()
    await asyncio.gather(*map(come, range(8)))
    assert len(sizes) < 8, "they shared"
    assert sum(sizes) == 8


async def test_a_batch_waits_for_nobody_more_than_lately_came(table: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combine, "MOMENT_SECONDS", 3600.0)
    sizes: list[int] = []
    combiner = Combiner(table, write, observe=sizes.append)
    await asyncio.gather(*map(combiner.submit, range(10)))
    some = [asyncio.create_task(combiner.submit(number)) for number in range(10, 16)]
    await asyncio.sleep(0.05)
    assert sizes == [10]
    async with asyncio.timeout(120):
        await asyncio.gather(*some, *map(combiner.submit, range(16, 20)))
    assert sizes == [10, 10]


async def test_who_counts_batches_fails_nobody(table: Database) -> None:
    def full(size: int) -> None:
        raise OSError("No space left on device")

    assert await asyncio.gather(*map(Combiner(table, write, observe=full).submit, range(5))) == [0, 10, 20, 30, 40]


async def test_work_that_forgets_an_item_fails_all_and_leaves_nobody_waiting(table: Database) -> None:
    async def forgetful(tx: Transaction, numbers: Sequence[int]) -> list[int]:
        return (await write(tx, numbers))[1:]

    combiner = Combiner(table, forgetful)
    async with asyncio.timeout(120):
        outcomes = await asyncio.gather(*map(combiner.submit, range(3)), return_exceptions=True)
    assert all(isinstance(outcome, AssertionError) for outcome in outcomes)
