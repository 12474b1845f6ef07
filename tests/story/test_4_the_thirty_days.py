"""Step 4, the deadline. A shipment is confirmed within 30 days of the order, or the order is canceled."""

from datetime import timedelta

import pytest

from tests.scene import LAMP, PRO, Scene
from tests.story.retelling import everyone_reads_chinese, in_unshipped_report, letters, letters_to, status, utc
from tradepost.lifecycle import State
from tradepost.refusals import Reason, Refusal

LAST_SECOND = utc("2026-04-01T23:59:59")  # 30 days after March 2
A_WEEK_BEFORE = utc("2026-03-26T00:00:00")


async def test_on_the_last_day_a_shipment_can_still_be_confirmed(scene: Scene) -> None:
    """A49: within 30 days of the order date."""
    key = await scene.to_state(State.UNSHIPPED)
    await scene.advance(to=LAST_SECOND)
    assert not isinstance(await scene.confirm(key), Refusal)
    assert await status(scene, key) == "Shipped"


async def test_after_the_last_day_the_order_is_canceled_and_the_seller_is_not_paid(scene: Scene) -> None:
    """A50, A51: even if the goods have left; so their stock does not come back by itself either."""
    key = await scene.to_state(State.UNSHIPPED)
    await scene.advance(to=LAST_SECOND + timedelta(seconds=1))
    assert await status(scene, key) == "Canceled"
    order = await scene.order(key)
    assert (order.canceled_by, order.cancel_reason) == ("MARKETPLACE", "not_confirmed_in_time")
    too_late = await scene.confirm(key)
    assert isinstance(too_late, Refusal)
    assert too_late.reason is Reason.ORDER_IS_CANCELED
    assert await scene.stock(PRO, LAMP) == 998
    assert {letter.notice.kind for letter in await letters_to(scene, "seller")} >= {"order_canceled"}


async def test_of_a_partly_shipped_order_only_the_rest_is_canceled(scene: Scene) -> None:
    """A50: what was confirmed in time stays sold."""
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    await scene.advance(timedelta(days=31))
    order = await scene.order(key)
    assert (order.state.status, order.shipped_units, order.canceled_units) == ("Shipped", 1, 2)


@pytest.mark.parametrize(
    ("chinese", "warning"),
    [
        (False, "Confirm as shipped by April 1, 2026 to avoid cancellation"),
        (True, "请在 2026年4月1日 前确认发货,以免订单被取消"),
    ],
    ids=["English", "Chinese"],
)
async def test_a_week_before_the_end_the_seller_is_warned(scene: Scene, chinese: bool, warning: str) -> None:
    """A52, A53, A54: once, by letter, in these very words, and in the report."""
    key = await scene.to_state(State.UNSHIPPED)
    if chinese:
        await everyone_reads_chinese(scene)
    await scene.advance(to=A_WEEK_BEFORE - timedelta(seconds=1))
    await letters(scene)
    assert {row["verge-of-cancellation"] for row in await in_unshipped_report(scene)} == {"false"}
    await scene.advance(timedelta(seconds=1))
    (letter,) = await letters(scene)
    assert letter.notice.receiver == "seller"
    assert warning in letter.subject
    assert warning in letter.body
    assert {row["verge-of-cancellation"] for row in await in_unshipped_report(scene)} == {"true"}
    await scene.advance(timedelta(days=6))
    assert await letters(scene) == []
    assert await status(scene, key) == "Unshipped"


async def test_who_has_shipped_is_not_warned(scene: Scene) -> None:
    """A52."""
    await scene.to_state(State.SHIPPED)
    await letters(scene)
    await scene.advance(timedelta(days=40))
    assert await letters(scene) == []


async def test_released_on_the_last_day_of_verification_an_order_has_nine_days_left(scene: Scene) -> None:
    """A13, A31, A49: the 30 days count from the order, not from the release."""
    key = await scene.pay_with("defer")
    await scene.advance(timedelta(days=21, seconds=-1))
    await scene.approve(key)
    assert await status(scene, key) == "Unshipped"
    await scene.advance(to=LAST_SECOND)
    assert await status(scene, key) == "Unshipped"
    await scene.advance(timedelta(seconds=1))
    assert await status(scene, key) == "Canceled"


async def test_every_step_is_on_record_with_who_and_when(scene: Scene) -> None:
    """A55: the history of an order that went all the way."""
    key = await scene.pay_with("fail-once")
    start = await scene.now()
    await scene.advance(timedelta(days=26))
    await scene.confirm(key)
    await scene.advance(timedelta(days=3))
    await scene.deliver(key)
    assert [(event.act, event.party, event.happened_at - start) for event in await scene.events(key)] == [
        ("place", "buyer", timedelta(0)),
        ("fail_payment", "verification", timedelta(0)),
        ("approve", "verification", timedelta(minutes=5)),
        ("release", "clock", timedelta(minutes=30)),
        ("remind", "clock", A_WEEK_BEFORE - start),
        ("confirm_shipment", "seller", timedelta(days=26)),
        ("deliver", "carrier", timedelta(days=29)),
    ]
