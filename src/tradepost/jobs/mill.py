"""The mill: the jobs that are worked on in one process, some at once so that a long one holds up no short one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog

from tradepost.ground.database import Database
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.ground.trouble import database_is_away
from tradepost.jobs.turns import Taken

AT_ONCE = 4  # each may hold a whole document in memory

_log = structlog.get_logger()


JobT = TypeVar("JobT")
Take = Callable[[Database], Awaitable[Taken[JobT] | None]]
"""Take the job that has waited longest; None: none waits."""
GoOn = Callable[[Database, Storage, Taken[JobT], asyncio.Event], Awaitable[None]]
"""Bring a job to its end, or as far as it goes until the event is set. What fails is handed back, and raised."""


@asynccontextmanager
async def mill(
    name: str, database: Database, storage: Storage | None, take: Take[JobT], go_on: GoOn[JobT]
) -> AsyncIterator["Mill"]:
    """A mill for jobs of one sort, which `name` is in the log; what is under way when the block ends is broken off and
    handed back. Without a storage it stands still."""

    async def start(stop: asyncio.Event) -> asyncio.Task[None] | None:
        taken = await take(database) if storage else None
        return asyncio.create_task(finish(taken, stop)) if taken else None

    async def finish(taken: Taken[JobT], stop: asyncio.Event) -> None:
        assert storage is not None
        try:
            await go_on(database, storage, taken, stop)
        except Exception as error:
            trouble = isinstance(error, StorageUnavailable) or database_is_away(error)
            cause = f"{type(error).__name__}: {error}"
            _log.error(f"{name}_failed", **taken.turn._asdict(), cause=cause, exc_info=None if trouble else error)

    opened = Mill(start)
    try:
        yield opened
    finally:
        await opened.break_off()


class Mill:
    """The jobs that are under way in one process. Several processes may serve one database."""

    def __init__(self, start: Callable[[asyncio.Event], Awaitable[asyncio.Task[None] | None]]) -> None:
        self._start = start
        self._under_way: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def start_waiting(self) -> int:
        """Begin with a job that waits, if there is room; how many were begun."""
        if self._stop.is_set() or len(self._under_way) >= AT_ONCE:
            return 0
        if (begun := await self._start(self._stop)) is None:
            return 0
        self._under_way.add(begun)
        begun.add_done_callback(self._under_way.discard)
        return 1

    async def finish(self) -> None:
        """Begin with nothing more, and bring what is under way as far as it goes."""
        self._stop.set()
        await self.settle()

    async def settle(self) -> None:
        """Wait until every job that was begun is through or handed back."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def break_off(self) -> None:
        """Break off what is under way; what was not written down of it is taken back."""
        self._stop.set()
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
