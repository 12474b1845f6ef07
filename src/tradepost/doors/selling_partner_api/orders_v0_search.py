"""What getOrders looks for, by its parameters or by the NextToken that stands for those of the call before.

A NextToken changes no filter: it carries all of them, and whatever is said again beside it is passed over, but for the
size of the page.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tradepost.doors.selling_partner_api.asked import Query
from tradepost.doors.selling_partner_api.windows import Names, window
from tradepost.lifecycle import State
from tradepost.refusals import Reason, Refused
from tradepost.reports.orders_in_window import MOST_ORDER_IDS, MOST_ROWS, Filters, Kind, Place, Span, Window

NAMES = Names("CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore")
MOST_EMAIL = 320  # characters
MOST_TOKEN = 4000

STATUSES = (
    "PendingAvailability", "Pending", "Unshipped", "PartiallyShipped", "Shipped", "InvoiceUnconfirmed", "Canceled",
    "Unfulfillable",
)  # fmt: skip
CHANNELS = ("AFN", "MFN")
PAYMENT_METHODS = ("COD", "CVS", "Other")
EASY_SHIP = (
    "PendingSchedule", "PendingPickUp", "PendingDropOff", "LabelCanceled", "PickedUp", "DroppedOff", "AtOriginFC",
    "AtDestinationFC", "Delivered", "RejectedByBuyer", "Undeliverable", "ReturningToSeller", "ReturnedToSeller", "Lost",
    "OutForDelivery", "Damaged",
)  # fmt: skip
INVOICES = ("NotRequired", "NotFound", "Processing", "Errored", "Accepted")

_NOT_WITH_SELLER_ORDER_ID = (
    "FulfillmentChannels", "OrderStatuses", "PaymentMethods", "LastUpdatedAfter", "LastUpdatedBefore", "BuyerEmail",
)  # fmt: skip
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Walk(NamedTuple):
    """A walk through orders, and where it is; `matches` is whether any order here can be what is looked for."""

    window: Window
    filters: Filters
    size: int
    matches: bool = True
    place: Place | None = None


def walk_of(query: Query, now: datetime, settling: timedelta) -> Walk:
    """The walk that a call begins at `now`, the transaction's. Refuses what does not go together."""
    _check_seller_order_id(query)
    order_ids = _order_ids(query)
    statuses = query.choices("OrderStatuses", STATUSES)
    states = [state for state in State if state.status in statuses] if statuses else None
    filters = Filters(
        states,
        order_ids,
        query.text("BuyerEmail", MOST_EMAIL),
        _span(query, "EarliestDeliveryDate"),
        _span(query, "LatestDeliveryDate"),
    )
    size = size_of(query) or MOST_ROWS
    matches = _ours(query) and states != [] and order_ids != []
    return Walk(_window(query, order_ids, now, settling), filters, size, matches)


def size_of(query: Query) -> int | None:
    """How many orders a page may have at most; None when nothing is said of it."""
    return query.number("MaxResultsPerPage", 1, MOST_ROWS)


def _window(query: Query, order_ids: list[str] | None, now: datetime, settling: timedelta) -> Window:
    """Orders that are named by their numbers need no window."""
    if order_ids is not None and not any(query.text(name) for name in NAMES):
        return Window(Kind.CREATED, _EVER)
    return window(query, NAMES, now, settling)


def _order_ids(query: Query) -> list[str] | None:
    """The numbers that an order may have; a seller's own number is the order's, since sellers give none here."""
    named, own = query.texts("AmazonOrderIds", MOST_ORDER_IDS), query.text("SellerOrderId")
    if own is None:
        return named or None
    return [own] if own in named or not named else []


def _check_seller_order_id(query: Query) -> None:
    if query.text("SellerOrderId") is None:
        return
    for name in _NOT_WITH_SELLER_ORDER_ID:
        if query.text(name) is not None:
            problem = f"{name} cannot be given beside it"
            raise Refused(Reason.INVALID_VALUE, field="SellerOrderId", problem=problem)


def _span(query: Query, name: str) -> Span:
    return Span(query.moment(f"{name}After"), query.moment(f"{name}Before"))


def _ours(query: Query) -> bool:
    """Whether an order from here can be meant: shipped by its seller, to an address, paid before it is shipped."""
    channels = query.choices("FulfillmentChannels", CHANNELS)
    methods = query.choices("PaymentMethods", PAYMENT_METHODS)
    invoices = query.choices("ElectronicInvoiceStatuses", INVOICES)
    easy_ship = query.choices("EasyShipShipmentStatuses", EASY_SHIP)
    elsewhere = query.text("ActualFulfillmentSupplySourceId") or query.text("StoreChainStoreId")
    return (
        (not channels or "MFN" in channels)
        and (not methods or "Other" in methods)
        and (not invoices or "NotRequired" in invoices)
        and not (easy_ship or elsewhere or query.truth("IsISPU"))
    )
