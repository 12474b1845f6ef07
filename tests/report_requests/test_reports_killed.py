"""Workers that are killed in the middle of a report: the next one makes it, and one document is told of."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.feeds.test_feeds_killed import line, worker
from tests.report_requests.asked import ask, find, orders_in, schedule, told_together
from tests.scene import Scene
from tradepost.documents import forgetting
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.report_requests import schedules

PROGRAM = Path(__file__).with_name("dying_maker.py")
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where documents lie."""
    return tmp_path / "documents"


async def told_of(scene: Scene) -> list[tuple[str, str | None]]:
    """What is known of reports: how each stands, and its document."""
    return [(row[0], row[1]) for row in await scene.rows("SELECT status, document_id FROM report_requests")]


@pytest.mark.parametrize("moment", ["taken", "made", "written"])
async def test_a_killed_workers_report_is_made_by_the_next_one_and_told_of_once(
    scene: Scene, database_url: str, folder: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    report_id = await ask(scene)
    async with worker(database_url, folder, 0.5, PROGRAM, moment=moment) as victim:
        while await line(victim) != [moment]:
            pass
        victim.kill()
    assert (await find(scene, report_id)).status == "IN_PROGRESS"
    async with worker(database_url, folder, 30, PROGRAM) as next_one:
        while await line(next_one) != ["through"]:
            pass
    found = await find(scene, report_id)
    assert (found.status, await orders_in(Storage.at(str(folder)), found)) == ("DONE", [key.order_id])
    assert await told_of(scene) == [("DONE", found.document_id)]
    left = {path.name for path in folder.iterdir()}
    known = {row[0] for row in await scene.rows("SELECT document_id FROM documents")}
    assert found.document_id in left <= known, "what the first one wrote is deleted one day, too"
    monkeypatch.setattr(forgetting, "LONGEST_WRITE", -HOUR)
    await scene.advance(timedelta(days=32))
    await forgetting.forget(scene.database, Storage.at(str(folder)))
    assert list(folder.iterdir()) == []


async def test_a_schedule_tells_each_order_once_through_workers_that_are_killed_again_and_again(
    scene: Scene, database_url: str, folder: Path
) -> None:
    await schedule(scene)
    keys: list[OrderKey] = []
    for _ in range(4):
        keys += await scene.to_states([State.UNSHIPPED] * 3)
        await scene.advance(HOUR)
        assert await schedules.start_due(scene.database) == 1
    longest = 0.3
    while {status for status, _ in await told_of(scene)} & {"IN_QUEUE", "IN_PROGRESS"}:
        async with worker(database_url, folder, 0.1, PROGRAM) as victim:
            await line(victim)
            with suppress(TimeoutError):
                async with asyncio.timeout(random.random() * longest):
                    while await line(victim) != ["through"]:
                        pass
        longest *= 1.05  # on a slow machine, too, one of them gets through at last
    assert await told_together(scene, Storage.at(str(folder))) == sorted(key.order_id for key in keys)
