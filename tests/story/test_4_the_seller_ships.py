"""Step 4. The seller processes the order: what is Unshipped is shipped and confirmed, or canceled."""

import pytest

from tests.scene import BEA, LAMP, MUG, PRO, SOLO, VASE, Scene
from tests.story.retelling import in_orders_report, in_unshipped_report, letters_to, status
from tradepost.lifecycle import State
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.confirmations import Confirmed
from tradepost.process.shipment.processing_report import ProcessingReport
from tradepost.refusals import Reason, Refusal

HEADINGS = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method"


async def test_the_seller_confirms_the_shipment_of_an_order(scene: Scene) -> None:
    """A43, A45: carrier and tracking number go in, and the buyer hears that the goods are under way."""
    key = await scene.to_state(State.UNSHIPPED)
    await letters_to(scene, "buyer")
    assert isinstance(await scene.confirm(key), Confirmed)
    assert await status(scene, key) == "Shipped"
    (letter,) = await letters_to(scene, "buyer")
    assert "1Z999AA10123456784" in letter.body
    assert await in_unshipped_report(scene) == []


async def test_an_order_may_leave_in_several_packages(scene: Scene) -> None:
    """A45: what is left stays to be shipped, and stays in the Unshipped Orders report."""
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 1)])
    assert await status(scene, key) == "PartiallyShipped"
    assert [(row["sku"], row["quantity-to-ship"]) for row in await in_unshipped_report(scene)] == [
        (LAMP, "1"),
        (VASE, "1"),
    ]
    await scene.confirm(key)
    assert await status(scene, key) == "Shipped"


async def test_the_seller_sees_the_service_that_the_buyer_chose(scene: Scene) -> None:
    """A41: ship by the requested shipping method."""
    key = await scene.place(BEA, {LAMP: 1}, "approve", service="Expedited")
    await scene.advance(to=(await scene.order(key)).placed_at.replace(minute=30))
    assert [row["ship-service-level"] for row in await in_orders_report(scene)] == ["Expedited"]


@pytest.mark.parametrize("state", [State.HELD, State.APPROVED, State.VERIFYING, State.CANCELED])
async def test_only_unshipped_orders_are_shipped(scene: Scene, state: State) -> None:
    """A43: the goods of any other order must not leave."""
    key = await scene.to_state(state)
    assert isinstance(await scene.confirm(key), Refusal)
    assert await scene.state(key) is state


async def test_a_professional_seller_confirms_many_orders_with_a_file(scene: Scene) -> None:
    """A46, A47: Shipping Confirmation files are for Professional accounts only."""
    keys = [await scene.to_state(State.UNSHIPPED) for _ in range(3)]
    rows = [f"{key.order_id}\t\t\t2026-03-02\tUPS\t\t1Z999AA10123456784\t" for key in keys]
    report = await apply_file(scene.database, PRO, "\n".join([HEADINGS, *rows]).encode())
    assert isinstance(report, ProcessingReport)
    assert report.successful == 3
    assert [await status(scene, key) for key in keys] == ["Shipped"] * 3


async def test_an_individual_seller_confirms_one_by_one(scene: Scene) -> None:
    """A47."""
    key = await scene.place(BEA, {MUG: 1}, "approve")
    await scene.advance(to=(await scene.order(key)).placed_at.replace(minute=30))
    row = f"{key.order_id}\t\t\t2026-03-02\tUPS\t\t1Z999AA10123456784\t"
    answer = await apply_file(scene.database, SOLO, f"{HEADINGS}\n{row}".encode())
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.PROFESSIONAL_PLAN_NEEDED
    assert await status(scene, key) == "Unshipped"
    assert isinstance(await scene.confirm(key), Confirmed)


async def test_the_seller_who_cannot_ship_cancels_and_the_buyer_may_leave_feedback(scene: Scene) -> None:
    """A32, A33: the buyer is told who canceled and why, and that feedback is possible."""
    key = await scene.to_state(State.UNSHIPPED)
    await letters_to(scene, "buyer")
    assert await scene.cancel_by_seller(key, "no_inventory") is None
    assert await status(scene, key) == "Canceled"
    (letter,) = await letters_to(scene, "buyer")
    assert "The seller canceled the following:" in letter.body
    assert "it is out of stock" in letter.body
    assert "You can leave feedback" in letter.body


async def test_a_seller_who_ran_out_of_stock_does_not_get_it_back_by_canceling(scene: Scene) -> None:
    """A34 to A36: the stock shown stays true, and the record says that the seller canceled."""
    key = await scene.to_state(State.UNSHIPPED)
    await scene.cancel_by_seller(key, "no_inventory")
    assert await scene.stock(PRO, LAMP) == 998
    order = await scene.order(key)
    assert (order.canceled_by, order.cancel_reason) == ("SELLER", "no_inventory")


async def test_the_buyer_may_ask_and_the_seller_decides(scene: Scene) -> None:
    """A10, A32: after the hold the buyer cannot cancel alone; the seller sees the wish, in the report too."""
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.request_cancellation(key, why="Bought by mistake") is None
    assert await status(scene, key) == "Unshipped"
    assert {row["is-buyer-requested-cancellation"] for row in await in_unshipped_report(scene)} == {"true"}
    assert await scene.cancel_by_seller(key, "buyer_canceled") is None
    assert await status(scene, key) == "Canceled"
