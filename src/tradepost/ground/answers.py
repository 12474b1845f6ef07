"""Answers that were given, kept in the transaction of their effect: who asks again is told the same, and nothing is
done twice.

An answer belongs to a caller and the Idempotency-Key that the caller chose. It is looked up before the work and kept
after it; when two processes work on one key at the same moment, the second one's transaction begins anew and finds it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, columns

KEPT_FOR = timedelta(days=3)
FORGOTTEN_AT_ONCE = 5000


class Once(NamedTuple):
    """What is to be done only once: `digest` is of the whole request."""

    caller: str
    key: str
    digest: bytes

    @property
    def name(self) -> tuple[str, str]:
        """What an answer is kept under."""
        return self.caller, self.key


class Answer(NamedTuple):
    """An answer as it is sent: an HTTP status and a body, JSON or nothing."""

    status: int
    body: bytes = b""


class Kept(NamedTuple):
    """An answer that was given, and the digest of what it answers."""

    digest: bytes
    answer: Answer


async def kept(tx: Transaction, asked: Collection[Once]) -> dict[tuple[str, str], Kept]:
    """The answers given before, by caller and key."""
    rows = await tx.fetch(
        """
        SELECT caller, key, digest, status, body
          FROM kept_answers
          JOIN unnest($1::text[], $2::text[]) AS wanted (caller, key) USING (caller, key)
        """,
        *columns((once.name for once in asked), 2),
    )
    return {(row[0], row[1]): Kept(row[2], Answer(row[3], row[4])) for row in rows}


async def keep(tx: Transaction, given: Sequence[tuple[Once, Answer]]) -> None:
    """Keep new answers, in the order of their keys, so that two batches never wait for each other in a ring.

    The transaction begins anew when somebody else has kept an answer under one of the keys since `kept` looked.
    """
    await tx.later(
        """
        INSERT INTO kept_answers (caller, key, digest, status, body, kept_at)
        SELECT n.*, $6
          FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], $5::bytea[])
            AS n (caller, key, digest, status, body)
         ORDER BY n.caller, n.key
        """,
        *columns(((*once, *answer) for once, answer in given), 5),
        machine_now(),
    )


async def forget(tx: Transaction, before: datetime, most: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget up to `most` answers kept before this machine moment, the oldest first; how many it were."""
    tag = await tx.execute(
        """
        DELETE FROM kept_answers
         WHERE (caller, key) IN (
               SELECT caller, key FROM kept_answers WHERE kept_at < $1 ORDER BY kept_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        before,
        most,
    )
    return int(tag.rpartition(" ")[2])
