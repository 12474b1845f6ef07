"""Making a report: a worker takes one that waits, writes its document, and says where it is.

The document lies where documents lie before the report is DONE. Whoever dies in between leaves the report to the next
worker, who makes it anew.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from tradepost.documents import documents
from tradepost.documents import records as document_records
from tradepost.documents.documents import REPORT, Document
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction, database_is_away
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.jobs import records as jobs
from tradepost.jobs.jobs import CANCELLED, DONE, FATAL, Overtaken, Turn, insist
from tradepost.notifications.finished import report_finished
from tradepost.refusals import Refused
from tradepost.report_requests import records
from tradepost.report_requests.kinds import KINDS
from tradepost.report_requests.records import REQUESTS
from tradepost.report_requests.requests import ReportRequest
from tradepost.report_requests.schedules import Schedule
from tradepost.reports.settled import settled_orders
from tradepost.timekeeping import catch_up

LEASE = timedelta(minutes=1)  # of a worker on a report; it is renewed
RENEW_SECONDS = 20.0
TRY_AGAIN = timedelta(seconds=5)  # after a failure; twice as long after each further one
MOST_ATTEMPTS = 5
MOST_IN_MEMORY = 1 << 20  # bytes of a report; a longer one lies on the disk until it is where documents lie
PIECE = 1 << 20


class Taken(NamedTuple):
    """A report that this worker has."""

    request: ReportRequest
    turn: Turn

    @property
    def facts(self) -> dict[str, object]:
        """What a log says of it."""
        return {"seller_id": self.turn.seller_id, "report_id": self.turn.job_id, "attempt": self.turn.attempts}


class Told(NamedTuple):
    """What a report tells: so much, of what happened from `since` on and before `until`."""

    much: int
    since: datetime | None
    until: datetime | None


async def take(database: Database) -> Taken | None:
    """The report that has waited longest; None: none waits."""

    async def work(tx: Transaction) -> Taken | None:
        now = machine_now()
        if (row := await jobs.take(tx, REQUESTS, tx.now, now, now + LEASE)) is None:
            return None
        request = ReportRequest(*row[:-2])
        return Taken(request, Turn(request.seller_id, request.report_id, *row[-2:]))

    return await database.run(work)


async def go_on(database: Database, storage: Storage, taken: Taken, stop: asyncio.Event) -> None:
    """Make a report. What fails is handed back, and raised; what is broken off is handed back, too."""
    del stop  # it goes on until it is broken off: a report is not made in steps
    try:
        async with _kept(database, taken.turn):
            await _make(database, storage, taken)
    except Overtaken:
        return
    except asyncio.CancelledError:
        await _hand_back(database, taken.turn, machine_now(), blameless=True)
        raise
    except Exception as error:
        again = machine_now() + TRY_AGAIN * 2 ** min(taken.turn.attempts - 1, 8)
        blameless = isinstance(error, StorageUnavailable) or database_is_away(error)
        await _hand_back(database, taken.turn, again, blameless=blameless)
        raise


async def _make(database: Database, storage: Storage, taken: Taken) -> None:
    request, turn = taken
    if turn.attempts > MOST_ATTEMPTS:
        await _end(database, taken, FATAL, Told(0, request.since, request.until), None)
        return
    await catch_up(database, request.seller_id)
    kind = KINDS[request.kind]
    document = documents.new(request.seller_id, kind.content_type, REPORT)
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
        file.seek(0)
        await storage.write(document.document_id, _pieces(file))
    await _end(database, taken, DONE, told, document)


async def _window(tx: Transaction, request: ReportRequest) -> tuple[datetime | None, datetime | None]:
    """What the report is to tell. A scheduled one tells on from the last one, up to where nothing more can come."""
    if request.schedule_id is None or KINDS[request.kind].usual is None:
        return request.since, request.until
    row = await records.one_schedule(tx, request.seller_id, request.schedule_id)
    if row is None:  # it was ended since
        return request.created_at, tx.now
    schedule = Schedule(*row)
    return schedule.told_until, max(schedule.told_until, await settled_orders(tx, request.seller_id))


async def _end(database: Database, taken: Taken, status: str, told: Told, document: Document | None) -> None:
    request, turn = taken

    async def end(tx: Transaction) -> None:
        if document:
            await document_records.put(tx, document)
        document_id = document.document_id if document else None
        await records.tell(tx, turn, told.since, told.until, document_id)
        if request.schedule_id and told.until and status != FATAL:
            await records.told(tx, request.seller_id, request.schedule_id, told.until)
        insist(await jobs.end(tx, REQUESTS, turn, status, tx.now))
        await report_finished(tx, turn.seller_id, turn.job_id, request.kind, status, document_id)

    await database.run(end)


@asynccontextmanager
async def _kept(database: Database, turn: Turn) -> AsyncIterator[None]:
    """Keep a report for as long as it takes."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(Exception):  # it has until the lease ends to succeed
                await database.run(lambda tx: jobs.keep(tx, REQUESTS, turn, machine_now() + LEASE))

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _hand_back(database: Database, turn: Turn, until: datetime, *, blameless: bool) -> None:
    await database.run(lambda tx: jobs.hand_back(tx, REQUESTS, turn, until, blameless))


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece
