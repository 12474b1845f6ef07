"""Step 2. Payment and order details are verified: the order becomes Unshipped, stays Pending, or is Canceled."""

from datetime import timedelta

import pytest

from tests.scene import LAMP, PRO, Scene
from tests.story.retelling import in_orders_report, in_unshipped_report, letters, letters_to, status
from tradepost.refusals import Reason, Refusal


@pytest.mark.parametrize(
    ("payment", "seen"),
    [
        ("approve", "Unshipped"),
        ("fail-always", "Pending"),
        ("defer", "Pending"),
        ("silent", "Pending"),
        ("decline", "Canceled"),
        ("fraud", "Canceled"),
    ],
)
async def test_after_the_hold_manage_orders_shows_one_of_three_states(scene: Scene, payment: str, seen: str) -> None:
    """A16 to A19, A22."""
    key = await scene.pay_with(payment)
    await scene.advance(timedelta(hours=1))
    assert await status(scene, key) == seen


async def test_a_payment_that_failed_is_tried_again_and_the_buyer_may_bring_another(scene: Scene) -> None:
    """A19: initially unsuccessful is not the end."""
    again, another = await scene.pay_with("fail-once"), await scene.pay_with("fail-always")
    await scene.advance(timedelta(hours=1))
    assert await status(scene, again) == "Unshipped"
    assert await status(scene, another) == "Pending"
    assert {letter.subject for letter in await letters_to(scene, "buyer") if letter.notice.order_id == another.order_id}
    assert await scene.change_payment(another, "approve") is None
    await scene.work()
    assert await status(scene, another) == "Unshipped"


async def test_an_order_that_is_verified_for_days_must_not_be_shipped(scene: Scene) -> None:
    """A20, A21: it stays Pending, whatever the buyer says to the seller, and is in neither report."""
    key = await scene.pay_with("defer")
    await scene.advance(timedelta(days=15))
    answer = await scene.confirm(key)
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.ORDER_IS_PENDING
    assert await in_orders_report(scene) == await in_unshipped_report(scene) == []


async def test_verification_takes_twenty_one_days_at_most(scene: Scene) -> None:
    """A13: what is not verified by then is canceled, and its goods go back on sale."""
    key = await scene.pay_with("defer")
    await scene.advance(timedelta(days=21, seconds=-1))
    assert await status(scene, key) == "Pending"
    assert await scene.stock(PRO, LAMP) == 999
    await scene.advance(timedelta(seconds=1))
    assert await status(scene, key) == "Canceled"
    assert await scene.stock(PRO, LAMP) == 1000


@pytest.mark.parametrize(("payment", "days"), [("decline", 0), ("fraud", 0), ("defer", 21)])
async def test_the_seller_is_not_told_of_an_order_that_verification_canceled(
    scene: Scene, payment: str, days: int
) -> None:
    """A23, A24: it is recorded as Canceled in Manage Orders, and nobody has to do anything."""
    key = await scene.pay_with(payment)
    await scene.advance(timedelta(days=days))
    assert await status(scene, key) == "Canceled"
    assert [letter.notice.receiver for letter in await letters(scene)] == ["buyer"]
    assert (await scene.order(key)).wakes_at is None


async def test_who_still_wants_the_goods_places_a_new_order(scene: Scene) -> None:
    """A25: a canceled order does not come back; the buyer is invited to order again."""
    key = await scene.pay_with("decline")
    await scene.work()
    (letter,) = await letters_to(scene, "buyer")
    assert "you are welcome to place a new order" in letter.body
    undone = await scene.change_payment(key, "approve")
    assert isinstance(undone, Refusal)
    assert undone.reason is Reason.ORDER_IS_CANCELED
    anew = await scene.pay_with("approve")
    await scene.advance(timedelta(minutes=30))
    assert await status(scene, anew) == "Unshipped"
