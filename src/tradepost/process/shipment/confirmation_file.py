"""The Shipping Confirmation file: many shipments confirmed at once, by sellers with a Professional account (A46, A47).

Good rows are taken and bad ones explained, in one transaction that also remembers the file: the same one twice changes
nothing. A row for units that one package holds already corrects that package.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from tradepost.ground.database import Database, Transaction
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.process.shipment import file_records, records
from tradepost.process.shipment.confirmations import Confirmed, confirm_parcels
from tradepost.process.shipment.file_records import Unreadable
from tradepost.process.shipment.file_rows import Row, parcels, understand
from tradepost.process.shipment.processing_report import Complaint, Entry, ProcessingReport
from tradepost.refusals import Reason, Refusal, Refused

ROWS_AT_ONCE = 2000

Progress = Callable[[int, int], object]
"""Told how many of how many records are through; from the start again when the database asks for a retry."""


async def apply_file(
    database: Database, seller_id: str, content: bytes, *, progress: Progress | None = None
) -> ProcessingReport | Refusal:
    """Apply a file at this moment. All that it changes is changed in one transaction, by good rows alone.

    Refuses sellers who are unknown or whose plan has no files, before the content is looked at, and a file of which
    something was applied already. A file of which nothing could be taken may be brought again.
    """
    try:
        zone = await database.run(lambda tx: _zone_of_professional(tx, seller_id))
        file = await asyncio.to_thread(read_file, content, zone)
        return await database.run(lambda tx: _apply(tx, seller_id, file, progress or _unheard))
    except Refused as no:
        return no.refusal
    except Unreadable as no:
        return no.report


async def apply_small_file(tx: Transaction, seller_id: str, content: bytes) -> ProcessingReport:
    """The same within a transaction that does more, which waits while the file is read. Raises Refused."""
    zone = await _zone_of_professional(tx, seller_id)
    try:
        file = await asyncio.to_thread(read_file, content, zone)
    except Unreadable as no:
        return no.report
    return await _apply(tx, seller_id, file, _unheard)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: what it asks for, and what is wrong with the rest."""

    digest: str
    records: int
    parcels: list[list[Row]]
    entries: list[Entry]


async def _zone_of_professional(tx: Transaction, seller_id: str) -> str:
    seller = (await people.sellers(tx, [seller_id])).get(seller_id)
    if seller is None:
        raise Refused(Reason.SELLER_NOT_FOUND, seller=seller_id)
    if not seller.professional:
        raise Refused(Reason.PROFESSIONAL_PLAN_NEEDED)
    in_force = {market.marketplace_id: market.policy_version for market in await people.marketplaces(tx)}
    version = (seller.marketplace_id, in_force[seller.marketplace_id])
    return (await policies.of(tx, [version]))[version].zone


def read_file(content: bytes, zone: str) -> File:
    """What a file says; a date without a zone is one of `zone`. Raises Unreadable."""
    found = file_records.read(content)
    understood = [understand(record, zone) for record in found.readable]
    together, surplus = parcels(row for row in understood if isinstance(row, Row))
    entries = [*found.entries, *(row for row in understood if isinstance(row, Entry)), *surplus]
    return File(sha256(content).hexdigest(), found.count, together, entries)


async def _apply(tx: Transaction, seller_id: str, file: File, progress: Progress) -> ProcessingReport:
    if no := await enter(tx, seller_id, file.digest):
        raise Refused(no.reason, **no.facts)
    entries = list(file.entries)
    successful, done = 0, len({entry.record for entry in entries if entry.record})
    for batch in batches(file.parcels):
        applied = await apply_batch(tx, seller_id, batch)
        entries += applied.entries
        successful += applied.successful
        done += applied.rows
        progress(done, file.records)
    await leave(tx, seller_id, file.digest, file.records, successful)
    return ProcessingReport(file.records, successful, sorted(entries, key=lambda entry: entry.record))


async def enter(tx: Transaction, seller_id: str, digest: str) -> Refusal | None:
    """Remember that a file is being applied; refuses one that was, or is."""
    if await records.enter_file(tx, seller_id, digest, tx.now):
        return None
    return await refusal_of(tx, seller_id, digest) or await enter(tx, seller_id, digest)


async def refusal_of(tx: Transaction, seller_id: str, digest: str) -> Refusal | None:
    """Why a file may not be applied, if it was or is."""
    applied = await records.file_applied_at(tx, seller_id, digest)
    return Refusal(Reason.FILE_ALREADY_APPLIED, {"applied": f"{applied:%Y-%m-%d %H:%M} UTC"}) if applied else None


async def leave(tx: Transaction, seller_id: str, digest: str, count: int, successful: int) -> None:
    """Remember what became of a file that was entered; one of which nothing was applied may be brought again."""
    if successful:
        await records.finish_file(tx, seller_id, digest, count, successful)
    else:
        await records.forget_file(tx, seller_id, digest)


class Applied(NamedTuple):
    """What became of a batch of rows."""

    rows: int
    successful: int
    entries: list[Entry]


async def apply_batch(tx: Transaction, seller_id: str, batch: Sequence[Sequence[Row]]) -> Applied:
    """Confirm the packages of some parcels at the transaction's moment: good rows are taken, bad ones explained."""
    outcomes = await confirm_parcels(tx, [[row.confirmation(seller_id, tx.now) for row in rows] for rows in batch])
    of_rows = list(chain.from_iterable(outcomes))
    entries = [entry for one in zip(chain.from_iterable(batch), of_rows, strict=True) if (entry := _entry(*one))]
    return Applied(len(of_rows), sum(isinstance(outcome, Confirmed) for outcome in of_rows), entries)


def batches(together: list[list[Row]]) -> Iterator[list[list[Row]]]:
    """Parcels by about so many rows."""
    batch: list[list[Row]] = []
    rows = 0
    for parcel in together:
        batch.append(parcel)
        rows += len(parcel)
        if rows >= ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _entry(row: Row, outcome: Confirmed | Refusal) -> Entry | None:
    """What the report says of a row; nothing where all is well."""
    record = row.record
    if isinstance(outcome, Refusal):
        return Entry(record.number, outcome, {}, record.order_id, record.order_item_id)
    if outcome.tracking_looks_wrong and row.parcel.tracking:
        facts: dict[str, object] = {"field": "tracking-number"}
        return Entry(record.number, Complaint.TRACKING_LOOKS_WRONG, facts, record.order_id, record.order_item_id)
    return None


def _unheard(done: int, of: int) -> None:
    """Nobody wants to know how far it is."""
