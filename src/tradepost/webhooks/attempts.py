"""Attempts to tell somebody something: how long each may take, how many there are, and what comes of one."""

import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from tradepost.ground.patience import more_or_less
from tradepost.webhooks.network import Answer

WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
"""How long to wait after each attempt, as Standard Webhooks suggests: ten attempts over some three days."""

MOST_ATTEMPTS = len(WAITS) + 1
LEASE = timedelta(minutes=1)  # far longer than a call may take

ALL_BROKEN_OFF = Answer(error="Every attempt was broken off without a result.")

_log = structlog.get_logger()


class Outcome(NamedTuple):
    """How something stands after an attempt; `try_at` is when it is tried next, if it is queued."""

    status: str  # queued, delivered, undeliverable
    attempts: int
    try_at: datetime


def outcome(attempts: int, answer: Answer | None, now: datetime, *, counts: bool = True) -> Outcome:
    """What comes of the last of so many attempts. None: it was broken off, and is made again at once.

    An attempt that does not count says nothing of what was to be told, but of the receiver.
    """
    if answer is None:
        return Outcome("queued", attempts - 1, now)
    if answer.error is None:
        return Outcome("delivered", attempts, now)
    if not counts:
        return Outcome("queued", attempts - 1, now)
    if attempts >= MOST_ATTEMPTS:
        return Outcome("undeliverable", attempts, now)
    return Outcome("queued", attempts, now + more_or_less(WAITS[attempts - 1]))


def any_arrived(answers: Iterable[Answer]) -> bool:
    """Whether a receiver is well: of what was sent together, something has arrived."""
    return any(answer.error is None for answer in answers)


def failed(event: str, error: Exception, **about: object) -> Answer:
    """What an attempt led to that failed by a fault of ours. The log says where; it shows nothing of what was told."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
    name = type(error).__name__
    _log.error(event, **about, error=name, where=place)
    return Answer(error=f"It could not be sent ({name}).")
