"""What is asked for beside a feed, in its `feedOptions`: extensions that no tool has to know."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from tradepost.refusals import Reason, Refused

DRY_RUN = "dryRun"
QUANTITIES_AS_OF = "quantitiesAsOf"


class Options(NamedTuple):
    """`dry_run`: nothing is changed, and the report says what would be. `as_of`: the quantities are those of an earlier
    moment, and what orders took since then is subtracted."""

    dry_run: bool = False
    as_of: datetime | None = None


def understood(said: Mapping[str, str]) -> Options:
    """What these options say; those that nobody knows are passed over. Raises Refused."""
    dry_run = said.get(DRY_RUN, "false").lower()
    if dry_run not in ("true", "false"):
        raise _invalid(DRY_RUN, "it must be true or false")
    as_of = None
    if text := said.get(QUANTITIES_AS_OF):
        try:
            as_of = datetime.fromisoformat(text)
        except ValueError:
            as_of = None
        if as_of is None or as_of.tzinfo is None or not 2000 <= as_of.year <= 9000:
            raise _invalid(QUANTITIES_AS_OF, "it must be a moment in ISO 8601 with its zone, as 2026-01-31T09:00:00Z")
    return Options(dry_run == "true", as_of)


def _invalid(name: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_VALUE, field=f"feedOptions.{name}", problem=problem)
