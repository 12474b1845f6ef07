"""Where a calendar day begins and ends, also where the clocks do something odd at midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.calendar_days import day_exists, first_instant, last_second, local_date, time_zone

MICROSECOND = timedelta(microseconds=1)
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
DAYS = st.dates(date(1900, 1, 3), date(2100, 1, 1))
ODD_NIGHTS = [
    # zone, day, its first instant, its last second (UTC)
    ("America/Sao_Paulo", date(2016, 10, 16), "2016-10-16T03:00:00", "2016-10-17T01:59:59"),  # 00:00 skipped
    ("America/Sao_Paulo", date(2017, 2, 18), "2017-02-18T02:00:00", "2017-02-19T02:59:59"),  # 23:00 twice
    ("America/Sao_Paulo", date(2017, 10, 15), "2017-10-15T03:00:00", "2017-10-16T01:59:59"),
    ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00", "2018-11-05T01:59:59"),
    ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00", "1919-04-01T03:59:59"),  # from 23:30 to 00:30
    ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30:00", "2010-11-08T03:29:59"),  # 00:01 back to 23:01
    ("America/St_Johns", date(2010, 11, 6), "2010-11-06T02:30:00", "2010-11-07T03:29:59"),
    ("America/Havana", date(2024, 11, 3), "2024-11-03T04:00:00", "2024-11-04T04:59:59"),  # 01:00 back to 00:00
    ("America/Havana", date(2024, 11, 2), "2024-11-02T04:00:00", "2024-11-03T03:59:59"),
    ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00", "2011-12-31T09:59:59"),  # the 30th left out
    ("Asia/Shanghai", date(2024, 2, 29), "2024-02-28T16:00:00", "2024-02-29T15:59:59"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "first", "last"), ODD_NIGHTS)
def test_a_day_begins_and_ends_where_the_clocks_say(zone: str, day: date, first: str, last: str) -> None:
    assert first_instant(day, zone) == utc(first)
    assert last_second(day, zone) == utc(last)


@given(ZONES, DAYS)
def test_the_first_instant_is_the_first(zone: str, day: date) -> None:
    first = first_instant(day, zone)
    assert first.tzinfo is UTC
    assert local_date(first - MICROSECOND, zone) < day
    assert local_date(first, zone) == day or not day_exists(day, zone)


@given(ZONES, DAYS)
def test_the_last_second_is_the_last(zone: str, day: date) -> None:
    last = last_second(day, zone)
    assert local_date(last + timedelta(seconds=1), zone) > day
    assert local_date(last, zone) == day or not day_exists(day, zone)


@given(ZONES, st.datetimes(datetime(1900, 1, 3), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_lies_within_its_day(zone: str, moment: datetime) -> None:
    day = local_date(moment, zone)
    assert day_exists(day, zone)
    assert first_instant(day, zone) <= moment < last_second(day, zone) + timedelta(seconds=1)


def test_a_day_left_out_is_known_to_be() -> None:
    assert not day_exists(date(2011, 12, 30), "Pacific/Apia")
    assert first_instant(date(2011, 12, 30), "Pacific/Apia") == first_instant(date(2011, 12, 31), "Pacific/Apia")


def test_the_zone_of_the_moment_itself_does_not_matter() -> None:
    tokyo = datetime(2024, 7, 19, 8, tzinfo=time_zone("Asia/Tokyo"))
    assert local_date(tokyo, "America/Los_Angeles") == date(2024, 7, 18)


@pytest.mark.parametrize(
    "name", ["", "utc", "America", "localtime", "Mars/Olympus", "../UTC", "/etc/passwd", "a\0b", "x" * 5000]
)
def test_an_unknown_zone_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no time zone named .{2,80}; use an IANA name"):
        time_zone(name)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        local_date(datetime(2024, 7, 18), "UTC")  # noqa: DTZ001
