"""Carts: what is put in stays there at today's price, and becomes orders once."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.races.meeting import WAITING
from tests.scene import BEA, BOB, LAMP, LAST, MARKET, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.ground.database import Transaction
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, change_policy, open_marketplace
from tradepost.people.records import SellerAccount
from tradepost.process.checkout import carts
from tradepost.process.checkout.carts import (
    CartShown,
    clear_carts,
    empty_cart,
    put_line,
    read_cart,
    take_carts,
)
from tradepost.process.checkout.checkout import Cart, Placed, place_orders
from tradepost.refusals import Reason, Refusal, Refused


async def put(scene: Scene, sku: str, quantity: int, buyer: str = BEA, seller: str | None = None) -> None:
    await scene.database.run(lambda tx: put_line(tx, buyer, seller or scene.sellers[sku], sku, quantity))


async def cart(scene: Scene, buyer: str = BEA) -> CartShown:
    async with scene.database.transaction() as tx:
        return await read_cart(tx, buyer)


async def holds(scene: Scene, buyer: str = BEA) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity) for line in (await cart(scene, buyer)).lines]


async def buy(scene: Scene, buyers: Sequence[str]) -> list[Placed | Refusal]:
    """What a door does with those who check out at the same moment."""

    async def work(tx: Transaction) -> list[Placed | Refusal]:
        taken = await take_carts(tx, buyers)
        placed = await place_orders(tx, [Cart(one.buyer_id, tx.now, one.lines) for one in taken])
        await clear_carts(tx, [one for one, got in zip(taken, placed, strict=True) if isinstance(got, Placed)])
        return placed

    return await scene.database.run(work)


async def test_a_line_is_set_changed_and_taken_out(scene: Scene) -> None:
    await put(scene, VASE, 1)
    await scene.set_clock(START.replace(hour=11))
    await put(scene, LAMP, 2)
    await put(scene, VASE, 3)
    assert await holds(scene) == [(VASE, 3), (LAMP, 2)]
    await put(scene, VASE, 0)
    await put(scene, MUG, 0)
    assert await holds(scene) == [(LAMP, 2)]
    assert await holds(scene, BOB) == []


async def test_a_cart_shows_what_its_offers_cost_now(scene: Scene) -> None:
    await put(scene, LAMP, 2)
    await put(scene, MUG, 1)
    await scene.list_offer(PRO, LAMP, title="Redder lamp", price=2500)
    shown = await cart(scene)
    assert [(line.title, line.price, line.available, line.problem) for line in shown.lines] == [
        ("Redder lamp", 2500, 2, None),
        ("Tea mug", 700, 1, None),
    ]
    assert shown.totals == {"USD": 5700}
    assert shown.problem is None


async def test_a_cart_says_what_cannot_be_bought_and_why(scene: Scene) -> None:
    for sku in (LAMP, LAST, MUG):
        await put(scene, sku, 2)
    await scene.close_offer(PRO, LAMP)
    lines = {line.sku: line for line in (await cart(scene)).lines}
    assert {sku: line.problem and line.problem.reason for sku, line in lines.items()} == {
        LAMP: Reason.OFFER_IS_CLOSED,
        LAST: Reason.OUT_OF_STOCK,
        MUG: None,
    }
    assert {sku: line.available for sku, line in lines.items()} == {LAMP: 0, LAST: 1, MUG: 2}
    assert (await cart(scene)).totals == {"USD": 1400}


async def test_a_cart_of_two_marketplaces_says_so(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("JP", "Japan", "JP", "JPY", "ja"))
        await people.put_sellers(tx, [SellerAccount("ken", "JP", "Ken", None, "ja", "individual")], START)
    await scene.list_offer("ken", "KETTLE", price=1200)
    await put(scene, "KETTLE", 1)
    assert (await cart(scene)).problem is None
    await put(scene, LAMP, 1)
    shown = await cart(scene)
    assert shown.problem is not None
    assert shown.problem.reason is Reason.CART_IS_MIXED_UP
    assert shown.totals == {"JPY": 1200, "USD": 1990}


@pytest.mark.parametrize(
    ("sku", "quantity", "reason"),
    [
        (LAMP, -1, Reason.QUANTITY_NOT_POSITIVE),
        (LAMP, 1_000_001, Reason.QUANTITY_NOT_POSITIVE),
        (LAMP, 2**70, Reason.QUANTITY_NOT_POSITIVE),
        ("NONE", 1, Reason.OFFER_NOT_FOUND),
        ("\0", 1, Reason.OFFER_NOT_FOUND),
    ],
)
async def test_what_no_cart_can_hold_is_refused(scene: Scene, sku: str, quantity: int, reason: Reason) -> None:
    with pytest.raises(Refused) as no:
        await put(scene, sku, quantity, seller=PRO)
    assert no.value.refusal.reason is reason
    assert await holds(scene) == []


async def test_a_cart_is_full_however_many_lines_come_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carts, "MOST_CART_LINES", 3)
    outcomes = await asyncio.gather(*(put(scene, sku, 1) for sku in (LAMP, VASE, MUG, LAST)), return_exceptions=True)
    (refused,) = [one for one in outcomes if isinstance(one, Refused)]
    assert refused.refusal.reason is Reason.CART_IS_FULL
    (kept, *_) = await holds(scene)
    await put(scene, kept[0], 7)
    assert len(await holds(scene)) == 3


async def test_many_carts_become_orders_in_one_batch(scene: Scene) -> None:
    await put(scene, LAMP, 2)
    await put(scene, MUG, 1)
    await put(scene, LAMP, 5, BOB)
    beas, bobs = await buy(scene, [BEA, BOB])
    assert isinstance(beas, Placed)
    assert isinstance(bobs, Placed)
    assert [key.seller_id for key in beas.orders] in ([PRO, SOLO], [SOLO, PRO])
    assert [(line.sku, line.quantity) for line in (await scene.order(bobs.orders[0])).lines.values()] == [(LAMP, 5)]
    assert await scene.stock(PRO, LAMP) == 993
    assert (await holds(scene), await holds(scene, BOB)) == ([], [])


async def test_a_cart_whose_checkout_is_refused_stays_as_it_is(scene: Scene) -> None:
    await put(scene, LAST, 1)
    await put(scene, LAST, 1, BOB)
    first, second = await buy(scene, [BEA, BOB])
    assert isinstance(first, Placed)
    assert isinstance(second, Refusal)
    assert second.reason is Reason.OUT_OF_STOCK
    assert (await holds(scene), await holds(scene, BOB)) == ([], [(LAST, 1)])


async def test_a_cart_that_is_sent_twice_is_bought_once(scene: Scene) -> None:
    await put(scene, LAMP, 1)
    one, two = await buy(scene, [BEA, BEA])
    assert isinstance(one, Placed)
    assert isinstance(two, Refusal)
    assert two.reason is Reason.CART_IS_EMPTY
    outcomes = [outcome for (outcome,) in await asyncio.gather(*(buy(scene, [BEA]) for _ in range(4)))]
    assert all(isinstance(outcome, Refusal) for outcome in outcomes)
    await put(scene, LAMP, 1)
    outcomes = [outcome for (outcome,) in await asyncio.gather(*(buy(scene, [BEA]) for _ in range(8)))]
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 1
    assert await scene.stock(PRO, LAMP) == 998


async def test_what_is_put_in_during_the_checkout_waits_and_stays(scene: Scene) -> None:
    """Whoever is in the middle of a checkout never waits for the buyer's other request, or the two would in a ring."""
    await put(scene, LAMP, 1)
    async with scene.database.transaction() as tx:
        await change_policy(tx, MARKET, unverified_units=100)  # lets the checkout lock its buyers

    async def put_meanwhile(sku: str) -> None:
        async with scene.database.transaction() as tx:  # no second try after a deadlock
            await put_line(tx, BEA, PRO, sku, 4)

    async with scene.database.transaction() as tx:
        taken = await take_carts(tx, [BEA])
        meanwhile = [asyncio.create_task(put_meanwhile(sku)) for sku in (LAMP, VASE)]
        while await scene.database.pool.fetchval(WAITING) < len(meanwhile):
            pass
        placed = await place_orders(tx, [Cart(one.buyer_id, tx.now, one.lines) for one in taken])
        assert isinstance(placed[0], Placed)
        await clear_carts(tx, taken)
    await asyncio.gather(*meanwhile)
    assert sorted(await holds(scene)) == [(LAMP, 4), (VASE, 4)]


async def test_an_emptied_cart_is_empty(scene: Scene) -> None:
    await put(scene, LAMP, 1)
    await put(scene, LAMP, 2, BOB)
    await scene.database.run(lambda tx: empty_cart(tx, BEA))
    assert (await holds(scene), await holds(scene, BOB)) == ([], [(LAMP, 2)])


async def test_emptying_a_cart_waits_for_the_checkout_that_takes_it(scene: Scene) -> None:
    """Both want all of its lines: whoever had some of them would wait for the other's, in a ring."""
    for sku in (VASE, LAMP):
        await put(scene, sku, 1)
    async with scene.database.transaction() as tx:
        await people.lock_buyers(tx, [BEA])
        emptying = asyncio.create_task(scene.database.run(lambda tx: empty_cart(tx, BEA)))
        while not await scene.database.pool.fetchval(WAITING):
            assert not emptying.done()
        (taken,) = await take_carts(tx, [BEA])
        assert {line.sku for line in taken.lines} == {LAMP, VASE}
    await emptying
