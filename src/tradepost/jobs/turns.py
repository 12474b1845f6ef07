"""A worker's turn with a job: it is taken, kept while the work goes on, and handed back where that comes no further."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.ground.storage import StorageUnavailable
from tradepost.ground.trouble import database_is_away
from tradepost.jobs import records
from tradepost.jobs.jobs import Overtaken, Stopped, Turn
from tradepost.jobs.records import Table

LEASE = timedelta(minutes=1)  # of a worker on a job; it is renewed
RENEW_SECONDS = 20.0
TRY_AGAIN = timedelta(seconds=5)  # after a failure; twice as long after each further one
BLAMELESS_WAITS = 6  # times as long: what is to blame is away for others, too
MOST_ATTEMPTS = 5  # without getting on

JobT = TypeVar("JobT")


class Taken(NamedTuple, Generic[JobT]):
    """A job that this worker has."""

    job: JobT
    turn: Turn


async def take(database: Database, table: Table, job: Callable[..., JobT]) -> Taken[JobT] | None:
    """The job that has waited longest, `job` of what its table selects; None: none waits."""

    async def work(tx: Transaction) -> Taken[JobT] | None:
        now = machine_now()
        if (row := await records.take(tx, table, tx.now, now, now + LEASE)) is None:
            return None
        return Taken(job(*row[:-2]), Turn(row["seller_id"], row[table.id], *row[-2:]))

    return await database.run(work)


@asynccontextmanager
async def kept(database: Database, table: Table, turn: Turn) -> AsyncIterator[None]:
    """Keep a job while the block works on it, and hand it back when the block fails or is broken off. What it raised
    goes on, but for Stopped, and for Overtaken: then the job is another worker's."""
    try:
        async with _renewed(database, table, turn):
            yield
    except Overtaken:
        return
    except Stopped:
        await _hand_back(database, table, turn)
    except asyncio.CancelledError:
        await _hand_back(database, table, turn)
        raise
    except Exception as error:
        blameless = isinstance(error, StorageUnavailable) or database_is_away(error)
        after = TRY_AGAIN * (BLAMELESS_WAITS if blameless else 2 ** min(turn.attempts - 1, 8))
        await _hand_back(database, table, turn, after, blameless=blameless)
        raise


@asynccontextmanager
async def _renewed(database: Database, table: Table, turn: Turn) -> AsyncIterator[None]:
    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(Exception):  # it has until the lease ends to succeed
                await database.run(lambda tx: records.keep(tx, table, turn, machine_now() + LEASE))

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _hand_back(
    database: Database, table: Table, turn: Turn, after: timedelta = timedelta(0), *, blameless: bool = True
) -> None:
    until = machine_now() + after
    await database.run(lambda tx: records.hand_back(tx, table, turn, until, blameless))
