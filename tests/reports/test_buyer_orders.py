"""A buyer's own orders: all of them and nobody else's, as the clock says, with what the buyer may do now."""

from datetime import timedelta

import pytest

from tests.scene import BEA, BOB, LAMP, MUG, PARCEL, PRO, SOLO, START, VASE, Scene
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey
from tradepost.process.checkout.checkout import Placed
from tradepost.process.shipment.confirmations import Confirmed, Parcel
from tradepost.refusals import Reason, Refused
from tradepost.reports.as_they_stand import After
from tradepost.reports.buyer_orders import BuyerOrder, order_of_buyer, orders_of_buyer

HOLD = timedelta(minutes=30)


async def seen(scene: Scene, key: OrderKey, buyer: str = BEA) -> BuyerOrder:
    async with scene.database.transaction() as tx:
        found = await order_of_buyer(tx, buyer, key.order_id, tx.now)
    assert found is not None
    return found


async def all_pages(scene: Scene, buyer: str, size: int) -> list[str]:
    found: list[str] = []
    after: After | None = None
    while True:
        async with scene.database.transaction() as tx:
            page = await orders_of_buyer(tx, buyer, tx.now, after, size)
        assert 0 < len(page.orders) <= size
        found += [order.order_id for order in page.orders]
        if page.after is None:
            return found
        after = page.after


async def test_all_orders_of_the_buyer_are_there_once_with_whatever_seller(scene: Scene) -> None:
    keys: list[OrderKey] = []
    for _ in range(3):
        placed = await scene.check_out(BEA, {LAMP: 1, MUG: 1})
        assert isinstance(placed, Placed)
        keys = [*sorted(placed.orders, key=lambda key: key.order_id, reverse=True), *keys]
        await scene.place(BOB)
        await scene.advance(timedelta(seconds=1))
    for size in (1, 2, 3, 4, 6, 100):
        assert await all_pages(scene, BEA, size) == [key.order_id for key in keys]


async def test_anothers_order_is_as_none(scene: Scene) -> None:
    key = await scene.place(BEA)
    async with scene.database.transaction() as tx:
        assert await order_of_buyer(tx, BOB, key.order_id, tx.now) is None
        assert await order_of_buyer(tx, BEA, "000-0000000-0000000", tx.now) is None
        assert await order_of_buyer(tx, BEA, "\0", tx.now) is None
        assert (await orders_of_buyer(tx, BOB, tx.now)).orders == []


MAY = {
    State.HELD: (Act.CANCEL_BY_BUYER, Act.CHANGE_PAYMENT),
    State.APPROVED: (Act.CANCEL_BY_BUYER,),
    State.VERIFYING: (Act.CHANGE_PAYMENT,),
    State.UNSHIPPED: (Act.REQUEST_CANCELLATION,),
    State.PARTIALLY_SHIPPED: (Act.REQUEST_CANCELLATION,),
    State.SHIPPED: (),
    State.CANCELED: (),
}


@pytest.mark.parametrize("state", State)
async def test_the_buyer_is_told_what_may_be_done_now(scene: Scene, state: State) -> None:
    order = await seen(scene, await scene.to_state(state))
    assert (order.state, order.status, order.may) == (state, state.status, MAY[state])


async def test_a_request_to_cancel_is_offered_once(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.request_cancellation(key)
    order = await seen(scene, key)
    assert order.cancellation_requested_at == START + HOLD
    assert order.may == ()


async def test_the_hold_ends_for_the_buyer_before_a_sweep_comes_by(scene: Scene) -> None:
    key = await scene.place()
    order = await seen(scene, key)
    assert order.hold_ends_at == START + HOLD
    await scene.set_clock(order.hold_ends_at - timedelta(microseconds=1))
    assert Act.CANCEL_BY_BUYER in (await seen(scene, key)).may
    await scene.set_clock(order.hold_ends_at)
    assert (await seen(scene, key)).may == (Act.CHANGE_PAYMENT,)
    async with scene.database.transaction() as tx:
        assert [one.state for one in (await orders_of_buyer(tx, BEA, tx.now)).orders] == [State.VERIFYING]


async def test_a_late_release_shows_the_new_delivery_dates_before_a_sweep(scene: Scene) -> None:
    """A31: dates count from the release, and a release that is due has happened."""
    keys = [await scene.place() for _ in range(2)]
    for key in keys:
        assert await scene.approve(key) is None
    promised = await seen(scene, keys[0])
    assert (promised.deliver_earliest, promised.deliver_latest) == (
        (await scene.order(keys[0])).deliver_earliest,
        (await scene.order(keys[0])).deliver_latest,
    )
    await scene.set_clock(START + timedelta(days=2))
    unswept = [await seen(scene, key) for key in keys]
    await scene.advance(timedelta(0))
    assert unswept == [await seen(scene, key) for key in keys]


async def test_parcels_are_shown_with_their_tracking(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert (await seen(scene, key)).parcels == ()
    assert isinstance(await scene.confirm(key, [(LAMP, 1)], parcel=PARCEL), Confirmed)
    await scene.advance(timedelta(hours=1))
    other = Parcel("Other", "T-2", carrier_name="By bicycle")
    assert isinstance(await scene.confirm(key, [(LAMP, 1), (VASE, 1)], parcel=other), Confirmed)
    first, second = (await seen(scene, key)).parcels
    assert (first.carrier, first.tracking, first.units) == (PARCEL.carrier_code, PARCEL.tracking, {1: 1})
    assert (second.carrier, second.tracking, second.units) == ("By bicycle", "T-2", {1: 1, 2: 1})
    assert second.confirmed_at == START + HOLD + timedelta(hours=1)


async def test_an_order_says_whose_goods_it_holds_and_what_they_cost(scene: Scene) -> None:
    order = await seen(scene, await scene.place(BEA, {MUG: 3}))
    assert (order.seller_id, order.seller_name, order.total, order.currency) == (SOLO, "Solo", 2100, "USD")
    assert [(line.sku, line.quantity) for line in order.lines] == [(MUG, 3)]
    assert (await seen(scene, await scene.place(BEA, {LAMP: 1}))).seller_id == PRO


async def test_a_page_that_there_cannot_be_is_refused(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        with pytest.raises(Refused) as no:
            await orders_of_buyer(tx, BEA, tx.now, size=101)
    assert no.value.refusal.reason is Reason.INVALID_VALUE
