"""On which terms a marketplace offers the Selling Partner API: those of production, unless it is a sandbox."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from litestar import Request

VARIABLES = {
    "TRADEPOST_SELLER_API_PLANS": "`generous`: usage plans that no test exceeds, instead of those of production",
    "TRADEPOST_SELLER_API_SETTLING": "how many seconds before now `...Before` has to lie: 120, as in production",
    "TRADEPOST_SELLER_API_RESTRICTED": "`no`: data about buyers need no restricted data token",
}


class Terms(NamedTuple):
    """`settling` is how far back `...Before` has to lie; `restricted` whether buyers' data need a restricted token."""

    generous_plans: bool = False
    settling: timedelta = timedelta(minutes=2)
    restricted: bool = True


PRODUCTION = Terms()


def from_environment(environment: Mapping[str, str]) -> Terms:
    """The terms that the environment says. Raises ValueError for what is no number of seconds."""
    settling = environment.get("TRADEPOST_SELLER_API_SETTLING") or "120"
    if not settling.isdecimal() or int(settling) > 86_400:
        raise ValueError(
            f"TRADEPOST_SELLER_API_SETTLING is a number of seconds from 0 to 86400, not {settling[:16]!r}."
        )
    return Terms(
        environment.get("TRADEPOST_SELLER_API_PLANS") == "generous",
        timedelta(seconds=int(settling)),
        environment.get("TRADEPOST_SELLER_API_RESTRICTED") != "no",
    )


def terms_of(request: Request[Any, Any, Any]) -> Terms:
    """The terms of the server that was called."""
    terms: Terms = request.app.state.terms
    return terms
