"""POST_FLAT_FILE_FULFILLMENT_DATA: the Shipping Confirmation file as a feed (A46)."""

from typing import Any

from tradepost.feeds import lines
from tradepost.feeds.kind import Content, Done, Line, Reading, Summary, steps
from tradepost.feeds.text import as_utf8
from tradepost.ground.database import Transaction
from tradepost.process.shipment import confirmation_file
from tradepost.process.shipment.file_records import Unreadable
from tradepost.process.shipment.processing_report import INCOMPLETE_OR_INVALID


def read(content: Content) -> Reading:
    """Rows of one order go together, and so many rows are a step."""
    try:
        file = confirmation_file.read_file(as_utf8(content.content, content.content_type), content.zone)
    except Unreadable as no:
        return Reading(no.report.records, (), lines.of_entries(no.report.entries, content.language), fatal=True)
    parcels = steps(file.parcels, lambda parcel: parcel[0].record.order_id)
    return Reading(file.records, list(parcels), lines.of_entries(file.entries, content.language))


async def enter(tx: Transaction, content: Content) -> Line | None:
    """A file of which something was applied already changes nothing."""
    if content.options.dry_run:
        no = await confirmation_file.refusal_of(tx, content.seller_id, content.digest)
    else:
        no = await confirmation_file.enter(tx, content.seller_id, content.digest)
    return Line(0, INCOMPLETE_OR_INVALID, "Fatal", no.sentence(content.language)) if no else None


async def apply(tx: Transaction, content: Content, step: Any) -> Done:
    """Confirm the packages of a step."""
    applied = await confirmation_file.apply_batch(tx, content.seller_id, step)
    return Done(applied.rows, applied.successful, lines.of_entries(applied.entries, content.language))


async def leave(tx: Transaction, content: Content, outcome: Summary) -> None:
    """Remember what was applied; a file of which nothing was may be brought again."""
    if not content.options.dry_run:
        await confirmation_file.leave(tx, content.seller_id, content.digest, outcome.records, outcome.successful)
