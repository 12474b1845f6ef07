"""POST_ORDER_FULFILLMENT_DATA and POST_ORDER_ACKNOWLEDGEMENT_DATA: confirmations and cancellations as XML (A32, A46).

A message is a record: it goes well when nothing of it was refused.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tradepost.feeds import cancellations, confirmations, envelope, lines
from tradepost.feeds.cancellations import Cancellation, Wanted
from tradepost.feeds.envelope import Element, NoEnvelope
from tradepost.feeds.kind import Content, Done, Line, Reading, steps
from tradepost.ground.database import Transaction
from tradepost.process.shipment.file_records import MOST_IN_CELL, USED, Record
from tradepost.process.shipment.file_rows import Row, parcels
from tradepost.process.shipment.file_rows import understand as understand_row
from tradepost.process.shipment.processing_report import Complaint, Entry

FULFILLMENT, ACKNOWLEDGEMENT = "OrderFulfillment", "OrderAcknowledgement"
SUCCESS, FAILURE = "Success", "Failure"


# Confirmations


def read_fulfillments(content: Content) -> Reading:
    """Items of one order go together, and so many of them are a step."""

    def understand(number: int, message: Element) -> Sequence[Row | Entry]:
        understood = [_understood(record, content.zone) for record in _records(number, message)]
        return [one for one in understood if isinstance(one, Entry)][:1] or understood

    try:
        messages = envelope.read(content.content, content.content_type, FULFILLMENT, understand)
    except NoEnvelope as no:
        return _fatal(no, content)
    entries = [one for message in messages for one in message if isinstance(one, Entry)]
    rows = [one for message in messages for one in message if isinstance(one, Row)]
    together, surplus = parcels(rows)
    if surplus:  # nothing is taken of a message that holds one of them
        refused = {entry.record: entry for entry in surplus}
        together, _ = parcels(row for row in rows if row.record.number not in refused)
        entries += refused.values()
    told = lines.of_entries(entries, content.language)
    return Reading(len(messages), list(steps(together, lambda parcel: parcel[0].record.order_id)), told)


def _records(number: int, message: Element) -> list[Record]:
    """A message as the rows that a Shipping Confirmation file would have."""
    body = next(iter(message.all(FULFILLMENT)), Element(FULFILLMENT))
    data = "FulfillmentData"
    common = (
        body.said("FulfillmentDate"),
        body.said(data, "CarrierCode"),
        body.said(data, "CarrierName"),
        body.said(data, "ShipperTrackingNumber"),
        body.said(data, "ShippingMethod"),
    )
    order_id = body.said("AmazonOrderID")
    items = [(item.said("AmazonOrderItemCode"), item.said("Quantity")) for item in body.all("Item")]
    return [Record(number, order_id, *item, *common) for item in items or [("", "")]]


def _understood(record: Record, zone: str) -> Row | Entry:
    for name, said in zip(USED, record[1:], strict=True):
        if len(str(said)) > MOST_IN_CELL:
            facts: dict[str, object] = {"field": name, "most": MOST_IN_CELL}
            return Entry(record.number, Complaint.TOO_LONG, facts, record.order_id[:50], record.order_item_id[:50])
    return understand_row(record, zone)


async def apply_fulfillments(tx: Transaction, content: Content, step: Any) -> Done:
    """Confirm the packages of a step."""
    done = await confirmations.apply(tx, content, step)
    return _of_messages((row.record.number for parcel in step for row in parcel), done.lines)


# Cancellations


def read_acknowledgements(content: Content) -> Reading:
    """An order that its seller acknowledges stays as it is; one that fails is canceled, or the items named."""

    def understand(number: int, message: Element) -> Sequence[Wanted | Line]:
        understood = _acknowledged(number, message, content.language)
        return [one for one in understood if isinstance(one, Line)][:1] or understood

    try:
        messages = envelope.read(content.content, content.content_type, ACKNOWLEDGEMENT, understand)
    except NoEnvelope as no:
        return _fatal(no, content)
    told = [one for message in messages for one in message if isinstance(one, Line)]
    wanted = [one for message in messages for one in message if isinstance(one, Wanted)]
    return Reading(len(messages), list(steps(wanted, lambda one: one.order_id)), told)


def _acknowledged(number: int, message: Element, language: str) -> list[Wanted | Line]:
    body = next(iter(message.all(ACKNOWLEDGEMENT)), Element(ACKNOWLEDGEMENT))
    order_id, status = body.said("AmazonOrderID")[:50], body.said("StatusCode")
    items = [(item.said("CancelReason"), item.said("AmazonOrderItemCode")[:50]) for item in body.all("Item")]
    if status == SUCCESS:
        noted = cancellations.understand(Cancellation(number, order_id), language)
        return [noted if isinstance(noted, Line) else noted._replace(reason="")]
    if status != FAILURE:
        said = {
            "en": f"{status[:50]!r} is neither Success nor Failure.",
            "zh": f"{status[:50]!r} 不是 Success 或 Failure。",
        }
        sentence = said["zh" if language.startswith("zh") else "en"]
        line = lines.told(number, 18028, "StatusCode", sentence, language)
        return [line._replace(order_id=order_id)]
    return [cancellations.understand(Cancellation(number, order_id, *item), language) for item in items or [("", "")]]


async def apply_acknowledgements(tx: Transaction, content: Content, step: Any) -> Done:
    """Cancel what the messages of a step ask for."""
    wanted: Sequence[Wanted] = step
    told = await cancellations.cancel(tx, content, [one for one in wanted if one.reason])
    return _of_messages((one.number for one in wanted), told)


def _fatal(no: NoEnvelope, content: Content) -> Reading:
    return Reading(0, (), [no.trouble.line(content.language, **no.facts)], fatal=True)


def _of_messages(numbers: Iterable[int], told: Sequence[Line]) -> Done:
    """A message went well when no error is told of it."""
    messages = set(numbers)
    return Done(len(messages), len(messages - {line.record for line in told if line.type == "Error"}), told)
