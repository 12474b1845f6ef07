"""Texts and numbers that no database can hold are refused by name, and the rest of their batch goes on."""

import pytest

from tests.scene import ADDRESS, BEA, LAMP, PARCEL, PRO, Scene
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.listings import offers
from tradepost.listings.records import Listing, OfferKey
from tradepost.money import MOST_MINOR_UNITS
from tradepost.numbers import OrderKey
from tradepost.payments.records import Means
from tradepost.process.cancellation.cancellations import (
    BuyerCancellation,
    SellerCancellation,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.process.checkout.checkout import MOST_UNITS, Cart, CartLine, Placed, place_orders
from tradepost.process.shipment.confirmations import MOST_REFERENCE, Confirmation, Confirmed, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import PaymentChange, change_payments
from tradepost.refusals import Reason, Refusal

NOT_TEXT = ("a\0b", "\ud800")


def _reasons(outcomes: object) -> list[Reason | None]:
    assert isinstance(outcomes, list)
    return [one.reason if isinstance(one, Refusal) else None for one in outcomes]


@pytest.mark.parametrize("text", NOT_TEXT, ids=ascii)
async def test_a_cart_with_such_a_text_is_refused_and_the_others_are_placed(scene: Scene, text: str) -> None:
    async def work(tx: Transaction) -> list[Placed | Refusal]:
        good = Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),), ADDRESS, payment=Means("simulated", "approve"))
        bad = (
            good._replace(address={**ADDRESS, "line1": text}),
            good._replace(address={"lines": ["1 Street", {text: "x"}]}),
            good._replace(payment=Means("simulated", text)),
            good._replace(payment=Means(text, "approve")),
            good._replace(buyer_id=text),
            good._replace(lines=(CartLine(PRO, text, 1),)),
            good._replace(lines=(CartLine(text, LAMP, 1),)),
        )
        return await place_orders(tx, [good, *bad, good])

    reasons = _reasons(await scene.database.run(work))
    assert reasons == [None, *[Reason.INVALID_VALUE] * 5, *[Reason.OFFER_NOT_FOUND] * 2, None]
    assert await scene.stock(PRO, LAMP) == 998


@pytest.mark.parametrize("price", [-1, MOST_MINOR_UNITS + 1, 2**63])
async def test_a_price_out_of_range_is_refused_and_the_others_are_placed(scene: Scene, price: int) -> None:
    async def work(tx: Transaction) -> list[Placed | Refusal]:
        carts = [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1, agreed),)) for agreed in (0, price, MOST_MINOR_UNITS)]
        return await place_orders(tx, carts)

    assert _reasons(await scene.database.run(work)) == [None, Reason.INVALID_VALUE, None]


async def test_a_total_out_of_range_is_refused_and_the_others_are_placed(scene: Scene) -> None:
    skus = [f"SKU-{number}" for number in range(10)]
    for sku in skus:
        await scene.list_offer(PRO, sku, price=MOST_MINOR_UNITS, quantity=2 * MOST_UNITS)

    async def work(tx: Transaction) -> list[Placed | Refusal]:
        lines = tuple(CartLine(PRO, sku, MOST_UNITS) for sku in skus)
        return await place_orders(tx, [Cart(BEA, tx.now, lines), Cart(BEA, tx.now, lines[:1])])

    assert _reasons(await scene.database.run(work)) == [Reason.INVALID_VALUE, None]


async def test_more_units_than_an_order_can_count_are_refused_and_the_others_are_placed(scene: Scene) -> None:
    skus = [f"SKU-{number}" for number in range(2148)]

    async def work(tx: Transaction) -> list[Placed | Refusal]:
        await offers.list_offers(tx, [Listing(PRO, sku, sku, sku, 1, MOST_UNITS, None) for sku in skus], tx.now)
        lines = tuple(CartLine(PRO, sku, MOST_UNITS) for sku in skus)
        return await place_orders(tx, [Cart(BEA, tx.now, lines), Cart(BEA, tx.now, lines[:1000])])

    assert _reasons(await scene.database.run(work)) == [Reason.CART_IS_MIXED_UP, None]


@pytest.mark.parametrize("text", NOT_TEXT, ids=ascii)
async def test_an_order_that_cannot_be_named_is_not_found_and_the_others_are_done(scene: Scene, text: str) -> None:
    key = await scene.to_state(State.UNSHIPPED)

    async def work(tx: Transaction) -> list[list[Reason | None]]:
        keys = (OrderKey(PRO, text), OrderKey(text, key.order_id), key)
        wishes = [BuyerCancellation(one, BEA, tx.now) for one in keys]
        parcels = [Confirmation(one, tx.now, PARCEL, [(LAMP, 1)]) for one in keys]
        cancellations = [SellerCancellation(one, tx.now, "pricing_error") for one in keys]
        return [
            _reasons(await request_cancellations(tx, wishes)),
            _reasons(await confirm_shipments(tx, parcels)),
            _reasons(await cancel_by_sellers(tx, cancellations)),
        ]

    assert await scene.database.run(work) == [[Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_FOUND, None]] * 3


@pytest.mark.parametrize("text", NOT_TEXT, ids=ascii)
async def test_a_carrier_whose_name_is_not_text_is_refused_and_the_others_are_done(scene: Scene, text: str) -> None:
    key, other = await scene.to_states([State.SHIPPED, State.SHIPPED])

    async def work(tx: Transaction) -> list[Refusal | None]:
        return await record_deliveries(tx, [Delivery(key, tx.now, text), Delivery(other, tx.now)])

    assert _reasons(await scene.database.run(work)) == [Reason.INVALID_VALUE, None]


@pytest.mark.parametrize("text", [*NOT_TEXT, "x" * 501], ids=ascii)
async def test_a_buyers_words_that_are_not_text_or_too_many_are_refused(scene: Scene, text: str) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    refused = await scene.request_cancellation(key, why=text)
    assert refused is not None
    assert refused.reason is Reason.INVALID_VALUE
    assert await scene.request_cancellation(key, why="x" * 500) is None


@pytest.mark.parametrize("text", NOT_TEXT, ids=ascii)
async def test_a_payment_that_is_not_text_is_refused_and_the_others_are_taken(scene: Scene, text: str) -> None:
    keys = [await scene.pay_with("fail-always") for _ in range(3)]
    wanted = (Means("simulated", text), Means(text, "approve"), Means("simulated", "approve"))

    async def work(tx: Transaction) -> list[Refusal | None]:
        changes = [PaymentChange(key, BEA, means, tx.now) for key, means in zip(keys, wanted, strict=True)]
        return await change_payments(tx, [*changes, PaymentChange(OrderKey(PRO, text), BEA, wanted[2], tx.now)])

    expected = [Reason.INVALID_VALUE, Reason.INVALID_VALUE, None, Reason.ORDER_NOT_FOUND]
    assert _reasons(await scene.database.run(work)) == expected


@pytest.mark.parametrize("text", NOT_TEXT, ids=ascii)
async def test_an_offer_that_cannot_be_named_is_refused_and_the_others_are_changed(scene: Scene, text: str) -> None:
    async def work(tx: Transaction) -> list[list[Reason | None]]:
        keys = [OfferKey(PRO, text), OfferKey(text, LAMP), OfferKey(PRO, LAMP)]
        listings = [Listing(*key, "P", "Lamp", 1, 1, None) for key in keys]
        listings.append(Listing(PRO, "NEW", text, "Lamp", 1, 1, None))
        return [
            _reasons(await offers.set_stock(tx, [(*key, 5) for key in keys], tx.now)),
            _reasons(await offers.close_offers(tx, keys, tx.now)),
            _reasons(await offers.list_offers(tx, listings, tx.now)),
        ]

    not_there = [Reason.OFFER_NOT_FOUND, Reason.OFFER_NOT_FOUND, None]
    invalid = [Reason.INVALID_VALUE, Reason.SELLER_NOT_FOUND, None, Reason.INVALID_VALUE]
    assert await scene.database.run(work) == [not_there, not_there, invalid]


async def test_more_units_come_back_than_one_offer_may_be_listed_with(scene: Scene) -> None:
    """Sellers fill up what open orders hold: what comes back may be more than 32 bits count."""
    await scene.list_offer(PRO, "BULK", quantity=MOST_UNITS)
    key = await scene.place(BEA, {"BULK": MOST_UNITS})
    await scene.set_stock(PRO, "BULK", offers.MOST_STOCK)
    async with scene.database.transaction() as tx:
        await tx.execute("UPDATE offers SET available = 2147483647, supplied = 2148483647 WHERE sku = 'BULK'")
    assert await scene.cancel_by_buyer(key) is None
    assert await scene.stock(PRO, "BULK") == 2**31 - 1 + MOST_UNITS


async def test_the_package_after_the_last_reference_gets_one_that_is_free(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 1)], reference=MOST_REFERENCE)
    second = await scene.confirm(key, [(LAMP, 1)])
    assert isinstance(second, Confirmed)
    assert second.reference == 1
