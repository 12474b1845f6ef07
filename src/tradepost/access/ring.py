"""The key ring of a process: who comes with which key or token, without asking the database for every request.

A key is known for some seconds. When one has to be looked up, those that come often and have to be soon are looked up
with it, so that a busy process asks for hundreds at once, and hardly any request waits for that.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import Generic, Protocol, TypeVar

from tradepost.ground.clock import machine_now, machine_seconds
from tradepost.ground.combine import Combiner
from tradepost.ground.database import Database, Transaction

CACHE_SECONDS = 5.0  # for so long a key that was ended may still open the door
MOST_KNOWN = 100_000
MOST_AHEAD = 500  # of one look-up
MOST_KEY = 200  # characters


class Ending(Protocol):
    """What opens until a moment of the machine's clock, or for ever."""

    @property
    def ends_at(self) -> datetime | None: ...


KeyT = TypeVar("KeyT", bound=Ending)


@dataclass(slots=True)
class _Known(Generic[KeyT]):
    key: KeyT
    until: float  # machine seconds
    shown: bool = False  # since it was looked up


class KeyRing(Generic[KeyT]):
    """Keys that were shown here lately; `find`, which only reads, says of each text what key it is."""

    def __init__(
        self, database: Database, find: Callable[[Transaction, Sequence[str]], Awaitable[Sequence[KeyT | None]]]
    ) -> None:
        self._find = find
        self._known: dict[str, _Known[KeyT]] = {}  # in the order in which they were looked up
        self._look_up: Combiner[str, KeyT | None] = Combiner(database, self._look, at_once=True)

    async def key(self, text: str) -> KeyT | None:
        """Whose key this is; None when it is nobody's, or has ended."""
        known = self._known.get(text)
        if known is not None and known.until > machine_seconds():
            known.shown = True
            return known.key
        return await self._look_up.submit(text) if len(text) <= MOST_KEY else None

    async def _look(self, tx: Transaction, texts: Sequence[str]) -> Sequence[KeyT | None]:
        began, now = machine_seconds(), machine_now()
        wanted = [*texts, *self._due(began + CACHE_SECONDS / 2)]
        keys = await self._find(tx, wanted)
        if len(self._known) + len(wanted) > MOST_KNOWN:
            self._known.clear()
        for text, key in zip(wanted, keys, strict=True):
            self._known.pop(text, None)
            if key is not None:
                rest = (key.ends_at - now).total_seconds() if key.ends_at else CACHE_SECONDS
                self._known[text] = _Known(key, began + min(rest, CACHE_SECONDS))
        return keys[: len(texts)]

    def _due(self, soon: float) -> list[str]:
        """Keys that are shown again and again, and are known until `soon` at most; those that are not are forgotten."""
        oldest = dict(takewhile(lambda item: item[1].until <= soon, islice(self._known.items(), MOST_AHEAD)))
        for text, known in oldest.items():
            if not known.shown:
                del self._known[text]
        return [text for text, known in oldest.items() if known.shown]
