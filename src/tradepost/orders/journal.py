"""The journal: the only writer of an order's state.

An act locks its orders, lets the clock do what is due, decides, and writes state, events, cancellations, stock and
notices in a handful of statements for the whole batch. Deadlines are fired at the moments they were due, whether or
not a worker has come by: a late act is refused and an act that has become possible is granted.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tradepost import delivery_promise, lifecycle
from tradepost.deadlines import next_deadline
from tradepost.delivery_promise import SERVICES, SellerShipping
from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import Act, Party, Row, Stock, Units
from tradepost.listings import records as offers
from tradepost.listings.records import OfferKey
from tradepost.notices import records as notices
from tradepost.notices.records import QueuedNotice
from tradepost.numbers import OrderKey
from tradepost.orders import records
from tradepost.orders.order import Line, Order
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.policy import Policy
from tradepost.refusals import NOT_TEXT, Reason, Refused

NOT_RESTOCKED = "no_inventory"


class Actor(NamedTuple):
    """Who acts: as what, and under which name it stands in the history."""

    party: Party
    name: str


CLOCK = Actor(Party.CLOCK, "clock")


class Unwritten(NamedTuple):
    """What has happened to orders and is not written down, as the statements that would write it take it."""

    events: list[tuple[Any, ...]]
    cancellations: list[tuple[Any, ...]]
    notices: list[QueuedNotice]


class Journal:
    """The orders of one batch, locked, and what happens to them in this transaction."""

    def __init__(
        self,
        tx: Transaction,
        orders: dict[OrderKey, Order],
        of_policy: Mapping[tuple[str, int], Policy],
        shipping: Mapping[str, SellerShipping],
    ) -> None:
        self._tx = tx
        self._orders = orders
        self._policies = of_policy
        self._shipping = shipping
        self._recorded: dict[OrderKey, tuple[object, ...]] = {}  # what locked orders were before anything happened
        self._changed: dict[OrderKey, Order] = {}
        self._placed: dict[OrderKey, records.Wishes] = {}  # new orders, and what else their buyers said
        self._changed_lines: dict[tuple[OrderKey, int], Line] = {}
        self._events: list[tuple[Any, ...]] = []
        self._cancellations: list[tuple[Any, ...]] = []
        self._returned: dict[OfferKey, offers.Units] = {}
        self._notices: list[QueuedNotice] = []

    @classmethod
    async def open(
        cls, tx: Transaction, keys: Iterable[OrderKey], until: datetime | None = None, *, lines: bool = False
    ) -> "Journal":
        """Lock the orders. `until` is the latest moment that the batch acts at, by default now.

        `lines` reads their lines; those of orders that the clock may cancel are read in any case.
        """
        orders = await records.lock(tx, keys)
        versions = {(order.marketplace_id, order.policy_version) for order in orders.values()}
        of_policy = await policies.of(tx, versions)
        journal = cls(tx, orders, of_policy, await _shipping(tx, orders.values()))
        journal._recorded = {key: records.changing(order) for key, order in orders.items()}
        need_lines = [order for order in orders.values() if lines or journal._may_cancel(order, until or tx.now)]
        if need_lines:
            await records.load_lines(tx, need_lines)
        return journal

    @classmethod
    def new(
        cls, tx: Transaction, of_policy: Mapping[tuple[str, int], Policy], shipping: Mapping[str, SellerShipping]
    ) -> "Journal":
        """A journal for orders that are about to be placed."""
        return cls(tx, {}, of_policy, shipping)

    @classmethod
    async def foresee(cls, tx: Transaction, orders: Collection[Order], at: datetime) -> Unwritten:
        """Let orders that were read with their lines stand as they do at `at`, for those who only look.

        Nothing is locked and nothing is written: the clock's acts that no sweep has recorded are the answer.
        """
        of_policy = await policies.of(tx, {(order.marketplace_id, order.policy_version) for order in orders})
        journal = cls(tx, {order.key: order for order in orders}, of_policy, await _shipping(tx, orders))
        journal.let_time_pass(at, wait_for_gateways=False)
        return Unwritten(journal._events, journal._cancellations, journal._notices)

    @property
    def keys(self) -> Collection[OrderKey]:
        """The orders that there are, of those that were named."""
        return self._orders.keys()

    @property
    def orders(self) -> Collection[Order]:
        """The same, as they are recorded while nothing has been done with them."""
        return self._orders.values()

    def order(self, key: OrderKey, at: datetime, *, buyer_id: str | None = None) -> Order:
        """The order as it stands at `at`, with all done that the clock had to do by then.

        Refuses, in one and the same way, an order that does not exist and one of another buyer.
        """
        order = self._orders.get(key)
        if order is None or (buyer_id is not None and order.buyer_id != buyer_id):
            raise Refused(Reason.ORDER_NOT_FOUND)
        self._fire_due(order, at)
        return order

    def let_time_pass(self, until: datetime, *, wait_for_gateways: bool) -> None:
        """Do all that the clock has to do on these orders by then.

        `wait_for_gateways`: an order goes no further than to the moment at which its gateway is asked.
        """
        for order in self._orders.values():
            stop = order.verify_at if wait_for_gateways else None
            self._fire_due(order, min(until, stop) if stop else until)

    def place(self, order: Order, wishes: records.Wishes, by: Actor) -> None:
        """Add a new order with its lines; its stock is taken by the checkout that places it."""
        self._placed[order.key] = wishes
        self._orders[order.key] = order
        self._happen(order, lifecycle.ROW_OF[Act.PLACE], by, order.placed_at, None)
        self._fire_due(order, order.placed_at)

    def record(
        self,
        order: Order,
        act: Act,
        by: Actor,
        at: datetime,
        *,
        units: Mapping[int, int] | None = None,
        reason: str | None = None,
        verify_at: datetime | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Let `act` happen to an order that `order()` gave at this moment, or refuse.

        `units` are quantities by line number, each of them left on its line, for acts that ship or cancel some.
        `verify_at` is when the gateway is asked next, for the acts of verification. A transaction that began earlier
        and got the order's lock later does not turn its history around: the act counts from the last one on.
        """
        if not storable(by.name):
            raise Refused(Reason.INVALID_VALUE, field="actor", problem=NOT_TEXT)
        at = max(at, order.updated_at)
        row = self.allow(order, act, by.party)
        if act in lifecycle.VERDICTS:
            order.verify_at = verify_at
        if row.units:
            detail = self._move_units(order, row, by.party, at, units, reason) | (detail or {})
        self._happen(order, row, by, at, detail)
        self._fire_due(order, at)

    def allow(self, order: Order, act: Act, party: Party) -> Row:
        """The row of the table by which this party may do this act now, or a refusal by name."""
        if party not in lifecycle.ROW_OF[act].by:
            raise Refused(Reason.NOT_YOUR_ACT, party=party.replace("_", " "))
        row = lifecycle.CELLS.get((order.state, act))
        if row is None:
            reason = lifecycle.refusal(order.state, act)
            ended = {"ended": order.placed_at + self.policy(order).hold} if reason is Reason.HOLD_IS_OVER else {}
            raise Refused(reason, **ended)
        if row.once and getattr(order, row.stamps or "") is not None:
            raise Refused(row.once)
        return row

    def ask_again(self, order: Order, verify_at: datetime) -> None:
        """Let the gateway be asked later: it did not answer, and nothing has happened to the order."""
        if order.state in lifecycle.UNVERIFIED:
            order.verify_at = verify_at
            self._changed[order.key] = order

    def policy(self, order: Order) -> Policy:
        """The policy that the order was placed under."""
        return self._policies[order.marketplace_id, order.policy_version]

    async def write(self) -> None:
        """Write all that happened. The number of statements does not grow with the number of orders."""
        tx = self._tx
        new = [order for key, order in self._changed.items() if key in self._placed]
        known = [(order, self._recorded[key]) for key, order in self._changed.items() if key not in self._placed]
        if new:
            await records.insert(tx, new, [self._placed[order.key] for order in new])
            await records.insert_lines(tx, [(order, line) for order in new for line in order.lines.values()])
        if known:
            await records.update(tx, known)
        if self._changed_lines:
            await records.update_lines(tx, [(key, line) for (key, _), line in self._changed_lines.items()])
        if self._returned:
            await offers.give_back(tx, self._returned)
        if self._events:
            await records.insert_events(tx, self._events)
        if self._cancellations:
            await records.insert_cancellations(tx, self._cancellations)
        if self._notices:
            await notices.queue(tx, self._notices)

    def _fire_due(self, order: Order, until: datetime) -> None:
        while order.wakes_at is not None and order.wakes_at <= until:
            deadline = next_deadline(order.state, order, self.policy(order))
            assert deadline is not None, f"{order.key} wakes without a deadline"
            moment, act = deadline
            row = lifecycle.CELLS[order.state, act]
            detail = self._move_units(order, row, Party.CLOCK, moment) if row.units else None
            if act is Act.RELEASE:
                detail = self._promise_anew(order, moment)
            self._happen(order, row, CLOCK, moment, detail)

    def _happen(self, order: Order, row: Row, by: Actor, at: datetime, detail: dict[str, Any] | None) -> None:
        """The one place where an order changes: its state, its moments, its history, its next deadline, its notices."""
        if row.units:
            order.state = lifecycle.state_by_units(order.ordered_units, order.shipped_units, order.canceled_units)
            assert order.state in row.targets, f"{row.act} led {order.key} to {order.state}"
        elif row.targets:
            (order.state,) = row.targets
        if row.stamps:
            setattr(order, row.stamps, at)
        if order.state not in lifecycle.UNVERIFIED:
            order.verify_at = None
        deadline = next_deadline(order.state, order, self.policy(order))
        order.wakes_at = deadline and deadline[0]
        order.updated_at = at
        order.last_event += 1
        key = order.key
        self._changed[key] = order
        self._events.append((*key, order.last_event, row.act, order.state, by.party, by.name, at, detail))
        for party, kind in row.tells:
            receiver_id = order.buyer_id if party is Party.BUYER else order.seller_id
            self._notices.append(QueuedNotice(*key, order.last_event, party, receiver_id, kind, at))

    def _move_units(
        self,
        order: Order,
        row: Row,
        party: Party,
        at: datetime,
        units: Mapping[int, int] | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """Ship or cancel units of an order; what the history says of it."""
        assert order.lines, f"the lines of {order.key} are not loaded"
        if row.units is Units.CANCEL_REST:
            units = {line.line_no: line.left for line in order.lines.values() if line.left}
        assert units, f"{row.act} of nothing on {order.key}"
        for line_no in units:
            self._changed_lines[order.key, line_no] = order.lines[line_no]
        if row.units is Units.SHIP:
            for line_no, quantity in units.items():
                order.lines[line_no].shipped += quantity
            order.shipped_units += sum(units.values())
            return {"units": {str(line_no): quantity for line_no, quantity in units.items()}}
        return self._cancel_units(order, row, party, at, units, row.reason or reason or "")

    def _cancel_units(
        self, order: Order, row: Row, party: Party, at: datetime, units: Mapping[int, int], reason: str
    ) -> dict[str, Any]:
        order.canceled_by, order.cancel_reason = lifecycle.CANCELED_BY[party], reason
        returned = row.stock is Stock.RETURNED or (row.stock is Stock.BY_REASON and reason != NOT_RESTOCKED)
        event = order.last_event + 1
        for line_no, quantity in units.items():
            line = order.lines[line_no]
            line.canceled += quantity
            self._cancellations.append((*order.key, event, line_no, quantity, order.canceled_by, reason, returned))
            if returned:
                offers.add_units(self._returned, OfferKey(order.seller_id, line.sku), quantity, at)
        order.canceled_units += sum(units.values())
        return {"units": {str(line_no): quantity for line_no, quantity in units.items()}, "reason": reason}

    def _promise_anew(self, order: Order, released_at: datetime) -> dict[str, Any] | None:
        """A31: an order that verification held up beyond the hold gets new dates, counted from its release."""
        policy = self.policy(order)
        if released_at <= order.placed_at + policy.hold:
            return None
        seller = self._shipping[order.seller_id]
        promise = delivery_promise.promise(
            released_at,
            policies.shipping_calendar(policy),
            SellerShipping(order.handling_days, seller.cut_off, seller.operating_weekdays, seller.works_on),
            SERVICES[order.service],
        )
        before = order.deliver_latest
        order.ship_earliest, order.ship_latest = promise.ship_earliest, promise.ship_latest
        order.deliver_earliest, order.deliver_latest = promise.deliver_earliest, promise.deliver_latest
        return {"deliver_latest": {"promised": before.isoformat(), "anew": promise.deliver_latest.isoformat()}}

    def _may_cancel(self, order: Order, until: datetime) -> bool:
        """Whether the clock may cancel units of this order by then."""
        if order.wakes_at is None or order.wakes_at > until:
            return False
        if order.state in lifecycle.TO_SHIP:
            return True
        # A day early, since not all days have 24 hours. It comes before the confirm-by deadline, as policies go.
        return until >= order.placed_at + self.policy(order).verification_limit - timedelta(days=1)


async def _shipping(tx: Transaction, orders: Iterable[Order]) -> dict[str, SellerShipping]:
    """How the sellers of unverified orders ship: the release of these may have to promise anew."""
    unverified = {order.seller_id for order in orders if order.state in lifecycle.UNVERIFIED}
    found = await people.sellers(tx, unverified) if unverified else {}
    return {seller.seller_id: seller.shipping for seller in found.values()}
