"""The worker's round: claim due notices, write them, hand them to the post, and record what became of each.

Nothing is locked while a letter is under way. A worker that dies leaves its notices to be claimed again when the lease
ends; whatever it had sent by then is sent once more, under the same Message-ID.
"""

import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.ground.patience import more_or_less
from tradepost.notices import facts, records
from tradepost.notices.post import Fate, Outcome, Post, Send
from tradepost.notices.records import ClaimedNotice, Result
from tradepost.notices.writing import write

MOST_ATTEMPTS = 16  # over about three days
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=12)
LEASE = timedelta(minutes=10)
_SERVER_WAIT = timedelta(minutes=1)
_UNTRIED = Outcome(Fate.UNTRIED)

_log = structlog.get_logger()


async def deliver_due(database: Database, post: Post, *, batch: int = 100) -> int:
    """One round: how many notices were delivered, refused or put off after an attempt.

    Zero means that there is nothing to do for now, or that the post cannot be used: then wait a little.
    """
    now = machine_now()

    async def claim(tx: Transaction) -> list[ClaimedNotice]:
        return await records.claim(tx, now, now + LEASE, batch)

    claimed = sorted(await database.run(claim), key=lambda notice: (notice.happened_at, notice.event))
    if not claimed:
        return 0
    outcomes: dict[UUID, Outcome] = {}
    try:
        await _deliver(database, post, claimed, outcomes)
    finally:  # also when the worker is told to stop
        results = _results(claimed, outcomes, machine_now())

        async def record(tx: Transaction) -> int:
            return await records.record(tx, results)

        await database.run(record)
    return sum(outcome.fate is not Fate.UNTRIED for outcome in outcomes.values())


async def _deliver(
    database: Database, post: Post, claimed: Sequence[ClaimedNotice], outcomes: dict[UUID, Outcome]
) -> None:
    """Fill in `outcomes` notice by notice, until all had their turn, half the lease is over, or the post gives out."""

    async def read(tx: Transaction) -> facts.Batch:
        return await facts.read(tx, claimed)

    told = await database.run(read)
    stop_at = claimed[0].leased_until - LEASE / 2
    async with post.round() as send:
        for notice in claimed:
            if machine_now() >= stop_at:
                return
            outcome = outcomes[notice.notice_id] = await _outcome(notice, told, send)
            if outcome.ends_round:
                _log.warning("notices_put_off", error=outcome.error, left=len(claimed) - len(outcomes))
                return


async def _outcome(notice: ClaimedNotice, told: facts.Batch, send: Send) -> Outcome:
    if notice.attempts > MOST_ATTEMPTS:
        return Outcome(Fate.NEVER, "Every attempt was broken off without a result.")
    try:
        letter = write(told.of(notice))
    except Exception as error:  # whatever is wrong with one notice, the others go on
        _tell(notice, "notice_not_written", error)
        return Outcome(Fate.NEVER, f"It could not be written ({type(error).__name__}).")
    try:
        outcome = await send(letter)
    except Exception as error:
        _tell(notice, "notice_not_sent", error)
        outcome = Outcome(Fate.LATER, f"It could not be sent ({type(error).__name__}).")
    if outcome.fate is Fate.LATER and notice.attempts >= MOST_ATTEMPTS:
        return Outcome(Fate.NEVER, outcome.error, outcome.ends_round)
    return outcome


def _results(claimed: Sequence[ClaimedNotice], outcomes: dict[UUID, Outcome], now: datetime) -> list[Result]:
    """What to record for every claimed notice; those that had no turn go back as they were."""
    put_off = next((outcome for outcome in outcomes.values() if outcome.ends_round), None)
    untried = Outcome(Fate.UNTRIED, put_off.error) if put_off else _UNTRIED
    return [_result(notice, outcomes.get(notice.notice_id, untried), now) for notice in claimed]


def _result(notice: ClaimedNotice, outcome: Outcome, now: datetime) -> Result:
    status, attempts, try_at, delivered_at = "queued", notice.attempts, now, None
    match outcome.fate:
        case Fate.DELIVERED:
            status, delivered_at = "delivered", now
        case Fate.NEVER:
            status = "undeliverable"
        case Fate.LATER:
            try_at = now + more_or_less(_wait(attempts))
        case Fate.UNTRIED:
            attempts -= 1
            try_at = now + more_or_less(_SERVER_WAIT) if outcome.error else now
    key = notice.seller_id, notice.notice_id, notice.leased_until
    return Result(*key, status, attempts, try_at, delivered_at, outcome.error)


def _wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time."""
    return min(FIRST_WAIT * (1 << attempts - 1), LONGEST_WAIT)


def _tell(notice: ClaimedNotice, event: str, error: Exception) -> None:
    """To the log without the error's words, which may quote what the notice says."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        event,
        notice_id=str(notice.notice_id),
        kind=notice.kind,
        error=type(error).__name__,
        where=f"{where.filename.rpartition('/')[2]}:{where.lineno}",
    )
