"""PostgreSQL is killed while acts run: what was answered is there, nothing is there by half, and work goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.crash.killing import PATIENCE_SECONDS
from tests.races.soundness import violations
from tests.scene import BEA, BOB, LAMP, MUG, VASE, Scene, open_market
from tradepost import timekeeping
from tradepost.ground import schema
from tradepost.ground.database import connect
from tradepost.ground.embedded import Server, lease
from tradepost.ground.server_keeper import State as ServerState
from tradepost.ground.trouble import database_is_away
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey


@asynccontextmanager
async def durable_market(data: Path) -> AsyncIterator[tuple[Server, Scene]]:
    """A market on a server of its own, which writes through to the disk."""
    async with lease(data) as server:
        await schema.upgrade(server.url())
        async with connect(server.url()) as database:
            assert await database.pool.fetchval("SHOW fsync") == "on"
            yield server, await open_market(database)


async def test_the_server_is_killed_while_acts_run(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with durable_market(data) as (_, market):
        answered: list[tuple[str, OrderKey]] = []
        doomed = asyncio.Event()
        shoppers = [asyncio.create_task(shop(market, buyer, items, answered, doomed)) for buyer, items in SHOPPERS]
        await until(lambda: len(answered) >= 60)
        running = ServerState.read(data)
        assert running is not None
        doomed.set()
        os.kill(running.postgres_pid, signal.SIGKILL)
        await asyncio.wait_for(asyncio.gather(*shoppers), PATIENCE_SECONDS)
        await all_is_well(market, answered)


async def test_a_connection_of_the_server_is_killed_while_acts_run(tmp_path: Path) -> None:
    """The server then ends all the others too, and recovers."""
    async with durable_market(tmp_path / "data") as (_, market):
        answered: list[tuple[str, OrderKey]] = []
        doomed = asyncio.Event()
        shoppers = [asyncio.create_task(shop(market, buyer, items, answered, doomed)) for buyer, items in SHOPPERS]
        await until(lambda: len(answered) >= 60)
        one = await market.database.pool.fetchval("SELECT pg_backend_pid()")
        doomed.set()
        os.kill(one, signal.SIGKILL)
        await asyncio.wait_for(asyncio.gather(*shoppers), PATIENCE_SECONDS)
        await all_is_well(market, answered)


async def test_the_server_is_killed_in_the_middle_of_a_leap(tmp_path: Path) -> None:
    """Whatever was fired by then, the leap is all or nothing."""
    data = tmp_path / "data"
    async with durable_market(data) as (_, market):
        await market.place_all([{LAMP: 1}] * 30)
        before, now = await market.dump(), await market.now()
        with pytest.raises(Exception) as lost:  # noqa: PT011
            await leap_and_be_killed(market, now + timedelta(days=40), data)
        assert database_is_away(lost.value), lost.value
        await again(market.now)
        assert (await market.dump(), await market.now()) == (before, now)
        await market.advance(timedelta(days=40))
        assert await violations(market.database) == []


async def leap_and_be_killed(market: Scene, to: datetime, data: Path) -> None:
    async with market.database.transaction(alone=True) as tx:
        await timekeeping.pass_time(tx, to, [])
        assert await tx.value("SELECT count(*) FROM orders WHERE state = 'canceled'") == 30
        running = ServerState.read(data)
        assert running is not None
        # An orphan could still commit, and nobody would know: its connection goes first.
        os.kill(await tx.value("SELECT pg_backend_pid()"), signal.SIGKILL)
        os.kill(running.postgres_pid, signal.SIGKILL)


SHOPPERS = ((BEA, {LAMP: 2, VASE: 1}), (BOB, {MUG: 1}), (BOB, {VASE: 1}))


async def shop(
    market: Scene, buyer: str, items: dict[str, int], answered: list[tuple[str, OrderKey]], doomed: asyncio.Event
) -> None:
    """Buy until the server is gone; write down what was answered. Who notices nothing of it, since the next one is
    there already, goes home as well."""
    try:
        while not doomed.is_set():
            key = await market.place(buyer, items)
            answered.append((Act.PLACE, key))
            assert await market.approve(key) is None
            answered.append((Act.APPROVE, key))
            assert await market.cancel_by_buyer(key, buyer) is None
            answered.append((Act.CANCEL_BY_BUYER, key))
    except Exception as error:
        if not database_is_away(error):
            raise


async def all_is_well(market: Scene, answered: list[tuple[str, OrderKey]]) -> None:
    await again(market.now)
    assert await violations(market.database) == []
    rows = await market.rows("SELECT act, seller_id, order_id, count(*) FROM order_events GROUP BY 1, 2, 3")
    recorded = {(act, OrderKey(seller, order)): times for act, seller, order, times in rows}
    assert [one for one in answered if recorded.get(one) != 1] == []
    assert len(recorded) <= len(answered) + len(SHOPPERS)
    key = await market.place(BOB, {VASE: 1})
    assert await market.approve(key) is None
    await market.advance(timedelta(minutes=30))
    await market.confirm(key)
    assert await market.state(key) is State.SHIPPED


async def again(act: Callable[[], Awaitable[object]]) -> None:
    """Until the server is there again, and every connection in the pool is a new one."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(20):
            while True:
                try:
                    await act()
                    break
                except Exception as error:
                    if not database_is_away(error):
                        raise
                    await asyncio.sleep(0.02)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
