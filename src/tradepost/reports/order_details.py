"""One order in full: where it stands and why, what has happened to it, and what will happen by itself (A55).

What is shown is what the clock says, whether or not a worker has come by. The delivery address is not part of it:
`ship_to` alone reads it, and for released orders only (A37, A40).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tradepost import address
from tradepost.address import Address
from tradepost.deadlines import next_deadline
from tradepost.ground.database import Transaction
from tradepost.lifecycle import STAFF_ONLY, TO_SHIP, Act, State
from tradepost.notices.records import QueuedNotice
from tradepost.numbers import OrderKey
from tradepost.orders import records as orders
from tradepost.orders.journal import Journal
from tradepost.orders.order import Order
from tradepost.people import policies
from tradepost.policy import Policy
from tradepost.reports.whose_order import whose_order

WITH_ADDRESS = (*sorted(TO_SHIP), State.SHIPPED)
"""The states in which the seller may see where an order goes: it is released, and something of it is the buyer's."""


class Event(NamedTuple):
    """One thing that happened. `recorded_at` is None for what the clock has done and no sweep has written down yet."""

    number: int
    act: str
    state: str  # after the act
    party: str
    actor: str
    happened_at: datetime
    detail: Mapping[str, Any] | None
    recorded_at: datetime | None


class Cancellation(NamedTuple):
    """Units of a line that an event canceled, and whether they went back into stock."""

    event: int
    line_no: int
    quantity: int
    canceled_by: str
    reason: str
    returned: bool


class Package(NamedTuple):
    """What one parcel is, and the units in it by line number."""

    reference: int
    carrier_code: str
    carrier_name: str | None
    ship_method: str | None
    tracking: str | None
    shipped_on: datetime | None
    confirmed_at: datetime
    edited_at: datetime | None
    units: dict[int, int]


class Told(NamedTuple):
    """A notice and by which event it was caused; `status` is None as long as that event is not written down."""

    event: int
    receiver: str
    kind: str
    happened_at: datetime
    status: str | None
    attempts: int


class Payment(NamedTuple):
    """How the payment stands. With what the order is paid is nobody's business here."""

    gateway: str
    attempts: int
    reference: str | None  # the gateway's own, once it approved
    asked_next: datetime | None


class Next(NamedTuple):
    """What the clock will do if nobody acts before."""

    at: datetime
    act: Act
    sentence: str


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order with its lines as it stands at `at`; histories are sorted as they happened."""

    at: datetime
    order: Order
    policy: Policy
    events: tuple[Event, ...]
    cancellations: tuple[Cancellation, ...]
    packages: tuple[Package, ...]
    notices: tuple[Told, ...]
    payment: Payment | None
    next: Next | None

    @property
    def zone(self) -> str:
        """The marketplace's time zone, in which days are counted."""
        return self.policy.zone


async def order_details(
    tx: Transaction, order_id: str, at: datetime, *, seller_id: str | None = None
) -> OrderDetails | None:
    """The order as it stands at `at`, which is now or later; None when there is none, or when it is another seller's.

    Nothing is locked and nothing is changed. Without `seller_id` the order of any seller is found: for operators, who
    alone see the notes in its history.
    """
    owner = seller_id or (await whose_order(tx, order_id)).key.seller_id
    recorded = await _read(tx, OrderKey(owner, order_id)) if owner else None
    if recorded is None:
        return None
    order = recorded.order
    unwritten = await Journal.foresee(tx, [order], at)
    version = (order.marketplace_id, order.policy_version)
    of_policy = (await policies.of(tx, [version]))[version]
    return OrderDetails(
        at,
        order,
        of_policy,
        (
            *(recorded.events if seller_id is None else map(_for_outsiders, recorded.events)),
            *(Event._make((*event[2:], None)) for event in unwritten.events),
        ),
        (*recorded.cancellations, *(Cancellation(*row[2:]) for row in unwritten.cancellations)),
        tuple(recorded.packages),
        (*recorded.notices, *map(_to_be_told, unwritten.notices)),
        Payment._make((*recorded.payment, order.verify_at)) if recorded.payment else None,
        next_of(order, of_policy),
    )


async def ship_to(tx: Transaction, key: OrderKey) -> Address | None:
    """Where a released order goes; None for every other one, as for one that does not exist."""
    row = await tx.row(
        "SELECT ship_to FROM orders WHERE seller_id = $1 AND order_id = $2 AND state = ANY($3)", *key, WITH_ADDRESS
    )
    return address.from_document(row["ship_to"]) if row else None


def next_of(order: Order, policy: Policy) -> Next | None:
    """What the clock will do to an order if nobody acts before."""
    deadline = next_deadline(order.state, order, policy)
    if deadline is None:
        return None
    moment, act = deadline
    last_day = policy.last_day_to_confirm(order.placed_at)
    return Next(moment, act, WHAT_HAPPENS[act].format(last_day=f"{last_day:%B} {last_day.day}, {last_day.year}"))


WHAT_HAPPENS = {
    Act.END_HOLD: "The hold ends: the buyer can no longer cancel, and the verification goes on.",
    Act.RELEASE: "The order is released: it becomes Unshipped, the buyer gets the order confirmation "
    "and the seller the notice to ship.",
    Act.GIVE_UP_VERIFYING: "If the order is not verified by then, it is canceled, its stock comes back, "
    "and the buyer is told.",
    Act.REMIND: "If something is still unshipped, the seller is reminded: confirm as shipped by {last_day} "
    "to avoid cancellation.",
    Act.CANCEL_UNCONFIRMED: "What is not confirmed as shipped by the end of {last_day} is canceled; its stock does not "
    "come back, the seller is not paid for it, and both are told.",
}
"""What each act of the clock means for those who wait for it."""


class _Recorded(NamedTuple):
    """What the database holds of one order, all of it as of the same moment."""

    order: Order
    events: list[Event]
    cancellations: list[Cancellation]
    packages: list[Package]
    notices: list[Told]
    payment: Any


async def _read(tx: Transaction, key: OrderKey) -> _Recorded | None:
    """Read it again when somebody acted on the order in between: these statements lock nothing."""
    order = await orders.read(tx, *key)
    while order is not None:
        await orders.load_lines(tx, [order])
        recorded = _Recorded(
            order,
            await _events(tx, key),
            await _cancellations(tx, key),
            await _packages(tx, key),
            await _notices(tx, key),
            await _payment(tx, key),
        )
        order = await orders.read(tx, *key)
        if order and order.last_event == recorded.order.last_event:
            return recorded
    return None


async def _events(tx: Transaction, key: OrderKey) -> list[Event]:
    rows = await tx.fetch(
        """
        SELECT number, act, state, party, actor, happened_at, detail, recorded_at
          FROM order_events WHERE seller_id = $1 AND order_id = $2 ORDER BY number
        """,
        *key,
    )
    return [Event(*row) for row in rows]


async def _cancellations(tx: Transaction, key: OrderKey) -> list[Cancellation]:
    rows = await tx.fetch(
        """
        SELECT event, line_no, quantity, canceled_by, reason, returned
          FROM cancellations WHERE seller_id = $1 AND order_id = $2 ORDER BY event, line_no
        """,
        *key,
    )
    return [Cancellation(*row) for row in rows]


async def _packages(tx: Transaction, key: OrderKey) -> list[Package]:
    rows = await tx.fetch(
        """
        SELECT p.reference, p.carrier_code, p.carrier_name, p.ship_method, p.tracking, p.shipped_on, p.confirmed_at,
               p.edited_at, array_agg(i.line_no ORDER BY i.line_no) AS lines,
               array_agg(i.quantity ORDER BY i.line_no) AS quantities
          FROM packages p JOIN package_items i USING (seller_id, order_id, reference)
         WHERE p.seller_id = $1 AND p.order_id = $2
         GROUP BY p.seller_id, p.order_id, p.reference
         ORDER BY p.confirmed_at, p.reference
        """,
        *key,
    )
    return [Package._make((*row[:8], dict(zip(row["lines"], row["quantities"], strict=True)))) for row in rows]


async def _notices(tx: Transaction, key: OrderKey) -> list[Told]:
    rows = await tx.fetch(
        """
        SELECT event, receiver, kind, happened_at, status, attempts
          FROM notices WHERE seller_id = $1 AND order_id = $2 ORDER BY event, receiver, kind
        """,
        *key,
    )
    return [Told(*row) for row in rows]


def _for_outsiders(event: Event) -> Event:
    if event.detail is None or STAFF_ONLY not in event.detail:
        return event
    return event._replace(detail={name: fact for name, fact in event.detail.items() if name != STAFF_ONLY} or None)


def _to_be_told(notice: QueuedNotice) -> Told:
    return Told(notice.event, notice.receiver, notice.kind, notice.happened_at, status=None, attempts=0)


async def _payment(tx: Transaction, key: OrderKey) -> Any:
    return await tx.row(
        "SELECT gateway, attempts, reference FROM payments WHERE seller_id = $1 AND order_id = $2", *key
    )
