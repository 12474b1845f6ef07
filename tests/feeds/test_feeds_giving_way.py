"""A long file may wait, buyers may not: a worker rests between steps while requests are being answered."""

import asyncio

import pytest

from tests.faults.serving import PATIENCE_SECONDS
from tests.feeds.mill_race import Feeds, counts
from tests.rooms.uploaded_files import row, table
from tests.scene import Scene
from tradepost.feeds import kind, working
from tradepost.ground.database import SERVING, Database, Transaction, connect
from tradepost.lifecycle import State

ORDERS = 3 * working.SIDE_BY_SIDE
A_LITTLE = 0.3  # seconds, in which a worker that does not rest goes through the whole file


async def test_a_worker_rests_while_requests_are_answered_and_only_then(
    feeds: Feeds, scene: Scene, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(working, "REST", 1_000_000)
    monkeypatch.setattr(working, "LONGEST_REST_SECONDS", 10 * PATIENCE_SECONDS)
    looks: list[bool] = []
    all_looked = asyncio.Event()
    look = working.requests_under_way

    async def looked(tx: Transaction) -> bool:
        looks.append(await look(tx))
        if len(looks) == working.SIDE_BY_SIDE:
            all_looked.set()
        return looks[-1]

    monkeypatch.setattr(working, "requests_under_way", looked)
    keys = await scene.to_states([State.UNSHIPPED] * ORDERS)
    feed_id = await feeds.create(table([row(key) for key in keys]))
    taken, stop = await working.take(database), asyncio.Event()
    assert taken is not None
    async with connect(database_url, settings={"application_name": SERVING}) as server, server.transaction() as request:
        assert await request.value("SELECT 1") == 1
        work = asyncio.create_task(working.go_on(database, feeds.storage, taken, stop))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await all_looked.wait()
            await asyncio.sleep(A_LITTLE)
            stop.set()
            await work
    assert looks == [True] * working.SIDE_BY_SIDE
    assert (await feeds.find(feed_id)).done == working.SIDE_BY_SIDE
    await asyncio.wait_for(feeds.work(), PATIENCE_SECONDS)

    assert set(looks[working.SIDE_BY_SIDE :]) == {False}
    assert counts(await feeds.report(feed_id)) == (ORDERS, ORDERS)
