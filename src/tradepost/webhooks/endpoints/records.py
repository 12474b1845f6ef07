"""The SQL of the endpoints: who is to be called, and how they have been answering."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, storable


class EndpointKey(NamedTuple):
    """What names an endpoint: whose it is, the operator's having an empty seller, and its id."""

    seller_id: str
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it stands; the fields are the columns. Its moments are machine time."""

    seller_id: str
    endpoint_id: str
    url: str
    name: str
    acts: tuple[str, ...] | None  # None: all of them
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None
    status: str  # enabled, disabled
    disabled_why: str | None  # by_hand, failing, gone
    failing_since: datetime | None  # nothing has succeeded since
    made_at: datetime

    @property
    def key(self) -> EndpointKey:
        """The endpoint's name."""
        return EndpointKey(self.seller_id, self.endpoint_id)

    def secrets(self, at: datetime) -> list[str]:
        """The secrets that receivers may be holding at this moment, the newest first."""
        old = self.old_secret if self.old_secret_until and at < self.old_secret_until else None
        return [self.secret, old] if old else [self.secret]


_FIRST_KEY = EndpointKey("", "")
_COLUMNS = tuple(column.name for column in fields(Endpoint))
_SELECTED = ", ".join(_COLUMNS)


async def insert(tx: Transaction, endpoint: Endpoint) -> None:
    """Write a new endpoint."""
    await tx.execute(
        f"""
        INSERT INTO webhook_endpoints ({_SELECTED})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *(getattr(endpoint, column) for column in _COLUMNS),
    )


async def update(tx: Transaction, endpoint: Endpoint) -> None:
    """Write what can change of an endpoint."""
    await tx.execute(
        """
        UPDATE webhook_endpoints
           SET url = $3, name = $4, acts = $5, secret = $6, old_secret = $7, old_secret_until = $8, status = $9,
               disabled_why = $10, failing_since = $11
         WHERE seller_id = $1 AND endpoint_id = $2
        """,
        *(getattr(endpoint, column) for column in _COLUMNS if column != "made_at"),
    )


async def delete(tx: Transaction, key: EndpointKey) -> bool:
    """Remove an endpoint; whether there was one."""
    if not storable(key):
        return False
    tag = await tx.execute("DELETE FROM webhook_endpoints WHERE seller_id = $1 AND endpoint_id = $2", *key)
    return tag != "DELETE 0"


async def lock(tx: Transaction, key: EndpointKey) -> Endpoint | None:
    """One endpoint, which nobody else changes until the transaction ends."""
    if not storable(key):
        return None
    row = await tx.row(
        f"SELECT {_SELECTED} FROM webhook_endpoints WHERE seller_id = $1 AND endpoint_id = $2 FOR NO KEY UPDATE", *key
    )
    return _endpoint(row) if row else None


async def read(tx: Transaction, key: EndpointKey) -> Endpoint | None:
    """One endpoint, without a lock."""
    if not storable(key):
        return None
    row = await tx.row(f"SELECT {_SELECTED} FROM webhook_endpoints WHERE seller_id = $1 AND endpoint_id = $2", *key)
    return _endpoint(row) if row else None


async def of(tx: Transaction, seller_id: str) -> list[Endpoint]:
    """The endpoints of one seller, or, for an empty one, of the operator: the oldest first."""
    rows = await tx.fetch(
        f"SELECT {_SELECTED} FROM webhook_endpoints WHERE seller_id = $1 ORDER BY made_at, endpoint_id", seller_id
    )
    return [_endpoint(row) for row in rows]


async def every(tx: Transaction, after: EndpointKey = _FIRST_KEY, most: int = 100) -> list[Endpoint]:
    """A page of everybody's endpoints, the operator's first; `after` is the last of the page before."""
    rows = await tx.fetch(
        f"""
        SELECT {_SELECTED} FROM webhook_endpoints
         WHERE (seller_id, endpoint_id) > ($1, $2) ORDER BY seller_id, endpoint_id LIMIT $3
        """,
        *after,
        most,
    )
    return [_endpoint(row) for row in rows]


async def waiting(
    tx: Transaction, now: datetime, without: Collection[str], most: int
) -> list[tuple[EndpointKey, bool]]:
    """Enabled endpoints that are to be called now, and whether they have been failing: those come last.

    Otherwise chance decides who is among the first `most`: no long queue comes before somebody's first message.
    """
    rows = await tx.fetch(
        """
        SELECT e.seller_id, e.endpoint_id, e.failing_since IS NOT NULL AS failing
          FROM webhook_endpoints e
         CROSS JOIN LATERAL ( -- one look into the index for each, however much is queued
               SELECT 1
                 FROM webhook_messages m
                WHERE m.endpoint_id = e.endpoint_id AND m.status = 'queued' AND m.try_at <= $1
                LIMIT 1
               ) AS message
         WHERE e.status = 'enabled'
           AND NOT e.endpoint_id = ANY($2)
         ORDER BY failing, random()
         LIMIT $3
        """,
        now,
        list(without),
        most,
    )
    return [(EndpointKey(row[0], row[1]), row[2]) for row in rows]


async def succeeded(tx: Transaction, key: EndpointKey) -> None:
    """It has answered well: what failed before is forgotten."""
    await tx.execute(
        "UPDATE webhook_endpoints SET failing_since = NULL WHERE seller_id = $1 AND endpoint_id = $2", *key
    )


async def failed(tx: Transaction, key: EndpointKey, now: datetime, too_long: datetime) -> bool:
    """It has failed; whether that disabled it, because it did nothing else since `too_long`."""
    disabled = await tx.value(
        """
        UPDATE webhook_endpoints
           SET failing_since = coalesce(failing_since, $3),
               status        = CASE WHEN failing_since <= $4 THEN 'disabled' ELSE 'enabled' END,
               disabled_why  = CASE WHEN failing_since <= $4 THEN 'failing' END
         WHERE seller_id = $1 AND endpoint_id = $2 AND status = 'enabled'
        RETURNING status = 'disabled'
        """,
        *key,
        now,
        too_long,
    )
    return bool(disabled)


async def gone(tx: Transaction, key: EndpointKey) -> None:
    """It has said that it is gone for good."""
    await tx.execute(
        """
        UPDATE webhook_endpoints SET status = 'disabled', disabled_why = 'gone'
         WHERE seller_id = $1 AND endpoint_id = $2 AND status = 'enabled'
        """,
        *key,
    )


def _endpoint(row: Any) -> Endpoint:
    named = dict(row)
    return Endpoint(**named | {"acts": None if named["acts"] is None else tuple(named["acts"])})
