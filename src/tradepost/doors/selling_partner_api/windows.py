"""Which orders a call asks for by time: those placed, or those updated, from one moment to another."""

from datetime import datetime, timedelta
from typing import NamedTuple

from tradepost.doors.selling_partner_api.asked import Query, invalid
from tradepost.reports.orders_in_window import Kind, Window


class Names(NamedTuple):
    """What a version of the API calls the ends of its windows."""

    created_after: str
    created_before: str
    updated_after: str
    updated_before: str


def window(query: Query, names: Names, now: datetime, settling: timedelta) -> Window:
    """The window that a call asks for at `now`, the transaction's; refuses none, two, and one that ends too late.

    An end has to lie `settling` before now; where none is asked for, it is there. Without settling it stays open, and a
    later one than now means now: who asks may go by another clock than a sandbox's.
    """
    created, updated = query.moment(names.created_after), query.moment(names.updated_after)
    if (created is None) == (updated is None):
        problem = f"give exactly one of {names.created_after} and {names.updated_after}"
        raise invalid(names.created_after, problem)
    kind = Kind.UPDATED if created is None else Kind.CREATED
    after_name, before_name, foreign = _of_kind(kind, names)
    if query.text(foreign) is not None:
        raise invalid(foreign, f"it does not go with {after_name}")
    after = created or updated
    assert after is not None
    before = query.moment(before_name)
    if before is None:
        return Window(kind, after, max(after, now - settling) if settling else None)
    if before < after:
        raise invalid(before_name, f"it must not lie before {after_name}")
    if settling and before > now - settling:
        problem = f"it must lie at least {int(settling.total_seconds())} seconds back"
        raise invalid(before_name, problem)
    return Window(kind, after, before)


def _of_kind(kind: Kind, names: Names) -> tuple[str, str, str]:
    """The names of the two ends of such a window, and of the end that is none of its own."""
    if kind is Kind.CREATED:
        return names.created_after, names.created_before, names.updated_before
    return names.updated_after, names.updated_before, names.created_before
