"""Working on a feed: a worker takes one, goes through it step by step, and leaves its processing report.

Each step commits with the note that it is through. Whoever dies in the middle of one leaves the feed to the next
worker, who reads the document again and goes through the steps that are not noted: no record is taken twice, none is
left out.
"""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from tradepost.documents import documents
from tradepost.documents import records as document_records
from tradepost.feeds import reading as documents_read
from tradepost.feeds import records
from tradepost.feeds.feeds import Feed
from tradepost.feeds.kind import Content, Done, Kind, Line, Reading, Summary
from tradepost.feeds.kinds import KINDS
from tradepost.feeds.options import understood
from tradepost.feeds.trouble import Trouble, Unusable
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction, database_is_away
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.jobs.jobs import DONE, FATAL, Overtaken, insist
from tradepost.notifications.finished import feed_finished
from tradepost.people import policies
from tradepost.people import records as people

LEASE = timedelta(minutes=2)  # of a worker on a feed, from its last step
TRY_AGAIN = timedelta(seconds=5)  # after a failure; twice as long after each further one
MOST_ATTEMPTS = 5  # without getting on
SIDE_BY_SIDE = 2
"""Steps of one feed: while the database writes one of them, the next one is decided."""


class Taken(NamedTuple):
    """A feed that this worker has; `digest` is of its document, once that was read."""

    feed: Feed
    digest: str | None
    turn: int
    attempts: int

    @property
    def facts(self) -> dict[str, object]:
        """What a log says of it."""
        return {"seller_id": self.feed.seller_id, "feed_id": self.feed.feed_id, "attempt": self.attempts}


async def take(database: Database) -> Taken | None:
    """The feed that has waited longest; None: none waits."""

    async def work(tx: Transaction) -> Taken | None:
        now = machine_now()
        row = await records.take(tx, tx.now, now, now + LEASE)
        return row and Taken(Feed(*row[:-3]), *row[-3:])

    return await database.run(work)


async def go_on(database: Database, storage: Storage, taken: Taken, stop: asyncio.Event) -> None:
    """Bring a feed to its end, or as far as it goes until `stop` is set. What fails is handed back, and raised."""
    try:
        if await _Work(database, storage, taken).go_on(stop):
            return
    except Overtaken:
        return
    except asyncio.CancelledError:
        await _hand_back(database, taken, blameless=True)
        raise
    except Exception as error:
        await _hand_back(
            database, taken, wait=True, blameless=isinstance(error, StorageUnavailable) or database_is_away(error)
        )
        raise
    await _hand_back(database, taken, blameless=True)


async def _hand_back(database: Database, taken: Taken, *, blameless: bool, wait: bool = False) -> None:
    until = machine_now() + (TRY_AGAIN * 2 ** min(taken.attempts - 1, 8) if wait else timedelta(0))
    await database.run(lambda tx: records.hand_back(tx, taken.feed, taken.turn, until, blameless))


class _Work:
    """The work on one feed."""

    def __init__(self, database: Database, storage: Storage, taken: Taken) -> None:
        self._database = database
        self._storage = storage
        self._taken = taken
        self._feed = taken.feed
        self._kind: Kind = KINDS[taken.feed.kind]

    async def go_on(self, stop: asyncio.Event) -> bool:
        """Whether it has come to its end."""
        content = await self._database.run(self._surroundings)
        content = content._replace(digest=self._taken.digest or "")
        if self._taken.attempts > MOST_ATTEMPTS:
            facts = {"attempts": MOST_ATTEMPTS, "done": self._feed.done, "records": self._feed.records}
            await self._end(content, [Trouble.GIVEN_UP.line(content.language, **facts)], fatal=True)
            return True
        try:
            content = await self._read(content)
        except Unusable as no:
            await self._end(content, [no.trouble.line(content.language)], fatal=True)
            return True
        reading = await asyncio.to_thread(self._kind.read, content)
        if self._taken.digest is None:
            reading = await self._database.run(partial(self._enter, content=content, reading=reading))
            content = content._replace(digest="" if reading.fatal else content.digest)
        with _uncollected():
            if not await self._steps(content, reading.steps, stop):
                return False
        await self._end(content, reading.lines, fatal=reading.fatal)
        return True

    async def _steps(self, content: Content, steps: Sequence[Any], stop: asyncio.Event) -> bool:
        """Go through the steps that are left, unless told to stop; whether all of them are through.

        Each is about orders or offers of its own: it does not matter which of those side by side is through first.
        """
        through = await self._database.run(lambda tx: records.through(tx, self._feed))
        left = deque((number, step) for number, step in enumerate(steps, 1) if number not in through)

        async def go_through() -> None:
            while left and not stop.is_set():
                await self._step(content, *left.popleft())

        side_by_side = (go_through() for _ in range(SIDE_BY_SIDE))
        for trouble in await asyncio.gather(*side_by_side, return_exceptions=True):  # one's trouble breaks off no other
            if trouble:
                raise trouble
        return not left

    async def _surroundings(self, tx: Transaction) -> Content:
        """Whose feed it is, where days are counted, and what the document is called."""
        feed = self._feed
        seller = (await people.sellers(tx, [feed.seller_id]))[feed.seller_id]
        markets = {market.marketplace_id: market for market in await people.marketplaces(tx)}
        market = markets[seller.marketplace_id]
        version = (market.marketplace_id, market.policy_version)
        zone = (await policies.of(tx, [version]))[version].zone
        document = await documents.find(tx, feed.seller_id, feed.document_id)
        options = understood(feed.options)
        return Content(feed.seller_id, feed.feed_id, market, zone, seller.locale, options, document.content_type)

    async def _read(self, content: Content) -> Content:
        document = await documents_read.read(self._storage, self._feed.document_id)
        digest = (await asyncio.to_thread(sha256, document)).hexdigest()
        if self._taken.digest not in (None, digest):
            raise Unusable(Trouble.CHANGED)
        return content._replace(content=document, digest=digest)

    async def _enter(self, tx: Transaction, content: Content, reading: Reading) -> Reading:
        """Write down what was found, with the digest of what is let in: its kind is not asked again. What is not let
        in is through at once."""
        if not reading.fatal and self._kind.enter and (no := await self._kind.enter(tx, content)):
            reading = Reading(reading.records, (), [no], fatal=True)
        digest = None if reading.fatal else content.digest
        done = len({line.record for line in reading.lines if line.record and line.type != "Warning"})
        insist(await records.read(tx, self._feed, self._taken.turn, digest, reading.records, done))
        return reading

    async def _step(self, content: Content, number: int, step: Any) -> None:
        """One step, in one transaction with the note of it; of a dry run the note is all that stays."""
        if content.options.dry_run:
            done = await self._tried(content, step)
            await self._database.run(partial(self._note, number=number, done=done))
            return

        async def work(tx: Transaction) -> None:
            await self._note(tx, number, await self._kind.apply(tx, content, step))

        await self._database.run(work)

    async def _tried(self, content: Content, step: Any) -> Done:
        """What would become of a step."""

        async def work(tx: Transaction) -> None:
            raise _Undone(await self._kind.apply(tx, content, step))

        try:
            await self._database.run(work)
        except _Undone as tried:
            return tried.done
        raise AssertionError

    async def _note(self, tx: Transaction, number: int, done: Done) -> None:
        lines = [list(line) for line in done.lines]
        until = machine_now() + LEASE
        insist(
            await records.step(tx, self._feed, self._taken.turn, number, done.records, done.successful, lines, until)
        )

    async def _end(self, content: Content, lines: list[Line] | Any, *, fatal: bool) -> None:
        """Write the report, and end the feed once it lies where it can be fetched."""
        feed = self._feed
        count, successful, told = await self._database.run(lambda tx: records.outcome(tx, feed))
        everything = sorted([*lines, *(Line(*line) for line in told)], key=lambda line: line.record)
        summary = Summary(count, successful, everything)
        report = await asyncio.to_thread(self._kind.report, content, summary)
        document = documents.new(feed.seller_id, report.content_type)
        await self._storage.write(document.document_id, _whole(report.content))

        async def end(tx: Transaction) -> None:
            await document_records.put(tx, document)
            status = FATAL if fatal else DONE
            insist(await records.end(tx, feed, self._taken.turn, status, document.document_id, tx.now))
            await feed_finished(tx, feed.seller_id, feed.feed_id, feed.kind, status, document.document_id)
            if self._kind.leave and content.digest:
                await self._kind.leave(tx, content, summary)

        await self._database.run(end)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A file in memory is many objects, none of them in a ring: collections need not look at them again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Undone(Exception):
    """Takes back what a dry run did."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
