"""The SQL of listings: what of a listing its offer does not hold.

Listings are locked before offers, and both in the order of their keys. A checkout locks offers alone.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, columns, in_order
from tradepost.listings.records import OfferKey

PRODUCT = "PRODUCT"
"""The product type of what was listed without one."""


class Item(NamedTuple):
    """A listing beside its offer; `attributes` as they were put, None where it was listed without any."""

    key: OfferKey
    product_id: str
    product_type: str
    attributes: dict[str, Any] | None
    deleted: bool


async def lock(tx: Transaction, keys: Iterable[OfferKey]) -> dict[OfferKey, Item]:
    """Lock the listings in the order of their keys; those that do not exist are missing from the answer."""
    wanted = in_order(keys)
    rows = await tx.fetch(
        """
        SELECT l.seller_id, l.sku, l.product_id, l.product_type, l.attributes, l.deleted
          FROM listings l
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, sku) USING (seller_id, sku)
         WHERE l.seller_id = ANY($1 COLLATE "C")
         ORDER BY l.seller_id, l.sku
           FOR UPDATE OF l
        """,
        sorted({key.seller_id for key in wanted}),
        *columns(wanted, 2),
    )
    return {key: Item(key, *row[2:]) for row in rows for key in (OfferKey(row[0], row[1]),)}


async def enter(tx: Transaction, products: Sequence[tuple[str, str, str]], at: datetime) -> None:
    """See to it that what is listed, as (seller, SKU, product id), has a listing; one per SKU. A deleted one begins
    anew, and others keep what was put of them."""
    await tx.execute(
        f"""
        INSERT INTO listings AS l (seller_id, sku, product_id, product_type, deleted, created_at, updated_at)
        SELECT n.*, '{PRODUCT}', false, $4, $4
          FROM unnest($1::text[], $2::text[], $3::text[]) AS n (seller_id, sku, product_id)
         ORDER BY n.seller_id, n.sku
            ON CONFLICT (seller_id, sku) DO UPDATE
           SET product_id = excluded.product_id, deleted = false, updated_at = $4,
               product_type = CASE WHEN l.deleted THEN excluded.product_type ELSE l.product_type END,
               attributes = CASE WHEN NOT l.deleted THEN l.attributes END,
               created_at = CASE WHEN l.deleted THEN $4 ELSE l.created_at END
        """,
        *columns(products, 3),
        at,
    )


async def describe(tx: Transaction, items: Sequence[Item]) -> None:
    """Write what was put of listings that are there, and whether they are deleted."""
    await tx.execute(
        """
        UPDATE listings l
           SET product_type = n.product_type, attributes = n.attributes, deleted = n.deleted
          FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::boolean[])
            AS n (seller_id, sku, product_type, attributes, deleted)
         WHERE l.seller_id = ANY($1) AND l.seller_id = n.seller_id AND l.sku = n.sku
        """,
        sorted({item.key.seller_id for item in items}),
        *columns(((*item.key, item.product_type, item.attributes, item.deleted) for item in items), 5),
    )


async def touch(tx: Transaction, keys: Collection[OfferKey], at: datetime, *, opened: bool = False) -> None:
    """Lock the listings of these offers and say that their seller changed them; those `opened` are no more deleted."""
    wanted = in_order(keys)
    await tx.execute(
        """
        UPDATE listings l
           SET updated_at = $4, deleted = l.deleted AND NOT $5
          FROM (SELECT seller_id, sku
                  FROM listings
                  JOIN offers USING (seller_id, sku)
                  JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, sku) USING (seller_id, sku)
                 WHERE seller_id = ANY($1 COLLATE "C")
                 ORDER BY seller_id, sku
                   FOR UPDATE OF listings) n
         WHERE l.seller_id = ANY($1 COLLATE "C") AND l.seller_id = n.seller_id AND l.sku = n.sku
        """,
        sorted({key.seller_id for key in wanted}),
        *columns(wanted, 2),
        at,
        opened,
    )
