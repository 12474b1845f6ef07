"""Working on feeds: a worker takes one, goes through it step by step, and leaves its processing report.

Each step commits with the note that it is through. Whoever dies in the middle of one leaves the feed to the next worker,
who reads the document again and goes on after the last step that is noted: no record is taken twice, none is left out.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from tradepost.documents import documents
from tradepost.feeds import records
from tradepost.feeds.feeds import DONE, FATAL, Feed
from tradepost.feeds.kind import Content, Kind, Line, Reading
from tradepost.feeds.kinds import KINDS
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Overtaken, Transaction
from tradepost.ground.storage import Storage
from tradepost.people import policies
from tradepost.people import records as people

LEASE = timedelta(minutes=2)  # of a worker on a feed, from its last step
TRY_AGAIN = timedelta(seconds=5)  # after a failure; twice as long after each further one
MOST_BYTES = documents.MOST_MIB << 20


class _Taken(NamedTuple):
    feed: Feed
    digest: str | None
    steps: int
    failures: int


class Unusable(Exception):
    """Nothing can be read from the document; the sentence says why."""


async def work_on_one(database: Database, storage: Storage) -> bool:
    """Take a feed and bring it to its end; False: none waits."""
    taken = await database.run(_take)
    if taken is None:
        return False
    try:
        await _go_through(database, storage, taken)
    except Exception:
        wait = TRY_AGAIN * 2 ** min(taken.failures, 8)
        seller_id, feed_id = taken.feed.seller_id, taken.feed.feed_id
        await database.run(lambda tx: records.hand_back(tx, seller_id, feed_id, machine_now() + wait))
        raise
    return True


async def _take(tx: Transaction) -> _Taken | None:
    now = machine_now()
    row = await records.take(tx, tx.now, now, now + LEASE)
    return row and _Taken(Feed(*row[:-3]), *row[-3:])


async def _go_through(database: Database, storage: Storage, taken: _Taken) -> None:
    feed, kind = taken.feed, KINDS[taken.feed.kind]
    ground = await database.run(lambda tx: _ground(tx, feed))
    try:
        document = await _read(storage, feed.document_id)
        digest = sha256(document).hexdigest()
        if taken.digest not in (None, digest):
            raise Unusable("The document is not what it was when the feed began; upload it again as a new one.")
    except Unusable as no:
        await _finish(database, storage, feed, ground, Reading(0, (), [Line(0, 99010, "Fatal", str(no))], fatal=True))
        return
    content = ground._replace(content=document)
    reading = await asyncio.to_thread(kind.read, content)
    if taken.digest is None:
        reading = await database.run(lambda tx: _enter(tx, feed, kind, content, digest, reading))
    for number, step in enumerate(islice(reading.steps, taken.steps, None), start=taken.steps + 1):
        await database.run(partial(_step, feed=feed, kind=kind, content=content, number=number, step=step))
    await _finish(database, storage, feed, content, reading)


async def _ground(tx: Transaction, feed: Feed) -> Content:
    """Whose feed it is, and where days are counted."""
    seller = (await people.sellers(tx, [feed.seller_id]))[feed.seller_id]
    in_force = {market.marketplace_id: market.policy_version for market in await people.marketplaces(tx)}
    version = (seller.marketplace_id, in_force[seller.marketplace_id])
    return Content(feed.seller_id, b"", (await policies.of(tx, [version]))[version].zone, seller.locale)


async def _read(storage: Storage, document_id: str) -> bytes:
    """The document, unpacked where it is packed; never more than MOST_BYTES of it, whatever it unpacks to."""
    unpacked, unpack = bytearray(), None
    try:
        async for piece in storage.read(document_id):
            if not unpacked and unpack is None and piece.startswith(_GZIP):
                unpack = zlib.decompressobj(wbits=31)
            unpacked += unpack.decompress(piece, MOST_BYTES + 1 - len(unpacked)) if unpack else piece
            if len(unpacked) > MOST_BYTES:
                raise Unusable(f"The document is larger than {documents.MOST_MIB} MiB; split it.")
    except FileNotFoundError as error:
        raise Unusable("Nothing was uploaded to the address of the document.") from error
    except zlib.error as error:
        raise Unusable("The document begins as gzip does, and cannot be unpacked.") from error
    if unpack and not unpack.eof:
        raise Unusable("The document is packed with gzip, and its end is missing.")
    return bytes(unpacked)


_GZIP = b"\x1f\x8b"


async def _enter(tx: Transaction, feed: Feed, kind: Kind, content: Content, digest: str, reading: Reading) -> Reading:
    """Write down what was found. A feed that its kind does not let in is through at once."""
    no = None if reading.fatal or kind.enter is None else await kind.enter(tx, content, digest)
    await records.read(tx, feed.seller_id, feed.feed_id, digest, reading.records)
    return Reading(reading.records, (), [no], fatal=True) if no else reading


async def _step(tx: Transaction, *, feed: Feed, kind: Kind, content: Content, number: int, step: Any) -> None:
    done = await kind.apply(tx, content, step)
    until = machine_now() + LEASE
    lines = [list(line) for line in done.lines]
    if not await records.step(tx, feed.seller_id, feed.feed_id, number, done.records, done.successful, lines, until):
        raise Overtaken


async def _finish(database: Database, storage: Storage, feed: Feed, content: Content, reading: Reading) -> None:
    """Write the report, and end the feed once it lies where it can be fetched."""
    successful, told = await database.run(lambda tx: records.outcome(tx, feed.seller_id, feed.feed_id))
    lines = sorted([*reading.lines, *(Line(*line) for line in told)], key=lambda line: line.record)
    kind = KINDS[feed.kind]
    report = await asyncio.to_thread(kind.report, content, reading.records, successful, lines)

    async def end(tx: Transaction) -> None:
        made = await documents.make(tx, feed.seller_id, report.content_type)
        await storage.write(made.document_id, _whole(report.content))
        status = FATAL if reading.fatal else DONE
        await records.end(
            tx, feed.seller_id, feed.feed_id, status, tx.now, reading.records, successful, made.document_id
        )

    await database.run(end)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
