"""By when an order is shipped and delivered: handling, cut-off, weekends, holidays, and the last second of the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.calendar_days import local_date, time_zone
from tradepost.delivery_promise import (
    MONDAY_TO_FRIDAY,
    SERVICES,
    DeliveryService,
    SellerShipping,
    ShippingCalendar,
    promise,
)

ZONE = "America/Los_Angeles"
CALENDAR = ShippingCalendar(ZONE)
SAME_DAY = SellerShipping(handling_days=0)
NOON = SellerShipping(handling_days=0, cut_off=time(12))
ONE_DAY = SellerShipping(handling_days=1)
TWO_DAYS = SellerShipping(handling_days=2)
SECOND_DAY = SERVICES["SecondDay"]
LABOR_DAY = date(2022, 9, 5)


def at(day: int, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """A moment of September 2022, whose 14th is a Wednesday, as the marketplace's clocks show it."""
    return datetime(2022, 9, day, hour, minute, second, microsecond, tzinfo=time_zone(ZONE))


def days(
    since: datetime,
    seller: SellerShipping,
    service: DeliveryService = SECOND_DAY,
    calendar: ShippingCalendar = CALENDAR,
) -> tuple[int, int, int, int]:
    """The days of the month of the two windows."""
    made = promise(since, calendar, seller, service)
    moments = (made.ship_earliest, made.ship_latest, made.deliver_earliest, made.deliver_latest)
    first, ship_by, deliver_from, deliver_by = (local_date(moment, calendar.zone).day for moment in moments)
    return first, ship_by, deliver_from, deliver_by


def test_before_the_cut_off_ships_the_same_day() -> None:
    assert days(at(14, 11), SAME_DAY) == (14, 14, 16, 16)


def test_after_the_cut_off_ships_the_next_day_and_the_weekend_does_not_count() -> None:
    assert days(at(14, 15), SAME_DAY) == (15, 15, 19, 19)


def test_each_seller_has_a_cut_off_of_their_own() -> None:
    assert days(at(12, 11), NOON)[:2] == (12, 12)
    assert days(at(12, 16), NOON)[:2] == (13, 13)


def test_at_the_cut_off_exactly_is_too_late() -> None:
    assert days(at(14, 13, 59, 59, 999_999), SAME_DAY)[1] == 14
    assert days(at(14, 14), SAME_DAY)[1] == 15


def test_with_a_day_of_handling_the_order_day_lasts_until_midnight() -> None:
    assert days(at(14, 0), ONE_DAY)[1] == 15
    assert days(at(14, 23, 59, 59, 999_999), ONE_DAY)[1] == 15
    assert days(at(15, 0), ONE_DAY)[1] == 16


def test_an_order_of_the_weekend_ships_on_monday() -> None:
    assert days(at(17, 9), SAME_DAY)[1] == 19
    assert days(at(16, 15), SAME_DAY)[1] == 19
    assert days(at(17, 9), ONE_DAY)[1] == 19


def test_the_windows_open_with_the_first_day_the_seller_can_use() -> None:
    assert days(at(16, 9), TWO_DAYS, SERVICES["Expedited"]) == (19, 20, 20, 23)


def test_a_holiday_moves_everything_to_the_next_business_day() -> None:
    calendar = replace(CALENDAR, holidays=frozenset({LABOR_DAY}))
    assert days(at(5, 9), SAME_DAY, calendar=calendar) == (6, 6, 8, 8)
    assert days(at(2, 15), SAME_DAY, calendar=calendar) == (6, 6, 8, 8)
    assert days(at(2, 9), SAME_DAY, calendar=calendar) == (2, 2, 7, 7)


def test_a_seller_may_work_on_a_holiday_but_the_carrier_does_not() -> None:
    calendar = replace(CALENDAR, holidays=frozenset({LABOR_DAY}))
    at_work = replace(SAME_DAY, works_on=frozenset({LABOR_DAY}))
    assert days(at(5, 9), at_work, calendar=calendar) == (5, 5, 7, 7)
    assert days(at(2, 9), at_work, calendar=calendar) == (2, 2, 7, 7)


def test_a_seller_may_opt_into_saturdays() -> None:
    assert days(at(17, 9), replace(SAME_DAY, operating_weekdays=frozenset({5}))) == (17, 17, 20, 20)


def test_a_marketplace_may_have_another_week() -> None:
    calendar = ShippingCalendar("Asia/Riyadh", frozenset({6, 0, 1, 2, 3}))  # Sunday to Thursday
    friday = datetime(2022, 9, 16, 9, tzinfo=time_zone("Asia/Riyadh"))
    assert days(friday, SAME_DAY, calendar=calendar) == (18, 18, 20, 20)


def test_the_day_is_the_marketplaces_day() -> None:
    assert days(datetime(2022, 9, 15, 1, tzinfo=UTC), ONE_DAY)[1] == 15  # still the 14th in Los Angeles


def test_windows_run_from_the_first_instant_of_a_day_to_the_last_second_of_one() -> None:
    made = promise(datetime(2024, 7, 16, 18, tzinfo=UTC), CALENDAR, SAME_DAY, SECOND_DAY)
    assert made.ship_earliest == datetime(2024, 7, 16, 7, tzinfo=UTC)
    assert made.ship_latest == datetime(2024, 7, 17, 6, 59, 59, tzinfo=UTC)
    assert made.deliver_earliest == datetime(2024, 7, 18, 7, tzinfo=UTC)
    assert made.deliver_latest == datetime(2024, 7, 19, 6, 59, 59, tzinfo=UTC)
    assert made.deliver_latest.tzinfo is UTC


def test_windows_follow_the_clocks_into_winter() -> None:
    made = promise(datetime(2024, 11, 1, 20, tzinfo=UTC), CALENDAR, SAME_DAY, SERVICES["NextDay"])
    assert made.ship_latest == datetime(2024, 11, 2, 6, 59, 59, tzinfo=UTC)
    assert made.deliver_latest == datetime(2024, 11, 5, 7, 59, 59, tzinfo=UTC)


def test_a_later_release_makes_a_later_promise() -> None:
    """What the marketplace's own delay costs is not the seller's to make up for (A31)."""
    placed, released = at(1, 9), at(19, 9)
    assert (
        promise(released, CALENDAR, ONE_DAY, SECOND_DAY).ship_latest
        > promise(placed, CALENDAR, ONE_DAY, SECOND_DAY).ship_latest
    )


WEEKDAYS = st.frozensets(st.integers(0, 6))
DATES = st.dates(date(2000, 1, 1), date(2040, 1, 1))
CALENDARS = st.builds(
    ShippingCalendar,
    zone=st.sampled_from(["UTC", ZONE, "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Asia/Shanghai"]),
    operating_weekdays=WEEKDAYS.filter(bool),
    holidays=st.frozensets(DATES, max_size=5),
)
SELLERS = st.builds(
    SellerShipping,
    handling_days=st.integers(0, 30),
    cut_off=st.times(),
    operating_weekdays=WEEKDAYS,
    works_on=st.frozensets(DATES, max_size=5),
)
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, CALENDARS, SELLERS, st.sampled_from(sorted(SERVICES)))
def test_a_promise_can_always_be_kept(
    since: datetime, calendar: ShippingCalendar, seller: SellerShipping, service: str
) -> None:
    made = promise(since, calendar, seller, SERVICES[service])
    assert since < made.ship_latest + timedelta(seconds=1)
    assert made.ship_earliest < made.ship_latest < made.deliver_latest
    assert made.ship_earliest < made.deliver_earliest < made.deliver_latest
    assert calendar.operates(local_date(made.deliver_earliest, calendar.zone))
    assert calendar.operates(local_date(made.deliver_latest, calendar.zone))
    assert seller.operates(local_date(made.ship_latest, calendar.zone), calendar)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)), CALENDARS, SELLERS)
def test_who_orders_later_is_never_promised_earlier(
    since: datetime, wait: timedelta, calendar: ShippingCalendar, seller: SellerShipping
) -> None:
    calendar = replace(calendar, zone="UTC")  # where clocks are set back, the cut-off may be passed twice in a night
    sooner, later = (promise(moment, calendar, seller, SECOND_DAY) for moment in (since, since + wait))
    assert sooner.ship_latest <= later.ship_latest
    assert sooner.deliver_latest <= later.deliver_latest


def test_the_services_are_named_as_the_selling_partner_api_names_them() -> None:
    assert list(SERVICES) == ["Standard", "Expedited", "SecondDay", "NextDay"]


def test_impossible_settings_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="no time zone named"):
        ShippingCalendar("Mars/Olympus")
    with pytest.raises(ValueError, match="at least one operating weekday"):
        ShippingCalendar(ZONE, frozenset())
    with pytest.raises(ValueError, match=r"from 0 \(Monday\) to 6"):
        ShippingCalendar(ZONE, MONDAY_TO_FRIDAY | {7})
    with pytest.raises(ValueError, match=r"from 0 \(Monday\) to 6"):
        SellerShipping(operating_weekdays=frozenset({-1}))
    with pytest.raises(ValueError, match="handling time is from 0 to 365 business days, not -1"):
        SellerShipping(handling_days=-1)
    with pytest.raises(ValueError, match="no zone of its own"):
        SellerShipping(cut_off=time(14, tzinfo=UTC))
    with pytest.raises(ValueError, match="longest transit"):
        DeliveryService("Odd", 3, 2)
    with pytest.raises(ValueError, match="has no time zone"):
        promise(datetime(2022, 9, 14), CALENDAR, ONE_DAY, SECOND_DAY)  # noqa: DTZ001
