"""Moments and durations as people type and read them at a terminal."""

import re
from datetime import UTC, datetime, timedelta

from tradepost.calendar_days import local_time, time_zone
from tradepost.doors.cli.mistakes import Mistake

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHORT = re.compile(r"(?:\d{1,9}[wdhms])+", re.ASCII)
_ISO = re.compile(r"P(?:\d{1,9}[WD])*(?:T(?:\d{1,9}[HMS])+)?", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)


def moment(text: str, zone: str | None) -> datetime:
    """The moment, in UTC, that a text such as 2026-03-01T10:00:00+01:00 means.

    Without an offset it is a time in `zone`; where no zone is known that is a Mistake, like any other text.
    """
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None and zone is not None:
            read = read.replace(tzinfo=time_zone(zone))
        if read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Mistake(f"{text!r} is no time such as 2026-03-01, 2026-03-01T10:00 or 2026-03-01T10:00:00+01:00.")


def duration(text: str) -> timedelta | None:
    """The duration that 30m, 2h30m, 21d, P21D or PT2H30M means; None for a text that is no duration."""
    if len(text) < 2 or not (_SHORT.fullmatch(text.lower()) or (_ISO.fullmatch(text.upper()) and len(text) > 2)):
        return None
    parts: dict[str, int] = {}
    for number, unit in _PART.findall(text.lower()):
        parts[_UNITS[unit]] = parts.get(_UNITS[unit], 0) + int(number)
    try:
        return timedelta(**parts)
    except OverflowError:
        return None


def shown(at: datetime, zone: str = "UTC") -> str:
    """A moment as people read it: in the zone, to the second; the zone is named where the times stand."""
    return f"{local_time(at, zone):%Y-%m-%d %H:%M:%S}"


def in_words(span: timedelta) -> str:
    """A span such as `21 days` or `2 h 30 min`, to its two largest units."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    sizes = ((days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    said = [f"{number} {unit}" for number, unit in sizes if number]
    return " ".join(said[:2]) or "0 s"
