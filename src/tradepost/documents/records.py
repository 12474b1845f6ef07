"""The SQL of documents."""

from collections.abc import Sequence
from typing import Any

from tradepost.ground.database import Transaction

_KEY = "tradepost.document_key"  # among what a transaction remembers


async def put(tx: Transaction, document: Sequence[object]) -> None:
    """Write a new document: (seller, id, content type, compression, made at, purpose)."""
    await tx.execute(
        """
        INSERT INTO documents (seller_id, document_id, content_type, compression, made_at, purpose)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *document,
    )


async def one(tx: Transaction, seller_id: str, document_id: str) -> Any:
    """The seller's document with this id, or None."""
    return await tx.row(
        """
        SELECT seller_id, document_id, content_type, compression, made_at, purpose
          FROM documents WHERE seller_id = $1 AND document_id = $2
        """,
        seller_id, document_id,
    )  # fmt: skip


async def key(tx: Transaction) -> bytes:
    """What addresses are signed with; it never changes."""
    if _KEY not in tx.remembered:
        tx.remembered[_KEY] = await tx.value("SELECT key FROM document_key")
    found: bytes = tx.remembered[_KEY]
    return found
