"""Documents of sellers' software: files that it sends and fetches, by addresses that open for a few minutes.

Whoever has such an address may use it, as sellers' tools expect: no token is asked for. So it is signed, and ends.

A document is known here before anything lies under its name, and for as long as something does: whatever breaks off in
between, nothing is left behind that nobody would ever delete. See forgetting.py.
"""

import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import NamedTuple

from tradepost.documents import records
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.refusals import Reason, Refused

FEED, REPORT = "feed", "report"
OPEN_FOR = timedelta(minutes=5)
KEPT = timedelta(days=28)
"""How long documents are kept, by the business clock, where nothing else is said."""
MOST_MIB = 64
MOST_TYPE = 100  # characters
_TYPE = re.compile(rf"[ -~]{{1,{MOST_TYPE}}}")


class Document(NamedTuple):
    """What is known of a document, but not what is in it."""

    seller_id: str
    document_id: str
    content_type: str
    compression: str | None
    made_at: datetime  # machine time
    purpose: str  # FEED: what a feed is read from, or its processing report; REPORT: a report of what there is
    kept_until: datetime  # business time


class Leave(NamedTuple):
    """Leave to put or get one document until a moment, in seconds since 1970; `signature` proves it."""

    method: str
    seller_id: str
    document_id: str
    expires: int
    signature: str


async def make(
    tx: Transaction, seller_id: str, content_type: str, purpose: str = FEED, kept: timedelta = KEPT
) -> Document:
    """A new document, with nothing in it yet."""
    if not _TYPE.fullmatch(content_type):
        problem = f"it must have 1 to {MOST_TYPE} characters of ASCII, such as text/tab-separated-values; charset=UTF-8"
        raise Refused(Reason.INVALID_VALUE, field="contentType", problem=problem)
    document_id = f"amzn1.tradepost.{token_hex(16)}"
    made = Document(seller_id, document_id, content_type, None, machine_now(), purpose, tx.now + kept)
    await records.put(tx, made)
    return made


async def find(tx: Transaction, seller_id: str, document_id: str, purpose: str = FEED) -> Document:
    """A document of this seller; refuses one that there is not, or no more, that is another seller's, or for another
    purpose."""
    found = await known(tx, seller_id, document_id)
    if found.purpose != purpose or found.kept_until <= tx.now:
        raise Refused(Reason.DOCUMENT_NOT_FOUND)
    return found


async def known(tx: Transaction, seller_id: str, document_id: str) -> Document:
    """A document of this seller, though its time may be over: what a feed waits with is kept while it waits."""
    row = await records.one(tx, seller_id, document_id) if storable(document_id) else None
    if row is None:
        raise Refused(Reason.DOCUMENT_NOT_FOUND)
    return Document(*row)


async def leave(tx: Transaction, method: str, document: Document) -> Leave:
    """Leave to PUT or GET a document for a few minutes."""
    expires = int((machine_now() + OPEN_FOR).timestamp())
    unsigned = Leave(method, document.seller_id, document.document_id, expires, "")
    return unsigned._replace(signature=_signature(await records.key(tx), unsigned))


async def check(tx: Transaction, shown: Leave) -> Document:
    """The document that there is leave for; refuses leave that was never given, and leave that has ended."""
    expected = _signature(await records.key(tx), shown)
    if not hmac.compare_digest(expected.encode(), shown.signature.encode(errors="replace")):
        raise Refused(Reason.ADDRESS_NOT_SIGNED)
    if shown.expires < machine_now().timestamp():
        raise Refused(Reason.ADDRESS_HAS_ENDED)
    return await known(tx, shown.seller_id, shown.document_id)


def _signature(key: bytes, leave: Leave) -> str:
    said = "\n".join([leave.method, leave.seller_id, leave.document_id, str(leave.expires)])
    return hmac.new(key, said.encode(errors="replace"), sha256).hexdigest()
