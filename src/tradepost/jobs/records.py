"""The SQL of all jobs. Each kind of them has a table of its own, with these columns among others:

seller_id, the job's id, number (in the order in which they came), kind, marketplace_ids, options, status, created_at,
started_at, ended_at, turn (how often a worker took it), attempts (turns since it last got on), worked_until (machine
time: until then one worker has it, or nobody is to try).
"""

from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction
from tradepost.jobs.jobs import Turn, Wanted


class Table(NamedTuple):
    """Where jobs of one sort stand: the column with their ids, and what is selected of them."""

    name: str
    id: str
    selected: str


async def one(tx: Transaction, table: Table, seller_id: str, job_id: str) -> Any:
    """The seller's job with this id, or None."""
    return await tx.row(
        f"SELECT {table.selected} FROM {table.name} WHERE seller_id = $1 AND {table.id} = $2",
        seller_id,
        job_id,
    )


async def page(
    tx: Transaction, table: Table, seller_id: str, wanted: Wanted, after: int | None, size: int
) -> list[Any]:
    """So many jobs of the seller, the youngest first, from behind the one with the number `after` on."""
    return await tx.fetch(
        f"""
        SELECT {table.selected}
          FROM {table.name}
         WHERE seller_id = $1
           AND ($2::bigint IS NULL OR number < $2)
           AND (cardinality($3::text[]) = 0 OR kind = ANY($3))
           AND (cardinality($4::text[]) = 0 OR marketplace_ids && $4)
           AND (cardinality($5::text[]) = 0 OR status = ANY($5))
           AND ($6::timestamptz IS NULL OR created_at >= $6)
           AND ($7::timestamptz IS NULL OR created_at <= $7)
         ORDER BY number DESC
         LIMIT $8
        """,
        seller_id, after, list(wanted.kinds), list(wanted.marketplace_ids), list(wanted.statuses), wanted.since,
        wanted.until, size,
    )  # fmt: skip


async def cancel(tx: Transaction, table: Table, seller_id: str, job_id: str, at: datetime) -> bool:
    """Cancel a job that waits; whether it did."""
    done = await tx.execute(
        f"""
        UPDATE {table.name} SET status = 'CANCELLED', ended_at = $3
         WHERE seller_id = $1 AND {table.id} = $2 AND status = 'IN_QUEUE'
        """,
        seller_id, job_id, at,
    )  # fmt: skip
    return done == "UPDATE 1"


async def take(tx: Transaction, table: Table, at: datetime, machine_now: datetime, until: datetime) -> Any:
    """Take the job that has waited longest and that no worker has, or None; with its turn and attempts at the end.

    Of the jobs of one kind and seller, each waits until those before it are through.
    """
    return await tx.row(
        f"""
        UPDATE {table.name}
           SET status = 'IN_PROGRESS', started_at = coalesce(started_at, $1), worked_until = $3, turn = turn + 1,
               attempts = attempts + 1
         WHERE (seller_id, {table.id}) = ( -- with IN the planner may ask again for each row, and take several
               SELECT w.seller_id, w.{table.id}
                 FROM {table.name} w
                WHERE w.status IN ('IN_QUEUE', 'IN_PROGRESS') AND (w.worked_until IS NULL OR w.worked_until <= $2)
                  AND NOT EXISTS (SELECT FROM {table.name} b
                                   WHERE b.seller_id = w.seller_id AND b.kind = w.kind AND b.number < w.number
                                     AND b.status IN ('IN_QUEUE', 'IN_PROGRESS'))
                ORDER BY w.number
                LIMIT 1
                  FOR UPDATE OF w SKIP LOCKED)
        RETURNING {table.selected}, turn, attempts
        """,
        at, machine_now, until,
    )  # fmt: skip


async def keep(tx: Transaction, table: Table, turn: Turn, until: datetime) -> bool:
    """Keep a job for longer. False: the turn is over."""
    return await write(tx, table, turn, "worked_until = $4", until)


async def hand_back(tx: Transaction, table: Table, turn: Turn, until: datetime, blameless: bool) -> None:
    """Let a job go, to be taken again from a moment on; the attempt counts unless the job was not to blame."""
    await write(tx, table, turn, "worked_until = $4, attempts = attempts - $5::int", until, int(blameless))


async def end(tx: Transaction, table: Table, turn: Turn, status: str, at: datetime) -> bool:
    """Write down that a job is through. False: the turn is over."""
    return await write(tx, table, turn, "status = $4, ended_at = $5, worked_until = NULL", status, at)


async def forget(tx: Transaction, table: Table, before: datetime, most: int) -> int:
    """Forget so many jobs that ended before then, the oldest first; how many."""
    done = await tx.execute(
        f"""
        DELETE FROM {table.name}
         WHERE (seller_id, {table.id}) IN (
               SELECT seller_id, {table.id}
                 FROM {table.name} WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        before, most,
    )  # fmt: skip
    return int(done.split()[-1])


async def write(tx: Transaction, table: Table, turn: Turn, change: str, *values: object) -> bool:
    """Write something down about a job in its turn: `change` sets columns, to $4 and on. False: the turn is over."""
    done = await tx.execute(
        f"""
        UPDATE {table.name} SET {change}
         WHERE seller_id = $1 AND {table.id} = $2 AND turn = $3 AND status = 'IN_PROGRESS'
        """,
        turn.seller_id, turn.job_id, turn.turn, *values,
    )  # fmt: skip
    return done == "UPDATE 1"
