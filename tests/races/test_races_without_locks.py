"""Checkouts that lock nothing while they think, in two processes: they are as exact as those that do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import pytest

from tests.races.meeting import WAITING, deadlocks
from tests.races.soundness import violations
from tests.scene import ADDRESS, BEA, BOB, LAMP, LAST, MARKET, MUG, PRO, SOLO, VASE, Scene, open_market
from tradepost.doors.http.desk import Desk, Wish
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Database, Transaction, connect
from tradepost.people import records as people
from tradepost.people.accounts import change_policy
from tradepost.people.records import SellerAccount
from tradepost.process.checkout.carts import put_line, read_cart
from tradepost.process.checkout.checkout import Cart, CartLine, Placed
from tradepost.process.checkout.purchases import check_out
from tradepost.refusals import Reason, Refusal

AWAY = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
Wanted = Callable[[datetime], Cart]
TABLES = ("orders", "order_lines", "order_events", "payments", "kept_answers")
KILL = "SELECT bool_and(pg_terminate_backend(pid, 120000)) FROM pg_stat_activity WHERE application_name = 'one'"


@dataclass
class Shop:
    """One process that sells. `at_once`: of its last batch, for each time that it ran, whether at once."""

    database: Database
    at_once: list[bool] = field(default_factory=list)

    async def sell(
        self, *carts: Wanted, meanwhile: Callable[[Transaction], Awaitable[object]] | None = None
    ) -> list[Placed | Refusal]:
        """Check out; `meanwhile` happens between what is read and what is written, the first time."""
        self.at_once = []

        async def work(tx: Transaction) -> list[Placed | Refusal]:
            self.at_once.append(tx.at_once)
            outcomes = await check_out(tx, [cart(tx.now) for cart in carts])
            if meanwhile and len(self.at_once) == 1:
                await meanwhile(tx)
            return outcomes

        return await self.database.run_at_once(work)


@dataclass
class Market:
    """A market on the real clock, and two processes that sell from it."""

    scene: Scene
    one: Shop
    other: Shop

    async def written(self) -> list[int]:
        """How many rows there are of each kind that a checkout writes."""
        return [(await self.scene.rows(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES]


@pytest.fixture
async def market(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Market]:
    """One order is placed, so that nobody can simulate the clock any more; the doctor has the last word."""
    monkeypatch.setattr("tradepost.ground.database._PROMPTLY", timedelta(hours=1))  # however busy the machine is
    async with (
        connect(database_url, connections=12, settings={"application_name": "one"}) as one,
        connect(database_url, connections=12) as other,
    ):
        scene = await open_market(other, start=None)
        await scene.place(items={MUG: 1})
        for database in (one, other):
            async with database.transaction():  # learns it
                pass
        yield Market(scene, Shop(one), Shop(other))
        assert await violations(other) == []


def a_cart(items: dict[str, int], buyer: str = BEA) -> Wanted:
    lines = tuple(CartLine(SOLO if sku == MUG else PRO, sku, quantity) for sku, quantity in items.items())
    return lambda at: Cart(buyer, at, lines, ADDRESS)


def wish(items: dict[str, int], key: str | None = None) -> Wish[Cart, Placed]:
    once = Once("buyer:bea", key, b"digest") if key else None
    return Wish(a_cart(items), lambda placed: Answer(201, placed.checkout_id.encode()), "en", once)


def reasons(outcomes: list[Placed | Refusal]) -> list[Reason | None]:
    return [outcome.reason if isinstance(outcome, Refusal) else None for outcome in outcomes]


async def test_a_checkout_goes_at_once(market: Market) -> None:
    assert reasons(await market.one.sell(a_cart({LAMP: 2, MUG: 1}), a_cart({LAST: 2}))) == [None, Reason.OUT_OF_STOCK]
    assert market.one.at_once == [True]
    assert await market.scene.stock(PRO, LAMP) == 998


async def test_who_is_quicker_gets_the_last_unit(market: Market) -> None:
    """The slower batch is decided again: what there is enough of is sold all the same."""
    outcomes = await market.one.sell(
        a_cart({LAST: 1, LAMP: 1}), a_cart({LAMP: 1}), meanwhile=lambda tx: market.other.sell(a_cart({LAST: 1}, BOB))
    )
    assert reasons(outcomes) == [Reason.OUT_OF_STOCK, None]
    assert (market.one.at_once, market.other.at_once) == ([True, False], [True])
    assert [await market.scene.stock(PRO, sku) for sku in (LAST, LAMP)] == [0, 999]
    assert (await market.written())[:3] == [3, 3, 3]


async def test_others_may_buy_the_same_meanwhile(market: Market) -> None:
    await market.one.sell(a_cart({LAMP: 3}), meanwhile=lambda tx: market.other.sell(a_cart({LAMP: 4}, BOB)))
    assert market.one.at_once == [True]
    assert await market.scene.stock(PRO, LAMP) == 993


async def test_two_processes_sell_exactly_what_there_is(market: Market) -> None:
    await market.scene.set_stock(PRO, LAMP, 100)
    desks = [Desk(shop.database) for shop in (market.one, market.other) for _ in range(4)]
    answers = await asyncio.gather(*(desk.act(check_out, wish({LAMP: 1})) for _ in range(40) for desk in desks))
    assert Counter(answer.status for answer in answers) == {201: 100, 409: 220}
    assert all(b"out_of_stock" in answer.body for answer in answers if answer.status == 409)
    assert await market.scene.stock(PRO, LAMP) == 0
    assert (await market.written())[:3] == [101, 101, 101]


async def test_batches_in_opposite_orders_never_wait_in_a_ring(market: Market) -> None:
    one_way, other_way = a_cart({LAMP: 1, MUG: 1, VASE: 1}), a_cart({VASE: 1, MUG: 1, LAMP: 1}, BOB)
    shops = [Shop(shop.database) for shop in (market.one, market.other) for _ in range(6)]

    async def sell(shop: Shop, *carts: Wanted) -> None:
        for _ in range(10):
            assert reasons(await shop.sell(*carts)) == [None] * len(carts)

    ways = ((one_way, other_way), (other_way, one_way))
    await asyncio.gather(*(sell(shop, *ways[number % 2]) for number, shop in enumerate(shops)))
    assert await market.scene.stock(PRO, LAMP) == 1000 - 12 * 10 * 2
    assert await deadlocks(market.scene) == 0


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda scene: scene.close_offer(PRO, LAMP), (Reason.OFFER_IS_CLOSED, None)),
        (lambda scene: scene.list_offer(PRO, LAMP, title="Red lamp", price=2500), (None, (2500, "Red lamp"))),
        (lambda scene: scene.list_offer(PRO, LAMP, title="Blue lamp", price=1990), (None, (1990, "Blue lamp"))),
    ],
)
async def test_what_the_seller_changes_meanwhile_counts(
    market: Market,
    change: Callable[[Scene], Awaitable[object]],
    after: tuple[Reason | None, tuple[int, str] | None],
) -> None:
    (outcome,) = await market.one.sell(a_cart({LAMP: 1}), meanwhile=lambda tx: change(market.scene))
    assert market.one.at_once == [True, False]
    reason, sold = after
    assert reasons([outcome]) == [reason]
    lines = await market.scene.rows("SELECT unit_price, title FROM order_lines WHERE sku = $1", LAMP)
    assert [tuple(line) for line in lines] == ([sold] if sold else [])


async def test_a_handling_time_that_changes_meanwhile_is_promised(market: Market) -> None:
    (outcome,) = await market.one.sell(
        a_cart({LAMP: 1}),
        meanwhile=lambda tx: market.scene.list_offer(PRO, LAMP, title="Red lamp", price=1990, handling=9),
    )
    assert isinstance(outcome, Placed)
    assert [order.handling_days for order in outcome.details] == [9]


async def test_what_is_written_waits_for_who_changes_the_offer(market: Market) -> None:
    """What is true when the lock is there decides, whatever the statement saw when it began."""
    async with market.other.database.transaction() as tx:
        await tx.execute("UPDATE offers SET price = 2500 WHERE seller_id = $1 AND sku = $2", PRO, LAMP)
        selling = asyncio.create_task(market.one.sell(a_cart({LAMP: 1})))
        while not await market.scene.database.pool.fetchval(WAITING):
            assert not selling.done()
    (outcome,) = await selling
    assert isinstance(outcome, Placed)
    assert market.one.at_once == [True, False]
    assert [order.total for order in outcome.details] == [2500]


async def test_a_seller_who_changes_meanwhile_sold_as_it_was(market: Market) -> None:
    """As with locks: what a seller or a marketplace says of itself is that of the moment at which it was read."""

    async def change(_: Transaction) -> None:
        async with market.other.database.transaction() as tx:
            account = SellerAccount(SOLO, MARKET, "Solo", None, "en", "individual", handling_days=30)
            await people.put_sellers(tx, [account], tx.now)
            await change_policy(tx, MARKET, unverified_units=1)

    (outcome,) = await market.one.sell(a_cart({LAMP: 1}), meanwhile=change)
    assert market.one.at_once == [True]
    assert isinstance(outcome, Placed)
    assert [order.policy_version for order in outcome.details] == [1]
    assert reasons(await market.one.sell(a_cart({LAMP: 1}))) == [Reason.TOO_MUCH_UNVERIFIED]


async def test_one_key_in_two_processes_is_done_once(market: Market) -> None:
    keys = [f"key-{number}" for number in range(40)]
    desks = Desk(market.one.database), Desk(market.other.database)
    there, back = await asyncio.gather(
        asyncio.gather(*(desks[0].act(check_out, wish({LAMP: 1}, key)) for key in keys)),
        asyncio.gather(*(desks[1].act(check_out, wish({LAMP: 1}, key)) for key in reversed(keys))),
    )
    assert there == back[::-1]
    assert len(set(there)) == 40
    assert await market.scene.stock(PRO, LAMP) == 960
    assert (await market.written())[-1] == 40


async def test_a_limit_of_unverified_units_is_kept(market: Market) -> None:
    async with market.scene.database.transaction() as tx:
        await change_policy(tx, MARKET, unverified_units=6)
    shops = [Shop(shop.database) for shop in (market.one, market.other) for _ in range(8)]
    outcomes = [
        one for batch in await asyncio.gather(*(shop.sell(a_cart({LAMP: 1})) for shop in shops)) for one in batch
    ]
    assert Counter(reasons(outcomes)) == {None: 5, Reason.TOO_MUCH_UNVERIFIED: 11}  # one unit is held since the start
    assert {tuple(shop.at_once) for shop in shops} == {(True, False)}


async def test_a_cart_that_is_sent_to_two_processes_is_bought_once(market: Market) -> None:
    async with market.scene.database.transaction() as tx:
        await put_line(tx, BOB, PRO, LAMP, 2)

    def whole_cart(at: datetime) -> Cart:
        return Cart(BOB, at, (), ADDRESS, from_cart=True)

    outcomes = await asyncio.gather(market.one.sell(whole_cart), market.other.sell(whole_cart))
    assert Counter(reason for one in outcomes for reason in reasons(one)) == {None: 1, Reason.CART_IS_EMPTY: 1}
    assert market.one.at_once == market.other.at_once == [True, False]
    assert await market.scene.stock(PRO, LAMP) == 998
    async with market.scene.database.transaction() as tx:
        assert (await read_cart(tx, BOB)).lines == ()


async def test_a_connection_that_dies_before_it_writes_leaves_nothing(market: Market) -> None:
    before = await market.written()
    with pytest.raises(AWAY):
        await market.one.sell(a_cart({LAMP: 1}), meanwhile=lambda tx: market.other.database.pool.fetchval(KILL))
    assert await market.written() == before


async def test_a_connection_that_dies_while_it_writes_leaves_nothing_and_the_next_try_does_it(market: Market) -> None:
    before = await market.written()
    async with market.other.database.transaction() as tx:
        await tx.execute("SELECT 1 FROM offers WHERE seller_id = $1 AND sku = $2 FOR UPDATE", PRO, LAMP)
        selling = asyncio.create_task(Desk(market.one.database).act(check_out, wish({LAMP: 1}, "key")))
        while not await market.other.database.pool.fetchval(WAITING):
            assert not selling.done()
        assert await market.other.database.pool.fetchval(KILL)
        with pytest.raises(AWAY):
            await selling
    assert await market.written() == before
    again = [await Desk(shop.database).act(check_out, wish({LAMP: 1}, "key")) for shop in (market.one, market.other)]
    assert again[0] == again[1], "and whoever missed the answer is told the same"
    assert await market.scene.stock(PRO, LAMP) == 999
