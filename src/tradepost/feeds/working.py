"""Working on a feed: a worker takes one, goes through it step by step, and leaves its processing report.

Each step commits with the note that it is through. Whoever dies in the middle of one leaves the feed to the next
worker, who reads the document again and goes through the steps that are not noted: no record is taken twice, none is
left out.
"""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from typing import Any

from tradepost.documents import documents
from tradepost.feeds import reading as documents_read
from tradepost.feeds import records
from tradepost.feeds.feeds import Feed
from tradepost.feeds.kind import Content, Done, Kind, Line, Reading, Summary
from tradepost.feeds.kinds import KINDS
from tradepost.feeds.options import understood
from tradepost.feeds.records import FEEDS
from tradepost.feeds.trouble import Trouble, Unusable
from tradepost.ground.clock import machine_seconds
from tradepost.ground.database import Database, Transaction
from tradepost.ground.storage import Storage
from tradepost.ground.traffic import requests_under_way
from tradepost.jobs import turns
from tradepost.jobs.jobs import DONE, FATAL, Stopped, insist
from tradepost.jobs.turns import MOST_ATTEMPTS, Taken, kept
from tradepost.notifications.finished import feed_finished
from tradepost.people import policies
from tradepost.people import records as people

COLLECT_AFTER = (50_000, 50, 100)  # new objects, and times that the younger ones were looked through
SIDE_BY_SIDE = 3
"""Steps of one feed: while the database is busy with some of them, there is one to decide."""
REST = 3  # times as long as a step took
LONGEST_REST_SECONDS = 2.0


async def take(database: Database) -> Taken[Feed] | None:
    """The feed that has waited longest; None: none waits."""
    return await turns.take(database, FEEDS, Feed)


async def go_on(database: Database, storage: Storage, taken: Taken[Feed], stop: asyncio.Event) -> None:
    """Bring a feed to its end, or as far as it goes until `stop` is set. What fails is handed back, and raised."""
    async with kept(database, FEEDS, taken.turn):
        await _Work(database, storage, taken).go_on(stop)


class _Work:
    """The work on one feed."""

    def __init__(self, database: Database, storage: Storage, taken: Taken[Feed]) -> None:
        self._database = database
        self._storage = storage
        self._feed, self._turn = taken
        self._kind: Kind = KINDS[taken.job.kind]

    async def go_on(self, stop: asyncio.Event) -> None:
        """Bring it to its end; Stopped where that is not to be."""
        content = await self._database.run(self._surroundings)
        content = content._replace(digest=self._feed.digest or "")
        if self._turn.attempts > MOST_ATTEMPTS:
            facts = {"attempts": MOST_ATTEMPTS, "done": self._feed.done, "records": self._feed.records}
            await self._end(content, [Trouble.GIVEN_UP.line(content.language, **facts)], fatal=True)
            return
        try:
            content = await self._read(content)
        except Unusable as no:
            await self._end(content, [no.trouble.line(content.language)], fatal=True)
            return
        with seldom_collected():
            reading = await asyncio.to_thread(self._kind.read, content)
            if self._feed.digest is None:
                reading = await self._database.run(partial(self._enter, content=content, reading=reading))
                content = content._replace(digest="" if reading.fatal else content.digest)
            await self._steps(content, reading.steps, stop)
        await self._end(content, reading.lines, fatal=reading.fatal)

    async def _steps(self, content: Content, steps: Sequence[Any], stop: asyncio.Event) -> None:
        """Go through the steps that are left, unless told to stop.

        Each is about orders or offers of its own: it does not matter which of those side by side is through first.
        """
        through = await self._database.run(lambda tx: records.through(tx, self._turn))
        left = deque((number, step) for number, step in enumerate(steps, 1) if number not in through)

        async def go_through() -> None:
            while left and not stop.is_set():
                began = machine_seconds()
                await self._step(content, *left.popleft())
                if left:
                    await self._give_way(machine_seconds() - began, stop)

        side_by_side = (go_through() for _ in range(SIDE_BY_SIDE))
        for trouble in await asyncio.gather(*side_by_side, return_exceptions=True):  # one's trouble breaks off no other
            if trouble:
                raise trouble
        if left:
            raise Stopped

    async def _give_way(self, seconds: float, stop: asyncio.Event) -> None:
        """Rest after a step that took so long where requests are being answered: a file may wait, buyers may not."""
        if await self._database.run_at_once(requests_under_way):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(REST * seconds, LONGEST_REST_SECONDS))

    async def _surroundings(self, tx: Transaction) -> Content:
        """Whose feed it is, where days are counted, and what the document is called."""
        feed = self._feed
        seller = (await people.sellers(tx, [feed.seller_id]))[feed.seller_id]
        markets = {market.marketplace_id: market for market in await people.marketplaces(tx)}
        market = markets[seller.marketplace_id]
        version = (market.marketplace_id, market.policy_version)
        zone = (await policies.of(tx, [version]))[version].zone
        document = await documents.known(tx, feed.seller_id, feed.document_id)
        options = understood(feed.options)
        return Content(feed.seller_id, feed.feed_id, market, zone, seller.locale, options, document.content_type)

    async def _read(self, content: Content) -> Content:
        document = await documents_read.read(self._storage, self._feed.document_id)
        digest = (await asyncio.to_thread(sha256, document)).hexdigest()
        if self._feed.digest not in (None, digest):
            raise Unusable(Trouble.CHANGED)
        return content._replace(content=document, digest=digest)

    async def _enter(self, tx: Transaction, content: Content, reading: Reading) -> Reading:
        """Write down what was found, with the digest of what is let in: its kind is not asked again. What is not let
        in is through at once."""
        if not reading.fatal and self._kind.enter and (no := await self._kind.enter(tx, content)):
            reading = Reading(reading.records, (), [no], fatal=True)
        digest = None if reading.fatal else content.digest
        done = len({line.record for line in reading.lines if line.record and line.type != "Warning"})
        insist(await records.read(tx, self._turn, digest, reading.records, done))
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
        insist(await records.step(tx, self._turn, number, done.records, done.successful, lines))

    async def _end(self, content: Content, lines: list[Line] | Any, *, fatal: bool) -> None:
        """Write the report, and end the feed once it lies where it can be fetched."""
        feed = self._feed
        count, successful, told = await self._database.run(lambda tx: records.outcome(tx, self._turn))
        everything = sorted([*lines, *(Line(*line) for line in told)], key=lambda line: line.record)
        summary = Summary(count, successful, everything)
        report = await asyncio.to_thread(self._kind.report, content, summary)
        document = await self._database.run(lambda tx: documents.make(tx, feed.seller_id, report.content_type))
        await self._storage.write(document.document_id, _whole(report.content))

        async def end(tx: Transaction) -> None:
            status = FATAL if fatal else DONE
            insist(await records.end(tx, self._turn, status, document.document_id, tx.now))
            await feed_finished(tx, feed.seller_id, feed.feed_id, feed.kind, status, document.document_id)
            if self._kind.leave and content.digest:
                await self._kind.leave(tx, content, summary)

        await self._database.run(end)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """A file in memory is many objects, none of them in a ring: collections need not look at them again and again, nor
    come in the middle of a step. Whichever of several feeds ends last puts back what held before the first."""
    _before.append(gc.get_threshold())
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*_before.pop())


_before: list[tuple[int, int, int]] = []


class _Undone(Exception):
    """Takes back what a dry run did."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
