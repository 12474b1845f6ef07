"""Checkout: a cart becomes one order per seller and takes its stock, all of it or nothing."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.scene import ADDRESS, BEA, BOB, LAMP, LAST, MARKET, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, change_policy, open_marketplace
from tradepost.people.records import SellerAccount
from tradepost.policy import Policy
from tradepost.process.checkout.checkout import MOST_LINES, MOST_UNITS, Cart, CartLine, Placed, place_orders
from tradepost.process.checkout.records import open_counter
from tradepost.refusals import Reason, Refusal

HOLD, LIMIT = Policy().hold, Policy().verification_limit


def _reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


async def _stocks(scene: Scene) -> dict[str, int]:
    return {sku: await scene.stock(seller, sku) for sku, seller in scene.sellers.items()}


async def test_a_cart_of_two_sellers_becomes_an_order_for_each(scene: Scene) -> None:
    placed = await scene.check_out(BEA, {LAMP: 2, MUG: 3, VASE: 1})
    assert isinstance(placed, Placed)
    acme, solo = [await scene.order(key) for key in placed.orders]
    assert (acme.seller_id, solo.seller_id) == (PRO, SOLO)
    assert [(line.sku, line.quantity) for line in acme.lines.values()] == [(LAMP, 2), (VASE, 1)]
    assert [(line.sku, line.quantity) for line in solo.lines.values()] == [(MUG, 3)]
    assert acme.checkout_id == solo.checkout_id == placed.checkout_id
    assert (acme.total, solo.total) == (2 * 1990 + 2000, 3 * 700)
    assert acme.state is solo.state is State.HELD
    assert await _stocks(scene) == {LAMP: 998, VASE: 999, LAST: 1, MUG: 997}


async def test_a_cart_that_cannot_be_had_whole_is_not_had_at_all(scene: Scene) -> None:
    before = await scene.dump()
    assert _reason(await scene.check_out(BEA, {LAMP: 2, MUG: 3, LAST: 2})) is Reason.OUT_OF_STOCK
    assert await scene.dump() == before


@pytest.mark.parametrize("offers", [1, 3])
async def test_the_counter_is_not_planned_anew_for_each_batch(scene: Scene, offers: int) -> None:
    wanted = [(scene.sellers[sku], sku) for sku in (LAMP, MUG, VASE)[:offers]]
    async with scene.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO offers (seller_id, sku, product_id, title, price, available, closed, supplied, listed_at,
                                updated_at)
            SELECT seller_id, sku || number, product_id, title, price, available, closed, supplied, listed_at,
                   updated_at
              FROM offers, generate_series(1, 1000) AS number
            """
        )
        await tx.execute("ANALYZE offers")
        for _ in range(20):
            assert len((await open_counter(tx, wanted)).offers) == offers
        planned = await tx.row(
            """
            SELECT custom_plans, generic_plans FROM pg_prepared_statements
             WHERE statement ~ '^\\s*SELECT o.seller_id.*FOR UPDATE OF o'
             ORDER BY prepare_time DESC LIMIT 1
            """
        )
    assert planned is not None
    assert planned[0] <= 5  # so often PostgreSQL tries before it compares
    assert planned[1] >= 15


async def test_the_same_offer_on_two_lines_is_summed(scene: Scene) -> None:
    async def check_out(tx: Transaction, *quantities: int) -> Placed | Refusal:
        lines = tuple(CartLine(PRO, VASE, quantity) for quantity in quantities)
        (outcome,) = await place_orders(tx, [Cart(BEA, tx.now, lines)])
        return outcome

    assert _reason(await scene.database.run(lambda tx: check_out(tx, 600, 600))) is Reason.OUT_OF_STOCK
    placed = await scene.database.run(lambda tx: check_out(tx, 600, 400))
    assert isinstance(placed, Placed)
    order = await scene.order(placed.orders[0])
    assert [line.quantity for line in order.lines.values()] == [1000]
    assert await scene.stock(PRO, VASE) == 0


async def test_lines_that_are_too_much_together_are_refused_with_their_sum(scene: Scene) -> None:
    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        lines = (CartLine(PRO, VASE, MOST_UNITS), CartLine(PRO, VASE, 1))
        return await place_orders(tx, [Cart(BEA, tx.now, lines)])

    (refusal,) = await scene.database.run(work)
    assert refusal == Refusal(Reason.QUANTITY_NOT_POSITIVE, {"quantity": MOST_UNITS + 1, "limit": MOST_UNITS})


async def test_an_agreed_price_stands_on_a_line_of_its_own(scene: Scene) -> None:
    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        return await place_orders(
            tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1), CartLine(PRO, LAMP, 2, 1500), CartLine(PRO, LAMP, 3)))]
        )

    (placed,) = await scene.database.run(work)
    assert isinstance(placed, Placed)
    order = await scene.order(placed.orders[0])
    assert [(line.unit_price, line.quantity) for line in order.lines.values()] == [(1990, 4), (1500, 2)]
    assert order.total == 4 * 1990 + 2 * 1500


async def test_lines_of_one_seller_that_are_kept_apart_are_orders_of_their_own(scene: Scene) -> None:
    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        lines = (
            CartLine(PRO, LAMP, 1, apart="a"),
            CartLine(PRO, VASE, 1, apart="b"),
            CartLine(PRO, VASE, 1, apart="a"),
        )
        return await place_orders(tx, [Cart(BEA, tx.now, lines)])

    (placed,) = await scene.database.run(work)
    assert isinstance(placed, Placed)
    orders = [await scene.order(key) for key in placed.orders]
    assert [order.ordered_units for order in orders] == [2, 1]


async def test_the_last_unit_takes_the_offer_off_sale_and_comes_back_with_the_cancellation(scene: Scene) -> None:
    key = await scene.place(BEA, {LAST: 1})
    assert await scene.stock(PRO, LAST) == 0
    assert _reason(await scene.check_out(BOB, {LAST: 1})) is Reason.OUT_OF_STOCK
    assert await scene.cancel_by_buyer(key) is None
    assert await scene.stock(PRO, LAST) == 1
    assert isinstance(await scene.check_out(BOB, {LAST: 1}), Placed)


async def test_an_offer_that_its_seller_closed_does_not_come_back_with_the_stock(scene: Scene) -> None:
    key = await scene.place(BEA, {LAST: 1})
    assert await scene.close_offer(PRO, LAST) is None
    assert await scene.cancel_by_buyer(key) is None
    assert await scene.stock(PRO, LAST) == 1
    assert _reason(await scene.check_out(BOB, {LAST: 1})) is Reason.OFFER_IS_CLOSED
    assert await scene.open_offer(PRO, LAST) is None
    assert isinstance(await scene.check_out(BOB, {LAST: 1}), Placed)


async def test_out_of_stock_says_how_much_is_left(scene: Scene) -> None:
    refusal = await scene.check_out(BEA, {LAST: 3})
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.OUT_OF_STOCK
    assert refusal.sentence() == "Of SKU LAST there are 1 left, and 3 were wanted."


async def test_an_unknown_offer_is_refused(scene: Scene) -> None:
    assert _reason(await scene.check_out(BEA, {LAMP: 1, "NO SUCH": 1})) is Reason.OFFER_NOT_FOUND


async def test_another_sellers_sku_is_an_unknown_offer(scene: Scene) -> None:
    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        return await place_orders(tx, [Cart(BEA, tx.now, (CartLine(SOLO, LAMP, 1),))])

    (outcome,) = await scene.database.run(work)
    assert _reason(outcome) is Reason.OFFER_NOT_FOUND


async def test_an_empty_cart_is_refused(scene: Scene) -> None:
    assert _reason(await scene.check_out(BEA, {})) is Reason.CART_IS_EMPTY


@pytest.mark.parametrize("quantity", [0, -1, MOST_UNITS + 1, 2**63])
async def test_a_quantity_out_of_range_is_refused(scene: Scene, quantity: int) -> None:
    before = await scene.dump()
    assert _reason(await scene.check_out(BEA, {LAMP: quantity})) is Reason.QUANTITY_NOT_POSITIVE
    assert await scene.dump() == before


async def test_a_cart_has_not_more_than_so_many_lines(scene: Scene) -> None:
    async def check_out(tx: Transaction, count: int) -> Placed | Refusal:
        (outcome,) = await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),) * count)])
        return outcome

    await scene.set_stock(PRO, LAMP, MOST_LINES)
    assert isinstance(await scene.database.run(lambda tx: check_out(tx, MOST_LINES)), Placed)
    refusal = await scene.database.run(lambda tx: check_out(tx, MOST_LINES + 1))
    assert _reason(refusal) is Reason.CART_IS_MIXED_UP


async def test_a_service_that_nobody_offers_is_refused(scene: Scene) -> None:
    assert _reason(await scene.check_out(BEA, {LAMP: 1}, service="Teleport")) is Reason.INVALID_VALUE


async def test_sellers_of_two_marketplaces_do_not_share_a_cart(scene: Scene) -> None:
    async def open_another(tx: Transaction) -> None:
        await open_marketplace(tx, NewMarketplace("OTHER", "Other", currency="EUR"))
        await people.put_sellers(tx, [SellerAccount("else", "OTHER", "Else", None, "en", "individual")], tx.now)

    await scene.database.run(open_another)
    await scene.list_offer("else", "ELSE")
    before = await scene.dump()
    assert _reason(await scene.check_out(BEA, {LAMP: 1, "ELSE": 1})) is Reason.CART_IS_MIXED_UP
    assert await scene.dump() == before
    alone = await scene.check_out(BEA, {"ELSE": 1})
    assert isinstance(alone, Placed)
    assert (await scene.order(alone.orders[0])).currency == "EUR"


async def test_carts_of_one_batch_are_taken_in_turn_as_long_as_stock_lasts(scene: Scene) -> None:
    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        carts = [Cart(buyer, tx.now, (CartLine(PRO, LAST, 1), CartLine(PRO, LAMP, 1))) for buyer in (BEA, BOB)]
        return await place_orders(tx, [*carts, Cart(BOB, tx.now, (CartLine(PRO, LAMP, 1),))])

    first, second, third = await scene.database.run(work)
    assert isinstance(first, Placed)
    assert _reason(second) is Reason.OUT_OF_STOCK
    assert isinstance(third, Placed)
    assert await scene.stock(PRO, LAMP) == 998


async def test_two_buyers_at_once_share_the_stock_without_a_unit_too_many(scene: Scene) -> None:
    await scene.set_stock(PRO, LAMP, 10)
    outcomes = await asyncio.gather(*(scene.check_out(buyer, {LAMP: 3}) for buyer in (BEA, BOB) * 4))
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 3
    assert {_reason(outcome) for outcome in outcomes if isinstance(outcome, Refusal)} == {Reason.OUT_OF_STOCK}
    assert await scene.stock(PRO, LAMP) == 1


async def test_the_address_is_kept_with_the_order_and_nowhere_else(scene: Scene) -> None:
    key = await scene.place()
    ((address,),) = await scene.rows("SELECT ship_to FROM orders WHERE order_id = $1", key.order_id)
    assert address == ADDRESS
    rows = await scene.dump("ship_to")
    assert not [line for lines in rows.values() for line in lines if "Secret Street" in line]


# --- the limit for what one buyer's unverified orders may hold


async def _limit(scene: Scene, units: int | None) -> None:
    await scene.database.run(lambda tx: change_policy(tx, MARKET, unverified_units=units))


async def test_without_a_limit_a_buyer_may_hold_any_stock(scene: Scene) -> None:
    await scene.place(BEA, {LAMP: 500})
    await scene.place(BEA, {LAMP: 500})
    assert await scene.stock(PRO, LAMP) == 0


async def test_the_pending_orders_of_a_buyer_hold_no_more_than_the_limit(scene: Scene) -> None:
    await _limit(scene, 5)
    await scene.place(BEA, {LAMP: 3})
    refusal = await scene.check_out(BEA, {LAMP: 2, MUG: 1})
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.facts) == (Reason.TOO_MUCH_UNVERIFIED, {"held": 3, "limit": 5})
    assert isinstance(await scene.check_out(BEA, {LAMP: 1, MUG: 1}), Placed)
    assert isinstance(await scene.check_out(BOB, {LAMP: 5}), Placed)


@pytest.mark.parametrize("ends", ["released", "canceled"])
async def test_what_is_no_longer_pending_counts_no_more(scene: Scene, ends: str) -> None:
    await _limit(scene, 3)
    key = await scene.place(BEA, {LAMP: 3}, "approve" if ends == "released" else None)
    assert isinstance(await scene.check_out(BEA, {LAMP: 1}), Refusal)
    if ends == "released":
        await scene.advance(to=(await scene.order(key)).placed_at.replace(minute=30))
    else:
        await scene.cancel_by_buyer(key)
    assert isinstance(await scene.check_out(BEA, {LAMP: 3}), Placed)


@pytest.mark.parametrize(("token", "after"), [("approve", HOLD), ("defer", LIMIT)], ids=["released", "given up"])
async def test_what_the_clock_has_ended_counts_no_more_though_no_sweep_has_run(
    scene: Scene, token: str, after: timedelta
) -> None:
    await _limit(scene, 3)
    await scene.place(BEA, {LAMP: 3}, token)
    await scene.work()
    await scene.advance(after - timedelta(seconds=1))
    assert isinstance(await scene.check_out(BEA, {LAMP: 1}), Refusal)
    await scene.set_clock(START + after)
    assert isinstance(await scene.check_out(BEA, {LAMP: 3}), Placed)


async def test_the_carts_of_one_batch_count_together_for_the_limit(scene: Scene) -> None:
    await _limit(scene, 3)

    async def work(tx: Transaction) -> Sequence[Placed | Refusal]:
        return await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 2),))] * 2)

    first, second = await scene.database.run(work)
    assert isinstance(first, Placed)
    assert _reason(second) is Reason.TOO_MUCH_UNVERIFIED


async def test_a_buyer_who_checks_out_everywhere_at_once_gets_no_more_than_the_limit(scene: Scene) -> None:
    await _limit(scene, 5)
    carts = [{LAMP: 2}, {VASE: 2}, {MUG: 2}] * 3
    outcomes = await asyncio.gather(*(scene.check_out(BEA, cart) for cart in carts))
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 2
    assert {_reason(outcome) for outcome in outcomes if isinstance(outcome, Refusal)} == {Reason.TOO_MUCH_UNVERIFIED}
