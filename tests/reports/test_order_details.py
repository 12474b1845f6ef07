"""What the details of an order say: what is recorded, what the clock has done since, and what comes by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.scene import ADDRESS, BEA, LAMP, PARCEL, SOLO, START, VASE, Scene
from tradepost.deadlines import DEADLINES
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Confirmed, Parcel
from tradepost.reports.order_details import WHAT_HAPPENS, OrderDetails, order_details, ship_to

HOLD = timedelta(minutes=30)
CONFIRM_BY = datetime(2026, 4, 2, tzinfo=UTC)  # 30 days after March 2 end with April 1


async def details_of(scene: Scene, key: OrderKey, at: datetime | None = None) -> OrderDetails:
    async with scene.database.transaction() as tx:
        found = await order_details(tx, key.order_id, at or tx.now, seller_id=key.seller_id)
    assert found is not None
    return found


async def address_of(scene: Scene, key: OrderKey) -> object:
    async with scene.database.transaction() as tx:
        return await ship_to(tx, key)


async def test_all_that_has_happened_is_there(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 2, VASE: 1}, "fail-once")
    await scene.advance(timedelta(hours=1))
    assert isinstance(await scene.confirm(key, [(LAMP, 1)]), Confirmed)
    await scene.confirm(key, parcel=Parcel("DHL", "1234567890"), reference=1)
    assert await scene.cancel_by_seller(key, "no_inventory", [(LAMP, 1)]) is None

    details = await details_of(scene, key)
    assert [event.act for event in details.events] == await scene.acts(key)
    assert [event.number for event in details.events] == list(range(1, len(details.events) + 1))
    assert details.order.state is State.PARTIALLY_SHIPPED
    assert [(line.sku, line.shipped, line.canceled, line.left) for line in details.order.lines.values()] == [
        (LAMP, 1, 1, 0),
        (VASE, 0, 0, 1),
    ]
    (package,) = details.packages
    assert (package.carrier_code, package.tracking, package.units) == ("DHL", "1234567890", {1: 1})
    assert package.edited_at == START + timedelta(hours=1)
    (cancellation,) = details.cancellations
    assert (cancellation.line_no, cancellation.quantity, cancellation.reason) == (1, 1, "no_inventory")
    assert not cancellation.returned
    assert sorted((told.receiver, told.kind) for told in details.notices) == sorted(await scene.told(key))
    assert {told.status for told in details.notices} == {"queued"}
    assert details.payment is not None
    assert (details.payment.gateway, details.payment.attempts, details.payment.asked_next) == ("simulated", 2, None)


async def test_what_the_clock_has_done_is_shown_before_a_sweep_records_it(scene: Scene) -> None:
    key = await scene.place()
    await scene.approve(key)
    before = await scene.dump()
    details = await details_of(scene, key, START + HOLD)
    assert details.order.state is State.UNSHIPPED
    assert details.order.released_at == START + HOLD
    release = details.events[-1]
    assert (release.act, release.number, release.happened_at, release.recorded_at) == (
        Act.RELEASE, 3, START + HOLD, None,
    )  # fmt: skip
    assert {(told.kind, told.status) for told in details.notices} == {
        ("order_confirmation", None),
        ("sold_ship_now", None),
    }
    assert await scene.dump() == before


async def test_a_second_before_the_clock_has_done_nothing(scene: Scene) -> None:
    key = await scene.place()
    await scene.approve(key)
    details = await details_of(scene, key, START + HOLD - timedelta(seconds=1))
    assert details.order.state is State.APPROVED
    assert details.next is not None
    assert (details.next.at, details.next.act) == (START + HOLD, Act.RELEASE)
    assert details.notices == ()


async def test_forty_days_that_nobody_swept_are_shown_as_those_that_somebody_did(scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    later = START + timedelta(days=40)
    foreseen = await details_of(scene, key, later)
    await scene.advance(to=later)
    swept = await details_of(scene, key)
    assert [event._replace(recorded_at=None) for event in swept.events] == [
        event._replace(recorded_at=None) for event in foreseen.events
    ]
    assert swept.order == foreseen.order
    assert swept.cancellations == foreseen.cancellations
    assert [told[:4] for told in swept.notices] == [told[:4] for told in foreseen.notices]
    assert swept.next is foreseen.next is None


async def test_what_comes_by_itself_is_said_with_its_moment(scene: Scene) -> None:
    held, approved = await scene.place(), await scene.place()
    await scene.approve(approved)
    comes = {(await details_of(scene, key)).next for key in (held, approved)}
    assert {(next_.at, next_.act) for next_ in comes if next_} == {
        (START + HOLD, Act.END_HOLD),
        (START + HOLD, Act.RELEASE),
    }
    await scene.advance(HOLD)
    verifying, unshipped = await details_of(scene, held), await details_of(scene, approved)
    assert verifying.next is not None
    assert (verifying.next.at, verifying.next.act) == (START + timedelta(days=21), Act.GIVE_UP_VERIFYING)
    assert unshipped.next is not None
    assert (unshipped.next.at, unshipped.next.act) == (CONFIRM_BY - timedelta(days=7), Act.REMIND)
    assert "April 1, 2026" in unshipped.next.sentence
    await scene.advance(to=CONFIRM_BY - timedelta(days=7))
    reminded = await details_of(scene, approved)
    assert reminded.next is not None
    assert (reminded.next.at, reminded.next.act) == (CONFIRM_BY, Act.CANCEL_UNCONFIRMED)


def test_every_act_of_the_clock_is_explained() -> None:
    assert set(WHAT_HAPPENS) == {deadline.act for deadline in DEADLINES}


async def test_a_seller_finds_only_its_own_orders(scene: Scene) -> None:
    key = await scene.place()
    async with scene.database.transaction() as tx:
        assert await order_details(tx, key.order_id, tx.now, seller_id=SOLO) is None
        assert await order_details(tx, "000-0000000-0000000", tx.now) is None
        operator = await order_details(tx, key.order_id, tx.now)
    assert operator is not None
    assert operator.order.key == key


@pytest.mark.parametrize("state", State)
async def test_the_address_is_read_of_released_orders_only(scene: Scene, state: State) -> None:
    key = await scene.to_state(state)
    address = await address_of(scene, key)
    if state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED):
        assert getattr(address, "line1") == ADDRESS["line1"]  # noqa: B009
        assert getattr(address, "line2") == ""  # noqa: B009
    else:
        assert address is None
    assert await address_of(scene, OrderKey(SOLO, key.order_id)) is None


@pytest.mark.parametrize("state", State)
async def test_no_address_is_among_the_details(scene: Scene, state: State) -> None:
    key = await scene.to_state(state)
    assert str(ADDRESS["line1"]) not in repr(await details_of(scene, key))


async def test_details_hang_together_while_others_act(scene: Scene) -> None:
    """The order, its lines and its history are of one moment, although no lock holds them together."""
    keys = [await scene.place(BEA, {LAMP: 9}) for _ in range(4)]
    for key in keys:
        await scene.approve(key)
    await scene.advance(HOLD)

    async def ship(key: OrderKey) -> None:
        for _ in range(9):
            assert isinstance(await scene.confirm(key, [(LAMP, 1)], parcel=PARCEL), Confirmed)

    shipping = asyncio.gather(*map(ship, keys))
    try:
        while not shipping.done():
            for key in keys:
                details = await details_of(scene, key)
                assert details.events[-1].number == details.order.last_event
                assert details.order.shipped_units == sum(line.shipped for line in details.order.lines.values())
                assert details.order.shipped_units == sum(sum(one.units.values()) for one in details.packages)
    finally:
        await shipping
