"""Putting feeds into the queue and working on them, with what is seen of them afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.scene import MARKET, PRO, Scene
from tradepost.documents import documents
from tradepost.feeds import feeds, working
from tradepost.feeds.feeds import Feed, NewFeed
from tradepost.ground.storage import Storage
from tradepost.jobs.mill import Mill, mill

CONFIRMATIONS = "POST_FLAT_FILE_FULFILLMENT_DATA"
TSV = "text/tab-separated-values; charset=UTF-8"


@dataclass(frozen=True)
class Feeds:
    """The feeds of a scene."""

    scene: Scene
    storage: Storage

    async def upload(self, content: bytes | None, content_type: str = TSV, seller: str = PRO) -> str:
        """A document with this in it (None: with nothing uploaded); its id."""
        async with self.scene.database.transaction() as tx:
            document = await documents.make(tx, seller, content_type)
        if content is not None:
            await self.put(document.document_id, content)
        return document.document_id

    async def put(self, document_id: str, content: bytes) -> None:
        await self.storage.write(document_id, _pieces(content))

    async def create(
        self,
        content: bytes | None,
        kind: str = CONFIRMATIONS,
        *,
        content_type: str = TSV,
        seller: str = PRO,
        document_id: str | None = None,
        **options: str,
    ) -> str:
        """A feed that waits; its id."""
        document_id = document_id or await self.upload(content, content_type, seller)
        async with self.scene.database.transaction() as tx:
            return await feeds.create(tx, NewFeed(seller, kind, [MARKET], document_id, options))

    async def work(self) -> None:
        """Work on what waits until nothing does."""
        while taken := await working.take(self.scene.database):
            await working.go_on(self.scene.database, self.storage, taken, asyncio.Event())

    def mill(self) -> AbstractAsyncContextManager[Mill]:
        """A worker's mill."""
        return mill("feed", self.scene.database, self.storage, working.take, working.go_on)

    async def find(self, feed_id: str, seller: str = PRO) -> Feed:
        async with self.scene.database.transaction() as tx:
            return await feeds.find(tx, seller, feed_id)

    async def through(self, content: bytes | None, kind: str = CONFIRMATIONS, **more: str) -> tuple[str, str]:
        """What became of a feed, its status and its report."""
        feed_id = await self.create(content, kind, **more)  # type: ignore[arg-type]
        await self.work()
        feed = await self.find(feed_id)
        return feed.status, await self.report(feed_id)

    async def report(self, feed_id: str) -> str:
        """The processing report of a feed that has ended."""
        result_id = (await self.find(feed_id)).result_id
        assert result_id is not None
        return b"".join([piece async for piece in self.storage.read(result_id)]).decode()


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]
    yield b""


def table(report: str) -> list[list[str]]:
    """The error table of a flat report, read as sellers' tools do: from its fifth line on, below the headings."""
    return [line.split("\t") for line in report.splitlines()[5:]]


def counts(report: str) -> tuple[int, int]:
    """How many records were processed, and how many successful, as a flat report says."""
    title, processed, successful = report.splitlines()[:3]
    assert title == "Feed Processing Summary:"
    return int(processed.split("\t")[-1]), int(successful.split("\t")[-1])
