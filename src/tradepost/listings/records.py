"""The SQL of offers and their stock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tradepost.ground.database import Transaction, columns, in_order, storable
from tradepost.notifications.queueing import records as notifications


class OfferKey(NamedTuple):
    """What names an offer."""

    seller_id: str
    sku: str


@dataclass(slots=True)
class Offer:
    """An offer, and what of it is available: units that open orders hold are not."""

    seller_id: str
    sku: str
    product_id: str
    title: str
    price: int  # minor units of the marketplace's currency
    available: int
    closed: bool
    handling_days: int | None  # None: the seller's own

    @property
    def on_sale(self) -> bool:
        """Whether buyers find it: the last unit sold takes an offer off sale, and stock that returns brings it back."""
        return not self.closed and self.available > 0


_SELECTED = "o.seller_id, o.sku, o.product_id, o.title, o.price, o.available, o.closed, o.handling_days"


async def lock(tx: Transaction, keys: Iterable[OfferKey]) -> dict[OfferKey, Offer]:
    """Lock the offers in the order of their keys; those that do not exist are missing from the answer."""
    wanted = in_order(keys)
    rows = await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM offers o
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, sku) USING (seller_id, sku)
         WHERE o.seller_id = ANY($1 COLLATE "C")
         ORDER BY o.seller_id, o.sku
           FOR UPDATE OF o
        """,
        sorted({key.seller_id for key in wanted}),
        *columns(wanted, 2),
    )
    return {OfferKey(row["seller_id"], row["sku"]): Offer(*row) for row in rows}


class Units(NamedTuple):
    """So many units of an offer, and the last moment at which one of them moved."""

    quantity: int
    at: datetime


def add_units(moved: dict[OfferKey, Units], key: OfferKey, quantity: int, at: datetime) -> None:
    """Add units of an offer to those that a batch moves."""
    before = moved.get(key, Units(0, at))
    moved[key] = Units(before.quantity + quantity, max(before.at, at))


async def take(tx: Transaction, taken: Mapping[OfferKey, Units], offers: Mapping[tuple[str, str], Offer]) -> None:
    """Take units out of the stock of these offers, which need not be locked.

    It fails by a constraint (stock_not_negative, or no stock at all) where the units are not there or an offer is no
    more what it was when it was read. The offers are locked in the order of their keys.
    """
    await notifications.quantity_changes(tx, ((*key, units.at) for key, units in taken.items()))
    await tx.later(
        """
        UPDATE offers o
           SET available = CASE WHEN NOT o.closed AND o.price = n.price AND o.title = n.title
                                 AND o.handling_days IS NOT DISTINCT FROM n.handling_days
                                THEN o.available - n.quantity END,
               updated_at = greatest(o.updated_at, n.at)
          FROM (SELECT n.*
                  FROM offers o
                  JOIN unnest($2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::bigint[], $7::text[], $8::int[])
                    AS n (seller_id, sku, quantity, at, price, title, handling_days) USING (seller_id, sku)
                 WHERE o.seller_id = ANY($1 COLLATE "C")
                 ORDER BY o.seller_id, o.sku
                   FOR UPDATE OF o) AS n
         WHERE o.seller_id = ANY($1 COLLATE "C") AND o.seller_id = n.seller_id AND o.sku = n.sku
        """,
        sorted({key.seller_id for key in taken}),
        *columns(
            (
                (*key, *units, offer.price, offer.title, offer.handling_days)
                for key, units in taken.items()
                for offer in (offers[key],)
            ),
            7,
        ),
    )


async def give_back(tx: Transaction, returned: Mapping[OfferKey, Units]) -> None:
    """Return canceled units to the stock; an offer that its seller closed stays closed."""
    await lock(tx, returned)
    await notifications.quantity_changes(tx, ((*key, units.at) for key, units in returned.items()))
    await tx.later(
        """
        UPDATE offers o
           SET available = o.available + n.quantity, updated_at = greatest(o.updated_at, n.at)
          FROM unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) AS n (seller_id, sku, quantity, at)
         WHERE o.seller_id = ANY($1 COLLATE "C") AND o.seller_id = n.seller_id AND o.sku = n.sku
        """,
        sorted({key.seller_id for key in returned}),
        *columns(((*key, *units) for key, units in returned.items()), 4),
    )


class Listing(NamedTuple):
    """What a seller lists. Listing a SKU again sets everything anew, and opens the offer if it is not `closed`."""

    seller_id: str
    sku: str
    product_id: str
    title: str
    price: int
    quantity: int
    handling_days: int | None
    closed: bool = False


async def put(tx: Transaction, listings: Sequence[Listing], known: Mapping[OfferKey, Offer], at: datetime) -> None:
    """Write offers, new ones and those that are known and locked. One row per SKU."""
    await _tell(tx, {OfferKey(listing.seller_id, listing.sku): listing.quantity for listing in listings}, known, at)
    await tx.later(
        """
        INSERT INTO offers AS o (seller_id, sku, product_id, title, price, available, handling_days, closed,
                                 supplied, listed_at, updated_at)
        SELECT n.*, n.available, $9, $9
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::int[],
                      $8::boolean[])
            AS n (seller_id, sku, product_id, title, price, available, handling_days, closed)
         ORDER BY n.seller_id, n.sku
            ON CONFLICT (seller_id, sku) DO UPDATE
           SET product_id = excluded.product_id, title = excluded.title, price = excluded.price,
               available = excluded.available, handling_days = excluded.handling_days,
               supplied = o.supplied + excluded.available - o.available, closed = excluded.closed, updated_at = $9
        """,
        *columns(listings, 8),
        at,
    )


async def set_available(
    tx: Transaction, quantities: Mapping[OfferKey, int], known: Mapping[OfferKey, Offer], at: datetime
) -> None:
    """Set the available quantity of known offers, which are locked."""
    await _tell(tx, quantities, known, at)
    await tx.later(
        """
        UPDATE offers o
           SET available = n.available, supplied = o.supplied + n.available - o.available, updated_at = $5
          FROM unnest($2::text[], $3::text[], $4::int[]) AS n (seller_id, sku, available)
         WHERE o.seller_id = ANY($1) AND o.seller_id = n.seller_id AND o.sku = n.sku
        """,
        sorted({key.seller_id for key in quantities}),
        *columns(((*key, quantity) for key, quantity in quantities.items()), 3),
        at,
    )


async def _tell(
    tx: Transaction, quantities: Mapping[OfferKey, int], known: Mapping[OfferKey, Offer], at: datetime
) -> None:
    """Tell of the quantities that are set to something else than they were; a new offer had none."""
    changed = [
        (*key, at) for key, quantity in quantities.items() if quantity != (known[key].available if key in known else 0)
    ]
    if changed:
        await notifications.quantity_changes(tx, changed)


async def set_closed(tx: Transaction, keys: Collection[OfferKey], closed: bool, at: datetime) -> None:
    """Close locked offers, or open them again."""
    await tx.execute(
        """
        UPDATE offers o
           SET closed = $4, updated_at = $5
          FROM unnest($2::text[], $3::text[]) AS n (seller_id, sku)
         WHERE o.seller_id = ANY($1) AND o.seller_id = n.seller_id AND o.sku = n.sku
        """,
        sorted({key.seller_id for key in keys}),
        *columns(keys, 2),
        closed,
        at,
    )


async def titles_of(tx: Transaction, product_ids: Collection[str]) -> dict[str, str]:
    """What these products are called by the first who has an open offer of them; others are missing."""
    rows = await tx.fetch(
        """
        SELECT wanted.product_id, o.title
          FROM unnest($1::text[]) AS wanted (product_id)
         CROSS JOIN LATERAL (SELECT title FROM offers f WHERE f.product_id = wanted.product_id AND NOT closed
                              ORDER BY seller_id, sku LIMIT 1) o
        """,
        [product_id for product_id in product_ids if storable(product_id)],
    )
    return {row[0]: row[1] for row in rows}
