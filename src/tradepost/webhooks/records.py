"""The SQL of the messages: the queue that acts fill (orders/records.py), couriers empty and people look into.

At one endpoint, the messages of one order go out one after another. Only the first that is queued may be claimed; those
behind it are due when it is, so that nobody looks at them in vain. A claim moves `try_at` to the end of a lease, which
is also how a result is known to come from who holds it: a result that comes later counts only if it is a delivery.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, columns, in_order
from tradepost.webhooks.message import MessageKey

_LOOKED_AT = 200  # messages that are due, among which a claim looks for the first of their orders
_DUE_IN_TURN = "$2::timestamptz + number * interval '1 microsecond'"  # a claim sees the first of each order first
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)


class ClaimedMessage(NamedTuple):
    """A message that one courier alone may send until `leased_until`, with its event; `attempts` counts this one."""

    seller_id: str
    order_id: str
    number: int
    attempts: int
    leased_until: datetime
    act: str
    state: str
    party: str
    happened_at: datetime
    detail: dict[str, Any] | None

    @property
    def key(self) -> MessageKey:
        """What names the message at its endpoint."""
        return MessageKey(self.seller_id, self.order_id, self.number)


class Claim(NamedTuple):
    """What a claim brought, and whether it saw only a part of what is due."""

    messages: list[ClaimedMessage]
    more: bool


class Result(NamedTuple):
    """What became of a claimed message, and the end of the lease under which it was sent."""

    seller_id: str
    order_id: str
    number: int
    leased_until: datetime
    status: str
    attempts: int
    try_at: datetime
    tried_at: datetime | None  # None: it was not
    answer_code: int | None
    answer: str | None
    last_error: str | None


class LoggedMessage(NamedTuple):
    """A message as its owner and the operator see it; all moments are machine time but that of the event."""

    endpoint_id: str
    seller_id: str
    order_id: str
    number: int
    act: str
    happened_at: datetime
    status: str  # queued, delivered, undeliverable
    attempts: int
    queued_at: datetime
    try_at: datetime  # when it is tried next, while it is queued
    tried_at: datetime | None
    answer_code: int | None
    answer: str | None
    last_error: str | None


_LOGGED = """m.endpoint_id, m.seller_id, m.order_id, m.number, act, happened_at, m.status, attempts, queued_at, try_at,
       tried_at, answer_code, answer, last_error"""


async def claim(tx: Transaction, endpoint_id: str, now: datetime, leased_until: datetime, most: int) -> Claim:
    """Take up to `most` messages of an endpoint that are due and first of their orders, the longest waiting first."""
    rows = await tx.fetch(
        """
        WITH due AS MATERIALIZED (
            SELECT seller_id, endpoint_id, order_id, number, try_at
              FROM webhook_messages
             WHERE endpoint_id = $1 AND status = 'queued' AND try_at <= $2
             ORDER BY try_at
             LIMIT $5
               FOR UPDATE SKIP LOCKED
        ), standing AS (
            SELECT due.*, behind.try_at AS first_at,
                   row_number() OVER (PARTITION BY behind.try_at IS NULL ORDER BY due.try_at) AS place
              FROM due
              LEFT JOIN LATERAL (
                   SELECT before.try_at
                     FROM webhook_messages AS before
                    WHERE before.seller_id = due.seller_id AND before.endpoint_id = due.endpoint_id
                      AND before.order_id = due.order_id AND before.number < due.number AND before.status = 'queued'
                    ORDER BY before.number
                    LIMIT 1
                   ) AS behind ON true
        ), taken AS (
            UPDATE webhook_messages AS m
               SET try_at   = CASE WHEN first_at > $2 THEN first_at ELSE $3 END,
                   attempts = attempts + (first_at IS NULL)::int
              FROM standing
             WHERE m.seller_id = standing.seller_id AND m.endpoint_id = standing.endpoint_id
               AND m.order_id = standing.order_id AND m.number = standing.number
               AND (first_at IS NOT NULL OR place <= $4)
            RETURNING m.seller_id, m.order_id, m.number, attempts, m.try_at, first_at
        )
        SELECT looked_at, seller_id, order_id, number, attempts, try_at, act, state, party, happened_at, detail
          FROM (SELECT count(*) AS looked_at FROM due) AS all_of_them
          LEFT JOIN (taken JOIN order_events USING (seller_id, order_id, number)) ON first_at IS NULL
        """,
        endpoint_id,
        now,
        leased_until,
        most,
        _LOOKED_AT,
    )
    return Claim([ClaimedMessage(*row[1:]) for row in rows if row[1] is not None], rows[0][0] == _LOOKED_AT)


async def record(tx: Transaction, endpoint_id: str, results: Sequence[Result]) -> None:
    """Write down what became of claimed messages; those behind them are due when they are, or now that they went."""
    await tx.execute(
        """
        WITH result AS MATERIALIZED ( -- so that each row is looked up by its whole key
            SELECT $2 AS endpoint_id, r.*
              FROM unnest($3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::text[], $8::int[],
                          $9::timestamptz[], $10::timestamptz[], $11::int[], $12::text[], $13::text[])
                AS r (seller_id, order_id, number, leased_until, status, attempts, try_at, tried_at, answer_code,
                      answer, last_error)
        ), recorded AS (
            UPDATE webhook_messages AS m
               SET status = result.status, attempts = result.attempts, try_at = result.try_at,
                   tried_at    = coalesce(result.tried_at, m.tried_at),
                   answer_code = CASE WHEN result.tried_at IS NULL THEN m.answer_code ELSE result.answer_code END,
                   answer      = CASE WHEN result.tried_at IS NULL THEN m.answer      ELSE result.answer      END,
                   last_error  = CASE WHEN result.tried_at IS NULL THEN m.last_error  ELSE result.last_error  END
              FROM result
             WHERE m.seller_id = ANY($1) AND m.seller_id = result.seller_id AND m.endpoint_id = result.endpoint_id
               AND m.order_id = result.order_id AND m.number = result.number
               AND (   result.status = 'delivered' AND m.status <> 'delivered'
                    OR m.status = 'queued' AND m.try_at = result.leased_until)
            RETURNING m.seller_id, m.endpoint_id, m.order_id, m.number, m.try_at
        )
        UPDATE webhook_messages AS behind
           SET try_at = recorded.try_at
          FROM recorded
         WHERE behind.seller_id = ANY($1) AND behind.seller_id = recorded.seller_id
           AND behind.endpoint_id = recorded.endpoint_id AND behind.order_id = recorded.order_id
           AND behind.number > recorded.number
           AND behind.status NOT IN ('delivered', 'undeliverable') -- "= 'queued'" would walk through all that is queued
        """,
        sorted({result.seller_id for result in results}),
        endpoint_id,
        *columns(results, 11),
    )


async def begin_again(tx: Transaction, endpoint_id: str, now: datetime) -> None:
    """Let everything that is queued for an endpoint be due, as if it had never been tried."""
    await tx.execute(
        f"""
        UPDATE webhook_messages SET try_at = {_DUE_IN_TURN}, attempts = 0
         WHERE endpoint_id = $1 AND status = 'queued' AND (try_at > $2 OR attempts > 0)
        """,
        endpoint_id,
        now,
    )


async def log(
    tx: Transaction, endpoint_id: str, after: tuple[datetime, MessageKey] | None = None, most: int = 100
) -> list[LoggedMessage]:
    """A page of an endpoint's messages, the newest first; `after` is `queued_at` and key of the last one before."""
    queued_at, key = after or (_LATEST, MessageKey("", "", 0))
    rows = await tx.fetch(
        f"""
        SELECT {_LOGGED}
          FROM webhook_messages m
          JOIN order_events USING (seller_id, order_id, number)
         WHERE m.endpoint_id = $1 AND (m.queued_at, m.seller_id, m.order_id, m.number) < ($2, $3, $4, $5)
         ORDER BY m.queued_at DESC, m.seller_id DESC, m.order_id DESC, m.number DESC
         LIMIT $6
        """,
        endpoint_id,
        queued_at,
        *key,
        most,
    )
    return [LoggedMessage(*row) for row in rows]


async def undeliverable(
    tx: Transaction, after: tuple[str, MessageKey] = ("", MessageKey("", "", 0)), most: int = 100
) -> list[LoggedMessage]:
    """A page of what was given up, over all endpoints there are; `after` is endpoint and key of the last one before."""
    rows = await tx.fetch(
        f"""
        SELECT {_LOGGED}
          FROM webhook_messages m
          JOIN order_events USING (seller_id, order_id, number)
         WHERE m.status = 'undeliverable'
           AND (m.endpoint_id, m.seller_id, m.order_id, m.number) > ($1, $2, $3, $4)
           AND EXISTS (SELECT 1 FROM webhook_endpoints e WHERE e.endpoint_id = m.endpoint_id)
         ORDER BY m.endpoint_id, m.seller_id, m.order_id, m.number
         LIMIT $5
        """,
        after[0],
        *after[1],
        most,
    )
    return [LoggedMessage(*row) for row in rows]


async def resend(tx: Transaction, endpoint_id: str, keys: Sequence[MessageKey], now: datetime) -> int:
    """Queue these messages once more, delivered or given up, with all their attempts before them; how many it were."""
    wanted = in_order(keys)
    rows = await tx.fetch(
        """
        UPDATE webhook_messages AS m
           SET status = 'queued', attempts = 0, try_at = $3
          FROM unnest($4::text[], $5::text[], $6::int[]) AS named (seller_id, order_id, number)
         WHERE m.seller_id = ANY($1) AND m.seller_id = named.seller_id AND m.endpoint_id = $2
           AND m.order_id = named.order_id AND m.number = named.number AND m.status <> 'queued'
        RETURNING 1
        """,
        sorted({key.seller_id for key in wanted}),
        endpoint_id,
        now,
        *columns(wanted, 3),
    )
    return len(rows)


async def resend_undeliverable(tx: Transaction, endpoint_id: str, now: datetime) -> int:
    """Queue everything once more that was given up at an endpoint; how many messages it were."""
    tag = await tx.execute(
        f"""
        UPDATE webhook_messages SET status = 'queued', attempts = 0, try_at = {_DUE_IN_TURN}
         WHERE endpoint_id = $1 AND status = 'undeliverable'
        """,
        endpoint_id,
        now,
    )
    return int(tag.rpartition(" ")[2])


async def forget(tx: Transaction, before: datetime, most: int) -> int:
    """Delete up to `most` messages queued before then, but for those that are still on their way; how many."""
    tag = await tx.execute(
        """
        DELETE FROM webhook_messages
         WHERE (seller_id, endpoint_id, order_id, number) IN (
               SELECT seller_id, endpoint_id, order_id, number
                 FROM webhook_messages m
                WHERE queued_at < $1
                  AND NOT (status = 'queued' AND EXISTS (
                      SELECT 1 FROM webhook_endpoints e WHERE e.endpoint_id = m.endpoint_id AND e.status = 'enabled'))
                LIMIT $2
                  FOR UPDATE SKIP LOCKED)
        """,
        before,
        most,
    )
    return int(tag.rpartition(" ")[2])
