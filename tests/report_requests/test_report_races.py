"""Reports and their schedules while others act: each order is told once, each report made once, and none is torn."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.report_requests.asked import ORDERS, ask, find, schedule, told, told_together
from tests.scene import BEA, BOB, LAMP, PRO, START, VASE, Scene, open_market
from tradepost.ground.clock import BusinessClock, simulated_clock, system_clock
from tradepost.ground.database import connect
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refusal, Refused
from tradepost.report_requests import making, requests, schedules
from tradepost.reports import settled

LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
HOUR = timedelta(hours=1)
WRITERS, ORDERS_OF_EACH = 4, 6
CLOCKS: dict[str, Callable[[], BusinessClock]] = {
    "ticking": lambda: simulated_clock(START, ticking=True),
    "real": system_clock,
}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.at(str(tmp_path / "documents"))


async def make(scene: Scene, storage: Storage) -> None:
    """Make what waits."""
    while taken := await making.take(scene.database):
        await making.go_on(scene.database, storage, taken, asyncio.Event())


@pytest.fixture(params=CLOCKS)
async def busy(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Scene]:
    """The scene under a clock that runs, with a connection for each of many at once and no hold."""
    async with connect(database_url, connections=24) as database:
        scene = await open_market(database, policy=Policy(hold=timedelta(0)))
        async with database.transaction(alone=True) as tx:
            await tx.move_clock(CLOCKS[request.param]())
        yield scene


async def test_a_schedule_tells_each_order_once_while_orders_are_released(
    busy: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reports come as fast as they can, and each begins where the one before it ended."""
    monkeypatch.setattr(settled, "ALLOWANCE", timedelta(0))  # all clocks are one and the same
    await schedule(busy)
    keys: list[OrderKey] = []
    some_are_told = asyncio.Event()

    async def sell(buyer: str) -> None:
        for number in range(ORDERS_OF_EACH):
            if number == ORDERS_OF_EACH - 1:
                await some_are_told.wait()  # or the first report might come when all is sold
            key = await busy.place(buyer, {LAMP: 1, VASE: 1})
            assert not isinstance(await busy.approve(key), Refusal)
            keys.append(key)

    async def report() -> None:
        last = False
        while not last:
            last = selling.done()
            await busy.rows("UPDATE report_schedules SET next_at = next_at - interval '1 hour'")
            await schedules.start_due(busy.database)
            await asyncio.gather(*(make(busy, storage) for _ in range(3)))
            if await busy.rows("SELECT 1 FROM report_requests WHERE status = 'DONE'"):
                some_are_told.set()

    selling = asyncio.ensure_future(asyncio.gather(*(sell(buyer) for buyer in [BEA, BOB] * (WRITERS // 2))))
    async with asyncio.timeout(120):
        await asyncio.gather(selling, report())
    reports = [one for one in await told(busy, storage) if one]
    assert len(reports) > 1
    assert Counter(order for one in reports for order in one) == {key.order_id: 1 for key in keys}


async def test_ten_reports_at_once_are_ten(scene: Scene, storage: Storage) -> None:
    asked = await asyncio.gather(*(ask(scene, LISTINGS) for _ in range(10)))
    await asyncio.gather(*(make(scene, storage) for _ in range(4)))
    await make(scene, storage)
    found = [await find(scene, report_id) for report_id in asked]
    assert len({report.document_id for report in found}) == 10
    assert {report.status for report in found} == {"DONE"}


async def test_who_cancels_and_who_takes_a_report_do_not_both_get_it(scene: Scene, storage: Storage) -> None:
    """Whoever comes first: what is canceled is not made, and what is taken is not canceled."""

    async def cancel(report_id: str) -> str:
        try:
            await scene.database.run(lambda tx: requests.cancel(tx, PRO, report_id))
        except Refused as no:
            return "DONE" if no.refusal.reason is Reason.REPORT_HAS_BEGUN else str(no)
        return "CANCELLED"

    for _ in range(20):
        report_id = await ask(scene, LISTINGS)
        _, outcome = await asyncio.gather(make(scene, storage), cancel(report_id))
        await make(scene, storage)
        found = await find(scene, report_id)
        assert (found.status, found.document_id is None) == (outcome, outcome == "CANCELLED")


async def test_ten_schedules_at_once_are_one(scene: Scene) -> None:
    made = await asyncio.gather(*(schedule(scene) for _ in range(10)))
    (left,) = await scene.database.run(lambda tx: schedules.of_kinds(tx, PRO, [ORDERS]))
    assert left.schedule_id in made


class TestWhileAReportWaits:
    """What becomes of the schedule that asked for it."""

    async def test_one_that_is_replaced_goes_on_from_what_the_report_tells(
        self, scene: Scene, storage: Storage
    ) -> None:
        await schedule(scene)
        first = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        assert await schedules.start_due(scene.database) == 1
        await schedule(scene, "PT5M")
        second = await scene.to_state(State.UNSHIPPED)
        await make(scene, storage)
        await scene.advance(HOUR)
        await schedules.start_due(scene.database)
        await make(scene, storage)
        assert await told_together(scene, storage) == sorted([first.order_id, second.order_id])

    async def test_two_of_several_that_replaced_each_other_tell_no_order_twice(
        self, scene: Scene, storage: Storage
    ) -> None:
        keys = []
        for _ in range(3):
            await schedule(scene)
            keys.append(await scene.to_state(State.UNSHIPPED))
            await scene.advance(HOUR)
            assert await schedules.start_due(scene.database) == 1
        await schedule(scene)
        await make(scene, storage)
        assert await told_together(scene, storage) == sorted(key.order_id for key in keys)

    async def test_one_that_is_ended_tells_up_to_then(self, scene: Scene, storage: Storage) -> None:
        schedule_id = await schedule(scene)
        key = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        assert await schedules.start_due(scene.database) == 1
        await scene.database.run(lambda tx: schedules.cancel(tx, PRO, schedule_id))
        await scene.to_state(State.UNSHIPPED)
        await make(scene, storage)
        assert await told(scene, storage) == [[key.order_id]]

    async def test_one_that_is_ended_and_made_anew_begins_where_that_was(self, scene: Scene, storage: Storage) -> None:
        schedule_id = await schedule(scene)
        first = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        assert await schedules.start_due(scene.database) == 1
        await scene.database.run(lambda tx: schedules.cancel(tx, PRO, schedule_id))
        await scene.advance(HOUR)
        await schedule(scene)
        second = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        assert await schedules.start_due(scene.database) == 1
        await make(scene, storage)
        assert await told(scene, storage) == [[first.order_id], [second.order_id]]

    async def test_reports_that_pile_up_tell_each_order_once(self, scene: Scene, storage: Storage) -> None:
        await schedule(scene)
        keys = []
        for _ in range(3):
            keys.append(await scene.to_state(State.UNSHIPPED))
            await scene.advance(HOUR)
            assert await schedules.start_due(scene.database) == 1
        await make(scene, storage)
        assert await told_together(scene, storage) == sorted(key.order_id for key in keys)
