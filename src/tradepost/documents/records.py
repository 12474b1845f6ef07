"""The SQL of documents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tradepost.ground.database import Transaction, columns

_KEY = "tradepost.document_key"  # among what a transaction remembers
_DOCUMENT = "seller_id, document_id, content_type, compression, made_at, purpose, kept_until"


async def put(tx: Transaction, document: Sequence[object]) -> None:
    """Write a new document: (seller, id, content type, compression, made at, purpose, kept until)."""
    await tx.execute(f"INSERT INTO documents ({_DOCUMENT}) VALUES ($1, $2, $3, $4, $5, $6, $7)", *document)


async def one(tx: Transaction, seller_id: str, document_id: str) -> Any:
    """The seller's document with this id, or None."""
    return await tx.row(
        f"SELECT {_DOCUMENT} FROM documents WHERE seller_id = $1 AND document_id = $2", seller_id, document_id
    )


async def key(tx: Transaction) -> bytes:
    """What addresses are signed with; it never changes."""
    if _KEY not in tx.remembered:
        tx.remembered[_KEY] = await tx.value("SELECT key FROM document_key")
    found: bytes = tx.remembered[_KEY]
    return found


async def ended(tx: Transaction, before: datetime, made_before: datetime, most: int) -> list[tuple[str, str]]:
    """So many documents (seller, document) that were kept until then, those first that ended first.

    Not among them are those that a feed still waits with, and those that somebody may still be writing.
    """
    rows = await tx.fetch(
        """
        SELECT seller_id, document_id
          FROM documents d
         WHERE kept_until < $1 AND made_at < $2
           AND NOT EXISTS (SELECT FROM feeds f
                            WHERE f.seller_id = d.seller_id AND f.document_id = d.document_id
                              AND f.status IN ('IN_QUEUE', 'IN_PROGRESS'))
         ORDER BY kept_until
         LIMIT $3
        """,
        before, made_before, most,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


async def forget(tx: Transaction, documents: Sequence[tuple[str, str]]) -> None:
    """Delete what is known of these documents (seller, document)."""
    await tx.execute(
        """
        DELETE FROM documents d
         USING unnest($2::text[], $3::text[]) AS gone (seller_id, document_id)
         WHERE d.seller_id = ANY($1) AND d.seller_id = gone.seller_id AND d.document_id = gone.document_id
        """,
        sorted({seller_id for seller_id, _ in documents}),
        *columns(documents, 2),
    )
