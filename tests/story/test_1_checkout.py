"""Step 1. The order is placed: it is Pending, its goods are reserved, and the buyer has 30 minutes to think again."""

from datetime import timedelta

from tests.scene import BEA, BOB, LAMP, LAST, MUG, PRO, SOLO, Scene
from tests.story.retelling import in_orders_report, in_unshipped_report, letters, status
from tradepost.lifecycle import Party
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Actor
from tradepost.process.cancellation.cancellations import BuyerCancellation, cancel_by_buyers
from tradepost.process.checkout.checkout import Placed
from tradepost.refusals import Reason, Refusal


async def _cannot_be_touched_by_the_seller(scene: Scene, key: OrderKey, reason: Reason) -> None:
    for answer in (await scene.confirm(key), await scene.cancel_by_seller(key)):
        assert isinstance(answer, Refusal)
        assert answer.reason is reason


async def test_a_cart_becomes_a_pending_order(scene: Scene) -> None:
    """A1, A2: a buyer adds products to a cart and checks out; the order begins as Pending."""
    placed = await scene.check_out(BEA, {LAMP: 2, MUG: 1})
    assert isinstance(placed, Placed)
    assert [key.seller_id for key in placed.orders] == [PRO, SOLO]
    assert [await status(scene, key) for key in placed.orders] == ["Pending", "Pending"]


async def test_the_quantity_is_taken_from_the_stock_at_once(scene: Scene) -> None:
    """A3."""
    await scene.place(BEA, {LAMP: 3})
    assert await scene.stock(PRO, LAMP) == 997


async def test_the_last_unit_leaves_the_offer_page_and_is_back_when_the_order_is_canceled(scene: Scene) -> None:
    """A4, A5: while the order is processed, the seller sees quantity zero, and nobody else can buy."""
    key = await scene.place(BEA, {LAST: 1})
    assert await scene.stock(PRO, LAST) == 0
    assert not (await scene.offer(PRO, LAST)).on_sale
    assert isinstance(await scene.check_out(BOB, {LAST: 1}), Refusal)
    await scene.cancel_by_buyer(key)
    assert await scene.stock(PRO, LAST) == 1
    assert (await scene.offer(PRO, LAST)).on_sale
    assert isinstance(await scene.check_out(BOB, {LAST: 1}), Placed)


async def test_a_pending_order_is_in_no_report_and_the_seller_can_do_nothing_to_it(scene: Scene) -> None:
    """A6, A7, A8: not in the Orders report, not in the Unshipped Orders report, and greyed out."""
    key = await scene.place()
    assert await in_orders_report(scene) == await in_unshipped_report(scene) == []
    await _cannot_be_touched_by_the_seller(scene, key, Reason.ORDER_IS_PENDING)
    assert await letters(scene) == []


async def test_even_a_paid_order_is_held_for_thirty_minutes(scene: Scene) -> None:
    """A9: every order is held, however fast its payment was."""
    key = await scene.pay_with("approve")
    await scene.advance(timedelta(minutes=30, seconds=-1))
    assert await status(scene, key) == "Pending"
    await scene.advance(timedelta(seconds=1))
    assert await status(scene, key) == "Unshipped"


async def test_the_buyer_cancels_in_the_last_second_of_the_hold_but_not_after_it(scene: Scene) -> None:
    """A10: the hold gives buyers an opportunity to cancel."""
    quick, slow = await scene.place(), await scene.place()
    await scene.advance(timedelta(minutes=30, seconds=-1))
    assert await scene.cancel_by_buyer(quick) is None
    await scene.advance(timedelta(seconds=1))
    too_late = await scene.cancel_by_buyer(slow)
    assert isinstance(too_late, Refusal)
    assert too_late.sentence().startswith("The time in which you may cancel by yourself ended at 2026-03-02 10:30 UTC")


async def test_an_order_that_its_buyer_canceled_is_shown_as_canceled_and_nothing_more_can_be_done(
    scene: Scene,
) -> None:
    """A11, A12."""
    key = await scene.place()
    await scene.cancel_by_buyer(key)
    assert await status(scene, key) == "Canceled"
    await _cannot_be_touched_by_the_seller(scene, key, Reason.ORDER_IS_CANCELED)
    assert await in_orders_report(scene) == await in_unshipped_report(scene) == []


async def test_whoever_asks_the_seller_about_a_pending_order_is_sent_to_customer_service(scene: Scene) -> None:
    """A15: the seller is told so, and Customer Service can do for the buyer what the buyer can."""
    key = await scene.place()
    told = await scene.cancel_by_seller(key)
    assert isinstance(told, Refusal)
    assert "Questions of a buyer about a Pending order are for Customer Service." in told.sentence()
    agent = Actor(Party.CUSTOMER_SERVICE, "carla")
    assert await scene.do(cancel_by_buyers, lambda at: BuyerCancellation(key, BEA, at, agent)) is None
    assert await status(scene, key) == "Canceled"
