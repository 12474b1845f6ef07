"""Cancellation: free for the buyer inside the hold, the seller's before shipping, and at the buyer's request after."""

from datetime import timedelta

import pytest

from tests.scene import BEA, BOB, LAMP, LAST, PRO, SOLO, VASE, Scene
from tradepost.lifecycle import Party, State
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Actor
from tradepost.process.cancellation.cancellations import (
    SELLER_REASONS,
    BuyerCancellation,
    SellerCancellation,
    cancel_by_buyers,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.refusals import Reason, Refusal


def _reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


async def _cancellations(scene: Scene, key: OrderKey) -> list[tuple[int, int, str, str, bool]]:
    """Line, quantity, by whom, why, and whether it went back into the stock."""
    rows = await scene.rows(
        """
        SELECT line_no, quantity, canceled_by, reason, returned
          FROM cancellations WHERE seller_id = $1 AND order_id = $2 ORDER BY event, line_no
        """,
        *key,
    )
    return [tuple(row) for row in rows]


# --- by the buyer


@pytest.mark.parametrize("state", [State.HELD, State.APPROVED])
async def test_inside_the_hold_the_buyer_cancels_without_asking_anyone(scene: Scene, state: State) -> None:
    key = await scene.to_state(state)
    await scene.advance(timedelta(minutes=29))
    assert await scene.cancel_by_buyer(key) is None
    order = await scene.order(key)
    assert (order.state, order.canceled_by, order.cancel_reason) == (State.CANCELED, "BUYER", "buyer_canceled")
    assert order.canceled_at == await scene.now()
    assert [line.canceled for line in order.lines.values()] == [2, 1]
    assert (await scene.stock(PRO, LAMP), await scene.stock(PRO, VASE)) == (1000, 1000)
    assert await scene.told(key) == [("buyer", "order_canceled"), ("seller", "order_canceled")]


async def test_after_the_hold_the_buyer_is_told_until_when_it_was_possible(scene: Scene) -> None:
    key = await scene.to_state(State.VERIFYING)
    refusal = await scene.cancel_by_buyer(key)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.HOLD_IS_OVER
    assert "ended at 2026-03-02 10:30 UTC" in refusal.sentence()


async def test_customer_service_cancels_on_the_buyers_word_and_signs_with_its_own_name(scene: Scene) -> None:
    key = await scene.to_state(State.HELD)
    agent = Actor(Party.CUSTOMER_SERVICE, "carla")
    assert await scene.do(cancel_by_buyers, lambda at: BuyerCancellation(key, BEA, at, agent)) is None
    assert (await scene.order(key)).canceled_by == "BUYER"
    last = (await scene.events(key))[-1]
    assert (last.party, last.actor) == ("customer_service", "carla")


async def test_another_buyer_learns_nothing_about_the_order(scene: Scene) -> None:
    key = await scene.to_state(State.HELD)
    strangers = await scene.cancel_by_buyer(key, BOB)
    nowhere = await scene.cancel_by_buyer(OrderKey(PRO, "000-0000000-0000000"), BOB)
    assert strangers == nowhere
    assert _reason(strangers) is Reason.ORDER_NOT_FOUND
    assert await scene.state(key) is State.HELD


async def test_an_order_under_another_seller_is_no_order(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert _reason(await scene.cancel_by_seller(OrderKey(SOLO, key.order_id))) is Reason.ORDER_NOT_FOUND
    assert await scene.state(key) is State.UNSHIPPED


# --- by the seller


async def test_the_seller_cancels_a_whole_order(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.cancel_by_seller(key, "pricing_error") is None
    order = await scene.order(key)
    assert (order.state, order.canceled_by, order.cancel_reason) == (State.CANCELED, "SELLER", "pricing_error")
    assert await _cancellations(scene, key) == [
        (1, 2, "SELLER", "pricing_error", True),
        (2, 1, "SELLER", "pricing_error", True),
    ]
    assert (await scene.told(key))[-1:] == [("buyer", "order_canceled")]


@pytest.mark.parametrize("reason", SELLER_REASONS)
async def test_the_stock_comes_back_for_every_reason_but_that_there_is_none(scene: Scene, reason: str) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.stock(PRO, LAMP) == 998
    assert await scene.cancel_by_seller(key, reason) is None
    assert await scene.stock(PRO, LAMP) == (998 if reason == "no_inventory" else 1000)


async def test_a_unit_at_a_time_an_order_is_canceled_to_the_end(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.cancel_by_seller(key, "no_inventory", [(LAMP, 1)]) is None
    assert await scene.state(key) is State.UNSHIPPED
    assert await scene.cancel_by_seller(key, "general_adjustment", [(LAMP, 1), (VASE, None)]) is None
    assert await scene.state(key) is State.CANCELED
    assert await _cancellations(scene, key) == [
        (1, 1, "SELLER", "no_inventory", False),
        (1, 1, "SELLER", "general_adjustment", True),
        (2, 1, "SELLER", "general_adjustment", True),
    ]
    assert (await scene.stock(PRO, LAMP), await scene.stock(PRO, VASE)) == (999, 1000)


async def test_the_rest_of_a_partly_shipped_order_is_canceled_and_the_order_counts_as_shipped(scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    assert await scene.cancel_by_seller(key) is None
    order = await scene.order(key)
    assert (order.state, order.shipped_units, order.canceled_units) == (State.SHIPPED, 1, 2)
    assert order.wakes_at is None


async def test_an_item_is_named_by_its_number_too(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    vase = (await scene.order(key)).lines[2]
    assert await scene.cancel_by_seller(key, items=[(vase.item_id, 1)]) is None
    assert (await scene.order(key)).lines[2].canceled == 1


async def test_of_a_batch_only_what_is_refused_is_left_undone(scene: Scene) -> None:
    held, unshipped = await scene.to_states([State.HELD, State.UNSHIPPED])
    now = await scene.now()
    wishes = [SellerCancellation(key, now, "no_inventory") for key in (held, unshipped, unshipped)]
    first, second, third = await scene.database.run(lambda tx: cancel_by_sellers(tx, wishes))
    assert _reason(first) is Reason.ORDER_IS_PENDING
    assert second is None
    assert _reason(third) is Reason.ORDER_IS_CANCELED
    assert (await scene.state(held), await scene.state(unshipped)) == (State.HELD, State.CANCELED)


async def test_a_canceled_order_does_not_come_back_but_its_goods_can_be_ordered_anew(scene: Scene) -> None:
    key = await scene.place(BEA, {LAST: 1})
    await scene.approve(key)
    await scene.advance(timedelta(minutes=30))
    await scene.cancel_by_seller(key)
    assert _reason(await scene.confirm(key)) is Reason.ORDER_IS_CANCELED
    assert await scene.state(await scene.place(BEA, {LAST: 1})) is State.HELD


# --- at the buyer's request


async def test_a_request_tells_the_seller_and_leaves_the_order_as_it_is(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.request_cancellation(key, why="Bought by mistake") is None
    order = await scene.order(key)
    assert order.state is State.UNSHIPPED
    assert order.cancellation_requested_at == await scene.now()
    assert (await scene.told(key))[-1] == ("seller", "cancellation_requested")
    assert (await scene.events(key))[-1].detail == {"why": "Bought by mistake"}


async def test_the_seller_may_follow_the_request_or_ship_all_the_same(scene: Scene) -> None:
    one, other = await scene.to_states([State.UNSHIPPED, State.UNSHIPPED])
    for key in (one, other):
        assert await scene.request_cancellation(key) is None
    assert await scene.cancel_by_seller(one, "buyer_canceled") is None
    await scene.confirm(other)
    assert (await scene.state(one), await scene.state(other)) == (State.CANCELED, State.SHIPPED)


async def test_a_pending_order_needs_no_request(scene: Scene) -> None:
    key = await scene.to_state(State.HELD)
    assert _reason(await scene.request_cancellation(key)) is Reason.ORDER_IS_PENDING


async def test_customer_service_asks_for_the_buyer(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    agent = Actor(Party.CUSTOMER_SERVICE, "carla")
    assert await scene.do(request_cancellations, lambda at: BuyerCancellation(key, BEA, at, agent)) is None
    assert (await scene.events(key))[-1].actor == "carla"


async def test_nobody_asks_for_the_cancellation_of_anothers_order(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert _reason(await scene.request_cancellation(key, BOB)) is Reason.ORDER_NOT_FOUND
