"""The promise of an order: by when the seller hands it to the carrier, and by when it reaches the buyer.

Handling days, then transit days, both in business days. Made at checkout, and made anew from the moment of release
when it was the marketplace that held the order up (A31).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

from tradepost.calendar_days import day_exists, first_instant, last_second, local_time, time_zone

MONDAY_TO_FRIDAY = frozenset(range(5))
MOST_BUSINESS_DAYS = 365
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShippingCalendar:
    """A marketplace's business days: its weekdays (0 is Monday) without its holidays, in its own time zone."""

    zone: str
    operating_weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        time_zone(self.zone)
        _check_weekdays(self.operating_weekdays)
        if not self.operating_weekdays:
            raise ValueError("A shipping calendar needs at least one operating weekday.")

    def operates(self, day: date) -> bool:
        """Whether carriers move parcels on this day."""
        return day.weekday() in self.operating_weekdays and day not in self.holidays and day_exists(day, self.zone)


@dataclass(frozen=True, slots=True)
class SellerShipping:
    """How soon a seller ships.

    `handling_days` are business days from the order to the hand-over; 0 ships the same day what is ordered before
    `cut_off`, a time of day in the marketplace's zone. `operating_weekdays` (0 is Monday) adds weekdays to the
    marketplace's own, and on the dates in `works_on` the seller ships whatever the weekday or holiday.
    """

    handling_days: int = 1
    cut_off: time = time(14)
    operating_weekdays: frozenset[int] = frozenset()
    works_on: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _check_days("The handling time", self.handling_days)
        _check_weekdays(self.operating_weekdays)
        if self.cut_off.tzinfo is not None:
            raise ValueError("The cut-off is a time of day in the marketplace's zone and carries no zone of its own.")

    def operates(self, day: date, calendar: ShippingCalendar) -> bool:
        """Whether the seller hands parcels over on this day."""
        usual = day.weekday() in calendar.operating_weekdays | self.operating_weekdays and day not in calendar.holidays
        return (usual or day in self.works_on) and day_exists(day, calendar.zone)


@dataclass(frozen=True, slots=True)
class DeliveryService:
    """A shipping method the buyer may choose: how many business days the carrier takes, at least and at most."""

    name: str
    transit_days_min: int
    transit_days_max: int

    def __post_init__(self) -> None:
        _check_days("The shortest transit", self.transit_days_min)
        _check_days("The longest transit", self.transit_days_max)
        if self.transit_days_max < self.transit_days_min:
            raise ValueError("The longest transit is at least as long as the shortest.")


@dataclass(frozen=True, slots=True)
class Promise:
    """The two windows of an order, in UTC: each from the first instant of a local day to the last second of one."""

    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime


def promise(since: datetime, calendar: ShippingCalendar, seller: SellerShipping, service: DeliveryService) -> Promise:
    """What is promised to an order that counts from `since`: its checkout, or its release if that came late (A31)."""
    local = local_time(since, calendar.zone)
    in_time = seller.handling_days > 0 or local.time() < seller.cut_off
    return _promise(local.date(), in_time, calendar, seller, service)


@lru_cache(maxsize=16384)
def _promise(
    ordered: date, in_time: bool, calendar: ShippingCalendar, seller: SellerShipping, service: DeliveryService
) -> Promise:
    """The promise shared by all orders of a day on the same side of the cut-off.

    The window to ship opens on the first business day the seller can use: an order of Friday with two days' handling
    ships from Monday to Tuesday.
    """

    def seller_operates(day: date) -> bool:
        return seller.operates(day, calendar)

    handling = seller.handling_days if in_time else 1
    ship_first = _business_day(ordered, min(handling, 1), seller_operates)
    ship_last = _business_day(ordered, handling, seller_operates)
    return Promise(
        first_instant(ship_first, calendar.zone),
        last_second(ship_last, calendar.zone),
        first_instant(_business_day(ship_first, service.transit_days_min, calendar.operates), calendar.zone),
        last_second(_business_day(ship_last, service.transit_days_max, calendar.operates), calendar.zone),
    )


def _business_day(start: date, days: int, operates: Callable[[date], bool]) -> date:
    """The day so many business days after `start`; with 0, `start` itself or, if it is none, the next business day."""
    day = _first_operating(start if days == 0 else start + _DAY, operates)
    for _ in range(days - 1):
        day = _first_operating(day + _DAY, operates)
    return day


def _first_operating(day: date, operates: Callable[[date], bool]) -> date:
    while not operates(day):
        day += _DAY
    return day


def _check_weekdays(weekdays: frozenset[int]) -> None:
    if not weekdays <= frozenset(range(7)):
        raise ValueError("Weekdays are numbers from 0 (Monday) to 6 (Sunday).")


def _check_days(what: str, days: int) -> None:
    if not 0 <= days <= MOST_BUSINESS_DAYS:
        raise ValueError(f"{what} is from 0 to {MOST_BUSINESS_DAYS} business days, not {days}.")


SERVICES: Mapping[str, DeliveryService] = MappingProxyType(
    {
        service.name: service
        for service in (
            DeliveryService("Standard", 3, 5),
            DeliveryService("Expedited", 1, 3),
            DeliveryService("SecondDay", 2, 2),
            DeliveryService("NextDay", 1, 1),
        )
    }
)
"""The services every marketplace starts with, by the names that the Selling Partner API gives them."""
