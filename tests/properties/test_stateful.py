"""The living system held against the model of the rules: random acts, alone and in batches, random moves of the clock,
with a worker and without one.

After every step everything is compared, as it stands once the clock has done what is due: in a transaction that is
rolled back, so that what no worker has done by then stays undone. TRADEPOST_LONG=1 walks longer and more often.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import TestServer
from tests.model.histories import STARTS
from tests.model.marketplace_model import (
    HOLD,
    SELLER_REASONS,
    VERDICTS,
    VERIFICATION_LIMIT,
    MarketplaceModel,
    confirm_by_of,
    first_instant,
    warning_of,
)
from tests.properties import standing
from tests.races.soundness import violations
from tradepost import timekeeping
from tradepost.ground.database import Database, Transaction, connect
from tradepost.listings.offers import list_offers, set_stock
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.orders import sweep
from tradepost.orders.units import Items
from tradepost.payments.gateway import Verdict
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.policy import Policy
from tradepost.process.cancellation.cancellations import (
    BuyerCancellation,
    SellerCancellation,
    cancel_by_buyers,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.shipment.confirmations import Confirmation, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, record_verdicts
from tradepost.refusals import Refusal

LONG = bool(os.environ.get("TRADEPOST_LONG"))
WALKS = settings(
    deadline=None,
    max_examples=300 if LONG else 10,
    stateful_step_count=100 if LONG else 40,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
SELLERS, SKUS, BUYERS = ("ana", "bo"), ("CUP", "MUG"), ("gil", "hana")
PARCEL = Parcel("UPS", "1Z999AA10123456784")
OPENINGS = [(zone, day) for zone, days in sorted(STARTS.items()) for day in days]
SECOND, NONE = timedelta(seconds=1), timedelta(0)

T = TypeVar("T")


besides = st.sampled_from((-SECOND, NONE, NONE, SECOND))
quantities = st.sampled_from((0, 1, 3, 20, 20))
ways = st.sampled_from(("leap", "unnoticed"))  # for time to pass: all that is due is done, or nobody is there to do it
lines = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3)), min_size=1, max_size=3)
cart_orders = st.lists(st.tuples(st.sampled_from(SELLERS), lines), min_size=1, max_size=2)
carts = st.lists(st.tuples(st.sampled_from(BUYERS), cart_orders), min_size=1, max_size=3)
picks = st.integers(0, 3) | st.integers(0, 30)  # an order, counted from the newest one
some_items = st.none() | st.tuples(st.sampled_from(SKUS), st.none() | st.integers(1, 3))
offers = st.tuples(st.sampled_from(SELLERS), st.sampled_from(SKUS))


def batches(item: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """One act, now and then several at once; the same order may stand in a batch twice."""
    return st.lists(item, min_size=1, max_size=1) | st.lists(item, min_size=2, max_size=5)


verdicts = batches(st.tuples(picks, st.sampled_from((*VERDICTS, *["approved"] * 4))))
reasons = st.sampled_from((*SELLER_REASONS, "changed_mind"))
steps = st.one_of(
    st.tuples(st.just("list_again"), offers, quantities),
    st.tuples(st.just("set_stock"), offers | st.just(("ana", "never listed")), quantities),
    *[st.tuples(st.just("check_out"), carts)] * 3,
    *[st.tuples(st.just("verify"), verdicts)] * 2,
    st.tuples(st.just("cancel_by_buyer"), batches(picks)),
    st.tuples(st.just("request_cancellation"), batches(picks)),
    *[st.tuples(st.just("confirm"), batches(st.tuples(picks, some_items)))] * 3,
    *[st.tuples(st.just("cancel_by_seller"), batches(st.tuples(picks, reasons, some_items)))] * 2,
    st.tuples(st.just("deliver"), batches(picks)),
    st.tuples(st.just("let_time_pass"), st.integers(0, 3_000) | st.integers(0, 2 * 86_400), ways),
    *[st.tuples(st.just("go_to_a_boundary"), st.sampled_from((0, 0, 0, 1, 4)), besides, ways)] * 3,
    *[st.tuples(st.just("approve_all_and_end_their_holds"), ways)] * 2,
    st.tuples(st.just("work"), st.sampled_from((1, 2, 1000))),
)


class LivingMarketplace:
    """Does to the system and to the model the same, and compares."""

    def __init__(self, server: TestServer) -> None:
        self.runner = asyncio.Runner()
        self.server = server
        self.resources = AsyncExitStack()
        self.url = self.run(server.make())
        self.database = self.run(self.resources.enter_async_context(connect(self.url, connections=2)))
        self.names: dict[OrderKey, str] = {}
        self.keys: list[OrderKey] = []
        self.buyers: dict[OrderKey, str] = {}
        self.references = count(1)
        self.expired = 0  # verifications, when a worker was last there

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def close(self) -> None:
        try:
            assert self.run(violations(self.database)) == []
        finally:
            self.run(self.resources.aclose())
            self.run(self.server.drop(self.url))
            self.runner.close()

    def open(self, zone: str, day: date, seconds: int) -> None:
        self.model = MarketplaceModel(zone)
        now = (first_instant(day, self.model.zone) + timedelta(seconds=seconds)).astimezone(UTC)
        self.run(open_market(self.database, zone, now))
        self.model.pass_time(now)
        for seller in SELLERS:
            for sku in SKUS:
                self.list_again((seller, sku), 20)
        self.check_out([("gil", [("ana", [("CUP", 3), ("MUG", 1)])]), ("hana", [("bo", [("CUP", 2)])])])

    def step(self, name: str, *details: Any) -> None:
        getattr(self, name)(*details)
        assert standing.differences(self.run(self.standing()), standing.of_model(self.model)) == []

    # The seller's offers and the buyer's carts: what comes back by itself must be back before

    def list_again(self, offer: tuple[str, str], quantity: int) -> None:
        self.let_stock_return()
        listing = Listing(*offer, offer[1], offer[1], 500, quantity, None)
        self.check(
            self.act(lambda tx: list_offers(tx, [listing], tx.now)),
            [self.model.list_offer(self.model.now, *offer, quantity, "5", offer[1])],
        )

    def set_stock(self, offer: tuple[str, str], quantity: int) -> None:
        self.let_stock_return()
        self.check(
            self.act(lambda tx: set_stock(tx, [(*offer, quantity)], tx.now)),
            [self.model.set_stock(self.model.now, *offer, quantity)],
        )

    def check_out(self, carts: list[tuple[str, list[tuple[str, list[tuple[str, int]]]]]]) -> None:
        self.let_stock_return()
        named = [(buyer, [(f"o{next(self.references)}", *order) for order in orders]) for buyer, orders in carts]
        now = self.model.now
        made = [
            Cart(
                buyer,
                now,
                tuple(CartLine(seller, sku, n, apart=name) for name, seller, lines in orders for sku, n in lines),
            )
            for buyer, orders in named
        ]
        outcomes = self.act(lambda tx: place_orders(tx, made))
        for (buyer, orders), outcome in zip(named, outcomes, strict=True):
            if isinstance(outcome, Placed):
                for (name, _, _), key in zip(orders, outcome.orders, strict=True):
                    self.names[key], self.buyers[key] = name, buyer
                    self.keys.append(key)
        self.check(
            outcomes,
            [
                self.model.checkout(
                    now, [(name, seller, buyer, [(s, n, "5") for s, n in lines]) for name, seller, lines in orders]
                )
                for buyer, orders in named
            ],
        )

    # What happens to orders

    def verify(self, verdicts: list[tuple[int, str]]) -> None:
        now = self.model.now
        meant = [(self.order(pick), verdict) for pick, verdict in verdicts]
        self.check(
            self.act(lambda tx: record_verdicts(tx, [Finding(k, Verdict(v), now, "reviewer") for k, v in meant])),
            [self.model.verify(now, self.names[key], verdict) for key, verdict in meant],
        )

    def cancel_by_buyer(self, picked: list[int]) -> None:
        now, keys = self.model.now, [self.order(pick) for pick in picked]
        self.check(
            self.act(lambda tx: cancel_by_buyers(tx, [BuyerCancellation(k, self.buyers[k], now) for k in keys])),
            [self.model.buyer_cancel(now, self.names[key]) for key in keys],
        )

    def request_cancellation(self, picked: list[int]) -> None:
        now, keys = self.model.now, [self.order(pick) for pick in picked]
        self.check(
            self.act(lambda tx: request_cancellations(tx, [BuyerCancellation(k, self.buyers[k], now) for k in keys])),
            [self.model.request_cancel(now, self.names[key]) for key in keys],
        )

    def confirm(self, packages: list[tuple[int, tuple[str, int | None] | None]]) -> None:
        now = self.model.now
        meant = [(self.order(pick), item) for pick, item in packages]
        self.check(
            self.act(
                lambda tx: confirm_shipments(tx, [Confirmation(k, now, PARCEL, items_of(item)) for k, item in meant])
            ),
            [self.model.confirm(now, self.names[key], *(item or ())) for key, item in meant],
        )

    def cancel_by_seller(self, wishes: list[tuple[int, str, tuple[str, int | None] | None]]) -> None:
        now = self.model.now
        meant = [(self.order(pick), reason, item) for pick, reason, item in wishes]
        self.check(
            self.act(
                lambda tx: cancel_by_sellers(
                    tx, [SellerCancellation(k, now, reason, items_of(item)) for k, reason, item in meant]
                )
            ),
            [self.model.seller_cancel(now, self.names[key], reason, *(item or ())) for key, reason, item in meant],
        )

    def deliver(self, picked: list[int]) -> None:
        now, keys = self.model.now, [self.order(pick) for pick in picked]
        self.check(
            self.act(lambda tx: record_deliveries(tx, [Delivery(k, now) for k in keys])),
            [self.model.deliver(now, self.names[key]) for key in keys],
        )

    # Time

    def let_time_pass(self, seconds: int, how: str) -> None:
        self.move(self.model.now + timedelta(seconds=seconds), how)

    def go_to_a_boundary(self, skipped: int, beside: timedelta, how: str) -> None:
        """To the next moment, or one of the next, at which the rules change for an order."""
        if ahead := self.ahead():
            self.move(max(ahead[min(skipped, len(ahead) - 1)] + beside, self.model.now), how)

    def approve_all_and_end_their_holds(self, how: str) -> None:
        """The ordinary course of things, so that there is always something to ship."""
        now = self.model.now
        pending = [key for key in self.keys if self.model.orders[self.names[key]].status == "Pending"]
        self.check(
            self.act(lambda tx: record_verdicts(tx, [Finding(k, Verdict.APPROVED, now, "reviewer") for k in pending])),
            [self.model.verify(now, self.names[key], "approved") for key in pending],
        )
        self.move(max([now, *(self.model.orders[self.names[key]].placed_at + HOLD for key in pending)]), how)

    def work(self, limit: int) -> None:
        """A turn of the worker, at times one that does not get far."""
        self.run(self.database.run(lambda tx: sweep.fire_due(tx, tx.now, limit=limit)))

    # How it is done

    def ahead(self) -> list[datetime]:
        """The moments to come at which the rules change for an order that is open, the nearest first."""
        moments: set[datetime] = set()
        for order in self.model.orders.values():
            placed, zone = order.placed_at, self.model.zone
            if order.status == "Pending":
                moments |= {placed + HOLD, placed + VERIFICATION_LIMIT}
            elif order.open_to_seller:
                moments |= {warning_of(placed, zone), confirm_by_of(placed, zone)}
        return sorted(moment for moment in moments if moment > self.model.now)

    def order(self, pick: int) -> OrderKey:
        return self.keys[-1 - pick % len(self.keys)]

    def act(self, work: Callable[[Transaction], Awaitable[Sequence[Any]]]) -> Sequence[Any]:
        async def at_this_moment(tx: Transaction) -> Sequence[Any]:
            assert tx.now == self.model.now
            return await work(tx)

        return self.run(self.database.run(at_this_moment))

    def check(self, outcomes: Sequence[object], right: Sequence[str | None]) -> None:
        """Taken or refused, item by item, as the model says."""
        said = [outcome if isinstance(outcome, Refusal) else None for outcome in outcomes]
        assert [no is None for no in said] == [no is None for no in right], (said, right)

    def move(self, to: datetime, how: str) -> None:
        if how == "leap":
            self.run(timekeeping.move_clock(self.database, to, []))
        else:
            self.run(show(self.database, to))
        self.model.pass_time(to)
        if how == "leap":
            self.expired = self.verifications_expired()

    def let_stock_return(self) -> None:
        """The worker comes by where the end of a verification returns stock that it alone can return."""
        if self.verifications_expired() > self.expired:
            while not self.run(timekeeping.turn(self.database, [])).idle:
                pass
            self.expired = self.verifications_expired()

    def verifications_expired(self) -> int:
        return sum(order.cancel_reason == "verification_expired" for order in self.model.orders.values())

    async def standing(self) -> standing.Standing:
        """How everything stands once what is due is done; it is not done."""
        async with self.database.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                tx = Transaction(connection, self.model.now, {})
                await timekeeping.pass_time(tx, tx.now, [])
                return await standing.of_system(tx, self.names)
            finally:
                await transaction.rollback()


class Walk(RuleBasedStateMachine):
    """The walks that hypothesis invents, and makes as short as it can where one goes wrong."""

    def __init__(self, server: TestServer) -> None:
        super().__init__()
        self.market = LivingMarketplace(server)

    @initialize(opening=st.sampled_from(OPENINGS), seconds=st.integers(0, 86_399))
    def open(self, opening: tuple[str, date], seconds: int) -> None:
        self.market.open(*opening, seconds)

    @rule(step=steps)
    def happens(self, step: tuple[Any, ...]) -> None:
        """One rule for everything: of many rules, each walk would only take a few."""
        self.market.step(*step)

    def teardown(self) -> None:
        self.market.close()


@pytest.mark.parametrize("seed", range(60 if LONG else 6))
def test_the_living_system_does_what_the_model_does_on_long_walks(server: TestServer, seed: int) -> None:
    """Walks by chance alone: they get further into the lives of orders."""
    random = Random(seed)
    market = LivingMarketplace(server)
    try:
        market.open(*random.choice(OPENINGS), random.randrange(86_400))
        for _ in range(150):
            market.step(*random_step(random))
    finally:
        market.close()


def test_the_living_system_does_what_the_model_does(server: TestServer) -> None:
    run_state_machine_as_test(lambda: Walk(server), settings=WALKS)  # type: ignore[arg-type]


def random_step(random: Random) -> tuple[Any, ...]:
    def many(item: Callable[[], T]) -> list[T]:
        return [item() for _ in range(random.choice((1, 1, 2, 4)))]

    def pick() -> int:
        return random.choice((random.randrange(4), random.randrange(15)))

    def item() -> tuple[str, int | None] | None:
        return random.choice((None, (random.choice(SKUS), random.choice((None, 1, 1, 2)))))

    def cart() -> tuple[str, list[tuple[str, list[tuple[str, int]]]]]:
        def bought() -> tuple[str, int]:
            return random.choice(SKUS), random.choice((1, 1, 2))

        return random.choice(BUYERS), [(random.choice(SELLERS), many(bought)) for _ in range(random.choice((1, 1, 2)))]

    how = random.choice(("leap", "unnoticed"))
    offer = random.choice(SELLERS), random.choice(SKUS)
    chances: dict[int, list[Callable[[], tuple[Any, ...]]]] = {
        1: [
            lambda: ("list_again", offer, random.choice((1, 3, 20))),
            lambda: ("set_stock", offer, random.choice((0, 2, 20))),
            lambda: ("cancel_by_buyer", many(pick)),
            lambda: ("request_cancellation", many(pick)),
            lambda: ("let_time_pass", random.choice((600, 1800, 86_400)), how),
            lambda: ("go_to_a_boundary", random.choice((0, 0, 0, 1)), random.choice((-SECOND, NONE, SECOND)), how),
            lambda: ("work", random.choice((1, 2, 1000))),
        ],
        2: [
            lambda: ("deliver", many(pick)),
            lambda: ("approve_all_and_end_their_holds", how),
            lambda: ("verify", many(lambda: (pick(), random.choice((*VERDICTS, "approved", "approved"))))),
            lambda: ("cancel_by_seller", many(lambda: (pick(), random.choice(SELLER_REASONS), item()))),
        ],
        3: [
            lambda: ("check_out", many(cart)),
            lambda: ("confirm", many(lambda: (pick(), item()))),
        ],
    }
    return random.choice([step for weight, steps in chances.items() for step in steps * weight])()


def items_of(item: tuple[str, int | None] | None) -> Items | None:
    return [item] if item else None


async def open_market(database: Database, zone: str, now: datetime) -> None:
    await timekeeping.simulate(database, now, ticking=False)
    async with database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("MARKET", "Market", policy=Policy(zone=zone)))
        await people.put_sellers(tx, [SellerAccount(s, "MARKET", s, None, "en", "professional") for s in SELLERS], now)
        await people.put_buyers(tx, [BuyerAccount(buyer, buyer, None, "en") for buyer in BUYERS], now)


async def show(database: Database, to: datetime) -> None:
    """Let the clock show a moment, and nobody do what falls due by then."""
    async with database.transaction(alone=True) as tx:
        await tx.move_clock((await tx.read_clock()).moved_to(to))
