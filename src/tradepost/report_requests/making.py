"""Making a report: a worker takes one that waits, writes its document, and says where it is.

The document lies where documents lie before the report is DONE. Whoever dies in between leaves the report to the next
worker, who makes it anew; what was written of it is told to nobody, and deleted when its time is over.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from tradepost.documents import documents
from tradepost.documents.documents import REPORT
from tradepost.ground.database import Database, Transaction
from tradepost.ground.storage import Storage
from tradepost.jobs import records as jobs
from tradepost.jobs import turns
from tradepost.jobs.jobs import CANCELLED, DONE, FATAL, insist
from tradepost.jobs.turns import MOST_ATTEMPTS, Taken, kept
from tradepost.notifications.finished import report_finished
from tradepost.refusals import Refused
from tradepost.report_requests import records
from tradepost.report_requests.kinds import KINDS
from tradepost.report_requests.records import REQUESTS
from tradepost.report_requests.requests import ReportRequest
from tradepost.report_requests.schedules import Schedule
from tradepost.reports.settled import settled_orders
from tradepost.timekeeping import catch_up

MOST_IN_MEMORY = 1 << 20  # bytes of a report; a longer one lies on the disk until it is where documents lie
PIECE = 1 << 20


class Told(NamedTuple):
    """What a report tells: so much, of what happened from `since` on and before `until`."""

    much: int
    since: datetime | None
    until: datetime | None


async def take(database: Database) -> Taken[ReportRequest] | None:
    """The report that has waited longest; None: none waits."""
    return await turns.take(database, REQUESTS, ReportRequest)


async def go_on(database: Database, storage: Storage, taken: Taken[ReportRequest], stop: asyncio.Event) -> None:
    """Make a report. What fails is handed back, and raised; what is broken off is handed back, too."""
    del stop  # it goes on until it is broken off: a report is not made in steps
    async with kept(database, REQUESTS, taken.turn):
        await _make(database, storage, taken)


async def _make(database: Database, storage: Storage, taken: Taken[ReportRequest]) -> None:
    request, turn = taken
    if turn.attempts > MOST_ATTEMPTS:
        await _end(database, taken, FATAL, Told(0, request.since, request.until), None)
        return
    await catch_up(database, request.seller_id)
    kind = KINDS[request.kind]
    with SpooledTemporaryFile(MOST_IN_MEMORY) as file:

        async def write(piece: bytes) -> None:
            file.write(piece)

        async with database.transaction() as tx:
            since, until = await _window(tx, request)
            try:
                told = Told(await kind.make(tx, request.seller_id, since, until, write), since, until)
            except Refused:  # the seller may not have it any more
                told = None
        if told is None or not told.much:
            await _end(database, taken, CANCELLED if told else FATAL, told or Told(0, since, until), None)
            return
        document = await database.run(
            lambda tx: documents.make(tx, request.seller_id, kind.content_type, REPORT, kind.kept)
        )
        file.seek(0)
        await storage.write(document.document_id, _pieces(file))
    await _end(database, taken, DONE, told, document.document_id)


async def _window(tx: Transaction, request: ReportRequest) -> tuple[datetime | None, datetime | None]:
    """What the report is to tell. A scheduled one tells on from the last one, up to where nothing more can come."""
    seller_id, kind = request.seller_id, request.kind
    if request.schedule_id is None or KINDS[kind].usual is None:
        return request.since, request.until
    settled = await settled_orders(tx, seller_id)
    schedule = Schedule(*row) if (row := await records.schedule_of(tx, seller_id, kind)) else None
    if schedule and (schedule.schedule_id == request.schedule_id or schedule.told_until <= request.created_at):
        return schedule.told_until, max(schedule.told_until, settled)
    # It was ended since, and perhaps begun anew: what came after this report was asked for is not for it to tell.
    begin = max(filter(None, (request.since, await records.last_told(tx, seller_id, kind))))
    return begin, max(begin, min(request.created_at, settled))


async def _end(
    database: Database, taken: Taken[ReportRequest], status: str, told: Told, document_id: str | None
) -> None:
    request, turn = taken

    async def end(tx: Transaction) -> None:
        await records.tell(tx, turn, told.since, told.until, document_id)
        if request.schedule_id and told.until and status != FATAL:
            await records.told(tx, request.seller_id, request.kind, told.until)
        insist(await jobs.end(tx, REQUESTS, turn, status, tx.now))
        await report_finished(tx, turn.seller_id, turn.job_id, request.kind, status, document_id)

    await database.run(end)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece
