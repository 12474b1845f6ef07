"""The SQL of keys."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tradepost.ground.database import Transaction, columns

_SELECTED = "key_id, scope, subject, name, made_at, ends_at, replaced_by"


async def put(tx: Transaction, keys: Sequence[tuple[object, ...]]) -> None:
    """Write new keys: (digest, key id, scope, subject, name, made at, ends at)."""
    await tx.execute(
        """
        INSERT INTO access_keys (digest, key_id, scope, subject, name, made_at, ends_at)
        SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                             $7::timestamptz[])
        """,
        *columns(keys, 7),
    )


async def of_digests(tx: Transaction, digests: Collection[bytes], at: datetime) -> dict[bytes, Any]:
    """The keys with these digests that have not ended at this machine moment, by digest."""
    rows = await tx.fetch(
        f"""
        SELECT digest, {_SELECTED} FROM access_keys WHERE digest = ANY($1) AND (ends_at IS NULL OR ends_at > $2)
        """,
        list(digests),
        at,
    )
    return {row[0]: tuple(row)[1:] for row in rows}


async def one(tx: Transaction, key_id: str) -> Any:
    """The key with this id, or None."""
    return await tx.row(f"SELECT {_SELECTED} FROM access_keys WHERE key_id = $1", key_id)


async def lock(tx: Transaction, key_id: str) -> Any:
    """The same, and nobody else changes it until this is through."""
    return await tx.row(f"SELECT {_SELECTED} FROM access_keys WHERE key_id = $1 FOR UPDATE", key_id)


async def page(tx: Transaction, scope: str | None, subject: str | None, after: str, limit: int) -> list[Any]:
    """Keys in the order of their ids, from behind `after` on."""
    return await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM access_keys
         WHERE ($1::text IS NULL OR scope = $1) AND ($2::text IS NULL OR subject = $2) AND key_id > $3
         ORDER BY key_id
         LIMIT $4
        """,
        scope, subject, after, limit,
    )  # fmt: skip


async def end(tx: Transaction, key_id: str, at: datetime, replaced_by: str | None = None) -> None:
    """Let a key end, if it does not end earlier."""
    await tx.execute(
        """
        UPDATE access_keys SET ends_at = least(ends_at, $2), replaced_by = coalesce($3, replaced_by) WHERE key_id = $1
        """,
        key_id, at, replaced_by,
    )  # fmt: skip
