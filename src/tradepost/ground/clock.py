"""The two clocks; this file alone reads the time.

The machine clock rules what protects machines (leases, delivery retries) and never moves. The business clock rules the
process. On a system-clock marketplace the two are the same; a simulated one is a row in the database, so that every
process that shares the database agrees on the moment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic


def machine_now() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BusinessClock:
    """How business time follows machine time: at machine moment `set_at`, business time was `shows`."""

    simulated: bool
    ticking: bool
    shows: datetime
    set_at: datetime

    def now(self) -> datetime:
        """The business time at this moment, in UTC."""
        return self.at(machine_now())

    def at(self, moment: datetime) -> datetime:
        """The business time at a moment of the machine's."""
        if not self.simulated:
            return moment
        return self.shows + (moment - self.set_at) if self.ticking else self.shows

    def moved_to(self, moment: datetime) -> "BusinessClock":
        """The same clock, showing `moment` from now on."""
        return BusinessClock(self.simulated, self.ticking, moment, machine_now())


def system_clock() -> BusinessClock:
    """The clock of a marketplace that runs in real time."""
    now = machine_now()
    return BusinessClock(simulated=False, ticking=True, shows=now, set_at=now)


def simulated_clock(shows: datetime, *, ticking: bool) -> BusinessClock:
    """A clock that can be moved; frozen, or ticking on from `shows`."""
    return BusinessClock(simulated=True, ticking=ticking, shows=shows, set_at=machine_now())


def machine_seconds() -> float:
    """Seconds on a clock that never jumps; only differences mean something."""
    return monotonic()
