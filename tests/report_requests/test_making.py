"""Making reports: once each, in their turn, and anew after whatever came in between."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.serving import eventually
from tests.scene import MARKET, PRO, SOLO, Scene
from tradepost.ground.clock import machine_now
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.jobs import turns
from tradepost.lifecycle import State
from tradepost.report_requests import kinds, making, requests, schedules
from tradepost.report_requests.requests import NewReport, ReportRequest
from tradepost.report_requests.schedules import following

KIND = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
ORDERS = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.at(str(tmp_path / "documents"))


async def ask(scene: Scene, kind: str = KIND, seller: str = PRO) -> str:
    async with scene.database.transaction() as tx:
        return await requests.create(tx, NewReport(seller, kind, [MARKET], {}))


async def find(scene: Scene, report_id: str, seller: str = PRO) -> ReportRequest:
    async with scene.database.transaction() as tx:
        return await requests.find(tx, seller, report_id)


async def make(scene: Scene, storage: Storage) -> int:
    """Make what waits; how many reports that was."""
    made = 0
    while taken := await making.take(scene.database):
        await making.go_on(scene.database, storage, taken, asyncio.Event())
        made += 1
    return made


async def forget_leases(scene: Scene) -> None:
    """As if the time of all workers were over."""
    await scene.rows("UPDATE report_requests SET worked_until = $1", machine_now() - timedelta(minutes=1))


async def test_many_workers_make_each_report_once(scene: Scene, storage: Storage) -> None:
    asked = [await ask(scene, seller=seller) for seller in (PRO, SOLO) for _ in range(10)]
    while any([await asyncio.gather(*(make(scene, storage) for _ in range(5)))][0]):
        pass
    rows = await scene.rows("SELECT report_id, status, turn FROM report_requests")
    assert sorted(map(tuple, rows)) == sorted((report_id, "DONE", 1) for report_id in asked)


async def test_what_a_worker_left_behind_is_made_anew_when_its_time_is_over(scene: Scene, storage: Storage) -> None:
    report_id = await ask(scene)
    left = await making.take(scene.database)
    assert left is not None
    assert await making.take(scene.database) is None
    await forget_leases(scene)
    assert await make(scene, storage) == 1
    document_id = (await find(scene, report_id)).document_id
    await making.go_on(scene.database, storage, left, asyncio.Event())  # the first one comes back, too late
    found = await find(scene, report_id)
    assert (found.status, found.document_id) == ("DONE", document_id)


async def test_one_that_takes_long_is_kept(scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> int:
        began.set()
        await may_end.wait()
        return 0

    monkeypatch.setitem(kinds.KINDS, KIND, kinds.KINDS[KIND]._replace(make=slow))
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.01)
    await ask(scene)
    at_work = asyncio.create_task(make(scene, storage))
    await began.wait()
    await forget_leases(scene)

    async def is_kept() -> bool:
        rows = await scene.rows("SELECT worked_until > $1 FROM report_requests", machine_now())
        return bool(rows[0][0])

    await eventually(is_kept)
    assert await making.take(scene.database) is None
    may_end.set()
    assert await at_work == 1


async def test_one_that_is_broken_off_waits_for_the_next_worker(
    scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def endless(*arguments: Any) -> int:
        began.set()
        return await asyncio.Event().wait()

    kind = kinds.KINDS[KIND]
    monkeypatch.setitem(kinds.KINDS, KIND, kind._replace(make=endless))
    report_id = await ask(scene)
    at_work = asyncio.create_task(make(scene, storage))
    await began.wait()
    at_work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await at_work
    monkeypatch.setitem(kinds.KINDS, KIND, kind)
    assert await make(scene, storage) == 1
    assert (await find(scene, report_id)).status == "DONE"


async def test_one_that_always_fails_is_given_up_and_those_behind_it_are_made(
    scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def broken(*arguments: Any) -> int:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    kind = kinds.KINDS[KIND]
    monkeypatch.setitem(kinds.KINDS, KIND, kind._replace(make=broken))
    monkeypatch.setattr(turns, "TRY_AGAIN", timedelta(0))
    first, second = await ask(scene), await ask(scene)
    for _ in range(making.MOST_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            await make(scene, storage)
    monkeypatch.setitem(kinds.KINDS, KIND, kind)
    assert await make(scene, storage) == 2
    assert [(await find(scene, one)).status for one in (first, second)] == ["FATAL", "DONE"]
    assert tries == making.MOST_ATTEMPTS


async def test_where_documents_lie_may_be_away_for_as_long_as_it_likes(
    scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: Any) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(turns, "TRY_AGAIN", timedelta(0))
    report_id = await ask(scene)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Storage, "write", away)
        for _ in range(2 * making.MOST_ATTEMPTS):
            with pytest.raises(StorageUnavailable):
                await make(scene, storage)
    await make(scene, storage)
    assert (await find(scene, report_id)).status == "DONE"


async def test_a_schedule_whose_report_failed_tells_it_with_the_next_one(
    scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.database.transaction() as tx:
        await schedules.create(tx, PRO, ORDERS, [MARKET], {}, "PT1H")
    start = await scene.now()
    kind = kinds.KINDS[ORDERS]
    for make_so in (_fails, kind.make):
        await scene.to_state(State.UNSHIPPED)
        monkeypatch.setitem(kinds.KINDS, ORDERS, kind._replace(make=make_so))
        monkeypatch.setattr(making, "MOST_ATTEMPTS", 0 if make_so is _fails else 5)
        await scene.advance(timedelta(hours=1))
        assert await schedules.start_due(scene.database) == 1
        await make(scene, storage)
    failed, made = await scene.rows("SELECT status, since FROM report_requests ORDER BY number")
    assert (failed["status"], made["status"], made["since"]) == ("FATAL", "DONE", start)


async def _fails(*arguments: Any) -> int:
    raise ZeroDivisionError


async def test_many_workers_ask_once_for_what_is_due(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await schedules.create(tx, PRO, ORDERS, [MARKET], {}, "PT5M")
        await schedules.create(tx, PRO, KIND, [MARKET], {}, "PT5M")
    await scene.advance(timedelta(minutes=5))
    started = await asyncio.gather(*(schedules.start_due(scene.database) for _ in range(8)))
    assert sum(started) == 2
    assert await schedules.start_due(scene.database) == 0


async def test_a_report_that_waits_tells_what_later_ones_would(scene: Scene, storage: Storage) -> None:
    async with scene.database.transaction() as tx:
        await schedules.create(tx, PRO, ORDERS, [MARKET], {}, "PT5M")
    await scene.to_state(State.UNSHIPPED)
    for _ in range(3):  # nobody makes any
        await scene.advance(timedelta(minutes=5))
        assert await schedules.start_due(scene.database) == 1
    assert await make(scene, storage) == 1
    await scene.advance(timedelta(minutes=5))
    assert await schedules.start_due(scene.database) == 1
    await make(scene, storage)
    statuses = await scene.rows("SELECT status FROM report_requests ORDER BY number")
    assert [row[0] for row in statuses] == ["DONE", "CANCELLED"]


async def test_a_monthly_report_keeps_its_day_where_the_month_has_it(scene: Scene) -> None:
    first = datetime(2027, 1, 31, 10, tzinfo=UTC)
    async with scene.database.transaction() as tx:
        schedule_id = await schedules.create(tx, PRO, ORDERS, [MARKET], {}, "P1M", first)
    due = []
    for _ in range(4):
        async with scene.database.transaction() as tx:
            due.append((await schedules.find(tx, PRO, schedule_id)).next_at)
        await scene.set_clock(due[-1])
        assert await schedules.start_due(scene.database) == 1
    assert [(at.month, at.day) for at in due] == [(1, 31), (2, 28), (3, 31), (4, 30)]


@pytest.mark.parametrize(
    ("at", "period", "now", "then"),
    [
        ("2026-01-01T10:00", "PT5M", "2026-01-01T10:00", "2026-01-01T10:05"),
        ("2026-01-01T10:00", "PT5M", "2026-01-01T10:04", "2026-01-01T10:05"),
        ("2026-01-01T10:00", "PT5M", "2026-01-01T10:05", "2026-01-01T10:10"),
        ("2026-01-01T10:00", "PT84H", "2026-01-08T10:00", "2026-01-11T22:00"),
        ("2026-01-31T10:00", "P1M", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("2026-01-31T10:00", "P1M", "2026-02-28T10:00", "2026-03-31T10:00"),
        ("2026-11-15T10:00", "P1M", "2027-02-15T09:59", "2027-02-15T10:00"),
    ],
)
def test_the_next_report_is_due_whole_periods_later(at: str, period: str, now: str, then: str) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert following(moment(at), period, moment(now)) == moment(then)
