"""Manage Inventory: all that a seller has listed, the sold-out and the closed too (A3, A5)."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.refusals import Reason, Refused
from tradepost.reports.as_they_stand import check_page

MOST_WALKED = 5_000  # offers that one page looks at
MOST_TEXT = 200  # characters of a search


class OfferStatus(StrEnum):
    """Whether buyers find an offer, and why not: closed by its seller, or sold out."""

    ON_SALE = "on_sale"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"


class ListedOffer(NamedTuple):
    """An offer as its seller sees it; `price` in minor units of `currency`. What open orders hold is not `available`.

    Without `handling_days` those of the seller's account count.
    """

    sku: str
    product_id: str
    title: str
    price: int
    currency: str
    available: int
    status: OfferStatus
    handling_days: int | None
    listed_at: datetime
    updated_at: datetime


class Page(NamedTuple):
    """Some offers, and the SKU after which the next page goes on; None: these were the last ones.

    A page may hold fewer than were asked for, even none, although others follow.
    """

    offers: list[ListedOffer]
    after: str | None


async def inventory(
    tx: Transaction,
    seller_id: str,
    *,
    search: str | None = None,
    status: OfferStatus | None = None,
    after: str | None = None,
    size: int = 50,
) -> Page:
    """One page of the seller's offers by SKU, of those with this text in SKU or title and in this status; 100 at most.

    Refuses a longer page, a place that no page named, and a text that is too long.
    """
    check_page((after,), size)
    if search is not None and (len(search) > MOST_TEXT or not storable(search)):
        problem = f"it may have {MOST_TEXT} characters of text at most"
        raise Refused(Reason.INVALID_VALUE, field="search", problem=problem)
    rows = await tx.fetch(_WALK, seller_id, after or "", search or None, status, size + 1)
    offers = [ListedOffer._make((*row[:6], OfferStatus(row["status"]), *row[7:10])) for row in rows if row["wanted"]]
    if len(offers) > size:
        return Page(offers[:size], offers[size - 1].sku)
    return Page(offers, rows[-1]["sku"] if rows and rows[-1]["walked"] == MOST_WALKED else None)


# The last offer that the walk may look at is always answered, wanted or not: from there the next page goes on.
_WALK = f"""
SELECT o.sku, o.product_id, o.title, o.price, m.currency, o.available, o.status, o.handling_days, o.listed_at,
       o.updated_at, o.walked, o.wanted
  FROM (SELECT *, ($3::text IS NULL OR strpos(lower(sku), lower($3)) > 0 OR strpos(lower(title), lower($3)) > 0)
                  AND ($4::text IS NULL OR status = $4) AS wanted
          FROM (SELECT *, row_number() OVER (ORDER BY sku) AS walked,
                       CASE WHEN closed THEN '{OfferStatus.CLOSED}' WHEN available > 0 THEN '{OfferStatus.ON_SALE}'
                            ELSE '{OfferStatus.SOLD_OUT}' END AS status
                  FROM offers
                 WHERE seller_id = $1 AND sku > $2
                 ORDER BY sku
                 LIMIT {MOST_WALKED}) w) o
  JOIN sellers s USING (seller_id)
  JOIN marketplaces m USING (marketplace_id)
 WHERE o.wanted OR o.walked = {MOST_WALKED}
 ORDER BY o.sku
 LIMIT $5
"""  # noqa: S608
