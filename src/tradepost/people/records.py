"""The SQL of marketplaces, sellers and buyers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

from tradepost.delivery_promise import SellerShipping
from tradepost.ground.database import Transaction, columns, storable


class Marketplace(NamedTuple):
    """A marketplace and the version of its policy that new orders are placed under."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    locale: str
    policy_version: int


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller account."""

    seller_id: str
    marketplace_id: str
    name: str
    email: str | None
    locale: str
    plan: str
    shipping: SellerShipping

    @property
    def professional(self) -> bool:
        """Whether the seller may use files and tools (A47)."""
        return self.plan == "professional"


class SellerAccount(NamedTuple):
    """What is written of a seller account; opening it again changes it."""

    seller_id: str
    marketplace_id: str
    name: str
    email: str | None
    locale: str
    plan: str
    handling_days: int = 1
    cut_off: time = time(14)
    operating_weekdays: tuple[int, ...] = ()
    works_on: tuple[date, ...] = ()


class BuyerAccount(NamedTuple):
    """What is written of a buyer account."""

    buyer_id: str
    name: str
    email: str | None
    locale: str


_AGAIN = {
    "marketplaces": """
        DO UPDATE SET name = excluded.name, country = excluded.country, locale = excluded.locale,
                      policy_version = excluded.policy_version
    """,
    "sellers": """
        DO UPDATE SET name = excluded.name, email = excluded.email, locale = excluded.locale, plan = excluded.plan,
                      handling_days = excluded.handling_days, cut_off = excluded.cut_off,
                      operating_weekdays = excluded.operating_weekdays, works_on = excluded.works_on
    """,
    "buyers": "DO UPDATE SET name = excluded.name, email = excluded.email, locale = excluded.locale",
}
"""What becomes of what is open already, where it may be opened again."""


async def put_marketplace(
    tx: Transaction, marketplace: Marketplace, document: dict[str, Any], *, again: bool = True
) -> bool:
    """Open a marketplace, or give it a new version of its policy. Not `again`: only one that is not open; whether."""
    put = await tx.value(
        f"""
        INSERT INTO marketplaces (marketplace_id, name, country, currency, locale, policy_version)
        VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (marketplace_id) {_AGAIN["marketplaces"] if again else "DO NOTHING"}
        RETURNING true
        """,
        *marketplace,
    )
    if put:
        await tx.execute(
            "INSERT INTO policies (marketplace_id, version, document) VALUES ($1, $2, $3)",
            marketplace.marketplace_id, marketplace.policy_version, document,
        )  # fmt: skip
    return bool(put)


async def marketplaces(tx: Transaction) -> list[Marketplace]:
    """All marketplaces of this database."""
    rows = await tx.fetch(
        """
        SELECT marketplace_id, name, country, currency, locale, policy_version
          FROM marketplaces ORDER BY marketplace_id
        """
    )
    return [Marketplace(*row) for row in rows]


async def lock_marketplace(tx: Transaction, marketplace_id: str) -> Marketplace | None:
    """One marketplace, which nobody else changes until this is through; orders are placed meanwhile."""
    row = await tx.row(
        """
        SELECT marketplace_id, name, country, currency, locale, policy_version
          FROM marketplaces WHERE marketplace_id = $1 FOR NO KEY UPDATE
        """,
        marketplace_id,
    )
    return Marketplace(*row) if row else None


async def policy_documents(tx: Transaction, versions: Collection[tuple[str, int]]) -> list[tuple[str, int, Any]]:
    """The policies of these (marketplace, version) pairs."""
    rows = await tx.fetch(
        """
        SELECT marketplace_id, version, document
          FROM policies
          JOIN unnest($1::text[], $2::int[]) AS wanted (marketplace_id, version) USING (marketplace_id, version)
        """,
        *columns(versions, 2),
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def put_sellers(
    tx: Transaction, accounts: Sequence[SellerAccount], at: datetime, *, again: bool = True
) -> set[str]:
    """Open seller accounts, or change them. Not `again`: only those that are not open yet; which ones were written."""
    written = await tx.fetch(
        f"""
        INSERT INTO sellers (seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off,
                             operating_weekdays, works_on, opened_at)
        SELECT seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off,
               string_to_array(operating_weekdays, ',')::int[], string_to_array(works_on, ',')::date[], $11
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::time[],
                      $9::text[], $10::text[])
            AS n (seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off, operating_weekdays,
                  works_on)
            ON CONFLICT (seller_id) {_AGAIN["sellers"] if again else "DO NOTHING"}
        RETURNING seller_id
        """,
        *columns(
            (
                (*account[:8], ",".join(map(str, account.operating_weekdays)), ",".join(map(str, account.works_on)))
                for account in accounts
            ),
            10,
        ),
        at,
    )
    return {row[0] for row in written}


async def lock_sellers(tx: Transaction, seller_ids: Collection[str]) -> None:
    """Let nobody else change these accounts until this is through."""
    await tx.execute(
        "SELECT 1 FROM sellers WHERE seller_id = ANY($1) ORDER BY seller_id FOR NO KEY UPDATE",
        sorted(seller_id for seller_id in seller_ids if storable(seller_id)),
    )


async def sellers(tx: Transaction, seller_ids: Collection[str]) -> dict[str, Seller]:
    """The accounts of these sellers; those that do not exist are missing from the answer."""
    rows = await tx.fetch(
        """
        SELECT seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off, operating_weekdays,
               works_on
          FROM sellers WHERE seller_id = ANY($1)
        """,
        sorted(seller_id for seller_id in seller_ids if storable(seller_id)),
    )
    return {row["seller_id"]: seller_of(tuple(row)) for row in rows}


async def put_buyers(
    tx: Transaction, accounts: Sequence[BuyerAccount], at: datetime, *, again: bool = True
) -> set[str]:
    """Open buyer accounts, or change them. Not `again`: only those that are not open yet; which ones were written."""
    written = await tx.fetch(
        f"""
        INSERT INTO buyers (buyer_id, name, email, locale, opened_at)
        SELECT n.*, $5 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n
            ON CONFLICT (buyer_id) {_AGAIN["buyers"] if again else "DO NOTHING"}
        RETURNING buyer_id
        """,
        *columns(accounts, 4),
        at,
    )
    return {row[0] for row in written}


async def buyers(tx: Transaction, buyer_ids: Collection[str]) -> dict[str, BuyerAccount]:
    """The accounts of these buyers; those that do not exist are missing from the answer."""
    rows = await tx.fetch(
        "SELECT buyer_id, name, email, locale FROM buyers WHERE buyer_id = ANY($1)",
        sorted(buyer_id for buyer_id in buyer_ids if storable(buyer_id)),
    )
    return {row["buyer_id"]: BuyerAccount(*row) for row in rows}


async def lock_buyers(tx: Transaction, buyer_ids: Collection[str]) -> None:
    """Let no other checkout of these buyers pass until this one is through."""
    await tx.execute(
        "SELECT 1 FROM buyers WHERE buyer_id = ANY($1) ORDER BY buyer_id FOR NO KEY UPDATE", sorted(buyer_ids)
    )


async def unverified_units(tx: Transaction, buyer_ids: Collection[str], at: datetime) -> dict[str, int]:
    """How many units the Pending orders of these buyers hold, but for those that the clock has released or given up by
    then and no sweep has touched yet."""
    rows = await tx.fetch(
        """
        SELECT buyer_id, sum(ordered_units)
          FROM orders
         WHERE buyer_id = ANY($1) AND (state = 'held' OR state IN ('approved', 'verifying') AND wakes_at > $2)
         GROUP BY buyer_id
        """,
        sorted(buyer_ids),
        at,
    )
    return {row[0]: row[1] for row in rows}


async def put_address(
    tx: Transaction, buyer_id: str, address_id: str, document: dict[str, object], at: datetime
) -> None:
    """Write an address into a buyer's book; one that is in it already becomes the latest."""
    await tx.execute(
        """
        INSERT INTO addresses (buyer_id, address_id, document, saved_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (buyer_id, address_id) DO UPDATE SET saved_at = excluded.saved_at
        """,
        buyer_id, address_id, document, at,
    )  # fmt: skip


async def address_book(tx: Transaction, buyer_id: str) -> list[tuple[str, dict[str, object], datetime]]:
    """A buyer's addresses as (id, document, when it was saved), the latest first."""
    rows = await tx.fetch(
        "SELECT address_id, document, saved_at FROM addresses WHERE buyer_id = $1 ORDER BY saved_at DESC, address_id",
        buyer_id,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def addresses(
    tx: Transaction, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[dict[str, object], datetime]]:
    """Addresses by (buyer, id), each as its document and when it was saved; what is in no book is missing."""
    rows = await tx.fetch(
        """
        SELECT buyer_id, address_id, document, saved_at
          FROM addresses
          JOIN unnest($1::text[], $2::text[]) AS wanted (buyer_id, address_id) USING (buyer_id, address_id)
        """,
        *columns((one for one in wanted if storable(one)), 2),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def delete_address(tx: Transaction, buyer_id: str, address_id: str) -> bool:
    """Take an address out of a buyer's book; whether it was in it."""
    return bool(
        await tx.value(
            "DELETE FROM addresses WHERE buyer_id = $1 AND address_id = $2 RETURNING true", buyer_id, address_id
        )
    )


def seller_of(row: Sequence[Any]) -> Seller:
    """A seller from the columns that `sellers` selects."""
    seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off, weekdays, works_on = row
    shipping = _shipping(handling_days, cut_off, tuple(weekdays), tuple(works_on))
    return Seller(seller_id, marketplace_id, name, email, locale, plan, shipping)


@lru_cache(maxsize=4096)
def _shipping(
    handling_days: int, cut_off: time, weekdays: tuple[int, ...], works_on: tuple[date, ...]
) -> SellerShipping:
    return SellerShipping(handling_days, cut_off, frozenset(weekdays), frozenset(works_on))
