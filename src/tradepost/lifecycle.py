"""The lifecycle of an order: its states, the acts, who may do them, what they change, and who is told.

The journal executes this table and that of deadlines.py beside it, `tradepost lifecycle` and docs/lifecycle.md are
printed from them, and the tests walk every cell of state x act x party. What they do not hold does not happen.
"""

from dataclasses import dataclass
from enum import StrEnum

from tradepost.refusals import Reason


class State(StrEnum):
    """Where an order stands. Three states are all shown as "Pending" (A17): they differ in what they wait for."""

    HELD = "held"
    APPROVED = "approved"
    VERIFYING = "verifying"
    UNSHIPPED = "unshipped"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    CANCELED = "canceled"

    @property
    def status(self) -> str:
        """The status that people and the seller API see."""
        return _STATUSES[self]

    @property
    def meaning(self) -> str:
        """What is true of an order in this state."""
        return _MEANINGS[self]


_MEANINGS = {
    State.HELD: "the buyer may still cancel, and verification is not through",
    State.APPROVED: "verification is through, only the hold has to end",
    State.VERIFYING: "the hold is over, verification is not through",
    State.UNSHIPPED: "the seller must ship or cancel",
    State.PARTIALLY_SHIPPED: "something was shipped, something is left",
    State.SHIPPED: "something was shipped, nothing is left",
    State.CANCELED: "everything was canceled; there is no way back",  # A25
}

PENDING = frozenset({State.HELD, State.APPROVED, State.VERIFYING})
TO_SHIP = (State.UNSHIPPED, State.PARTIALLY_SHIPPED)
UNVERIFIED = (State.HELD, State.VERIFYING)
FINISHED = frozenset({State.SHIPPED, State.CANCELED})

_STATUSES = {
    state: "Pending" if state in PENDING else "".join(word.capitalize() for word in state.split("_")) for state in State
}


class Party(StrEnum):
    """Who does an act."""

    BUYER = "buyer"
    SELLER = "seller"
    CUSTOMER_SERVICE = "customer_service"
    VERIFICATION = "verification"  # the payment world, or the person who reviews for it
    CARRIER = "carrier"
    CLOCK = "clock"


CANCELED_BY = {
    Party.BUYER: "BUYER",
    Party.CUSTOMER_SERVICE: "BUYER",  # on the buyer's word (A15)
    Party.SELLER: "SELLER",
    Party.VERIFICATION: "MARKETPLACE",
    Party.CLOCK: "MARKETPLACE",
}


class Act(StrEnum):
    """What can happen to an order."""

    PLACE = "place"
    CANCEL_BY_BUYER = "cancel_by_buyer"
    APPROVE = "approve"
    DEFER = "defer"
    FAIL_PAYMENT = "fail_payment"
    CHANGE_PAYMENT = "change_payment"
    DECLINE = "decline"
    REPORT_FRAUD = "report_fraud"
    END_HOLD = "end_hold"
    GIVE_UP_VERIFYING = "give_up_verifying"
    RELEASE = "release"
    CONFIRM_SHIPMENT = "confirm_shipment"
    EDIT_PACKAGE = "edit_package"
    CANCEL_BY_SELLER = "cancel_by_seller"
    REQUEST_CANCELLATION = "request_cancellation"
    REMIND = "remind"
    CANCEL_UNCONFIRMED = "cancel_unconfirmed"
    DELIVER = "deliver"


VERDICTS = (Act.APPROVE, Act.DEFER, Act.FAIL_PAYMENT, Act.CHANGE_PAYMENT, Act.DECLINE, Act.REPORT_FRAUD)
"""The acts of verification: each says anew when the gateway is asked next."""


STAFF_ONLY = "note"
"""What of an event's detail is for those who run the marketplace: it is shown to no seller and no buyer."""


class Units(StrEnum):
    """What an act does to the units of an order that are neither shipped nor canceled."""

    SHIP = "ships the units named"
    CANCEL = "cancels the units named"
    CANCEL_REST = "cancels all that is left"


class Stock(StrEnum):
    """What an act does to the stock of the offers."""

    TAKEN = "taken"
    RETURNED = "returned"
    KEPT = "not returned"
    BY_REASON = "returned, but for no_inventory"


class Notice(StrEnum):
    """The notices that acts send."""

    ORDER_CONFIRMATION = "order_confirmation"
    SOLD_SHIP_NOW = "sold_ship_now"
    PAYMENT_FAILED = "payment_failed"
    SHIPMENT_CONFIRMATION = "shipment_confirmation"
    ORDER_CANCELED = "order_canceled"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CONFIRM_SHIPMENT_REMINDER = "confirm_shipment_reminder"


@dataclass(frozen=True, slots=True)
class Row:
    """One act: from each of `sources` to one of `targets` (none: the state stays; several: the units decide)."""

    act: Act
    sources: tuple[State, ...]
    targets: tuple[State, ...]
    by: tuple[Party, ...]
    tells: tuple[tuple[Party, Notice], ...] = ()
    stamps: str | None = None  # the moment on the order that this act sets
    once: Reason | None = None  # the refusal when that moment is set already
    units: Units | None = None
    stock: Stock | None = None
    reason: str | None = None  # the cancellation reason, where the act itself is the reason


_BUYER_OR_SERVICE = (Party.BUYER, Party.CUSTOMER_SERVICE)
_TELL_BUYER = ((Party.BUYER, Notice.ORDER_CANCELED),)
_TELL_BOTH = (*_TELL_BUYER, (Party.SELLER, Notice.ORDER_CANCELED))


def _canceling(
    act: Act,
    sources: tuple[State, ...],
    by: tuple[Party, ...],
    tells: tuple[tuple[Party, Notice], ...],
    stock: Stock,
    reason: str,
) -> Row:
    """An act that cancels all that is left of an order."""
    targets = (State.SHIPPED, State.CANCELED) if sources == TO_SHIP else (State.CANCELED,)
    return Row(act, sources, targets, by, tells, "canceled_at", None, Units.CANCEL_REST, stock, reason)


ACTS = (
    Row(Act.PLACE, (), (State.HELD,), (Party.BUYER,), stamps="placed_at", stock=Stock.TAKEN),
    _canceling(
        Act.CANCEL_BY_BUYER,
        (State.HELD, State.APPROVED),
        _BUYER_OR_SERVICE,
        _TELL_BOTH,
        Stock.RETURNED,
        "buyer_canceled",
    ),
    # Approved after the hold, an order is released at the same moment: the deadline of `approved` is due already.
    Row(Act.APPROVE, UNVERIFIED, (State.APPROVED,), (Party.VERIFICATION,), stamps="approved_at"),
    Row(Act.DEFER, UNVERIFIED, (), (Party.VERIFICATION,)),
    Row(Act.FAIL_PAYMENT, UNVERIFIED, (), (Party.VERIFICATION,), ((Party.BUYER, Notice.PAYMENT_FAILED),)),
    Row(Act.CHANGE_PAYMENT, UNVERIFIED, (), _BUYER_OR_SERVICE),
    # A23: the seller is not told of a cancellation by verification; the record in Manage Orders is all.
    _canceling(Act.DECLINE, UNVERIFIED, (Party.VERIFICATION,), _TELL_BUYER, Stock.RETURNED, "payment_declined"),
    _canceling(Act.REPORT_FRAUD, UNVERIFIED, (Party.VERIFICATION,), _TELL_BUYER, Stock.RETURNED, "fraud"),
    Row(Act.END_HOLD, (State.HELD,), (State.VERIFYING,), (Party.CLOCK,)),
    _canceling(
        Act.GIVE_UP_VERIFYING, (State.VERIFYING,), (Party.CLOCK,), _TELL_BUYER, Stock.RETURNED, "verification_expired"
    ),
    Row(
        Act.RELEASE,
        (State.APPROVED,),
        (State.UNSHIPPED,),
        (Party.CLOCK,),
        ((Party.BUYER, Notice.ORDER_CONFIRMATION), (Party.SELLER, Notice.SOLD_SHIP_NOW)),
        stamps="released_at",
    ),
    Row(
        Act.CONFIRM_SHIPMENT,
        TO_SHIP,
        (State.PARTIALLY_SHIPPED, State.SHIPPED),
        (Party.SELLER,),
        ((Party.BUYER, Notice.SHIPMENT_CONFIRMATION),),
        stamps="shipped_at",
        units=Units.SHIP,
    ),
    Row(Act.EDIT_PACKAGE, (State.PARTIALLY_SHIPPED, State.SHIPPED), (), (Party.SELLER,)),
    Row(
        Act.CANCEL_BY_SELLER,
        TO_SHIP,
        (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED, State.CANCELED),
        (Party.SELLER,),
        _TELL_BUYER,
        stamps="canceled_at",
        units=Units.CANCEL,
        stock=Stock.BY_REASON,
    ),
    Row(
        Act.REQUEST_CANCELLATION,
        TO_SHIP,
        (),
        _BUYER_OR_SERVICE,
        ((Party.SELLER, Notice.CANCELLATION_REQUESTED),),
        stamps="cancellation_requested_at",
        once=Reason.CANCELLATION_ALREADY_REQUESTED,
    ),
    Row(
        Act.REMIND,
        TO_SHIP,
        (),
        (Party.CLOCK,),
        ((Party.SELLER, Notice.CONFIRM_SHIPMENT_REMINDER),),
        stamps="warned_at",
        once=Reason.ALREADY_REMINDED,
    ),
    # The goods may have left the seller: the stock does not come back by itself.
    _canceling(Act.CANCEL_UNCONFIRMED, TO_SHIP, (Party.CLOCK,), _TELL_BOTH, Stock.KEPT, "not_confirmed_in_time"),
    Row(
        Act.DELIVER,
        (State.PARTIALLY_SHIPPED, State.SHIPPED),
        (),
        (Party.CARRIER,),
        stamps="delivered_at",
        once=Reason.ALREADY_DELIVERED,
    ),
)

ROW_OF = {row.act: row for row in ACTS}
CELLS = {(source, row.act): row for row in ACTS for source in row.sources}


def state_by_units(ordered: int, shipped: int, canceled: int) -> State:
    """The state that the units of a released order put it in."""
    if ordered > shipped + canceled:
        return State.PARTIALLY_SHIPPED if shipped else State.UNSHIPPED
    return State.SHIPPED if shipped else State.CANCELED


def refusal(state: State, act: Act) -> Reason:
    """Why `act` is not to be had in `state`: the name of the "no" for every cell that the table leaves empty."""
    if act in VERDICTS:
        return Reason.ALREADY_APPROVED if state is State.APPROVED else _finished(state) or Reason.VERIFICATION_IS_OVER
    if act is Act.CANCEL_BY_BUYER:
        return _finished(state) or Reason.HOLD_IS_OVER
    if act in (Act.DELIVER, Act.EDIT_PACKAGE) and state is not State.CANCELED:
        return Reason.NOTHING_SHIPPED
    return _finished(state) or (Reason.ORDER_IS_PENDING if state in PENDING else Reason.ORDER_IS_RELEASED)


def _finished(state: State) -> Reason | None:
    return {State.SHIPPED: Reason.ORDER_IS_SHIPPED, State.CANCELED: Reason.ORDER_IS_CANCELED}.get(state)
