"""POST_FLAT_FILE_FULFILLMENT_DATA: the Shipping Confirmation file as a feed (A46)."""

from collections.abc import Sequence
from typing import Any

from tradepost.feeds.flat_report import flat_report
from tradepost.feeds.kind import Content, Done, Line, Reading, Report
from tradepost.ground.database import Transaction
from tradepost.process.shipment import confirmation_file
from tradepost.process.shipment.confirmation_file import Applied
from tradepost.process.shipment.file_records import Unreadable
from tradepost.process.shipment.processing_report import INCOMPLETE_OR_INVALID, Entry


def read(content: Content) -> Reading:
    """Rows of one order and parcel go together; so many of them are a step."""
    try:
        file = confirmation_file.read_file(content.content, content.zone)
    except Unreadable as no:
        return Reading(no.report.records, (), _lines(no.report.entries, content.language), fatal=True)
    return Reading(file.records, list(confirmation_file.batches(file.parcels)), _lines(file.entries, content.language))


async def enter(tx: Transaction, content: Content, digest: str) -> Line | None:
    """A file of which something was applied already changes nothing."""
    no = await confirmation_file.enter(tx, content.seller_id, digest)
    return Line(0, INCOMPLETE_OR_INVALID, "Fatal", no.sentence(content.language)) if no else None


async def apply(tx: Transaction, content: Content, step: Any) -> Done:
    """Confirm the packages of a step."""
    applied: Applied = await confirmation_file.apply_batch(tx, content.seller_id, step)
    return Done(applied.rows, applied.successful, _lines(applied.entries, content.language))


def report(content: Content, records: int, successful: int, lines: Sequence[Line]) -> Report:
    """The report as sellers' tools read it."""
    return flat_report(content.language, records, successful, lines)


def _lines(entries: Sequence[Entry], language: str) -> list[Line]:
    return [
        Line(
            entry.record,
            entry.code,
            entry.error_type,
            entry.message(language),
            str(entry.facts.get("field", "")),
            entry.order_id,
            entry.order_item_id,
        )
        for entry in entries
    ]
