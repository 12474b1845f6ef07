"""Release: an order that verification held up beyond the hold gets new dates, others keep theirs (A31)."""

from datetime import datetime, time, timedelta

from tests.scene import BEA, LAMP, MARKET, MUG, PRO, Scene, open_market
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.people import records as people
from tradepost.people.records import SellerAccount

HOLD, SECOND = timedelta(minutes=30), timedelta(seconds=1)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


async def _dates(scene: Scene, key: OrderKey) -> tuple[datetime, ...]:
    """From when and until when to ship, and to deliver."""
    order = await scene.order(key)
    return order.ship_earliest, order.ship_latest, order.deliver_earliest, order.deliver_latest


ORDERED_ON_MONDAY = (
    _utc("2026-03-03T00:00:00"),  # one day of handling
    _utc("2026-03-03T23:59:59"),
    _utc("2026-03-06T00:00:00"),  # Standard: three to five business days
    _utc("2026-03-10T23:59:59"),
)
RELEASED_ON_THURSDAY = (
    _utc("2026-03-06T00:00:00"),
    _utc("2026-03-06T23:59:59"),
    _utc("2026-03-11T00:00:00"),
    _utc("2026-03-13T23:59:59"),
)


async def test_released_when_its_hold_ends_an_order_keeps_its_dates(scene: Scene) -> None:
    key = await scene.place()
    assert await _dates(scene, key) == ORDERED_ON_MONDAY
    await scene.approve(key)
    await scene.advance(HOLD)
    assert await scene.state(key) is State.UNSHIPPED
    assert await _dates(scene, key) == ORDERED_ON_MONDAY
    assert (await scene.events(key))[-1].detail is None


async def test_noticed_late_by_the_worker_it_keeps_its_dates_all_the_same(scene: Scene) -> None:
    """The release counts from the moment that it was due, whenever the sweep comes by."""
    key = await scene.place()
    await scene.approve(key)
    await scene.set_clock(await scene.now() + timedelta(days=3))
    await scene.work()
    assert (await scene.order(key)).released_at == _utc("2026-03-02T10:30:00")
    assert await _dates(scene, key) == ORDERED_ON_MONDAY


async def test_approved_late_it_gets_dates_that_count_from_its_release(scene: Scene) -> None:
    key = await scene.place()
    await scene.advance(to=_utc("2026-03-05T09:00:00"))
    assert await _dates(scene, key) == ORDERED_ON_MONDAY
    await scene.approve(key)
    assert await _dates(scene, key) == RELEASED_ON_THURSDAY
    release = (await scene.events(key))[-1]
    assert release.detail == {
        "deliver_latest": {"promised": "2026-03-10T23:59:59+00:00", "anew": "2026-03-13T23:59:59+00:00"}
    }


async def test_the_hold_itself_is_no_delay_but_a_second_more_is(database: Database) -> None:
    """Placed late on Monday, the hold ends after midnight: only a release later than that counts from Tuesday."""
    scene = await open_market(database, start=_utc("2026-03-02T23:40:00"))
    in_time, late = await scene.place(), await scene.place()
    await scene.advance(HOLD)
    await scene.approve(in_time)
    await scene.advance(SECOND)
    await scene.approve(late)
    assert (await _dates(scene, in_time))[1] == _utc("2026-03-03T23:59:59")
    assert (await _dates(scene, late))[1] == _utc("2026-03-04T23:59:59")


async def test_new_dates_count_with_the_handling_time_of_the_order_and_the_service_that_was_chosen(
    scene: Scene,
) -> None:
    await scene.list_offer(PRO, "SLOW", handling=3)
    key = await scene.place(BEA, {LAMP: 1, "SLOW": 1}, service="NextDay")
    assert (await _dates(scene, key))[1::2] == (_utc("2026-03-05T23:59:59"), _utc("2026-03-06T23:59:59"))
    await scene.list_offer(PRO, "SLOW", handling=9)  # what the seller says later is for later orders
    await scene.advance(to=_utc("2026-03-05T09:00:00"))
    await scene.approve(key)
    assert (await _dates(scene, key))[1::2] == (_utc("2026-03-10T23:59:59"), _utc("2026-03-11T23:59:59"))


async def test_same_day_handling_looks_at_the_cut_off_in_the_marketplaces_zone(database: Database) -> None:
    scene = await open_market(database, zone="Asia/Shanghai", start=_utc("2026-03-02T04:00:00"))  # noon there

    async with database.transaction() as tx:
        fast = SellerAccount("fast", MARKET, "Fast", None, "zh", "individual", 0, time(14))
        await people.put_sellers(tx, [fast], tx.now)
    await scene.list_offer("fast", "NOW", handling=0)
    before = await scene.place(BEA, {"NOW": 1})
    await scene.advance(timedelta(hours=2))
    after = await scene.place(BEA, {"NOW": 1})
    assert (await _dates(scene, before))[1] == _utc("2026-03-02T15:59:59")
    assert (await _dates(scene, after))[1] == _utc("2026-03-03T15:59:59")


async def test_the_confirm_by_deadline_still_counts_from_the_day_of_the_order(scene: Scene) -> None:
    key = await scene.place(BEA, {MUG: 1})
    await scene.advance(timedelta(days=20))
    await scene.approve(key)
    assert (await scene.order(key)).wakes_at == _utc("2026-03-26T00:00:00")
    await scene.advance(timedelta(days=15))
    assert (await scene.order(key)).canceled_at == _utc("2026-04-02T00:00:00")
