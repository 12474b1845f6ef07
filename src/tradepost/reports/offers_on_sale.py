"""What buyers find: the offers on sale, by words, by product, or one after the other.

An offer is on sale while it is open and some of it is there; how much is said only up to ten. Words are found in
titles, each of them, the last one also when only its beginning is typed. Chinese and Japanese put no spaces between
words, and Korean joins them: every sign of theirs counts as a word (`words_of` in the database says the same), and
signs typed together are found where they stand together, so that a part of a title finds it wherever it begins.
"""

import re
from datetime import datetime
from typing import Any, NamedTuple

from tradepost import delivery_promise
from tradepost.delivery_promise import SERVICES, SellerShipping
from tradepost.ground.database import Transaction, storable
from tradepost.money import MOST_MINOR_UNITS
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.refusals import NOT_TEXT, Reason, Refused
from tradepost.reports.as_they_stand import check_page

MANY = 10
"""More than this is not told: how much stock a seller has is the seller's affair."""

MOST_WALKED = 2_000  # offers that one page looks at
MOST_WORDS, MOST_TEXT = 10, 200  # of a search; the text in characters


class OfferOnSale(NamedTuple):
    """An offer that can be bought now; `price` in minor units of `currency`, `available` is 10 where it is more.

    The delivery window is that of an order placed at this moment.
    """

    seller_id: str
    sku: str
    product_id: str
    title: str
    price: int
    available: int
    seller_name: str
    marketplace_id: str
    currency: str
    handling_days: int
    deliver_earliest: datetime
    deliver_latest: datetime


class AfterOffer(NamedTuple):
    """A place among all offers, which run by product, and of one product by seller."""

    product_id: str
    seller_id: str
    sku: str


class AfterPrice(NamedTuple):
    """A place among the offers of one product, which run from the cheapest on."""

    price: int
    seller_id: str
    sku: str


class Page(NamedTuple):
    """Some offers, and the place from which the next page goes on; None: these were the last ones.

    A page may hold fewer than were asked for, even none, although others follow.
    """

    offers: list[OfferOnSale]
    after: tuple[object, ...] | None


async def browse(
    tx: Transaction,
    at: datetime,
    *,
    words: str | None = None,
    marketplace_id: str | None = None,
    after: AfterOffer | None = None,
    size: int = 50,
    service: str = "Standard",
) -> Page:
    """One page of the offers on sale, of those with these words in their title when there are any; 100 at most.

    Refuses a longer page, a place that no page named, and more words than anyone searches for.
    """
    check_page((after, marketplace_id), size)
    place, found = after or AfterOffer("", "", ""), size + 1
    if words is None or not words.strip():
        rows = await tx.fetch(_WALK, *place, marketplace_id, found)
    else:
        rows = await tx.fetch(_SEARCH, *place, marketplace_id, found, _query(words))
    more = len(rows) > size
    end = AfterOffer(*rows[size - 1][:3]) if more else None
    if not more and rows and rows[-1]["walked"] == MOST_WALKED:
        end = AfterOffer(*rows[-1][:3])
    return Page(await _offers(tx, [row for row in rows[:size] if row["on_sale"]], at, service), end)


async def sellers_of_product(
    tx: Transaction,
    product_id: str,
    at: datetime,
    *,
    marketplace_id: str | None = None,
    after: AfterPrice | None = None,
    size: int = 50,
    service: str = "Standard",
) -> Page:
    """One page of the offers of this product that can be bought, the cheapest first; 100 at most.

    Refuses a longer page and a place that no page named.
    """
    check_page((after, marketplace_id), size)
    if after is not None and not 0 <= after.price <= MOST_MINOR_UNITS:
        raise Refused(Reason.INVALID_VALUE, field="after", problem="no offer has this price")
    if not storable(product_id):
        return Page([], None)
    rows = await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM offers o JOIN sellers s USING (seller_id)
         WHERE o.product_id = $1
           AND {_ON_SALE}
           AND (o.price, o.seller_id, o.sku) > ($2, $3, $4)
           AND ($5::text IS NULL OR s.marketplace_id = $5)
         ORDER BY o.price, o.seller_id, o.sku
         LIMIT $6
        """,  # noqa: S608
        product_id, *(after or AfterPrice(-1, "", "")), marketplace_id, size + 1,
    )  # fmt: skip
    offers = await _offers(tx, rows[:size], at, service)
    last = AfterPrice(offers[-1].price, offers[-1].seller_id, offers[-1].sku) if len(rows) > size else None
    return Page(offers, last)


async def offer_on_sale(
    tx: Transaction, seller_id: str, sku: str, at: datetime, *, service: str = "Standard"
) -> OfferOnSale | None:
    """One offer; None when there is none, or when it cannot be bought now (A4)."""
    if not storable((seller_id, sku)):
        return None
    rows = await tx.fetch(
        f"SELECT {_SELECTED} FROM offers o WHERE o.seller_id = $1 AND o.sku = $2 AND {_ON_SALE}",  # noqa: S608
        seller_id, sku,
    )  # fmt: skip
    return next(iter(await _offers(tx, rows, at, service)), None)


_SELECTED = "o.product_id, o.seller_id, o.sku, o.title, o.price, o.available, o.handling_days"
_ON_SALE = "NOT o.closed AND o.available > 0"

# The last offer that the walk may look at is always answered, on sale or not: from there the next page goes on.
_WALK = f"""
SELECT {_SELECTED}, o.walked, {_ON_SALE} AND ($4::text IS NULL OR s.marketplace_id = $4) AS on_sale
  FROM (SELECT *, row_number() OVER (ORDER BY product_id, seller_id, sku) AS walked
          FROM offers
         WHERE (product_id, seller_id, sku) > ($1, $2, $3)
         ORDER BY product_id, seller_id, sku
         LIMIT {MOST_WALKED}) o
  JOIN sellers s USING (seller_id)
 WHERE {_ON_SALE} AND ($4::text IS NULL OR s.marketplace_id = $4) OR o.walked = {MOST_WALKED}
 ORDER BY o.product_id, o.seller_id, o.sku
 LIMIT $5
"""  # noqa: S608
_SEARCH = f"""
SELECT {_SELECTED}, 0 AS walked, true AS on_sale
  FROM offers o
  JOIN sellers s USING (seller_id)
 WHERE words_of(o.title) @@ to_tsquery('simple', $6)
   AND {_ON_SALE}
   AND (o.product_id, o.seller_id, o.sku) > ($1, $2, $3)
   AND ($4::text IS NULL OR s.marketplace_id = $4)
 ORDER BY o.product_id, o.seller_id, o.sku
 LIMIT $5
"""  # noqa: S608

_SIGNS = "぀-ヿ㐀-䶿一-鿿가-힣豈-﫿"  # as in `words_of`
_PIECES = re.compile(f"[{_SIGNS}]|[^{_SIGNS}]+")


def _query(words: str) -> str:
    """What the database looks for: every word, in any order, and the last one as the beginning of a word."""
    wanted = words.split()
    if len(words) > MOST_TEXT or len(wanted) > MOST_WORDS:
        problem = f"{MOST_WORDS} words with {MOST_TEXT} characters are the most that can be searched for"
        raise Refused(Reason.INVALID_VALUE, field="search", problem=problem)
    if not storable(words):
        raise Refused(Reason.INVALID_VALUE, field="search", problem=NOT_TEXT)
    return " & ".join(" <-> ".join(map(_quoted, _PIECES.findall(word))) for word in wanted) + ":*"


def _quoted(piece: str) -> str:
    return "'" + piece.replace("\\", "\\\\").replace("'", "''") + "'"


async def _offers(tx: Transaction, rows: list[Any], at: datetime, service: str) -> list[OfferOnSale]:
    if service not in SERVICES:
        raise Refused(Reason.INVALID_VALUE, field="service", problem=f"it must be one of {', '.join(SERVICES)}")
    sellers = await people.sellers(tx, {row["seller_id"] for row in rows})
    markets = {market.marketplace_id: market for market in await people.marketplaces(tx)}
    of_policy = await policies.of(tx, {(market.marketplace_id, market.policy_version) for market in markets.values()})
    offers = []
    for row in rows:
        seller = sellers[row["seller_id"]]
        market, ship = markets[seller.marketplace_id], seller.shipping
        handling_days = ship.handling_days if row["handling_days"] is None else row["handling_days"]
        promise = delivery_promise.promise(
            at,
            policies.shipping_calendar(of_policy[market.marketplace_id, market.policy_version]),
            SellerShipping(handling_days, ship.cut_off, ship.operating_weekdays, ship.works_on),
            SERVICES[service],
        )
        offers.append(
            OfferOnSale(
                row["seller_id"],
                row["sku"],
                row["product_id"],
                row["title"],
                row["price"],
                min(row["available"], MANY),
                seller.name,
                market.marketplace_id,
                market.currency,
                handling_days,
                promise.deliver_earliest,
                promise.deliver_latest,
            )
        )
    return offers
