"""On which terms a marketplace offers the Selling Partner API: those of production, unless it is a sandbox.

Restricted data tokens belong to Orders v0, and to documents of reports. Orders 2026-01-01 knows none: an application
gets the data about buyers there for which it asks (`includedData`), whatever these terms say.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from litestar import Request

from tradepost.ground.settings import InvalidSetting, choice

VARIABLES = {
    "TRADEPOST_SELLER_API_PLANS": "`generous`: usage plans that no test exceeds, instead of those of `production`",
    "TRADEPOST_SELLER_API_SETTLING": "how many seconds before now `...Before` has to lie: 120, as in production",
    "TRADEPOST_SELLER_API_RESTRICTED": "`no`: Orders v0 shows data about buyers without a restricted data token",
}
LONGEST_SETTLING = 86_400  # seconds


class Terms(NamedTuple):
    """`settling` is how far back `...Before` has to lie; `restricted`: in v0, buyers' data need a restricted token."""

    generous_plans: bool = False
    settling: timedelta = timedelta(minutes=2)
    restricted: bool = True


PRODUCTION = Terms()


def from_environment(environment: Mapping[str, str]) -> Terms:
    """The terms that the environment says; an empty variable says nothing. Raises InvalidSetting."""
    plans = choice(environment, "TRADEPOST_SELLER_API_PLANS", ("production", "generous"))
    restricted = choice(environment, "TRADEPOST_SELLER_API_RESTRICTED", ("yes", "no"))
    settling = environment.get("TRADEPOST_SELLER_API_SETTLING") or "120"
    if not settling.isascii() or not settling.isdecimal() or len(settling) > 5 or int(settling) > LONGEST_SETTLING:
        raise InvalidSetting(
            f"TRADEPOST_SELLER_API_SETTLING is a number of seconds from 0 to {LONGEST_SETTLING}, not {settling[:16]!r}."
        )
    return Terms(plans == "generous", timedelta(seconds=int(settling)), restricted == "yes")


def terms_of(request: Request[Any, Any, Any]) -> Terms:
    """The terms of the server that was called."""
    terms: Terms = request.app.state.terms
    return terms
