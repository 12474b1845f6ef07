"""Searching a seller's listings, page by page.

A page walks an index of `listings`, which no sale writes, and goes on from a listing's place in it. A search ends after
MOST_FOUND listings, as Amazon's does, and counts up to that; whoever has more narrows it by time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from tradepost.ground.database import Transaction, storable
from tradepost.listings.items.issues import Severity
from tradepost.reports.sellers_listings import BESIDE, SELECTED, ListedItem, Status, item_of

MOST_FOUND = 1_000
MOST_WALKED = 5_000  # listings that one page, or the count, looks at
MOST_ON_PAGE = 20
MOST_IDENTIFIERS = 20


class SortBy(StrEnum):
    """What a search runs by; `lastUpdatedDate` is when the seller last said something, whatever was sold since."""

    SKU = "sku"
    CREATED = "createdDate"
    UPDATED = "lastUpdatedDate"


class Span(NamedTuple):
    """From one moment to another, both included; None: without an end."""

    after: datetime | None = None
    before: datetime | None = None


class Search(NamedTuple):
    """Which listings are wanted, and in which order."""

    sort_by: SortBy = SortBy.UPDATED
    descending: bool = True
    skus: Collection[str] | None = None
    product_ids: Collection[str] | None = None
    created: Span = Span()
    updated: Span = Span()
    with_status: Collection[Status] = ()
    without_status: Collection[Status] = ()
    with_severity: Collection[Severity] = ()


class Place(NamedTuple):
    """A place in a search: before or beyond the listing `sku`, whose moment is `at`, and how many came before it."""

    at: datetime | None
    sku: str
    backward: bool
    shown: Annotated[int, Meta(ge=0, le=MOST_FOUND)]


class Page(NamedTuple):
    """Some listings, and where the pages before and after them begin. It may hold fewer than were asked for, even
    none, although others follow. `found` is how many there are in all, MOST_FOUND at most, and fewer than there are
    when more than MOST_WALKED listings had to be looked at."""

    items: list[ListedItem]
    found: int
    before: Place | None
    after: Place | None


async def search(tx: Transaction, seller_id: str, wanted: Search, place: Place | None, size: int) -> Page:
    """One page of the seller's listings, of MOST_ON_PAGE at most. A place comes from another page of the search."""
    statement = _Statement(seller_id, wanted)
    text, values = statement.count()
    found = await tx.value(text, *values)
    backward, shown = (place.backward, place.shown) if place else (False, 0)
    room = min(size, shown if backward else MOST_FOUND - shown)
    text, values = statement.page(place, room + 1)
    rows = await tx.fetch(text, *values) if room else []
    page, end = _cut(rows, room)
    if backward:
        first, last = max(0, shown - len(page)), shown
        before, after = end if first else None, page[0] if page else None
        page.reverse()
    else:
        first, last = shown, shown + len(page)
        before, after = page[0] if page and first else None, end if last < MOST_FOUND else None
    column = _COLUMNS[wanted.sort_by]
    return Page(
        [item_of(row) for row in page],
        found,
        before and Place(_moment(before, column), before["sku"], True, first),
        after and Place(_moment(after, column), after["sku"], False, last),
    )


def _cut(rows: Sequence[Any], room: int) -> tuple[list[Any], Any]:
    """The wanted rows for which there is room, and the one from which the walk goes on, if it does."""
    page = [row for row in rows if row["wanted"]]
    if len(page) > room:
        return page[:room], page[room - 1]
    return page, rows[-1] if rows and rows[-1]["walked"] == MOST_WALKED else None


def _moment(row: Any, column: str) -> datetime | None:
    return None if column == "sku" else row[column]


_COLUMNS = {SortBy.SKU: "sku", SortBy.CREATED: "created_at", SortBy.UPDATED: "updated_at"}
_OPEN = "(o.sku IS NOT NULL AND NOT o.closed)"
_IS = {Status.BUYABLE: f"({_OPEN} AND o.available > 0)", Status.DISCOVERABLE: _OPEN}


class _Statement:
    """The SQL of a search. What an index keeps apart is asked of the walk, and all else of what the walk finds."""

    def __init__(self, seller_id: str, wanted: Search) -> None:
        self._values: list[object] = [seller_id]
        self._column = _COLUMNS[wanted.sort_by]
        self._descending = wanted.descending
        self._within, self._of_found = ["l.seller_id = $1", "NOT l.deleted"], ["true"]
        for column, among in (("sku", wanted.skus), ("product_id", wanted.product_ids)):
            if among is not None:
                self._within.append(f"l.{column} = ANY({self._value([one for one in among if storable(one)])})")
        for column, span in (("created_at", wanted.created), ("updated_at", wanted.updated)):
            to = self._within if column == self._column else self._of_found
            if span.after is not None:
                to.append(f"l.{column} >= {self._value(span.after)}")
            if span.before is not None:
                to.append(f"l.{column} <= {self._value(span.before)}")
        if wanted.with_status:
            self._of_found.append(f"({' OR '.join(_IS[status] for status in wanted.with_status)})")
        self._of_found += [f"NOT {_IS[status]}" for status in wanted.without_status]
        if wanted.with_severity:
            self._of_found.append("o.sku IS NULL" if Severity.ERROR in wanted.with_severity else "false")

    def count(self) -> tuple[str, Sequence[object]]:
        """How many there are; as many are looked at and counted as at most are."""
        joined = "LEFT JOIN offers o USING (seller_id, sku)" if any("o." in one for one in self._of_found) else ""
        return (
            f"""
            SELECT count(*)
              FROM (SELECT 1
                      FROM ({self._walk(self._within, self._descending)}) l {joined}
                     WHERE {" AND ".join(self._of_found)}
                     LIMIT {MOST_FOUND}) found
            """,  # noqa: S608
            self._values,
        )

    def page(self, place: Place | None, size: int) -> tuple[str, Sequence[object]]:
        """So many rows beyond a place. The last one that the walk may look at is always among them, wanted or not."""
        before, within = len(self._values), list(self._within)
        down = self._descending != (place is not None and place.backward)
        if place is not None:
            sign = "<" if down else ">"
            if place.at is None or self._column == "sku":
                within.append(f"l.sku {sign} {self._value(place.sku)}")
            else:
                within.append(f"(l.{self._column}, l.sku) {sign} ({self._value(place.at)}, {self._value(place.sku)})")
        wanted = " AND ".join(self._of_found)
        statement = f"""
            SELECT {SELECTED}, l.walked, {wanted} AS wanted
              FROM ({self._walk(within, down)}) l {BESIDE}
             WHERE {wanted} OR l.walked = {MOST_WALKED}
             ORDER BY {self._order(down)}
             LIMIT {self._value(size)}
            """  # noqa: S608
        values = tuple(self._values)
        del self._values[before:]
        return statement, values

    def _walk(self, within: Sequence[str], down: bool) -> str:
        order = self._order(down)
        return f"""
            SELECT l.*, row_number() OVER (ORDER BY {order}) AS walked
              FROM listings l
             WHERE {" AND ".join(within)}
             ORDER BY {order}
             LIMIT {MOST_WALKED}"""  # noqa: S608

    def _order(self, down: bool) -> str:
        columns = dict.fromkeys((self._column, "sku"))
        return ", ".join(f"l.{column}{' DESC' if down else ''}" for column in columns)

    def _value(self, value: object) -> str:
        self._values.append(value)
        return f"${len(self._values)}"
