"""The policy of a marketplace: the numbers of the process. An order keeps the version that it was placed under."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tradepost.calendar_days import first_instant, local_date

MOST_DAYS = 365  # of any duration: orders must not outlive the calendar


class InvalidPolicy(ValueError):
    """A policy that contradicts itself; the sentence names the field."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The defaults are the numbers of Amazon's description of the process (A9, A13, A49, A52)."""

    zone: str = "UTC"  # the marketplace's time zone: a date in a rule is a date there
    hold: timedelta = timedelta(minutes=30)
    verification_limit: timedelta = timedelta(days=21)
    confirm_days: int = 30  # calendar days after the day of placing
    remind_days: int = 7  # calendar days before the confirm-by deadline
    unverified_units: int | None = None  # units that the Pending orders of one buyer may hold; None: no limit
    individual_reports: bool = True  # A47 names only the upload: sellers of either plan may read the order reports
    payment_retries: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=3),
    )  # waits after each failed payment; the last one repeats until the verification limit
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.hold < self.verification_limit:
            raise InvalidPolicy("hold must be at least 0 and shorter than verification_limit.")
        if self.verification_limit >= timedelta(days=self.confirm_days):
            raise InvalidPolicy(
                "verification_limit must be shorter than confirm_days, or orders are released too late."
            )
        if not 0 <= self.remind_days <= self.confirm_days <= MOST_DAYS:
            raise InvalidPolicy(f"remind_days must lie between 0 and confirm_days, which are {MOST_DAYS} at most.")
        shortest, longest = timedelta(minutes=1), timedelta(days=MOST_DAYS)
        if not self.payment_retries or not all(shortest <= wait <= longest for wait in self.payment_retries):
            raise InvalidPolicy(f"payment_retries needs at least one wait, each of a minute to {MOST_DAYS} days.")
        if self.unverified_units is not None and self.unverified_units < 1:
            raise InvalidPolicy("unverified_units must be a positive number or none.")
        local_date(datetime(2000, 1, 1, tzinfo=UTC), self.zone)  # an unknown zone is refused here

    def last_day_to_confirm(self, placed_at: datetime) -> date:
        """The last day, in the marketplace's zone, on which a shipment can be confirmed (A49)."""
        return local_date(placed_at, self.zone) + timedelta(days=self.confirm_days)

    def confirm_by(self, placed_at: datetime) -> datetime:
        """The confirm-by deadline: an act is in time while it comes before this moment."""
        return first_instant(self.last_day_to_confirm(placed_at) + timedelta(days=1), self.zone)

    def remind_at(self, placed_at: datetime) -> datetime:
        """When the seller is warned (A52)."""
        return first_instant(self.last_day_to_confirm(placed_at) + timedelta(days=1 - self.remind_days), self.zone)

    def reminded_before(self, now: datetime) -> datetime:
        """Whoever placed an order before this moment placed one whose seller is to have been warned by `now` (A52)."""
        return first_instant(
            local_date(now, self.zone) + timedelta(days=self.remind_days - self.confirm_days), self.zone
        )

    def payment_retry(self, attempts: int) -> timedelta:
        """How long to wait after the `attempts`-th failed payment (the first is 1)."""
        return self.payment_retries[min(attempts, len(self.payment_retries)) - 1]


def to_document(policy: Policy) -> dict[str, Any]:
    """The policy as JSON values: durations in seconds, dates as ISO text."""
    document = asdict(policy)
    document["hold"] = policy.hold.total_seconds()
    document["verification_limit"] = policy.verification_limit.total_seconds()
    document["payment_retries"] = [wait.total_seconds() for wait in policy.payment_retries]
    document["holidays"] = sorted(day.isoformat() for day in policy.holidays)
    return document


def from_document(document: dict[str, Any]) -> Policy:
    """The policy that `to_document` wrote. An unknown or malformed field raises InvalidPolicy."""
    unknown = document.keys() - {field.name for field in fields(Policy)}
    if unknown:
        raise InvalidPolicy(f"The policy has no field {', '.join(sorted(unknown))}.")
    values = dict(document)
    try:
        for name in values.keys() & {"hold", "verification_limit"}:
            values[name] = timedelta(seconds=values[name])
        if "payment_retries" in values:
            values["payment_retries"] = tuple(timedelta(seconds=wait) for wait in values["payment_retries"])
        if "holidays" in values:
            values["holidays"] = frozenset(date.fromisoformat(day) for day in values["holidays"])
        return Policy(**values)
    except InvalidPolicy:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidPolicy(f"The policy has a value of the wrong kind: {error}".rstrip(".") + ".") from error
