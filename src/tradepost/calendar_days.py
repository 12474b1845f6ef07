"""Calendar days in a named time zone: which day a moment falls on, and the moments at which a day begins and ends.

A day does not always begin at 00:00: clocks may skip midnight, repeat it, or leave out a whole day.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_MACHINES_OWN = frozenset({"localtime", "Factory"})  # found among the zones, but they name no place


@lru_cache(maxsize=1024)
def time_zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name, such as America/Los_Angeles; a ValueError says which name is unknown."""
    if name not in _zone_names():
        raise ValueError(f"There is no time zone named {name[:64]!r}; use an IANA name such as America/Los_Angeles.")
    return ZoneInfo(name)


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day that the zone's clocks show at the moment, which must know its own zone."""
    return local_time(moment, zone).date()


def local_time(moment: datetime, zone: str) -> datetime:
    """The moment as the zone's clocks show it; a naive moment is refused, since the machine's zone would be guessed."""
    if moment.tzinfo is None:
        raise ValueError(f"The moment {moment.isoformat()} has no time zone.")
    return moment.astimezone(time_zone(zone))


@lru_cache(maxsize=65536)
def first_instant(day: date, zone: str) -> datetime:
    """The first moment (UTC) at which the zone's clocks show this day.

    A day that the zone left out altogether, such as 30 December 2011 in Pacific/Apia, begins where the next one does.
    """
    return _midnight(day, time_zone(zone), fold=0)


@lru_cache(maxsize=65536)
def last_second(day: date, zone: str) -> datetime:
    """The last whole second (UTC) at which the zone's clocks show this day, as a rule its 23:59:59."""
    last = _midnight(day + _DAY, time_zone(zone), fold=1) - _SECOND
    if local_date(last, zone) > day:  # the clocks were set back, but not past 00:00
        return first_instant(day + _DAY, zone) - _SECOND
    return last


def day_exists(day: date, zone: str) -> bool:
    """Whether the zone's clocks ever show this day."""
    return local_date(first_instant(day, zone), zone) == day


def _midnight(day: date, zone: ZoneInfo, fold: int) -> datetime:
    """The moment (UTC) of the day's 00:00: the first (fold 0) or second (fold 1) where clocks show it twice, the end of
    the jump where they skip it."""
    wall = datetime.combine(day, time(fold=fold), zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    return _end_of_jump(day, zone)


def _end_of_jump(day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the clocks jump over the day's 00:00.

    Read with the offset after the jump, that 00:00 lies before it; read with the one before, it lies at or after it.
    Jumps happen on whole seconds.
    """
    before = datetime.combine(day, time(fold=1), zone).astimezone(UTC)
    after = datetime.combine(day, time(fold=0), zone).astimezone(UTC)
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            after = middle
    return after


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - _MACHINES_OWN
