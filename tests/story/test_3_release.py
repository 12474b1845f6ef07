"""Step 3. The payment is verified: the order becomes Unshipped, and buyer and seller are told."""

from datetime import timedelta

from tests.scene import ADDRESS, Scene
from tests.story.retelling import in_orders_report, in_unshipped_report, letters, status, utc
from tradepost.lifecycle import State


async def test_the_order_becomes_unshipped_and_both_are_told(scene: Scene) -> None:
    """A26, A27, A28: the buyer's confirmation carries the estimated delivery date."""
    key = await scene.pay_with("approve")
    await scene.advance(timedelta(minutes=30))
    assert await status(scene, key) == "Unshipped"
    to_buyer, to_seller = sorted(await letters(scene), key=lambda letter: letter.notice.receiver)
    assert to_buyer.subject == f"Your order {key.order_id} is confirmed"
    assert "Estimated delivery: Friday, March 6, 2026 to Tuesday, March 10, 2026" in to_buyer.body
    assert to_seller.subject == f"Sold, ship now: Red lamp (order {key.order_id})"
    assert "Ship by: Tuesday, March 3, 2026" in to_seller.body


async def test_the_seller_finds_the_order_in_both_reports_and_need_not_rely_on_letters(scene: Scene) -> None:
    """A29, A30: what is to be shipped stands in the reports from the moment of release."""
    key = await scene.to_state(State.UNSHIPPED)
    assert {row["order-id"] for row in await in_orders_report(scene)} == {key.order_id}
    assert [row["quantity-to-ship"] for row in await in_unshipped_report(scene)] == ["2", "1"]


async def test_an_order_that_verification_delayed_gets_a_new_delivery_date(scene: Scene) -> None:
    """A31: it counts from the day on which the order left Pending, and the buyer is told so."""
    key = await scene.pay_with("defer")
    assert (await scene.order(key)).deliver_latest == utc("2026-03-10T23:59:59")
    await scene.advance(to=utc("2026-03-05T09:00:00"))
    await scene.approve(key)
    assert (await scene.order(key)).deliver_latest == utc("2026-03-13T23:59:59")
    to_buyer = next(letter for letter in await letters(scene) if letter.notice.receiver == "buyer")
    assert "Estimated delivery: Wednesday, March 11, 2026 to Friday, March 13, 2026" in to_buyer.body


async def test_the_delivery_address_is_in_the_reports_but_never_in_a_letter(scene: Scene) -> None:
    """A38, A39, A40: the Sold-ship-now letter does not include it, for the sake of the buyer's privacy."""
    key = await scene.to_state(State.UNSHIPPED)
    street = str(ADDRESS["line1"])
    assert {row["ship-address-1"] for row in await in_orders_report(scene)} == {street}
    assert {row["ship-address-1"] for row in await in_unshipped_report(scene)} == {street}
    await scene.confirm(key)
    told = await letters(scene)
    assert len(told) == 3
    assert not [letter for letter in told if street in letter.subject + letter.body]
