"""The key ring of a process: who comes with which key or token, without asking the database for every request."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from tradepost.ground.clock import machine_now, machine_seconds
from tradepost.ground.combine import Combiner
from tradepost.ground.database import Database, Transaction

CACHE_SECONDS = 5.0  # for so long a key that was ended may still open the door
MOST_KNOWN = 100_000
MOST_KEY = 200  # characters


class Ending(Protocol):
    """What opens until a moment of the machine's clock, or for ever."""

    @property
    def ends_at(self) -> datetime | None: ...


KeyT = TypeVar("KeyT", bound=Ending)


class _Known(NamedTuple, Generic[KeyT]):
    key: KeyT
    until: float  # machine seconds


class KeyRing(Generic[KeyT]):
    """Keys that were shown here lately; `find` says of each text what key it is."""

    def __init__(
        self, database: Database, find: Callable[[Transaction, Sequence[str]], Awaitable[Sequence[KeyT | None]]]
    ) -> None:
        self._known: dict[str, _Known[KeyT]] = {}
        self._look_up: Combiner[str, KeyT | None] = Combiner(database, find)

    async def key(self, text: str) -> KeyT | None:
        """Whose key this is; None when it is nobody's, or has ended."""
        known = self._known.get(text)
        if known is not None and known.until > machine_seconds():
            return known.key
        self._known.pop(text, None)
        key = await self._look_up.submit(text) if len(text) <= MOST_KEY else None
        if key is not None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            rest = (key.ends_at - machine_now()).total_seconds() if key.ends_at else CACHE_SECONDS
            self._known[text] = _Known(key, machine_seconds() + min(rest, CACHE_SECONDS))
        return key
