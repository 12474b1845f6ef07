"""The SQL of keys, of sellers' applications and of their tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tradepost.ground.database import Transaction, columns

_SELECTED = "key_id, scope, subject, name, made_at, ends_at, replaced_by"
_APPLICATION = "client_id, name, made_at, old_secret_until"


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


async def put_application(tx: Transaction, client_id: str, name: str, secret: bytes, at: datetime) -> None:
    """Write a new application."""
    await tx.execute(
        "INSERT INTO applications (client_id, name, secret, made_at) VALUES ($1, $2, $3, $4)",
        client_id, name, secret, at,
    )  # fmt: skip


async def replace_secret(tx: Transaction, client_id: str, secret: bytes, old_until: datetime) -> None:
    """Put a secret in the place of the last one, which goes on until then."""
    await tx.execute(
        "UPDATE applications SET old_secret = secret, old_secret_until = $3, secret = $2 WHERE client_id = $1",
        client_id, secret, old_until,
    )  # fmt: skip


async def lock_application(tx: Transaction, client_id: str) -> Any:
    """The application with this client id, or None; its secret is nobody else's to change until this is through."""
    return await tx.row(f"SELECT {_APPLICATION} FROM applications WHERE client_id = $1 FOR NO KEY UPDATE", client_id)


async def applications(tx: Transaction, after: str, limit: int) -> list[Any]:
    """Applications in the order of their client ids, from behind `after` on."""
    return await tx.fetch(
        f"SELECT {_APPLICATION} FROM applications WHERE client_id > $1 ORDER BY client_id LIMIT $2", after, limit
    )


async def opens(tx: Transaction, client_id: str, secret: bytes, at: datetime) -> bool:
    """Whether this is the application's secret, or the one before while that lasts."""
    found = await tx.value(
        """
        SELECT true FROM applications
         WHERE client_id = $1 AND (secret = $2 OR (old_secret = $2 AND old_secret_until > $3))
        """,
        client_id, secret, at,
    )  # fmt: skip
    return bool(found)


async def put_authorization(
    tx: Transaction, seller_id: str, client_id: str, refresh_token: bytes, at: datetime
) -> None:
    """Write that an application acts for a seller, in the place of an earlier authorization."""
    await tx.execute(
        """
        INSERT INTO authorizations (seller_id, client_id, refresh_token, made_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (seller_id, client_id)
        DO UPDATE SET refresh_token = excluded.refresh_token, made_at = excluded.made_at, ended_at = NULL
        """,
        seller_id, client_id, refresh_token, at,
    )  # fmt: skip


async def end_authorization(tx: Transaction, seller_id: str, client_id: str, at: datetime) -> bool:
    """End an authorization; whether it was there."""
    done = await tx.execute(
        "UPDATE authorizations SET ended_at = $3 WHERE seller_id = $1 AND client_id = $2 AND ended_at IS NULL",
        seller_id, client_id, at,
    )  # fmt: skip
    return done == "UPDATE 1"


async def authorizations(tx: Transaction, seller_id: str) -> list[Any]:
    """The applications that act for a seller."""
    return await tx.fetch(
        """
        SELECT z.client_id, a.name, z.seller_id, z.made_at
          FROM authorizations z JOIN applications a USING (client_id)
         WHERE z.seller_id = $1 AND z.ended_at IS NULL
         ORDER BY z.client_id
        """,
        seller_id,
    )


async def authorized_by(tx: Transaction, client_id: str, refresh_token: bytes) -> bool:
    """Whether a seller gave the application this refresh token, and has not taken it back."""
    found = await tx.value(
        "SELECT true FROM authorizations WHERE refresh_token = $1 AND client_id = $2 AND ended_at IS NULL",
        refresh_token, client_id,
    )  # fmt: skip
    return bool(found)


async def put_token(
    tx: Transaction,
    token: bytes,
    client_id: str,
    refresh_token: bytes | None,
    scope: str | None,
    resources: Any,
    ends_at: datetime,
) -> None:
    """Write a new access token, which is good for as long as the refresh token that it came from."""
    await tx.execute(
        """
        INSERT INTO access_tokens (digest, client_id, refresh_token, scope, resources, ends_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        token, client_id, refresh_token, scope, resources, ends_at,
    )  # fmt: skip


async def tokens(tx: Transaction, digests: Collection[bytes]) -> dict[bytes, Any]:
    """The access tokens with these digests whose refresh token has not ended, by digest."""
    rows = await tx.fetch(
        """
        SELECT t.digest, t.client_id, z.seller_id, t.refresh_token, t.scope, t.resources, t.ends_at
          FROM access_tokens t
          LEFT JOIN authorizations z ON z.refresh_token = t.refresh_token AND z.ended_at IS NULL
         WHERE t.digest = ANY($1) AND (t.refresh_token IS NULL OR z.seller_id IS NOT NULL)
        """,
        list(digests),
    )
    return {row[0]: tuple(row)[1:] for row in rows}


async def forget_tokens(tx: Transaction, before: datetime, limit: int) -> int:
    """Remove so many tokens that ended before then; how many."""
    done = await tx.execute(
        """
        DELETE FROM access_tokens
         WHERE digest IN (
               SELECT digest FROM access_tokens WHERE ends_at < $1 ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        before, limit,
    )  # fmt: skip
    return int(done.split()[-1])
