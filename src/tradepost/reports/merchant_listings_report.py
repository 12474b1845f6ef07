"""The listings reports: all that a seller has listed, and which of it can be bought (A3, A5).

Columns are those of the Selling Partner API's GET_MERCHANT_LISTINGS_ALL_DATA; many of them are empty since long, and
stay for the programs that count on them. Active is what can be bought; Inactive what is sold out, or closed by its
seller; Incomplete what has no price yet. The reports of active and of inactive listings, which is all the rest, have
the same columns but for the status.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from tradepost.calendar_days import local_time
from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING
from tradepost.listings.items.attributes import NUMBERED, OWN_CHANNEL
from tradepost.money import format_amount
from tradepost.people import policies
from tradepost.people.records import Marketplace
from tradepost.reports.released_lines import home_of
from tradepost.reports.sellers_listings import BESIDE, SELECTED, ListedItem, item_of
from tradepost.reports.tab_separated import plain, row, text
from tradepost.reports.written import Write

COLUMNS = (
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
    "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition", "zshop-category1",
    "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3", "will-ship-internationally",
    "expedited-shipping", "zshop-boldface", "product-id", "bid-for-featured-placement", "add-delete",
    "pending-quantity", "fulfillment-channel", "merchant-shipping-group", "status",
)  # fmt: skip
ACTIVE, INACTIVE, INCOMPLETE = "Active", "Inactive", "Incomplete"

_ASIN = "1"  # among the types of product ids
_NUMBER_OF = {condition: number for number, condition in NUMBERED.items()}


async def all_listings_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file of all listings; how many there are. It shows them as they are now: `since` and `until` say
    nothing. What open orders hold is not part of the quantity; `pending-quantity` is what Pending orders hold. Raises
    Refused before the first piece for a seller who may not have it."""
    return await _report(tx, seller_id, write, COLUMNS, (ACTIVE, INACTIVE, INCOMPLETE))


async def active_listings_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file of what can be bought; see `all_listings_report`."""
    return await _report(tx, seller_id, write, COLUMNS[:-1], (ACTIVE,))


async def inactive_listings_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file of what cannot be bought; see `all_listings_report`."""
    return await _report(tx, seller_id, write, COLUMNS[:-1], (INACTIVE, INCOMPLETE))


async def _report(
    tx: Transaction, seller_id: str, write: Write, columns: Sequence[str], statuses: Collection[str]
) -> int:
    await home_of(tx, seller_id)
    written = 0
    await write(row(columns).encode())
    async for page in tx.cursor(_LISTINGS, seller_id, sorted(PENDING)):
        zone = await _zone(tx, item_of(page[0]).marketplace)
        listed = ((item_of(found), found["pending"]) for found in page)
        lines = [
            row(_cells(item, pending, zone)[: len(columns)]) for item, pending in listed if _status(item) in statuses
        ]
        await write("".join(lines).encode())
        written += len(lines)
    return written


# Pending orders are open ones, which an index has for itself.
_LISTINGS = f"""
SELECT {SELECTED}, coalesce(p.units, 0) AS pending
  FROM listings l {BESIDE}
  LEFT JOIN (SELECT i.sku, sum(i.quantity - i.canceled) AS units
               FROM orders
               JOIN order_lines i USING (seller_id, order_id)
              WHERE seller_id = $1 AND state = ANY($2) AND shipped_units + canceled_units < ordered_units
              GROUP BY i.sku) p ON p.sku = l.sku
 WHERE l.seller_id = $1 AND NOT l.deleted
 ORDER BY l.sku
"""  # noqa: S608


async def _zone(tx: Transaction, market: Marketplace) -> str:
    version = (market.marketplace_id, market.policy_version)
    return (await policies.of(tx, [version]))[version].zone


def _status(item: ListedItem) -> str:
    if item.offer is None:
        return INCOMPLETE
    return ACTIVE if item.offer.on_sale else INACTIVE


def _cells(item: ListedItem, pending: int, zone: str) -> tuple[str, ...]:
    sku, product_id, offer, condition = plain(item.sku), plain(item.product_id), item.offer, item.condition
    return (
        text(item.title or ""), "", sku, sku,
        "" if offer is None else format_amount(offer.price, item.marketplace.currency),
        "0" if offer is None else str(offer.available),
        f"{local_time(item.created_at, zone):%Y-%m-%d %H:%M:%S %Z}",
        "", "y", _ASIN, "", "", _NUMBER_OF.get(condition, condition), "", "", "",
        product_id, "", "", "", "", "", product_id, "", "",
        str(pending), OWN_CHANNEL, "", _status(item),
    )  # fmt: skip
