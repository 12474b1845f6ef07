"""A small marketplace for tests, set up and moved by real acts only: what no door can do, no test does here.

Two sellers, two buyers, four offers and a frozen simulated clock. Whoever needs more says so through the same acts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from tradepost import timekeeping
from tradepost.ground.database import Database, Transaction
from tradepost.lifecycle import State
from tradepost.listings import offers, records
from tradepost.listings.records import Listing, Offer, OfferKey
from tradepost.numbers import OrderKey
from tradepost.orders import records as orders
from tradepost.orders.order import Order
from tradepost.orders.units import Items
from tradepost.payments.gateway import Gateway, SimulatedGateway, Verdict
from tradepost.payments.records import Means
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
from tradepost.process.shipment.confirmations import Confirmation, Confirmed, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, PaymentChange, change_payments, record_verdicts
from tradepost.refusals import Refusal

START = datetime.fromisoformat("2026-03-02T10:00:00+00:00")  # a Monday
MARKET = "MARKET"
PRO, SOLO = "acme", "solo"  # a professional and an individual seller
BEA, BOB = "bea", "bob"
LAMP, VASE, MUG, LAST = "LAMP", "VASE", "MUG", "LAST"  # of LAST there is one unit
OFFERS = {
    LAMP: (PRO, "Red lamp", 1990, 1000),
    VASE: (PRO, "Blue vase", 2000, 1000),
    LAST: (PRO, "Last one", 5000, 1),
    MUG: (SOLO, "Tea mug", 700, 1000),
}
ADDRESS: dict[str, object] = {"name": "Bea Buyer", "line1": "1 Secret Street", "city": "Springfield", "country": "US"}
AFTER_HOLD = (State.VERIFYING, State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
WITHIN_HOLD = (State.HELD, State.APPROVED, State.CANCELED)
APPROVED = (State.APPROVED, State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
PARCEL = Parcel("UPS", "1Z999AA10123456784")

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")


class Event(NamedTuple):
    """One line of an order's history."""

    number: int
    act: str
    state: str
    party: str
    actor: str
    happened_at: datetime
    recorded_at: datetime
    detail: dict[str, Any] | None


class Told(NamedTuple):
    """A notice that an order caused, and by which event."""

    event: int
    receiver: str
    kind: str
    happened_at: datetime


async def open_market(
    database: Database, *, zone: str = "UTC", policy: Policy | None = None, start: datetime | None = START
) -> "Scene":
    """Open the marketplace at `start` on a frozen clock (None: on the real one); `zone` goes into the policy."""
    if start:
        await timekeeping.simulate(database, start, ticking=False)
    new = NewMarketplace(MARKET, "Market", policy=replace(policy or Policy(), zone=zone))
    sellers = [
        SellerAccount(PRO, MARKET, "Acme Inc.", "acme@example.com", "en", "professional"),
        SellerAccount(SOLO, MARKET, "Solo", "solo@example.com", "zh", "individual"),
    ]
    buyers = [BuyerAccount(buyer, buyer.title(), f"{buyer}@example.com", "en") for buyer in (BEA, BOB)]
    async with database.transaction() as tx:
        await open_marketplace(tx, new)
        await people.put_sellers(tx, sellers, tx.now)
        await people.put_buyers(tx, buyers, tx.now)
    scene = Scene(database)
    for sku, (seller, title, price, quantity) in OFFERS.items():
        assert await scene.list_offer(seller, sku, title=title, price=price, quantity=quantity) is None
    return scene


class Scene:
    """The marketplace under test. Acts answer as the rooms do; `now` is the moment of each unless the clock moves."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.gateways: Sequence[Gateway] = [SimulatedGateway()]
        self.sellers: dict[str, str] = {}  # by SKU

    # --- the sellers' offers

    async def list_offer(
        self, seller: str, sku: str, *, title: str = "Thing", price: int = 1000, quantity: int = 10, handling: int = 1
    ) -> Refusal | None:
        self.sellers[sku] = seller
        listing = Listing(seller, sku, f"P-{sku}", title, price, quantity, handling)
        return await self._on_offer(offers.list_offers, listing)

    async def set_stock(self, seller: str, sku: str, quantity: int) -> Refusal | None:
        return await self._on_offer(offers.set_stock, (seller, sku, quantity))

    async def close_offer(self, seller: str, sku: str) -> Refusal | None:
        return await self._on_offer(offers.close_offers, OfferKey(seller, sku))

    async def open_offer(self, seller: str, sku: str) -> Refusal | None:
        return await self._on_offer(offers.open_offers, OfferKey(seller, sku))

    # --- the buyer

    async def check_out(
        self,
        buyer: str,
        items: Mapping[str, int],
        token: str | None = None,
        *,
        address: dict[str, object] | None = ADDRESS,
        service: str = "Standard",
    ) -> Placed | Refusal:
        """Check out a cart of {SKU: quantity}. Without a token no gateway is asked: verdicts come by `approve`."""
        lines = tuple(CartLine(self.sellers.get(sku, PRO), sku, quantity) for sku, quantity in items.items())
        payment = Means("simulated", token) if token else None
        return await self.do(place_orders, lambda at: Cart(buyer, at, lines, address, service, payment))

    async def place(
        self, buyer: str = BEA, items: Mapping[str, int] | None = None, token: str | None = None, **more: Any
    ) -> OrderKey:
        """Check out a cart of one seller; the order that it became."""
        placed = await self.check_out(buyer, items or {LAMP: 2, VASE: 1}, token, **more)
        assert isinstance(placed, Placed), placed
        (key,) = placed.orders
        return key

    async def pay_with(self, token: str, buyer: str = BEA) -> OrderKey:
        """Check out one lamp with this payment token: see payments/gateway.py for what each one leads to."""
        return await self.place(buyer, {LAMP: 1}, token)

    async def place_all(self, carts: Sequence[Mapping[str, int]], buyer: str = BEA) -> list[OrderKey]:
        """Check out many carts, each of one seller, in one batch; the orders in the order of the carts."""

        async def work(tx: Transaction) -> list[OrderKey]:
            lines = [tuple(CartLine(self.sellers[sku], sku, n) for sku, n in cart.items()) for cart in carts]
            placed = await place_orders(tx, [Cart(buyer, tx.now, these, ADDRESS) for these in lines])
            assert not [one for one in placed if isinstance(one, Refusal)], placed
            return [key for one in placed if isinstance(one, Placed) for key in one.orders]

        return await self.database.run(work)

    async def cancel_by_buyer(self, key: OrderKey, buyer: str | None = None) -> Refusal | None:
        buyer = buyer or (await self.order(key)).buyer_id
        return await self.do(cancel_by_buyers, lambda at: BuyerCancellation(key, buyer, at))

    async def request_cancellation(
        self, key: OrderKey, buyer: str | None = None, why: str | None = None
    ) -> Refusal | None:
        buyer = buyer or (await self.order(key)).buyer_id
        return await self.do(request_cancellations, lambda at: BuyerCancellation(key, buyer, at, why=why))

    async def change_payment(self, key: OrderKey, token: str, buyer: str | None = None) -> Refusal | None:
        buyer = buyer or (await self.order(key)).buyer_id
        return await self.do(change_payments, lambda at: PaymentChange(key, buyer, Means("simulated", token), at))

    # --- verification

    async def verdict(self, key: OrderKey, verdict: Verdict, attempt: int | None = None) -> Refusal | None:
        return await self.do(record_verdicts, lambda at: Finding(key, verdict, at, "reviewer", attempt))

    async def approve(self, key: OrderKey) -> Refusal | None:
        return await self.verdict(key, Verdict.APPROVED)

    async def decline(self, key: OrderKey) -> Refusal | None:
        return await self.verdict(key, Verdict.DECLINED)

    # --- the seller and the carrier

    async def confirm(
        self,
        key: OrderKey,
        items: Items | None = None,
        *,
        parcel: Parcel = PARCEL,
        reference: int | None = None,
        may_edit: bool = False,
    ) -> Confirmed | Refusal:
        """Confirm one package; no items: all that is left."""
        return await self.do(
            confirm_shipments, lambda at: Confirmation(key, at, parcel, items, reference, may_edit=may_edit)
        )

    async def cancel_by_seller(
        self, key: OrderKey, reason: str = "general_adjustment", items: Items | None = None
    ) -> Refusal | None:
        return await self.do(cancel_by_sellers, lambda at: SellerCancellation(key, at, reason, items))

    async def deliver(self, key: OrderKey) -> Refusal | None:
        return await self.do(record_deliveries, lambda at: Delivery(key, at))

    # --- time

    async def now(self) -> datetime:
        async with self.database.transaction() as tx:
            return tx.now

    async def advance(self, by: timedelta | None = None, *, to: datetime | None = None) -> datetime:
        """Let time pass, with all that happens in it, the payment gateways included."""
        to = to or await self.now() + (by or timedelta(0))
        await timekeeping.move_clock(self.database, to, self.gateways)
        return to

    async def set_clock(self, to: datetime) -> None:
        """Let the clock show `to` while no worker is there to notice: nothing is swept and no gateway is asked."""
        async with self.database.transaction(alone=True) as tx:
            assert to >= tx.now
            await tx.move_clock((await tx.read_clock()).moved_to(to))

    async def work(self) -> timekeeping.Turn:
        """Turns of a worker at this moment, until there is nothing to do; what they did."""
        done = timekeeping.Turn(0, 0)
        while not (turn := await timekeeping.turn(self.database, self.gateways)).idle:
            done = timekeeping.Turn(done.orders + turn.orders, done.questions + turn.questions)
        return done

    # --- orders in a given state

    async def to_state(self, state: State) -> OrderKey:
        """A fresh order (two lamps, one vase) in this state. The clock moves on by the hold where it has to."""
        return (await self.to_states([state]))[0]

    async def to_states(
        self, states: Sequence[State], carts: Sequence[Mapping[str, int]] | None = None
    ) -> list[OrderKey]:
        """Fresh orders in these states, in their order, for as many statements as for one of each.

        Of a partially shipped one, one unit of its first line is shipped.
        """
        wanted = list(zip(states, carts or [{LAMP: 2, VASE: 1}] * len(states), strict=True))
        keys: dict[int, OrderKey] = {}
        for group in (AFTER_HOLD, WITHIN_HOLD):
            numbers = [number for number, state in enumerate(states) if state in group]
            placed = await self.place_all([wanted[number][1] for number in numbers])
            keys.update(zip(numbers, placed, strict=True))
            await self._all(
                record_verdicts,
                [Finding(keys[n], Verdict.APPROVED, START, "reviewer") for n in numbers if states[n] in APPROVED],
            )
            if group is AFTER_HOLD and numbers:
                await self.advance(Policy().hold)
        shipped = [
            Confirmation(keys[n], START, PARCEL, [(next(iter(cart)), 1)] if state is State.PARTIALLY_SHIPPED else None)
            for n, (state, cart) in enumerate(wanted)
            if state in (State.PARTIALLY_SHIPPED, State.SHIPPED)
        ]
        await self._all(confirm_shipments, shipped)
        canceled = [BuyerCancellation(keys[n], BEA, START) for n, state in enumerate(states) if state is State.CANCELED]
        await self._all(cancel_by_buyers, canceled)
        return [keys[number] for number in range(len(states))]

    # --- what is true now

    async def order(self, key: OrderKey) -> Order:
        """The order as it is recorded, with its lines."""
        async with self.database.transaction() as tx:
            order = await orders.read(tx, *key)
            assert order is not None, key
            await orders.load_lines(tx, [order])
            return order

    async def state(self, key: OrderKey) -> State:
        return (await self.order(key)).state

    async def offer(self, seller: str, sku: str) -> Offer:
        async with self.database.transaction() as tx:
            return (await records.lock(tx, [OfferKey(seller, sku)]))[OfferKey(seller, sku)]

    async def stock(self, seller: str, sku: str) -> int:
        return (await self.offer(seller, sku)).available

    async def events(self, key: OrderKey) -> list[Event]:
        rows = await self.rows(
            """
            SELECT number, act, state, party, actor, happened_at, recorded_at, detail
              FROM order_events WHERE seller_id = $1 AND order_id = $2 ORDER BY number
            """,
            *key,
        )
        return [Event(*row) for row in rows]

    async def acts(self, key: OrderKey) -> list[str]:
        """What happened to the order, in short."""
        return [event.act for event in await self.events(key)]

    async def notices(self, key: OrderKey) -> list[Told]:
        rows = await self.rows(
            """
            SELECT event, receiver, kind, happened_at
              FROM notices WHERE seller_id = $1 AND order_id = $2 ORDER BY event, receiver, kind
            """,
            *key,
        )
        return [Told(*row) for row in rows]

    async def told(self, key: OrderKey) -> list[tuple[str, str]]:
        """Who was told what, in short."""
        return [(notice.receiver, notice.kind) for notice in await self.notices(key)]

    async def rows(self, statement: str, *values: object) -> list[Any]:
        """What the database itself says."""
        async with self.database.transaction() as tx:
            return list(await tx.fetch(statement, *values))

    async def dump(self, *without: str) -> dict[str, list[str]]:
        """Every row of every table as text, for comparing before and after; `without` leaves columns out."""
        async with self.database.transaction() as tx:
            return await dump(tx, *without)

    # --- how it is done

    async def do(
        self,
        room: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[OutcomeT]]],
        item: Callable[[datetime], ItemT],
    ) -> OutcomeT:
        """One item through a room at this moment, in a transaction of its own; its outcome."""

        async def work(tx: Transaction) -> OutcomeT:
            (outcome,) = await room(tx, [item(tx.now)])
            return outcome

        return await self.database.run(work)

    async def _all(
        self,
        room: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[object]]],
        items: Sequence[ItemT],
    ) -> None:
        """Many items through a room in one batch at this moment; none of them may be refused."""

        async def work(tx: Transaction) -> None:
            outcomes = await room(tx, [replace(item, at=tx.now) for item in items])  # type: ignore[type-var]
            assert not [outcome for outcome in outcomes if isinstance(outcome, Refusal)], outcomes

        await self.database.run(work)

    async def _on_offer(
        self,
        room: Callable[[Transaction, Sequence[ItemT], datetime], Awaitable[list[Refusal | None]]],
        item: ItemT,
    ) -> Refusal | None:
        async def work(tx: Transaction) -> Refusal | None:
            (outcome,) = await room(tx, [item], tx.now)
            return outcome

        return await self.database.run(work)


async def dump(tx: Transaction, *without: str) -> dict[str, list[str]]:
    """Every row of every table as this transaction sees it; `without` leaves columns out."""
    tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return {
        table: [
            row[0]
            for row in await tx.fetch(f"SELECT (to_jsonb(t) - $1::text[])::text FROM {table} t ORDER BY 1", without)
        ]
        for (table,) in tables
    }
