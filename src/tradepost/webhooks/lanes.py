"""Lanes: whoever waits to be told something gets one, so that nobody waits for the answers of another.

What is told, to whom and how is the business of those who run lanes: the couriers of webhooks, and of notifications.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction

LANES = 32  # receivers that are called at once; those that fail get half of them
KEPT = timedelta(days=30)  # what is done, and what waits for a receiver that is not called
_TURN = timedelta(seconds=10)  # then a lane makes room for others
_FORGET_EVERY = timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 5000

KeyT = TypeVar("KeyT", bound=Hashable)  # names a receiver


class Lanes(ABC, Generic[KeyT]):
    """The calls that are under way in one process. Several processes may serve one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes: dict[KeyT, asyncio.Task[bool]] = {}
        self._finishing = False
        self._forget_at: datetime | None = None

    @abstractmethod
    async def _waiting(
        self, tx: Transaction, now: datetime, without: Collection[KeyT], most: int
    ) -> Sequence[tuple[KeyT, bool]]:
        """Receivers for whom something is due, and whether they have been failing: those come last."""

    @abstractmethod
    async def _send_batch(self, key: KeyT) -> bool:
        """Send what may go out side by side; whether to look again at once.

        Not where nothing has arrived: a receiver that is down is called every other second, whatever waits for it, and
        what has not been tried by the time that it is back goes out at once.
        """

    @abstractmethod
    async def _forget_old(self, tx: Transaction, before: datetime, most: int) -> int:
        """Delete up to `most` of what was queued before then, and is not on its way; how many."""

    async def start_due(self) -> int:
        """Start a lane for everybody who waits and has none; how many. Raises what broke an earlier lane, when the
        others have theirs.

        Where an earlier lane could do nothing, somebody else has it in hand or the receiver is down: they are left out
        once.
        """
        idle, broken = self._tidy_up()
        without = [*idle, *self._lanes]
        await self._forget()
        before = len(self._lanes)
        found = await self._database.run(lambda tx: self._waiting(tx, machine_now(), without, LANES))
        for key, failing in found:
            if not self._finishing and len(self._lanes) < (LANES // 2 if failing else LANES):
                self._lanes[key] = asyncio.create_task(self._serve(key))
        if broken:
            raise broken[0]
        return len(self._lanes) - before

    async def finish(self) -> None:
        """Take on nothing new, and wait for the calls that are under way."""
        self._finishing = True
        await self.settle()

    async def settle(self) -> None:
        """Wait until every lane that was started has come to its end."""
        if self._lanes:
            await asyncio.wait(self._lanes.values())

    async def break_off(self) -> None:
        """Break off what is under way. It counts as not sent, though some of it may have arrived."""
        self._finishing = True
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _tidy_up(self) -> tuple[list[KeyT], list[BaseException]]:
        """Clear away the lanes that came to their end; those that could do nothing, and what broke some of them."""
        done = {key: self._lanes.pop(key) for key, lane in list(self._lanes.items()) if lane.done()}
        broken = {key: error for key, lane in done.items() if (error := lane.exception())}
        idle = [key for key, lane in done.items() if key in broken or not lane.result()]
        return idle, list(broken.values())

    async def _forget(self) -> None:
        now = machine_now()
        if self._forget_at is not None and now < self._forget_at:
            return
        forgotten = await self._database.run(lambda tx: self._forget_old(tx, now - KEPT, _FORGOTTEN_AT_ONCE))
        if forgotten < _FORGOTTEN_AT_ONCE:
            self._forget_at = now + _FORGET_EVERY

    async def _serve(self, key: KeyT) -> bool:
        """Tell one receiver until nothing is due there, or others should have a turn; whether it has been told."""
        until, told = machine_now() + _TURN, False
        while not self._finishing and await self._send_batch(key):
            told = True
            if machine_now() >= until:
                break
        return told
