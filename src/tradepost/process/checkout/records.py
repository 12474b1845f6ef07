"""The SQL of the checkout: the counter with its offers and sellers, and the carts, what buyers have put aside."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from tradepost.ground.database import Transaction, columns, in_order
from tradepost.listings.records import Offer
from tradepost.people.records import Marketplace, Seller, seller_of


class Counter(NamedTuple):
    """What carts are checked out with: offers, and the sellers and marketplaces behind them."""

    offers: dict[tuple[str, str], Offer]  # by seller and SKU
    sellers: dict[str, Seller]
    marketplaces: dict[str, Marketplace]


class LineKey(NamedTuple):
    """What names a line of a cart."""

    buyer_id: str
    seller_id: str
    sku: str


class PutAside(NamedTuple):
    """A line of a cart beside its offer as it is now; money in minor units of the marketplace's currency."""

    seller_id: str
    sku: str
    quantity: int
    title: str
    price: int
    available: int
    closed: bool
    seller_name: str
    marketplace_id: str
    currency: str


async def open_counter(tx: Transaction, keys: Iterable[tuple[str, str]]) -> Counter:
    """Read the offers and who sells them where, in one round trip. They are locked in the order of their keys, and from
    here on others wait for them; not so at once, where `offers.take` finds out whether they are still the same.

    The arrays are subqueries, so that nobody looks at how long they are before they are used: for a batch that wants
    one offer the statement would be planned anew each time, which takes longer than to read it.
    """
    wanted = in_order(keys)
    rows = await tx.fetch(
        f"""
        SELECT o.seller_id, o.sku, o.product_id, o.title, o.price, o.available, o.closed, o.handling_days,
               s.seller_id, s.marketplace_id, s.name, s.email, s.locale, s.plan, s.handling_days, s.cut_off,
               s.operating_weekdays, s.works_on,
               m.marketplace_id, m.name, m.country, m.currency, m.locale, m.policy_version
          FROM offers o
          JOIN unnest((SELECT $2::text[]), (SELECT $3::text[])) AS wanted (seller_id, sku) USING (seller_id, sku)
          JOIN sellers s USING (seller_id)
          JOIN marketplaces m USING (marketplace_id)
         WHERE o.seller_id = ANY((SELECT $1::text[])::text[] COLLATE "C")
         ORDER BY o.seller_id, o.sku {"" if tx.at_once else "FOR UPDATE OF o"}
        """,
        sorted({seller_id for seller_id, _ in wanted}),
        *columns(wanted, 2),
    )
    counter = Counter({}, {}, {})
    for row in rows:
        offer = Offer(*row[:8])
        counter.offers[offer.seller_id, offer.sku] = offer
        if offer.seller_id not in counter.sellers:
            seller = counter.sellers[offer.seller_id] = seller_of(row[8:18])
            if seller.marketplace_id not in counter.marketplaces:
                counter.marketplaces[seller.marketplace_id] = Marketplace(*row[18:])
    return counter


async def put(tx: Transaction, key: LineKey, quantity: int, at: datetime) -> None:
    """Set the quantity of a line; a line that is in the cart keeps its place."""
    await tx.execute(
        """
        INSERT INTO cart_lines (buyer_id, seller_id, sku, quantity, put_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (buyer_id, seller_id, sku) DO UPDATE SET quantity = excluded.quantity
        """,
        *key, quantity, at,
    )  # fmt: skip


async def offer_exists(tx: Transaction, seller_id: str, sku: str) -> bool:
    """Whether the seller has ever listed this SKU; offers are closed, and never deleted."""
    return bool(
        await tx.value("SELECT EXISTS (SELECT 1 FROM offers WHERE seller_id = $1 AND sku = $2)", seller_id, sku)
    )


async def other_lines(tx: Transaction, key: LineKey) -> int:
    """How many lines the buyer's cart has beside this one."""
    return int(
        await tx.value("SELECT count(*) FROM cart_lines WHERE buyer_id = $1 AND (seller_id, sku) <> ($2, $3)", *key)
    )


async def read(tx: Transaction, buyer_id: str) -> list[PutAside]:
    """A buyer's cart in the order in which its lines were put into it."""
    rows = await tx.fetch(
        """
        SELECT c.seller_id, c.sku, c.quantity, o.title, o.price, o.available, o.closed, s.name, m.marketplace_id,
               m.currency
          FROM cart_lines c
          JOIN offers o USING (seller_id, sku)
          JOIN sellers s USING (seller_id)
          JOIN marketplaces m USING (marketplace_id)
         WHERE c.buyer_id = $1
         ORDER BY c.put_at, c.seller_id, c.sku
        """,
        buyer_id,
    )
    return [PutAside(*row) for row in rows]


async def lock(tx: Transaction, buyer_ids: Collection[str]) -> list[tuple[LineKey, int]]:
    """The lines of these carts with their quantities, the oldest first; locked in the order of their keys."""
    rows = await tx.fetch(
        """
        SELECT buyer_id, seller_id, sku, quantity, put_at
          FROM cart_lines
         WHERE buyer_id = ANY($1)
         ORDER BY buyer_id, seller_id, sku
           FOR UPDATE
        """,
        sorted(buyer_ids),
    )
    return [(LineKey(*row[:3]), row[3]) for row in sorted(rows, key=lambda row: row["put_at"])]


async def delete(tx: Transaction, keys: Collection[LineKey]) -> None:
    """Take lines out of their carts."""
    await tx.execute(
        """
        DELETE FROM cart_lines c
         USING unnest($1::text[], $2::text[], $3::text[]) AS n (buyer_id, seller_id, sku)
         WHERE c.buyer_id = n.buyer_id AND c.seller_id = n.seller_id AND c.sku = n.sku
        """,
        *columns(keys, 3),
    )


async def delete_all(tx: Transaction, buyer_id: str) -> None:
    """Empty a buyer's cart."""
    await tx.execute("DELETE FROM cart_lines WHERE buyer_id = $1", buyer_id)
