"""POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA: cancellations of whole orders and of items, as a feed (A32).

A row with an item cancels what is left of it, for the reason that it gives; a row without one all that is left.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from tradepost.feeds import lines
from tradepost.feeds.kind import Content, Done, Line, Reading, steps
from tradepost.feeds.text import as_utf8
from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey, is_order_number
from tradepost.process.cancellation.cancellations import SellerCancellation, cancel_by_sellers
from tradepost.process.shipment import file_records
from tradepost.process.shipment.file_records import Form, Unreadable
from tradepost.process.shipment.processing_report import Complaint, Entry
from tradepost.reasons import Reason
from tradepost.refusals import Refusal

ORDER, REASON, ITEM = "order-id", "cancellation-reason-code", "amazon-order-item-code"
OTHERWISE = "general_adjustment"
REASONS = {
    "noinventory": "no_inventory",
    "buyercanceled": "buyer_canceled",
    "buyercancelled": "buyer_canceled",
    "shippingaddressundeliverable": "shipping_address_undeliverable",
    "customerexchange": "customer_exchange",
    "pricingerror": "pricing_error",
    "generaladjustment": OTHERWISE,
    # what Amazon's lists have besides, and the process does not tell apart
    "customerreturn": OTHERWISE,
    "merchandisenotreceived": OTHERWISE,
    "carriercreditdecision": OTHERWISE,
    "riskassessmentinformationnotvalid": OTHERWISE,
    "carriercoveragefailure": OTHERWISE,
}
KNOWN = "NoInventory, BuyerCanceled, ShippingAddressUndeliverable, CustomerExchange, PricingError, GeneralAdjustment"


class Cancellation(NamedTuple):
    """A row as it stands in the file."""

    number: int
    order_id: str = ""
    reason: str = ""
    order_item_id: str = ""


class Wanted(NamedTuple):
    """A cancellation that can be understood; no item: all that is left of the order. A `reason` of the process."""

    number: int
    order_id: str
    reason: str
    item: str | None

    def act(self, tx: Transaction, seller_id: str) -> SellerCancellation:
        """The act that it asks for."""
        items = [(self.item, None)] if self.item else None
        return SellerCancellation(OrderKey(seller_id, self.order_id), tx.now, self.reason, items)


FORM = Form(ORDER, (ORDER,), (ORDER, REASON, ITEM), frozenset({"merchant-order-id"}), Cancellation)


def read(content: Content) -> Reading:
    """Rows of one order go together, and so many rows are a step."""
    try:
        file = file_records.read(as_utf8(content.content, content.content_type), FORM)
    except Unreadable as no:
        return Reading(no.report.records, (), lines.of_entries(no.report.entries, content.language), fatal=True)
    understood = [understand(one, content.language) for one in file.readable]
    told = [*lines.of_entries(file.entries, content.language), *(one for one in understood if isinstance(one, Line))]
    wanted = [one for one in understood if isinstance(one, Wanted)]
    return Reading(file.count, list(steps(wanted, lambda one: one.order_id)), told)


def understand(row: Cancellation, language: str) -> Wanted | Line:
    """What a row asks for, or why that is not clear."""
    if not is_order_number(row.order_id):
        complaint = Complaint.INVALID_ORDER_ID if row.order_id else Complaint.FIELD_EMPTY
        return _wrong(row, complaint, ORDER, language)
    if row.order_item_id and not row.reason:
        return _wrong(row, Complaint.FIELD_EMPTY, REASON, language)
    reason = REASONS.get("".join(filter(str.isalpha, row.reason)).lower()) if row.reason else OTHERWISE
    if reason is None:
        refusal = Refusal(Reason.UNKNOWN_CANCEL_REASON, {"given": row.reason[:50], "known": KNOWN})
        return _refused(row.number, refusal, row.order_id, row.order_item_id, language)
    return Wanted(row.number, row.order_id, reason, row.order_item_id or None)


async def apply(tx: Transaction, content: Content, step: Any) -> Done:
    """Cancel what the rows of a step ask for."""
    wanted: Sequence[Wanted] = step
    told = await cancel(tx, content, wanted)
    return Done(len(wanted), len(wanted) - len(told), told)


async def cancel(tx: Transaction, content: Content, wanted: Sequence[Wanted]) -> list[Line]:
    """Cancel; what is to be said of those that were refused."""
    outcomes = await cancel_by_sellers(tx, [one.act(tx, content.seller_id) for one in wanted])
    return [
        _refused(one.number, no, one.order_id, one.item or "", content.language)
        for one, no in zip(wanted, outcomes, strict=True)
        if no is not None
    ]


_FIELDS: dict[Reason, str] = defaultdict(
    lambda: ORDER,
    {Reason.UNKNOWN_CANCEL_REASON: REASON, Reason.LINE_NOT_FOUND: ITEM, Reason.NOTHING_LEFT: ITEM},
)


def _refused(number: int, refusal: Refusal, order_id: str, item_id: str, language: str) -> Line:
    return lines.of_refusal(number, refusal, language, _FIELDS, order_id=order_id, item_id=item_id)


def _wrong(row: Cancellation, complaint: Complaint, about: str, language: str) -> Line:
    entry = Entry(row.number, complaint, {"field": about}, row.order_id, row.order_item_id)
    return lines.of_entries([entry], language)[0]
