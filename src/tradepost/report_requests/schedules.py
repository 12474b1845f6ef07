"""Reports that are made again and again. Of what has a time each tells what is new since the last one (N20).

A seller has one schedule of a kind at most: another one takes its place, and tells on from where that one was.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tradepost.ground.database import Database, Transaction, storable
from tradepost.numbers import new_job_numbers
from tradepost.refusals import Reason, Refused
from tradepost.report_requests import records
from tradepost.report_requests.kinds import KINDS
from tradepost.report_requests.requests import check
from tradepost.timekeeping import LAST_MOMENT

A_MONTH = "P1M"
PERIODS = {
    **{f"PT{minutes}M": timedelta(minutes=minutes) for minutes in (5, 15, 30)},
    **{f"PT{hours}H": timedelta(hours=hours) for hours in (1, 2, 4, 8, 12, 84)},
    **{f"P{days}D": timedelta(days=days) for days in (1, 2, 3, 7, 14, 15, 18, 30)},
}
AT_ONCE = 500  # schedules that become due in one transaction
NEWS = [name for name, kind in KINDS.items() if kind.usual]  # of which each report tells on from the last one


class Schedule(NamedTuple):
    """A schedule: its periods count from `first_at`; the next report is due at `next_at`, and tells on from
    `told_until`."""

    seller_id: str
    schedule_id: str
    kind: str
    marketplace_ids: list[str]
    options: dict[str, Any]
    period: str
    first_at: datetime
    next_at: datetime
    told_until: datetime


async def create(
    tx: Transaction,
    seller_id: str,
    kind: str,
    marketplace_ids: list[str],
    options: dict[str, str],
    period: str,
    first: datetime | None = None,
) -> str:
    """Make a schedule; its id. The first report is due at `first`, or whole periods after it where it is over already;
    where nobody says, when a period has gone by."""
    await check(tx, seller_id, kind, marketplace_ids, options)
    if period not in PERIODS and period != A_MONTH:
        problem = f"{period[:16]!r} is none of {', '.join([*PERIODS, A_MONTH])}"
        raise Refused(Reason.INVALID_VALUE, field="period", problem=problem)
    if first and first > LAST_MOMENT:
        problem = f"the clock goes on until {LAST_MOMENT:%Y-%m-%d}"
        raise Refused(Reason.INVALID_VALUE, field="nextReportCreationTime", problem=problem)
    (schedule_id,) = new_job_numbers(1)
    begin = first or tx.now
    due = begin if begin > tx.now else following(begin, period, tx.now)
    made = Schedule(seller_id, schedule_id, kind, marketplace_ids, dict(options), period, begin, due, tx.now)
    await records.put_schedule(tx, made)
    return schedule_id


async def find(tx: Transaction, seller_id: str, schedule_id: str) -> Schedule:
    """A schedule of this seller; refuses one that there is not."""
    row = await records.one_schedule(tx, seller_id, schedule_id) if storable(schedule_id) else None
    if row is None:
        raise Refused(Reason.REPORT_SCHEDULE_NOT_FOUND)
    return Schedule(*row)


async def of_kinds(tx: Transaction, seller_id: str, kinds: Sequence[str]) -> list[Schedule]:
    """The seller's schedules of these kinds."""
    return [Schedule(*row) for row in await records.schedules(tx, seller_id, kinds)]


async def cancel(tx: Transaction, seller_id: str, schedule_id: str) -> None:
    """End a schedule; refuses one that there is not."""
    if not storable(schedule_id) or not await records.delete_schedule(tx, seller_id, schedule_id):
        raise Refused(Reason.REPORT_SCHEDULE_NOT_FOUND)


async def start_due(database: Database) -> int:
    """Ask for the reports that are due by now; how many. Where the clock has leapt over several, one tells it all."""

    async def work(tx: Transaction) -> int:
        due = [Schedule(*row) for row in await records.due_schedules(tx, tx.now, AT_ONCE)]
        if due:
            keys = [(schedule.seller_id, schedule.schedule_id) for schedule in due]
            await records.put_scheduled(tx, new_job_numbers(len(due)), keys, tx.now, NEWS)
            await records.put_off(
                tx, [(*key, following(one.first_at, one.period, tx.now)) for key, one in zip(keys, due, strict=True)]
            )
        return len(due)

    return await database.run(work)


def following(at: datetime, period: str, now: datetime) -> datetime:
    """The first moment after `now` that lies whole periods after `at`."""
    if period != A_MONTH:
        length = PERIODS[period]
        return at + length * ((now - at) // length + 1)
    months = (now.year - at.year) * 12 + now.month - at.month
    return next(moment for moment in (_months_after(at, months + more) for more in (0, 1)) if moment > now)


def _months_after(at: datetime, months: int) -> datetime:
    """The same day so many months later, or the last day of that month where it has none such."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
