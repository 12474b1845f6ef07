"""How many requests a key may send: so many a second for ever, and a burst on top.

Counted by each server process for itself, since the buckets protect the machine and decide nothing about the process.
"""

from tradepost.access.keys import Key, Scope
from tradepost.ground.clock import machine_seconds
from tradepost.refusals import Reason, Refused

LIMITS = {  # requests a second, and how many at once
    Scope.BUYER: (20.0, 100.0),
    Scope.SELLER: (100.0, 1000.0),
    Scope.CUSTOMER_SERVICE: (100.0, 1000.0),
    Scope.OPERATOR: (200.0, 2000.0),
}
WAIT_SECONDS = 1  # in which even the slowest bucket has room again
MOST_KEYS = 100_000


class Limits:
    """The buckets of the keys, each as the moment at which it is full again."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def count(self, key: Key) -> None:
        """Count a request, or refuse it when the key has sent too many."""
        rate, burst = LIMITS[key.scope]
        now = machine_seconds()
        full_at = max(self._full_at.get(key.key_id, now), now) + 1 / rate
        if full_at - now > burst / rate:
            raise Refused(Reason.TOO_MANY_REQUESTS, wait=WAIT_SECONDS)
        if len(self._full_at) >= MOST_KEYS:
            self._full_at = {key_id: moment for key_id, moment in self._full_at.items() if moment > now}
        self._full_at[key.key_id] = full_at
