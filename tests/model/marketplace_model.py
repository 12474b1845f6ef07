"""The rules of the replay paper as a small marketplace in memory: the oracle of the real one.

Written from the paper alone; nothing here comes from the project. Clear before fast. Every act takes the moment at
which it happens, first lets all deadlines due by then fire, and returns None when taken or the reason when refused.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec
from zoneinfo import ZoneInfo

HOLD = timedelta(minutes=30)
VERIFICATION_LIMIT = timedelta(hours=21 * 24)
CONFIRM_DAYS = 30
WARNING_DAYS = 7

PLANS = ("professional", "individual")
VERDICTS = ("approved", "declined", "fraud", "deferred")
SELLER_REASONS = (
    "no_inventory",
    "buyer_canceled",
    "pricing_error",
    "shipping_address_undeliverable",
    "customer_exchange",
    "general_adjustment",
)

CartOrder = tuple[str, str, str, Sequence[tuple[str, int, str]]]
"""An order reference, the seller, the buyer, and the lines: sku, quantity, price."""


class Notice(NamedTuple):
    at: datetime
    to: str
    kind: str
    order: str


@dataclass
class Stock:
    available: int = 0
    reserved: int = 0


@dataclass
class Line:
    ordered: int
    shipped: int = 0
    canceled: int = 0

    @property
    def remaining(self) -> int:
        return self.ordered - self.shipped - self.canceled


@dataclass
class Order:
    reference: str
    seller: str
    buyer: str
    placed_at: datetime
    lines: dict[str, Line]
    approved: bool = False
    cancel_requested: bool = False
    released_at: datetime | None = None
    warned_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    canceled_at: datetime | None = None
    canceled_by: str | None = None
    cancel_reason: str | None = None

    @property
    def ordered(self) -> int:
        return sum(line.ordered for line in self.lines.values())

    @property
    def shipped(self) -> int:
        return sum(line.shipped for line in self.lines.values())

    @property
    def canceled(self) -> int:
        return sum(line.canceled for line in self.lines.values())

    @property
    def remaining(self) -> dict[str, int]:
        """What is neither shipped nor canceled, by sku."""
        return {sku: line.remaining for sku, line in self.lines.items() if line.remaining}

    @property
    def status(self) -> str:
        if not self.remaining:
            return "Shipped" if self.shipped else "Canceled"
        if self.released_at is None:
            return "Pending"
        return "PartiallyShipped" if self.shipped else "Unshipped"

    @property
    def open_to_seller(self) -> bool:
        return self.status in ("Unshipped", "PartiallyShipped")


class RefusedError(Exception):
    """An act that the rules do not allow; the message is the reason."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RefusedError(reason)


P = ParamSpec("P")


def act(
    rule: Callable[Concatenate[MarketplaceModel, datetime, P], None],
) -> Callable[Concatenate[MarketplaceModel, datetime, P], str | None]:
    """Deadlines due by then fire first; a refusal is returned as its reason. A rule checks all before it acts."""

    @wraps(rule)
    def play(model: MarketplaceModel, at: datetime, /, *args: P.args, **kwargs: P.kwargs) -> str | None:
        model.pass_time(at)
        try:
            rule(model, at.astimezone(UTC), *args, **kwargs)
        except RefusedError as refusal:
            return str(refusal)
        return None

    return play


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """00:00 of a day in a zone, or the first instant of that day where the clocks skip 00:00."""
    midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
    if midnight.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, time(0)):
        return midnight
    before, after = midnight - timedelta(days=1), midnight  # the clocks jump into the day between these two
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (before, middle) if middle.astimezone(zone).date() >= day else (middle, after)
    return after


def confirm_by_of(placed_at: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day that is 30 calendar days after the date of the order."""
    return first_instant(placed_at.astimezone(zone).date() + timedelta(days=CONFIRM_DAYS + 1), zone)


def warning_of(placed_at: datetime, zone: ZoneInfo) -> datetime:
    return first_instant(placed_at.astimezone(zone).date() + timedelta(days=CONFIRM_DAYS + 1 - WARNING_DAYS), zone)


class MarketplaceModel:
    def __init__(self, zone: str = "UTC") -> None:
        self.zone = ZoneInfo(zone)
        self.now = datetime.min.replace(tzinfo=UTC)
        self.plans: dict[str, str] = {}
        self.stock: dict[tuple[str, str], Stock] = {}
        self.orders: dict[str, Order] = {}
        self.notices: list[Notice] = []
        self._deadlines: list[tuple[datetime, str, str]] = []  # a heap of: due, order reference, what happens

    # Time

    def pass_time(self, until: datetime) -> None:
        """Fire every deadline due at or before a moment: the oldest first, each at its own due moment."""
        if until < self.now:
            raise ValueError(f"time runs forward only: {until} is before {self.now}")
        while self._deadlines and self._deadlines[0][0] <= until:
            self.now, reference, what = heapq.heappop(self._deadlines)
            self._fire(self.now, self.orders[reference], what)
        self.now = until.astimezone(UTC)

    def _fire(self, due: datetime, order: Order, what: str) -> None:
        if what == "hold ends" and order.status == "Pending" and order.approved:
            self._release(due, order)
        elif what == "verification ends" and order.status == "Pending":
            self._cancel(due, order, order.remaining, "MARKETPLACE", "verification_expired", restock=True)
        elif what == "warning" and order.open_to_seller:
            order.warned_at = due
            self._tell(due, "seller", "confirm_shipment_reminder", order)
        elif what == "confirm by" and order.open_to_seller:
            self._cancel(due, order, order.remaining, "MARKETPLACE", "not_confirmed_in_time", restock=False)

    # The seller's offers

    @act
    def open_seller(self, at: datetime, seller: str, plan: str) -> None:
        require(plan in PLANS, "unknown plan")
        self.plans[seller] = plan

    @act
    def list_offer(self, at: datetime, seller: str, sku: str, quantity: int, price: str, title: str) -> None:
        self.stock.setdefault((seller, sku), Stock()).available = quantity

    @act
    def set_stock(self, at: datetime, seller: str, sku: str, quantity: int) -> None:
        require((seller, sku) in self.stock, "offer not listed")
        self.stock[seller, sku].available = quantity

    # The buyer and the payment world

    @act
    def checkout(self, at: datetime, cart: Sequence[CartOrder]) -> None:
        references = [reference for reference, _, _, _ in cart]
        require(not any(reference in self.orders for reference in references), "order reference already known")
        require(len(set(references)) == len(references), "two sellers in one order, or its lines are apart")
        require(len({buyer for _, _, buyer, _ in cart}) == 1, "two buyers in one cart")
        wanted: Counter[tuple[str, str]] = Counter()
        for _, seller, _, lines in cart:
            for sku, quantity, _ in lines:
                require((seller, sku) in self.stock, "offer not listed")
                wanted[seller, sku] += quantity
        require(all(self.stock[offer].available >= quantity for offer, quantity in wanted.items()), "not enough stock")

        for offer, quantity in wanted.items():
            self.stock[offer].available -= quantity
            self.stock[offer].reserved += quantity
        for reference, seller, buyer, lines in cart:
            summed: Counter[str] = Counter()
            for sku, quantity, _ in lines:
                summed[sku] += quantity
            bought = {sku: Line(ordered=quantity) for sku, quantity in summed.items()}
            self.orders[reference] = Order(reference, seller, buyer, at, bought)
            heapq.heappush(self._deadlines, (at + HOLD, reference, "hold ends"))
            heapq.heappush(self._deadlines, (at + VERIFICATION_LIMIT, reference, "verification ends"))

    @act
    def verify(self, at: datetime, reference: str, verdict: str) -> None:
        order = self._known(reference)
        require(verdict in VERDICTS, "unknown verdict")
        require(order.status == "Pending" and not order.approved, "already decided")
        if verdict in ("declined", "fraud"):
            reason = "payment_declined" if verdict == "declined" else "fraud"
            self._cancel(at, order, order.remaining, "MARKETPLACE", reason, restock=True)
        elif verdict == "approved":
            order.approved = True
            if at >= order.placed_at + HOLD:
                self._release(at, order)

    @act
    def buyer_cancel(self, at: datetime, reference: str) -> None:
        order = self._known(reference)
        require(order.status == "Pending" and at < order.placed_at + HOLD, "the buyer can no longer cancel")
        self._cancel(at, order, order.remaining, "BUYER", "buyer_canceled", restock=True)

    @act
    def request_cancel(self, at: datetime, reference: str) -> None:
        order = self._known(reference)
        require(order.open_to_seller, "nothing that the seller could cancel")
        require(not order.cancel_requested, "already requested")
        order.cancel_requested = True
        self._tell(at, "seller", "cancellation_requested", order)

    # The seller's answer, and the carrier

    @act
    def confirm(self, at: datetime, reference: str, sku: str | None = None, quantity: int | None = None) -> None:
        order = self._known(reference)
        for shipped_sku, units in self._chosen(order, sku, quantity).items():
            order.lines[shipped_sku].shipped += units
            self.stock[order.seller, shipped_sku].reserved -= units
        order.shipped_at = at
        self._tell(at, "buyer", "shipment_confirmation", order)

    @act
    def seller_cancel(
        self, at: datetime, reference: str, reason: str, sku: str | None = None, quantity: int | None = None
    ) -> None:
        order = self._known(reference)
        require(reason in SELLER_REASONS, "unknown reason")
        units = self._chosen(order, sku, quantity)
        self._cancel(at, order, units, "SELLER", reason, restock=reason != "no_inventory")

    @act
    def deliver(self, at: datetime, reference: str) -> None:
        order = self._known(reference)
        require(order.shipped > 0, "nothing shipped")
        require(order.delivered_at is None, "already delivered")
        order.delivered_at = at

    # What acts and deadlines share

    def _known(self, reference: str) -> Order:
        require(reference in self.orders, "unknown order")
        return self.orders[reference]

    def _chosen(self, order: Order, sku: str | None, quantity: int | None) -> dict[str, int]:
        """The units that the seller means: all that remains, all that remains of a sku, or so many of it."""
        require(order.open_to_seller, "not open to the seller")
        if sku is None:
            return order.remaining
        remaining = order.remaining.get(sku, 0)
        units = remaining if quantity is None else quantity
        require(0 < units <= remaining, "more than remains of the sku")
        return {sku: units}

    def _release(self, at: datetime, order: Order) -> None:
        order.released_at = at
        self._tell(at, "buyer", "order_confirmation", order)
        self._tell(at, "seller", "sold_ship_now", order)
        warning = max(at, warning_of(order.placed_at, self.zone))
        heapq.heappush(self._deadlines, (warning, order.reference, "warning"))
        heapq.heappush(self._deadlines, (confirm_by_of(order.placed_at, self.zone), order.reference, "confirm by"))

    def _cancel(
        self, at: datetime, order: Order, units: dict[str, int], by: str, reason: str, *, restock: bool
    ) -> None:
        for sku, quantity in units.items():
            order.lines[sku].canceled += quantity
            stock = self.stock[order.seller, sku]
            stock.reserved -= quantity
            stock.available += quantity if restock else 0
        order.canceled_at, order.canceled_by, order.cancel_reason = at, by, reason
        self._tell(at, "buyer", "order_canceled", order)
        if by == "BUYER" or reason == "not_confirmed_in_time":
            self._tell(at, "seller", "order_canceled", order)

    def _tell(self, at: datetime, to: str, kind: str, order: Order) -> None:
        self.notices.append(Notice(at, to, kind, order.reference))
