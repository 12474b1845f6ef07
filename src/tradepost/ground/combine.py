"""The combiner: requests that wait at the same moment share one transaction, and each gets its own answer.

While a transaction is under way others gather, so the batches grow with the load by themselves. Where several wanted
something lately, the next batch waits until as many are here, or nobody more comes for a moment; one request alone goes
alone, and at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from tradepost.ground.database import Database, Transaction
from tradepost.ground.trouble import database_is_away

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

MOST_AT_ONCE = 200  # items of one transaction: what it locks, others wait for
MOST_WAITING = 10_000
MOMENT_SECONDS = 0.0006
MOST_MOMENTS = 4  # or a steady stream would hold every batch back until it is full


class TooManyWaiting(Exception):
    """More items wait than can be served soon."""


class Combiner(Generic[ItemT, OutcomeT]):
    """Does one kind of work in batches. `work` answers in the order of its items; it may run again on the same items,
    when the database asks for it, and on halves of them, when it fails for a cause that is not a refusal."""

    def __init__(
        self,
        database: Database,
        work: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[OutcomeT]]],
        *,
        at_once: bool = False,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._run = database.run_at_once if at_once else database.run
        self._work = work
        self._observe = observe  # told the size of every batch
        self._waiting: deque[tuple[ItemT, asyncio.Future[OutcomeT]]] = deque()
        self._lately = 0  # how many wanted something: those of the last batch, and those who came while it was written
        self._all_are_here = asyncio.Event()
        # One: two made smaller batches, and waited for each other's locks (docs/decisions/0009). It leaves in the same
        # step in which it finds nothing waiting.
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT) -> OutcomeT:
        """The outcome of this item, once it is committed. Raises what its transaction failed with."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooManyWaiting
        future: asyncio.Future[OutcomeT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._lately:
            self._all_are_here.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        try:
            while self._waiting:
                if self._lately > 1:
                    await self._gather()
                size = min(len(self._waiting), MOST_AT_ONCE)
                batch = [self._waiting.popleft() for _ in range(size)]
                wanted = [(item, future) for item, future in batch if not future.done()]  # who has left is not served
                if wanted:
                    await self._settle(wanted)
                    with suppress(Exception):  # who counts batches fails nobody
                        self._observe(len(wanted))
                self._lately = min(len(wanted) + len(self._waiting), MOST_AT_ONCE)
        finally:
            self._writer = None

    async def _gather(self) -> None:
        """Let those join who are on their way, such as callers who were answered just now and come again."""
        self._all_are_here.clear()
        for _ in range(MOST_MOMENTS):
            came = len(self._waiting)
            if came >= self._lately:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(MOMENT_SECONDS):
                    await self._all_are_here.wait()
            if len(self._waiting) == came:
                break

    async def _settle(self, batch: Sequence[tuple[ItemT, asyncio.Future[OutcomeT]]]) -> None:
        items = [item for item, _ in batch]

        async def work(tx: Transaction) -> Sequence[OutcomeT]:
            outcomes = await self._work(tx, items)
            assert len(outcomes) == len(items), "an outcome for each item"
            return outcomes

        try:
            outcomes = await self._run(work)
        except Exception as error:
            if len(batch) > 1 and not database_is_away(error):  # one of them sinks the others: which?
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
