"""The mill: the feeds that are worked on in one process, some at once so that a long one holds up no short one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from tradepost.feeds import working
from tradepost.feeds.working import Taken
from tradepost.ground.database import Database, database_is_away
from tradepost.ground.storage import Storage, StorageUnavailable

AT_ONCE = 4  # each may hold a whole document in memory

_log = structlog.get_logger()


@asynccontextmanager
async def mill(database: Database, storage: Storage | None) -> AsyncIterator["Mill"]:
    """A mill; what is under way when the block ends is broken off and handed back."""
    opened = Mill(database, storage)
    try:
        yield opened
    finally:
        await opened.break_off()


class Mill:
    """The feeds that are under way in one process. Several processes may serve one database."""

    def __init__(self, database: Database, storage: Storage | None) -> None:
        self._database = database
        self._storage = storage
        self._under_way: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def start_waiting(self) -> int:
        """Begin with a feed that waits, if there is room; how many were begun."""
        if self._storage is None or self._stop.is_set() or len(self._under_way) >= AT_ONCE:
            return 0
        taken = await working.take(self._database)
        if taken is None:
            return 0
        task = asyncio.create_task(self._go_on(self._storage, taken))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return 1

    async def finish(self) -> None:
        """Begin with nothing more, and bring what is under way to the end of its step."""
        self._stop.set()
        await self.settle()

    async def settle(self) -> None:
        """Wait until every feed that was begun is through or handed back."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def break_off(self) -> None:
        """Break off what is under way; the step that it is in is taken back."""
        self._stop.set()
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _go_on(self, storage: Storage, taken: Taken) -> None:
        feed = taken.feed
        try:
            await working.go_on(self._database, storage, taken, self._stop)
        except Exception as error:
            trouble = isinstance(error, StorageUnavailable) or database_is_away(error)
            _log.error(
                "feed_failed",
                seller_id=feed.seller_id,
                feed_id=feed.feed_id,
                attempt=taken.attempts,
                cause=f"{type(error).__name__}: {error}",
                exc_info=None if trouble else error,
            )
