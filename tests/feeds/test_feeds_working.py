"""Working on feeds: one after the other, once each, and what becomes of one that cannot be gone through."""

import asyncio
import gc
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.mill_race import CONFIRMATIONS, Feeds, counts, table
from tests.rooms.uploaded_files import packages, row
from tests.rooms.uploaded_files import table as file_of
from tests.scene import PRO, VASE, Scene
from tradepost.feeds import confirmations, kind, kinds, working
from tradepost.feeds.kind import Kind
from tradepost.ground.database import Database
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.jobs import mill, turns
from tradepost.lifecycle import State

NO_WAIT = timedelta(0)


async def test_ten_uploads_at_once_of_the_same_file_apply_it_once(
    feeds: Feeds, scene: Scene, database: Database
) -> None:
    keys = await scene.to_states([State.UNSHIPPED] * 3)
    file = file_of([row(key, VASE, 1) for key in keys])
    made = await asyncio.gather(*(feeds.create(file) for _ in range(10)))

    async def through(workers: list[mill.Mill]) -> None:
        while [feed for feed in made if (await feeds.find(feed)).status in ("IN_QUEUE", "IN_PROGRESS")]:
            await asyncio.gather(*(worker.start_waiting() for worker in workers))
            await asyncio.sleep(0.01)

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(feeds.mill()) for _ in range(4)]
        await asyncio.wait_for(through(workers), 120)
    outcomes = sorted([(await feeds.find(feed)).status for feed in made])
    assert outcomes == ["DONE"] + ["FATAL"] * 9
    assert [len(await packages(scene, key)) for key in keys] == [1, 1, 1]
    (done,) = [feed for feed in made if (await feeds.find(feed)).status == "DONE"]
    for feed in made:
        if feed != done:
            (line,) = table(await feeds.report(feed))
            assert "was applied" in line[5] or "already" in line[5]
            assert counts(await feeds.report(feed)) == (3, 0)


async def test_a_file_of_which_nothing_was_applied_may_be_brought_again(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.VERIFYING)
    file = file_of([row(key)])
    assert counts((await feeds.through(file))[1]) == (1, 0)
    await scene.approve(key)
    assert counts((await feeds.through(file))[1]) == (1, 1)
    status, _ = await feeds.through(file)
    assert status == "FATAL"


async def test_feeds_of_one_kind_and_seller_go_one_after_the_other(
    feeds: Feeds, scene: Scene, database: Database
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    first = await feeds.create(file_of([row(key, tracking="FIRST")]))
    second = await feeds.create(file_of([row(key, tracking="SECOND")]))
    taken = await working.take(database)
    assert taken is not None
    assert taken.job.feed_id == first
    assert await working.take(database) is None
    await working.go_on(database, feeds.storage, taken, asyncio.Event())
    await feeds.work()
    assert (await feeds.find(second)).status == "DONE"
    assert [package[2] for package in await packages(scene, key)] == ["SECOND"]


async def test_one_feed_is_taken_at_a_time_whatever_the_database_thinks_of_the_table(
    feeds: Feeds, database: Database
) -> None:
    """With the statistics of a single row it would rather look for the next feed once for each row there is."""
    first, *others = kinds.KINDS
    made = [await feeds.create(b"", first)]
    async with database.pool.acquire() as connection:
        await connection.execute("ANALYZE feeds")
    made += [await feeds.create(b"", kind) for kind in others]
    assert await working.take(database) is not None
    assert [(await feeds.find(feed)).status for feed in made] == ["IN_PROGRESS", *["IN_QUEUE"] * len(others)]


def test_feeds_that_end_in_any_order_leave_the_collector_as_it_was() -> None:
    before = gc.get_threshold()
    with ExitStack() as second:
        with ExitStack() as first:
            first.enter_context(working.seldom_collected())
            second.enter_context(working.seldom_collected())
        assert gc.get_threshold() == working.COLLECT_AFTER != before
    assert gc.get_threshold() == before


async def test_the_content_may_not_change_once_the_feed_has_begun(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(working, "SIDE_BY_SIDE", 1)
    keys = sorted(await scene.to_states([State.UNSHIPPED] * 3))
    rows = [row(key) for key in keys]
    document_id = await feeds.upload(file_of(rows))
    feed_id = await feeds.create(None, document_id=document_id)
    taken = await working.take(database)
    assert taken is not None
    apply, stop = confirmations.apply, asyncio.Event()

    async def once(*arguments: Any) -> Any:
        stop.set()
        return await apply(*arguments)

    monkeypatch.setitem(kinds.KINDS, CONFIRMATIONS, kinds.KINDS[CONFIRMATIONS]._replace(apply=once))
    await working.go_on(database, feeds.storage, taken, stop)
    await feeds.put(document_id, file_of(rows[::-1]))
    await feeds.work()
    assert (await feeds.find(feed_id)).status == "FATAL"
    report = await feeds.report(feed_id)
    assert counts(report) == (3, 1)
    assert [line[3] for line in table(report)] == ["99012"]
    assert [len(await packages(scene, key)) for key in keys] == [1, 0, 0]


class Broken(Exception):
    """What no kind of feed expects."""


def breaking(monkeypatch: pytest.MonkeyPatch, from_step: int, error: Exception) -> None:
    """Let the kind fail from one of its steps on, which come one after the other: side by side any may be the first."""
    found: Kind = kinds.KINDS[CONFIRMATIONS]
    count = 0

    async def apply(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count >= from_step:
            raise error
        return await found.apply(*arguments)

    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(working, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(turns, "TRY_AGAIN", NO_WAIT)
    monkeypatch.setitem(kinds.KINDS, CONFIRMATIONS, found._replace(apply=apply))


async def attempts(feeds: Feeds, database: Database, most: int = 20) -> int:
    """Try until nothing is to be tried; how many attempts failed."""
    failed = 0
    while failed < most and (taken := await working.take(database)):
        try:
            await working.go_on(database, feeds.storage, taken, asyncio.Event())
        except (Broken, StorageUnavailable):
            failed += 1
    return failed


async def test_a_feed_that_fails_again_and_again_is_given_up_with_a_report(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = sorted(await scene.to_states([State.UNSHIPPED] * 3))
    feed_id = await feeds.create(file_of([row("1-2-3"), *(row(key) for key in keys)]))
    breaking(monkeypatch, 2, Broken())
    assert await attempts(feeds, database) == turns.MOST_ATTEMPTS
    assert (await feeds.find(feed_id)).status == "FATAL"
    report = await feeds.report(feed_id)
    assert counts(report) == (4, 1)
    (line,) = table(report)
    assert line[3:5] == ["99013", "Fatal"]
    assert "after 5 attempts" in line[5]
    assert "2 of its 4 records" in line[5]
    assert [await scene.state(key) for key in keys] == [State.SHIPPED, State.UNSHIPPED, State.UNSHIPPED]


async def test_after_a_failure_it_is_waited_longer_and_longer(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    feed_id = await feeds.create(file_of([row(key)]))
    breaking(monkeypatch, 1, Broken())
    monkeypatch.setattr(turns, "TRY_AGAIN", timedelta(hours=1))
    waits = []
    for _ in range(3):
        assert await attempts(feeds, database) == 1
        (found,) = await scene.rows("SELECT worked_until FROM feeds WHERE feed_id = $1", feed_id)
        waits.append(found[0])
        async with database.transaction() as tx:
            await tx.execute("UPDATE feeds SET worked_until = NULL WHERE feed_id = $1", feed_id)
    hours = [round((wait - waits[0]).total_seconds() / 3600) for wait in waits]
    assert hours == [0, 1, 3]


async def test_storage_that_is_away_is_no_fault_of_the_feed(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    feed_id = await feeds.create(file_of([row(key)]))
    breaking(monkeypatch, 1, StorageUnavailable("away"))
    assert await attempts(feeds, database, 12) == 12
    monkeypatch.undo()
    monkeypatch.setattr(turns, "TRY_AGAIN", NO_WAIT)
    await feeds.work()
    assert (await feeds.find(feed_id)).status == "DONE"


async def test_a_broken_feed_holds_up_no_other(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mill logs what failed, and goes on with the feeds of others."""
    key = await scene.to_state(State.UNSHIPPED)
    breaking(monkeypatch, 1, Broken())
    broken = await feeds.create(file_of([row(key)]))
    async with feeds.mill() as working_mill:
        assert await working_mill.start_waiting() == 1
        await working_mill.settle()
        assert (await feeds.find(broken)).status == "IN_PROGRESS"
        await working_mill.finish()
        assert await working_mill.start_waiting() == 0


async def test_only_some_feeds_are_worked_on_at_once(
    feeds: Feeds, scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        monkeypatch.setitem(kinds.KINDS, f"KIND_{number}", kinds.KINDS[CONFIRMATIONS])
        await feeds.create(b"x", f"KIND_{number}")
    monkeypatch.setattr(mill, "AT_ONCE", 1)
    async with feeds.mill() as one:
        assert [await one.start_waiting(), await one.start_waiting()] == [1, 0]
        await one.settle()
        assert await one.start_waiting() == 1
        await one.settle()


async def test_a_dry_run_changes_nothing_and_says_what_would_happen(
    feeds: Feeds, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 1)
    keys = await scene.to_states([State.UNSHIPPED] * 3)
    file = file_of([*(row(key) for key in keys), row(keys[0], VASE, 9)])
    before = await scene.dump()
    status, dry = await feeds.through(file, dryRun="true")
    after = await scene.dump()
    assert {name for name in before if before[name] != after[name]} == {"documents", "feeds"}
    assert status == "DONE"
    _, wet = await feeds.through(file)
    assert counts(dry) == counts(wet)
    assert table(dry) == table(wet)
    status, again = await feeds.through(file, dryRun="true")
    assert (status, counts(again)) == ("FATAL", (4, 0))


async def test_a_seller_reads_the_report_in_chinese(feeds: Feeds, scene: Scene, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("UPDATE sellers SET locale = 'zh' WHERE seller_id = $1", PRO)
    _, report = await feeds.through(None)
    assert report.startswith("上传数据处理摘要：")
    assert "尚未向文档地址上传任何内容" in report


async def test_documents_lie_where_they_are_told_to(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path / "here" / "there"))

    async def breaking_off() -> Any:
        yield b"x" * (6 << 20)
        raise Broken

    with pytest.raises(Broken):
        await storage.write("broken", breaking_off())
    with pytest.raises(FileNotFoundError):
        _ = [piece async for piece in storage.read("broken")]
    assert list((tmp_path / "here" / "there").iterdir()) == []
