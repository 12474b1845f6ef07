"""Windows of orders while others act: a walk meets each once, and whoever goes on from what was told misses nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.scene import BEA, BOB, LAMP, PRO, START, VASE, Scene, open_market
from tradepost.ground.clock import BusinessClock, simulated_clock, system_clock
from tradepost.ground.database import SERVING, Database, Transaction, connect
from tradepost.numbers import OrderKey
from tradepost.policy import Policy
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.refusals import Refusal
from tradepost.reports import settled
from tradepost.reports.orders_in_window import Kind, Page, Place, Window, page
from tradepost.reports.sellers_orders import SellersOrder, many

AT_ONCE = Policy(hold=timedelta(0))  # an order is released when it is approved
CLOCKS: dict[str, Callable[[], BusinessClock]] = {
    "frozen": lambda: simulated_clock(START, ticking=False),
    "ticking": lambda: simulated_clock(START, ticking=True),
    "real": system_clock,
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WRITERS, ORDERS_OF_EACH = 6, 8


@pytest.fixture(params=CLOCKS)
async def market(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Scene]:
    """The scene under each of the clocks, with a connection for each of many at once and no hold."""
    async with connect(database_url, connections=24) as database:
        scene = await open_market(database, policy=AT_ONCE)
        async with database.transaction(alone=True) as tx:
            await tx.move_clock(CLOCKS[request.param]())
        yield scene


@pytest.fixture
def one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """All clocks of a test are one and the same: nothing has to be allowed for."""
    monkeypatch.setattr(settled, "ALLOWANCE", timedelta(0))


async def page_of(database: Database, window: Window, place: Place | None = None, limit: int = 100) -> Page:
    return await database.run(lambda tx: page(tx, PRO, window, place=place, limit=limit))


async def walk(database: Database, window: Window, limit: int) -> tuple[list[SellersOrder], datetime]:
    """The orders of all pages, and what was told as settled."""
    found: list[SellersOrder] = []
    place = None
    while True:
        one = await page_of(database, window, place, limit)
        found += one.orders
        await asyncio.sleep(0)
        if (place := one.next) is None:
            return found, one.settled_until


async def live(scene: Scene, seed: int, placed: Callable[[OrderKey], None]) -> None:
    """Place orders one after the other, and let each have a life of its own."""
    dice = Random(seed)
    for _ in range(ORDERS_OF_EACH):
        key = await scene.place(dice.choice([BEA, BOB]), {LAMP: 2, VASE: 1})
        placed(key)
        acts: list[Callable[[], Awaitable[object]]] = [
            lambda key=key: scene.request_cancellation(key),  # type: ignore[misc]
            lambda key=key: scene.confirm(key, [(LAMP, 1)]),  # type: ignore[misc]
            lambda key=key: scene.confirm(key),  # type: ignore[misc]
            lambda key=key: scene.cancel_by_seller(key, items=[(VASE, 1)]),  # type: ignore[misc]
            lambda key=key: scene.deliver(key),  # type: ignore[misc]
        ]
        assert not isinstance(await scene.approve(key), Refusal)
        for act in dice.sample(acts, 3):
            await act()  # some are refused, depending on what came before


@pytest.mark.usefixtures("one_machine")
@pytest.mark.parametrize("kind", Kind)
async def test_nothing_is_met_twice_and_nothing_missed_while_orders_change(market: Scene, kind: Kind) -> None:
    keys: list[OrderKey] = []
    last_seen: dict[str, SellersOrder] = {}
    walks = 0

    async def look_at_all() -> None:
        """Again and again from the beginning, in short pages."""
        nonlocal walks
        while not done.done():
            there = set(keys)
            found, _ = await walk(market.database, Window(kind, LONG_AGO), 3)
            times = Counter(order.key for order in found)
            assert set(times.values()) <= {1}
            assert there <= set(times)
            walks += 1

    async def go_on() -> datetime:
        """Always from what the last walk told as settled."""
        after = LONG_AGO
        while True:
            last_time = done.done()
            found, until = await walk(market.database, Window(kind, after), 2)
            assert max(Counter(order.key for order in found).values(), default=1) == 1
            assert all(after <= (o.placed_at if kind is Kind.CREATED else o.last_update) for o in found)
            last_seen.update({order.key.order_id: order for order in found})
            assert after <= until
            after = until
            if last_time:
                return after

    done = asyncio.ensure_future(asyncio.gather(*(live(market, seed, keys.append) for seed in range(WRITERS))))
    async with asyncio.timeout(120):
        await asyncio.gather(done, look_at_all(), look_at_all(), go_on())
    assert walks > 2
    async with market.database.transaction() as tx:
        true = await many(tx, PRO, [key.order_id for key in keys])
    assert len(true) == WRITERS * ORDERS_OF_EACH
    assert last_seen.keys() == {order.key.order_id for order in true}
    if kind is Kind.UPDATED:
        assert {order.key.order_id: order for order in true} == last_seen


async def place_in(tx: Transaction) -> OrderKey:
    """An order of a lamp, whose stock others cannot touch before this is through."""
    (placed,) = await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),))])
    assert isinstance(placed, Placed)
    return placed.orders[0]


@pytest.mark.usefixtures("one_machine")
@pytest.mark.parametrize("kind", Kind)
async def test_what_commits_late_is_not_missed(market: Scene, kind: Kind) -> None:
    """A transaction takes its moment, another one overtakes it, and somebody reads before it commits."""
    known = await market.place()
    async with market.database.transaction() as slow:
        early = await place_in(slow)
        overtaking = await market.place(BEA, {VASE: 1})
        found, until = await walk(market.database, Window(kind, LONG_AGO), 1)
        assert sorted(order.key for order in found) == sorted([known, overtaking])
        assert until <= slow.now
    again, _ = await walk(market.database, Window(kind, until), 1)
    assert {early, overtaking} <= {order.key for order in again}


@pytest.mark.usefixtures("one_machine")
async def test_what_commits_during_a_walk_turns_up_after_it(market: Scene) -> None:
    first = await market.place()
    async with market.database.transaction() as slow:
        early = await place_in(slow)
        later = [await market.place(BEA, {VASE: 1}) for _ in range(3)]
        window = Window(Kind.UPDATED, LONG_AGO)
        begun = await page_of(market.database, window, limit=3)
    assert begun.next is not None
    rest = await page_of(market.database, window, begun.next)
    met = [order.key for order in (*begun.orders, *rest.orders)]
    assert len(met) == len(set(met))
    assert set(met) >= {first, *later}
    again, _ = await walk(market.database, Window(Kind.UPDATED, rest.settled_until), 100)
    assert early in {*met, *(order.key for order in again)}
    assert rest.settled_until == begun.settled_until


async def test_a_writer_that_waited_for_an_order_may_write_into_the_past(market: Scene) -> None:
    """It began before the one it waited for, and so its act is numbered later and recorded earlier."""
    key = await market.place()
    async with market.database.transaction() as slow:
        early = slow.now
        assert await market.approve(key) is None
    await market.rows(
        """
        INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
        SELECT seller_id, order_id, 100, 'deliver', state, party, actor, happened_at, $3
          FROM order_events WHERE seller_id = $1 AND order_id = $2 AND number = 2
        """,
        *key, early,
    )  # fmt: skip
    for after in (LONG_AGO, early):
        found, _ = await walk(market.database, Window(Kind.UPDATED, after), 1)
        assert [order.key for order in found] == [key]
        assert found[0].last_update >= after


@pytest.mark.usefixtures("one_machine")
async def test_transactions_of_a_server_are_waited_for(market: Scene, database_url: str) -> None:
    async with (
        connect(database_url, settings={"application_name": SERVING}) as server,
        server.transaction() as slow,
    ):
        early = await place_in(slow)
        window = Window(Kind.UPDATED, LONG_AGO)
        until = (await page_of(market.database, window)).settled_until
        assert until <= slow.now
    assert [order.key for order in (await walk(market.database, Window(Kind.UPDATED, until), 1))[0]] == [early]


async def test_transactions_of_other_programs_are_not_waited_for(market: Scene, database_url: str) -> None:
    """A backup reads for hours, and writes nothing."""
    async with (
        connect(database_url, settings={"application_name": "backup"}) as backup,
        backup.transaction() as reading,
    ):
        await market.place()
        until = (await page_of(market.database, Window(Kind.UPDATED, LONG_AGO))).settled_until
        clock = await reading.read_clock()
        assert until > reading.now - settled.ALLOWANCE or not clock.ticking


async def test_real_clocks_of_several_machines_may_lie_apart(market: Scene) -> None:
    before = await market.now()
    until = (await page_of(market.database, Window(Kind.UPDATED, LONG_AGO))).settled_until
    async with market.database.transaction() as tx:
        simulated = (await tx.read_clock()).simulated
    after = await market.now()
    assert before <= until <= after if simulated else until <= after - settled.ALLOWANCE


async def test_a_server_that_tells_nothing_settles_nothing(market: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await market.place()
    monkeypatch.setattr(settled, "_OLDEST_OPEN", f"SELECT min(x) FROM ({settled._OLDEST_OPEN} AND false) AS n (x)")
    after = LONG_AGO + timedelta(days=1)
    found = await page_of(market.database, Window(Kind.UPDATED, after))
    assert (len(found.orders), found.settled_until) == (1, after)
