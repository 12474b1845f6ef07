"""The SQL of reports that are asked for, and of their schedules."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tradepost.ground.database import Transaction, columns
from tradepost.jobs.jobs import Turn
from tradepost.jobs.records import Table

if TYPE_CHECKING:
    from tradepost.report_requests.requests import NewReport

REQUESTS = Table(
    "report_requests",
    "report_id",
    "seller_id, report_id, number, kind, marketplace_ids, options, since, until, schedule_id, status, created_at, "
    "started_at, ended_at, document_id",
)
_SCHEDULE = "seller_id, schedule_id, kind, marketplace_ids, options, period, first_at, next_at, told_until"


async def put(tx: Transaction, new: "NewReport", report_id: str, at: datetime) -> None:
    """Write a report that waits."""
    await tx.execute(
        """
        INSERT INTO report_requests (seller_id, kind, marketplace_ids, options, since, until, report_id, status,
                                     created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'IN_QUEUE', $8)
        """,
        *new, report_id, at,
    )  # fmt: skip


async def put_scheduled(
    tx: Transaction, report_ids: Sequence[str], schedules: Sequence[Any], at: datetime, news: Sequence[str]
) -> None:
    """Write reports that wait, one for each of these schedules (seller, schedule), but for those whose last one waits
    still: it will tell it all. Those of the kinds in `news` tell on from what the schedule has told."""
    await tx.execute(
        """
        INSERT INTO report_requests (seller_id, report_id, kind, marketplace_ids, options, since, schedule_id, status,
                                     created_at)
        SELECT seller_id, n.report_id, kind, marketplace_ids, options,
               CASE WHEN kind = ANY($5) THEN told_until END, schedule_id, 'IN_QUEUE', $4
          FROM unnest($1::text[], $2::text[], $3::text[]) AS n (report_id, seller_id, schedule_id)
          JOIN report_schedules s USING (seller_id, schedule_id)
         WHERE NOT EXISTS (SELECT FROM report_requests r
                            WHERE r.seller_id = s.seller_id AND r.kind = s.kind AND r.schedule_id = s.schedule_id
                              AND r.status = 'IN_QUEUE')
        """,
        list(report_ids), *columns(schedules, 2), at, news,
    )  # fmt: skip


async def of_document(tx: Transaction, seller_id: str, document_id: str) -> Any:
    """The seller's report with this document, or None."""
    return await tx.row(
        f"SELECT {REQUESTS.selected} FROM report_requests WHERE seller_id = $1 AND document_id = $2",
        seller_id,
        document_id,
    )


async def tell(
    tx: Transaction, turn: Turn, since: datetime | None, until: datetime | None, document_id: str | None
) -> None:
    """Write down what a report tells, and where it is."""
    await tx.execute(
        """
        UPDATE report_requests SET since = $4, until = $5, document_id = $6
         WHERE seller_id = $1 AND report_id = $2 AND turn = $3
        """,
        turn.seller_id, turn.job_id, turn.turn, since, until, document_id,
    )  # fmt: skip


# Schedules


async def put_schedule(tx: Transaction, schedule: Sequence[object]) -> None:
    """Write a schedule: (seller, schedule, kind, marketplaces, options, period, first, next, told until). It takes the
    place of the seller's other one of the kind, and goes on from what that one has told."""
    await tx.execute(
        f"""
        INSERT INTO report_schedules ({_SCHEDULE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT ON CONSTRAINT one_schedule_a_kind DO UPDATE
           SET schedule_id = EXCLUDED.schedule_id, marketplace_ids = EXCLUDED.marketplace_ids,
               options = EXCLUDED.options, period = EXCLUDED.period, first_at = EXCLUDED.first_at,
               next_at = EXCLUDED.next_at
        """,
        *schedule,
    )


async def one_schedule(tx: Transaction, seller_id: str, schedule_id: str) -> Any:
    """The seller's schedule with this id, or None."""
    return await tx.row(
        f"SELECT {_SCHEDULE} FROM report_schedules WHERE seller_id = $1 AND schedule_id = $2",
        seller_id,
        schedule_id,
    )


async def schedule_of(tx: Transaction, seller_id: str, kind: str) -> Any:
    """The seller's schedule of a kind, of which there is one at most; or None."""
    return await tx.row(f"SELECT {_SCHEDULE} FROM report_schedules WHERE seller_id = $1 AND kind = $2", seller_id, kind)


async def schedules(tx: Transaction, seller_id: str, kinds: Sequence[str]) -> list[Any]:
    """The seller's schedules of these kinds."""
    return await tx.fetch(
        f"SELECT {_SCHEDULE} FROM report_schedules WHERE seller_id = $1 AND kind = ANY($2) ORDER BY kind",
        seller_id,
        list(kinds),
    )


async def delete_schedule(tx: Transaction, seller_id: str, schedule_id: str) -> bool:
    """Delete a schedule; whether there was one."""
    done = await tx.execute(
        "DELETE FROM report_schedules WHERE seller_id = $1 AND schedule_id = $2", seller_id, schedule_id
    )
    return done == "DELETE 1"


async def due_schedules(tx: Transaction, at: datetime, most: int) -> list[Any]:
    """Schedules whose next report is due, those first that have been so for longest; others leave them alone."""
    return await tx.fetch(
        f"""
        SELECT {_SCHEDULE} FROM report_schedules WHERE next_at <= $1
         ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        at,
        most,
    )


async def put_off(tx: Transaction, schedules: Sequence[tuple[str, str, datetime]]) -> None:
    """Write down when these schedules (seller, schedule) are due next."""
    await tx.execute(
        """
        UPDATE report_schedules s SET next_at = n.next_at
          FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS n (seller_id, schedule_id, next_at)
         WHERE s.seller_id = ANY($1) AND s.seller_id = n.seller_id AND s.schedule_id = n.schedule_id
        """,
        sorted({schedule[0] for schedule in schedules}),
        *columns(schedules, 3),
    )


async def told(tx: Transaction, seller_id: str, kind: str, until: datetime) -> None:
    """Write down up to when the reports of the schedule of a kind have told everything."""
    await tx.execute(
        "UPDATE report_schedules SET told_until = greatest(told_until, $3) WHERE seller_id = $1 AND kind = $2",
        seller_id, kind, until,
    )  # fmt: skip


async def last_told(tx: Transaction, seller_id: str, kind: str) -> datetime | None:
    """Up to when the last report of a kind by schedule has told everything, whichever schedule that was; or None."""
    found: datetime | None = await tx.value(
        """
        SELECT max(until) FROM report_requests
         WHERE seller_id = $1 AND kind = $2 AND schedule_id IS NOT NULL AND status IN ('DONE', 'CANCELLED')
        """,
        seller_id, kind,
    )  # fmt: skip
    return found
