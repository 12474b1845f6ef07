"""What a call asks for: query parameters and bodies as Amazon's clients send them, some of them carelessly.

Parameters and fields that nobody knows are passed over: clients send their own along. What is known is read strictly.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from tradepost.doors.http import requests
from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.http.shown import moment
from tradepost.numbers import is_order_number
from tradepost.refusals import Reason, Refused

MOST_TEXT = 2000  # characters of a parameter

BodyT = TypeVar("BodyT")


class Query:
    """The query parameters of a call. A list is written with commas, or by naming the parameter again."""

    def __init__(self, request: AnyRequest) -> None:
        self._values = request.query_params

    def text(self, name: str, most: int = MOST_TEXT) -> str | None:
        """One text of at most so many characters; None when it is not said or empty."""
        said = [value for value in self._values.getall(name, []) if value]
        if not said:
            return None
        if len(said[-1]) > most:
            raise invalid(name, f"it may have {most} characters at most")
        return requests.text(name, said[-1])

    def texts(self, name: str, most: int = 50, *, commas: bool = False) -> list[str]:
        """Some texts, none of them empty. Where `commas` may be in them, a parameter that is named again is not split:
        each has one text."""
        said = self._values.getall(name, [])
        if not commas or len(said) == 1:
            said = [word for value in said for word in value.split(",")]
        words = [requests.text(name, word) for word in dict.fromkeys(map(str.strip, said)) if word]
        if len(words) > most:
            raise invalid(name, f"it may name {most} at most")
        return words

    def choices(self, name: str, among: Collection[str]) -> list[str]:
        """Some of these words."""
        words = self.texts(name, most=max(50, len(among)))
        for word in words:
            if word not in among:
                raise invalid(name, f"{word[:32]!r} is none of {', '.join(among)}")
        return words

    def moment(self, name: str) -> datetime | None:
        """A moment in ISO 8601; one without a zone, and a date alone, is in UTC."""
        said = self.text(name)
        return None if said is None else moment_of(name, said.replace(" ", "+"))  # a plus sign that nobody encoded

    def number(self, name: str, least: int, most: int) -> int | None:
        """A whole number in these bounds."""
        said = self.text(name)
        if said is None:
            return None
        if not (said.isascii() and said.isdecimal() and len(said) < 10 and least <= int(said) <= most):
            raise invalid(name, f"it must be a whole number from {least} to {most}")
        return int(said)

    def truth(self, name: str) -> bool | None:
        """Yes or no."""
        said = self.text(name)
        if said is None:
            return None
        if said.lower() not in ("true", "false"):
            raise invalid(name, "it must be true or false")
        return said.lower() == "true"


def moment_of(name: str, said: str) -> datetime:
    """A moment in ISO 8601; one without a zone, and a date alone, is in UTC."""
    try:
        value = datetime.fromisoformat(said)
    except ValueError as error:
        raise invalid(name, "it must be a moment in ISO 8601, as 2026-01-31T09:00:00Z") from error
    return moment(name, value if value.tzinfo else value.replace(tzinfo=UTC))


def order_number(said: str) -> str:
    """The number of an order in a path; refuses what no order number looks like."""
    if not is_order_number(said):
        problem = f"{said[:32]!r} is no order number, which has the form 123-1234567-1234567"
        raise invalid("orderId", problem)
    return said


async def body_of(request: AnyRequest, kind: type[BodyT]) -> BodyT:
    """The body of a call; refuses what it cannot be read as, naming the field."""
    said = _without_nulls(requests.decoded(_ANYTHING, await request.body()))
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise Refused(Reason.INVALID_VALUE, **requests.told(error, kind)) from error


_ANYTHING = requests.decoder(Any)


def _without_nulls(value: Any) -> Any:
    """Some clients write null for what they do not say."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def invalid(field: str, problem: str) -> Refused:
    """What a call says there is not what it can be."""
    return Refused(Reason.INVALID_VALUE, field=field, problem=problem)
