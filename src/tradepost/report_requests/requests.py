"""Reports that sellers' software asks for: one waits in a queue until a worker makes it; see making.py.

It stands CANCELLED when there is nothing to tell, as the software expects, and DONE when its document can be fetched.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.jobs import records as jobs
from tradepost.jobs.jobs import CANCELLED, FORGOTTEN_AT_ONCE, KEPT, Wanted
from tradepost.notifications.finished import report_finished
from tradepost.numbers import new_job_numbers
from tradepost.refusals import NOT_TEXT, Reason, Refused
from tradepost.report_requests import records
from tradepost.report_requests.kinds import KINDS, Kind
from tradepost.report_requests.records import REQUESTS
from tradepost.reports.released_lines import home_of

MOST_OPTIONS = 20
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)  # before it there were no marketplaces


class ReportRequest(NamedTuple):
    """A report that was asked for and how far it is. `since` and `until`: what it is to tell, or what it told."""

    seller_id: str
    report_id: str
    number: int  # of all reports, in the order in which they were asked for
    kind: str
    marketplace_ids: list[str]
    options: dict[str, Any]
    since: datetime | None
    until: datetime | None
    schedule_id: str | None
    status: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    document_id: str | None


class NewReport(NamedTuple):
    """A report that is wanted: of what happened from `since` on and before `until`."""

    seller_id: str
    kind: str
    marketplace_ids: Sequence[str]
    options: dict[str, str]
    since: datetime | None = None
    until: datetime | None = None


async def create(tx: Transaction, new: NewReport) -> str:
    """Put a report into the queue; its id. What is to end at a moment still to come has no end: clocks differ."""
    kind = await check(tx, new.seller_id, new.kind, new.marketplace_ids, new.options)
    since, until = new.since, new.until
    if until is not None and until > tx.now:
        until = None
    for name, moment in (("dataStartTime", since), ("dataEndTime", until)):
        if moment is not None and not FIRST_MOMENT <= moment <= tx.now:
            problem = "in the future" if moment > tx.now else f"before {FIRST_MOMENT.year}"
            raise Refused(Reason.INVALID_VALUE, field=name, problem=f"it must not lie {problem}")
    if since is not None and until is not None and since > until:
        raise Refused(Reason.INVALID_VALUE, field="dataEndTime", problem="it must not lie before dataStartTime")
    if kind.usual is not None and since is None:
        since = (until or tx.now) - kind.usual
    (report_id,) = new_job_numbers(1)
    await records.put(tx, new._replace(since=since, until=until), report_id, tx.now)
    return report_id


async def check(
    tx: Transaction, seller_id: str, kind: str, marketplace_ids: Sequence[str], options: dict[str, str]
) -> Kind:
    """The kind of this name; refuses one that there is not, options that cannot be kept, and a seller who may not have
    reports."""
    if kind not in KINDS:
        problem = f"{kind[:64]!r} is none of {', '.join(KINDS)}"
        raise Refused(Reason.INVALID_VALUE, field="reportType", problem=problem)
    if not storable([*options, *options.values(), *marketplace_ids]):
        raise Refused(Reason.INVALID_VALUE, field="body", problem=NOT_TEXT)
    if len(options) > MOST_OPTIONS:
        raise Refused(Reason.INVALID_VALUE, field="reportOptions", problem=f"there may be {MOST_OPTIONS} at most")
    await home_of(tx, seller_id)
    return KINDS[kind]


async def find(tx: Transaction, seller_id: str, report_id: str) -> ReportRequest:
    """A report of this seller; refuses one that there is not."""
    row = await jobs.one(tx, REQUESTS, seller_id, report_id) if storable(report_id) else None
    if row is None:
        raise Refused(Reason.REPORT_NOT_FOUND)
    return ReportRequest(*row)


async def of_document(tx: Transaction, seller_id: str, document_id: str) -> ReportRequest:
    """The report of this seller whose document it is; refuses a document that there is not."""
    row = await records.of_document(tx, seller_id, document_id) if storable(document_id) else None
    if row is None:
        raise Refused(Reason.DOCUMENT_NOT_FOUND)
    return ReportRequest(*row)


async def page(tx: Transaction, seller_id: str, wanted: Wanted, after: int | None, size: int) -> list[ReportRequest]:
    """So many of the seller's reports, the youngest first, from behind the one with the number `after` on."""
    return [ReportRequest(*row) for row in await jobs.page(tx, REQUESTS, seller_id, wanted, after, size)]


async def cancel(tx: Transaction, seller_id: str, report_id: str) -> None:
    """Take a report out of the queue; refuses one that a worker has taken already."""
    found = await find(tx, seller_id, report_id)
    if not await jobs.cancel(tx, REQUESTS, seller_id, report_id, tx.now):
        raise Refused(Reason.REPORT_HAS_BEGUN, status=(await find(tx, seller_id, report_id)).status)
    await report_finished(tx, seller_id, report_id, found.kind, CANCELLED, None)


async def forget(tx: Transaction) -> int:
    """Forget reports that were made or given up long ago, some at a time; how many."""
    return await jobs.forget(tx, REQUESTS, tx.now - KEPT, FORGOTTEN_AT_ONCE)
