"""What all jobs have in common: how far they are, and which of them somebody looks for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED = "IN_QUEUE", "IN_PROGRESS", "DONE", "FATAL", "CANCELLED"
STATUSES = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)
"""A job is FATAL when nothing of it could be done; CANCELLED by its seller, or because there is nothing to tell."""
KEPT = timedelta(days=90)
"""How long it is known what became of a job, by the business clock."""
FORGOTTEN_AT_ONCE = 1000


class Wanted(NamedTuple):
    """Which jobs are looked for; empty: all of them."""

    kinds: Sequence[str] = ()
    marketplace_ids: Sequence[str] = ()
    statuses: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


class Turn(NamedTuple):
    """A job that one worker has: only the last turn of a job may write. `attempts` counts turns that did not get on."""

    seller_id: str
    job_id: str
    turn: int
    attempts: int


class Overtaken(Exception):
    """Another worker has the job meanwhile, and goes on with it."""


class Stopped(Exception):
    """The worker was told to stop before the job came to its end."""


def insist(still_ours: bool) -> None:
    """Raise Overtaken when a turn is over."""
    if not still_ours:
        raise Overtaken
