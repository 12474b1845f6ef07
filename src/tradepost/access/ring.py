"""The key ring of a process: who comes with which key, without asking the database for every request."""

from collections.abc import Sequence
from typing import NamedTuple

from tradepost.access import records
from tradepost.access.keys import Key, digest, key_of
from tradepost.ground.clock import machine_now, machine_seconds
from tradepost.ground.combine import Combiner
from tradepost.ground.database import Database, Transaction

CACHE_SECONDS = 5.0  # for so long a key that was ended may still open the door
MOST_KNOWN = 100_000
MOST_KEY = 200  # characters


class _Known(NamedTuple):
    key: Key
    until: float  # machine seconds


class KeyRing:
    """Keys that were shown here lately."""

    def __init__(self, database: Database) -> None:
        self._known: dict[str, _Known] = {}
        self._look_up: Combiner[str, Key | None] = Combiner(database, _find)

    async def key(self, text: str) -> Key | None:
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


async def _find(tx: Transaction, texts: Sequence[str]) -> list[Key | None]:
    digests = [digest(text) for text in texts]
    found = await records.of_digests(tx, set(digests), machine_now())
    return [key_of(found[one]) if one in found else None for one in digests]
