"""Workers that are killed, overtaken or told to stop in the middle of a feed: no row is applied twice, none is lost."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.serving import PATIENCE_SECONDS
from tests.feeds.mill_race import CONFIRMATIONS, Feeds, counts
from tests.rooms.uploaded_files import row, table
from tests.scene import Scene
from tradepost.feeds import kind, kinds, working
from tradepost.feeds.feeds import Feed
from tradepost.ground.database import Database
from tradepost.jobs import turns
from tradepost.jobs.turns import Taken
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

PROGRAM = Path(__file__).with_name("dying_worker.py")
ROOT = Path(__file__).parents[2]
ORDERS = 40


@asynccontextmanager
async def worker(
    url: str, folder: Path, lease: float, program: Path = PROGRAM, *, moment: str = ""
) -> AsyncIterator[Process]:
    """A worker in a process of its own, which stands still at that moment, if any."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), url, str(folder), str(lease), *([moment] if moment else [])),
        stdout=PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def line(process: Process) -> list[str]:
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)
    assert said.endswith(b"\n"), said
    return said.decode().split()


async def orders(scene: Scene) -> list[OrderKey]:
    return await scene.to_states([State.UNSHIPPED] * ORDERS)


async def applied_once(scene: Scene, keys: Sequence[OrderKey]) -> None:
    """Every order has one package, one confirmation in its history and one notice of it."""
    rows = await scene.rows(
        """
        SELECT (SELECT count(*) FROM packages p WHERE p.order_id = o.order_id),
               (SELECT count(*) FROM order_events e WHERE e.order_id = o.order_id AND e.act = 'confirm_shipment'),
               (SELECT count(*) FROM order_events e WHERE e.order_id = o.order_id AND e.act = 'edit_package'),
               (SELECT count(*) FROM notices n WHERE n.order_id = o.order_id AND n.kind = 'shipment_confirmation')
          FROM orders o WHERE o.order_id = ANY($1)
        """,
        [key.order_id for key in keys],
    )
    assert [tuple(found) for found in rows] == [(1, 1, 0, 1)] * len(keys)


@pytest.mark.parametrize("moment", ["taken", "applied 1", "applied 4"])
async def test_a_killed_workers_feed_is_gone_on_with(
    feeds: Feeds, scene: Scene, database_url: str, folder: Path, moment: str
) -> None:
    keys = await orders(scene)
    feed_id = await feeds.create(table([row(key) for key in keys]))
    async with worker(database_url, folder, 0.5, moment=moment) as victim:
        while " ".join(await line(victim)) != moment:
            pass
        victim.kill()
    async with worker(database_url, folder, 30) as next_one:
        while (await line(next_one)) != ["through"]:
            pass
    assert (await feeds.find(feed_id)).status == "DONE"
    assert counts(await feeds.report(feed_id)) == (ORDERS, ORDERS)
    await applied_once(scene, keys)


async def test_workers_that_are_killed_again_and_again_get_through(
    feeds: Feeds, scene: Scene, database_url: str, folder: Path
) -> None:
    keys = await orders(scene)
    bad = [row("1-2-3")] * 7
    feed_id = await feeds.create(table([*bad, *(row(key) for key in keys)]))
    kills = 0
    while (await feeds.find(feed_id)).status not in ("DONE", "FATAL"):
        async with worker(database_url, folder, 0.2) as victim:
            await line(victim)
            with suppress(TimeoutError):
                async with asyncio.timeout(random.random() * (0.15 + kills / 50)):  # a slow machine gets on, too
                    while (await line(victim)) != ["through"]:
                        pass
            kills += 1
    assert (await feeds.find(feed_id)).status == "DONE"
    assert counts(await feeds.report(feed_id)) == (ORDERS + 7, ORDERS)
    await applied_once(scene, keys)


async def taken(database: Database) -> Taken[Feed]:
    found = await working.take(database)
    assert found is not None
    return found


async def test_who_lost_the_lease_writes_nothing_more(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 5)
    keys = await orders(scene)
    feed_id = await feeds.create(table([row(key) for key in keys]))
    monkeypatch.setattr(turns, "LEASE", -turns.LEASE)  # it has ended as soon as it is given
    slow, quick = await taken(database), await taken(database)
    both = (working.go_on(database, feeds.storage, one, asyncio.Event()) for one in (slow, quick))
    await asyncio.gather(*both)
    assert (await feeds.find(feed_id)).status == "DONE"
    assert counts(await feeds.report(feed_id)) == (ORDERS, ORDERS)
    await applied_once(scene, keys)


async def test_a_worker_that_is_told_to_stop_hands_the_feed_back_between_two_steps(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 5)
    found, amid = kinds.KINDS[CONFIRMATIONS], asyncio.Event()

    async def apply(*arguments: Any) -> Any:
        done = await found.apply(*arguments)
        if (await feeds.find(feed_id)).done:  # a step is through: this one goes no further
            amid.set()
            await asyncio.Event().wait()
        return done

    keys = await orders(scene)
    feed_id = await feeds.create(table([row(key) for key in keys]))
    stop = asyncio.Event()
    stop.set()
    await working.go_on(database, feeds.storage, await taken(database), stop)
    again = await taken(database)
    assert (again.job.status, again.job.done, again.turn.attempts) == ("IN_PROGRESS", 0, 1)
    with monkeypatch.context() as patched:
        patched.setitem(kinds.KINDS, CONFIRMATIONS, found._replace(apply=apply))
        task = asyncio.create_task(working.go_on(database, feeds.storage, again, asyncio.Event()))
        await asyncio.wait_for(amid.wait(), PATIENCE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await feeds.find(feed_id)).status == "IN_PROGRESS"
    assert 0 < (await feeds.find(feed_id)).done < ORDERS
    await feeds.work()
    assert counts(await feeds.report(feed_id)) == (ORDERS, ORDERS)
    await applied_once(scene, keys)


async def test_steps_that_are_through_are_not_taken_again_when_one_before_them_failed(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(turns, "TRY_AGAIN", timedelta(0))
    found = kinds.KINDS[CONFIRMATIONS]
    begun: list[str] = []

    async def apply(*arguments: Any) -> Any:
        begun.append(arguments[2][0][0].record.order_id)
        if len(begun) == 1:
            raise RuntimeError("once")
        return await found.apply(*arguments)

    monkeypatch.setitem(kinds.KINDS, CONFIRMATIONS, found._replace(apply=apply))
    keys = await orders(scene)
    feed_id = await feeds.create(table([row(key) for key in keys]))
    with pytest.raises(RuntimeError, match="once"):
        await working.go_on(database, feeds.storage, await taken(database), asyncio.Event())
    assert ((await feeds.find(feed_id)).status, (await feeds.find(feed_id)).done) == ("IN_PROGRESS", ORDERS - 5)
    await feeds.work()
    assert begun[-1] == begun[0]
    assert len(begun) == ORDERS // 5 + 1
    assert counts(await feeds.report(feed_id)) == (ORDERS, ORDERS)
    await applied_once(scene, keys)
