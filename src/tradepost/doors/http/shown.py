"""What the doors show of what the rooms and reports say: only the fields that an answer names."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Struct, structs

from tradepost.refusals import Reason, Refused

ShownT = TypeVar("ShownT", bound=Struct)


def shown(kind: type[ShownT], source: object, **other: Any) -> ShownT:
    """An answer of this kind, with the fields of the same names from `source`, but for those that are given."""
    same = {field.name: getattr(source, field.name) for field in structs.fields(kind) if field.name not in other}
    return kind(**same, **other)


def moment(field: str, value: datetime) -> datetime:
    """A moment that a caller names, in UTC; refuses one without a zone, and one outside of the calendar."""
    if value.tzinfo is None:
        problem = "it needs a zone, as in 2026-01-31T09:00:00Z"
        raise Refused(Reason.INVALID_VALUE, field=field, problem=problem)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise Refused(Reason.INVALID_VALUE, field=field, problem="no calendar has this day") from error
