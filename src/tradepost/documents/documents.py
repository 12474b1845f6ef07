"""Documents of sellers' software: files that it sends and fetches, by addresses that open for a few minutes.

Whoever has such an address may use it, as sellers' tools expect: no token is asked for. So it is signed, and ends.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import NamedTuple

from tradepost.documents import records
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.refusals import NOT_TEXT, Reason, Refused

OPEN_FOR = timedelta(minutes=5)
MOST_MIB = 64
MOST_TYPE = 100  # characters
GZIP = "GZIP"


class Document(NamedTuple):
    """What is known of a document, but not what is in it."""

    seller_id: str
    document_id: str
    content_type: str
    compression: str | None
    made_at: datetime


class Leave(NamedTuple):
    """Leave to put or get one document until a moment, in seconds since 1970; `signature` proves it."""

    method: str
    document_id: str
    expires: int
    signature: str


async def make(tx: Transaction, seller_id: str, content_type: str, compression: str | None = None) -> Document:
    """A new document, with nothing in it yet."""
    if not content_type or len(content_type) > MOST_TYPE or not storable(content_type):
        problem = f"it must have 1 to {MOST_TYPE} characters" if storable(content_type) else NOT_TEXT
        raise Refused(Reason.INVALID_VALUE, field="contentType", problem=problem)
    made = Document(seller_id, f"amzn1.tradepost.{token_hex(16)}", content_type, compression, machine_now())
    await records.put(tx, made)
    return made


async def find(tx: Transaction, seller_id: str, document_id: str) -> Document:
    """A document of this seller; refuses one that there is not, or that is another seller's."""
    row = await records.one(tx, seller_id, document_id) if storable(document_id) else None
    if row is None:
        raise Refused(Reason.DOCUMENT_NOT_FOUND)
    return Document(*row)


async def leave(tx: Transaction, method: str, document_id: str) -> Leave:
    """Leave to PUT or GET a document for a few minutes."""
    expires = int((machine_now() + OPEN_FOR).timestamp())
    return Leave(method, document_id, expires, _signature(await records.key(tx), method, document_id, expires))


async def check(tx: Transaction, shown: Leave) -> None:
    """Refuses leave that was never given, and leave that has ended."""
    expected = _signature(await records.key(tx), shown.method, shown.document_id, shown.expires)
    if not hmac.compare_digest(expected.encode(), shown.signature.encode(errors="replace")):
        raise Refused(Reason.ADDRESS_NOT_SIGNED)
    if shown.expires < machine_now().timestamp():
        raise Refused(Reason.ADDRESS_HAS_ENDED)


def _signature(key: bytes, method: str, document_id: str, expires: int) -> str:
    return hmac.new(key, f"{method}\n{document_id}\n{expires}".encode(), sha256).hexdigest()
