"""Who wants the same units at the same time: no more is sold than there is, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.races.meeting import all_at_once, deadlocks, meet_at_offers
from tests.races.soundness import violations
from tests.scene import BEA, BOB, LAMP, LAST, MARKET, MUG, PRO, SOLO, VASE, Scene, open_market
from tradepost.ground.database import Transaction, connect
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Verdict
from tradepost.people.accounts import change_policy
from tradepost.policy import Policy
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.refusals import Reason, Refusal, Refused


async def test_two_buyers_and_the_last_unit(market: Scene) -> None:
    first, second = await meet_at_offers(
        market, lambda: market.check_out(BEA, {LAST: 1}), lambda: market.check_out(BOB, {LAST: 1})
    )
    assert isinstance(first, Placed)
    assert isinstance(second, Refusal)
    assert second.reason is Reason.OUT_OF_STOCK
    assert second.facts["available"] == 0
    assert await market.stock(PRO, LAST) == 0


async def test_400_buyers_and_200_units(market: Scene) -> None:
    await market.set_stock(PRO, LAMP, 200)
    one, two = (lambda: market.check_out(BEA, {LAMP: 1})), (lambda: market.check_out(BOB, {LAMP: 2}))
    outcomes = await all_at_once(*[one] * 200, *[two] * 100)
    units = await market.rows("SELECT coalesce(sum(quantity), 0)::int FROM order_lines")
    assert units[0][0] + await market.stock(PRO, LAMP) == 200
    assert await market.stock(PRO, LAMP) <= 1
    assert {no.reason for no in outcomes if isinstance(no, Refusal)} == {Reason.OUT_OF_STOCK}


async def test_400_buyers_of_one_unit_each_buy_exactly_200(market: Scene) -> None:
    await market.set_stock(PRO, LAMP, 200)
    outcomes = await all_at_once(*[lambda: market.check_out(BOB, {LAMP: 1})] * 400)
    assert Counter(type(outcome) for outcome in outcomes) == {Placed: 200, Refusal: 200}
    assert {no.reason for no in outcomes if isinstance(no, Refusal)} == {Reason.OUT_OF_STOCK}
    assert await market.stock(PRO, LAMP) == 0


async def test_batches_that_want_the_last_units(market: Scene) -> None:
    """Carts that share a transaction are decided one by one, and so are those of two transactions."""
    await market.set_stock(PRO, LAMP, 50)

    async def batch() -> list[Placed | Refusal]:
        async def work(tx: Transaction) -> list[Placed | Refusal]:
            return await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),))] * 20)

        return await market.database.run(work)

    outcomes = [one for batch in await all_at_once(*[batch] * 5) for one in batch]
    assert sum(isinstance(one, Placed) for one in outcomes) == 50


async def test_carts_in_opposite_orders_do_not_block_each_other(market: Scene) -> None:
    one_way, other_way = {LAMP: 1, MUG: 1, VASE: 1}, {VASE: 1, MUG: 1, LAMP: 1}
    outcomes = await all_at_once(
        *[lambda: market.check_out(BEA, one_way), lambda: market.check_out(BOB, other_way)] * 30
    )
    assert all(isinstance(outcome, Placed) for outcome in outcomes)
    assert [await market.stock(PRO, LAMP), await market.stock(SOLO, MUG)] == [940, 940]


async def test_the_database_never_sees_a_deadlock_between_carts(market: Scene) -> None:
    """Locks are taken in one order, so that none has to be tried again."""
    await market.check_out(BEA, {LAMP: 1, MUG: 1})
    await all_at_once(
        *[lambda: market.check_out(BEA, {LAMP: 1, MUG: 1}), lambda: market.check_out(BOB, {MUG: 1, LAMP: 1})] * 30
    )
    assert await deadlocks(market) == 0


@pytest.mark.parametrize("canceled_first", [True, False])
async def test_stock_comes_back_while_a_checkout_wants_it(market: Scene, canceled_first: bool) -> None:
    (key,) = await market.place_all([{LAST: 1}])
    acts = [lambda: market.cancel_by_buyer(key, BEA), lambda: market.check_out(BOB, {LAST: 1})]
    outcomes = await meet_at_offers(market, *(acts if canceled_first else acts[::-1]))
    bought = [outcome for outcome in outcomes if isinstance(outcome, Placed)]
    assert len(bought) == canceled_first
    assert await market.stock(PRO, LAST) == 1 - canceled_first
    assert await market.state(key) is State.CANCELED


async def test_the_seller_sets_the_stock_while_it_is_sold(market: Scene) -> None:
    """What is sold before the new quantity does not count against it, and what is sold after it does."""
    acts = [lambda: market.check_out(BEA, {LAMP: 3}), lambda: market.set_stock(PRO, LAMP, 5)]
    sold, _ = await meet_at_offers(market, *acts)
    assert isinstance(sold, Placed)
    assert await market.stock(PRO, LAMP) == 5
    _, sold = await meet_at_offers(market, *acts[::-1])
    assert isinstance(sold, Placed)
    assert await market.stock(PRO, LAMP) == 2


async def test_20_checkouts_of_one_buyer_do_not_pass_the_limit_together(market: Scene) -> None:
    async with market.database.transaction() as tx:
        await change_policy(tx, MARKET, unverified_units=5)
    outcomes = await all_at_once(*[lambda: market.check_out(BEA, {LAMP: 1})] * 20)
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 5
    assert {no.reason for no in outcomes if isinstance(no, Refusal)} == {Reason.TOO_MUCH_UNVERIFIED}
    assert isinstance(await market.check_out(BOB, {LAMP: 5}), Placed)


async def test_a_closed_offer_is_sold_to_nobody_who_comes_after(market: Scene) -> None:
    acts = [lambda: market.check_out(BEA, {LAMP: 1}), lambda: market.close_offer(PRO, LAMP)]
    before, _ = await meet_at_offers(market, *acts)
    assert isinstance(before, Placed)
    await market.open_offer(PRO, LAMP)
    _, after = await meet_at_offers(market, *acts[::-1])
    assert isinstance(after, Refusal)
    assert after.reason is Reason.OFFER_IS_CLOSED


async def test_buyers_cancel_while_the_seller_sets_the_stock(market: Scene) -> None:
    """What comes back after the new quantity is added to it, and what came back before is not."""
    first, second = await market.place_all([{LAMP: 1}] * 2)
    await meet_at_offers(market, lambda: market.cancel_by_buyer(first, BEA), lambda: market.set_stock(PRO, LAMP, 7))
    assert await market.stock(PRO, LAMP) == 7
    await meet_at_offers(market, lambda: market.set_stock(PRO, LAMP, 7), lambda: market.cancel_by_buyer(second, BEA))
    assert await market.stock(PRO, LAMP) == 8


@pytest.mark.parametrize("seed", range(3))
async def test_eight_at_once_on_30_orders_keep_everything_in_order(database_url: str, seed: int) -> None:
    """Whoever does whatever: nobody is told of a deadlock, and the doctor finds nothing."""
    async with connect(database_url, connections=12) as database:
        market = await open_market(database, policy=replace(Policy(), unverified_units=500))
        for sku, seller in ((LAMP, PRO), (VASE, PRO), (MUG, SOLO)):
            await market.set_stock(seller, sku, 60)
        keys = await market.place_all([{LAMP: 2, VASE: 1}, {MUG: 2}, {VASE: 1}] * 10)
        refused: Counter[str] = Counter()
        await asyncio.gather(*(_live(market, keys, Random(f"{seed} {task}"), refused) for task in range(8)))
        assert set(refused) <= set(Reason)
        assert await violations(database) == []
        assert await deadlocks(market) == 0


async def _live(market: Scene, keys: Sequence[OrderKey], random: Random, refused: Counter[str]) -> None:
    for _ in range(40):
        outcome = await _something(market, random.choice(keys), random)
        if isinstance(outcome, Refusal):
            refused[outcome.reason] += 1


async def _something(market: Scene, key: OrderKey, random: Random) -> object:
    sku = MUG if key.seller_id == SOLO else random.choice((LAMP, VASE))
    bought = random.choice([{LAMP: 1, MUG: 1}, {MUG: 1, LAMP: 1, VASE: 1}, {VASE: 2}])
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: market.approve(key),
        lambda: market.verdict(key, Verdict.DEFERRED),
        lambda: market.cancel_by_buyer(key),
        lambda: market.confirm(key, [(sku, 1)]),
        lambda: market.cancel_by_seller(key, items=[(sku, 1)]),
        lambda: market.deliver(key),
        lambda: market.check_out(random.choice((BEA, BOB)), bought),
        lambda: market.set_stock(key.seller_id, sku, 40),
        market.work,
        lambda: _move_on(market, random),
    ]
    return await random.choice(acts)()


async def _move_on(market: Scene, random: Random) -> Refusal | None:
    try:
        await market.advance(Policy().hold / random.choice((1, 2, 4)))
    except Refused as overtaken:  # another one moved the clock further in the meantime
        return overtaken.refusal
    return None
