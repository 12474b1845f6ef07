"""The SQL of marketplaces, sellers and buyers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
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


async def put_marketplace(tx: Transaction, marketplace: Marketplace, document: dict[str, Any]) -> None:
    """Open a marketplace, or give it a new version of its policy."""
    await tx.execute(
        """
        INSERT INTO marketplaces (marketplace_id, name, country, currency, locale, policy_version)
        VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (marketplace_id) DO UPDATE
           SET name = excluded.name, country = excluded.country, locale = excluded.locale,
               policy_version = excluded.policy_version
        """,
        *marketplace,
    )
    await tx.execute(
        "INSERT INTO policies (marketplace_id, version, document) VALUES ($1, $2, $3)",
        marketplace.marketplace_id, marketplace.policy_version, document,
    )  # fmt: skip


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


async def put_sellers(tx: Transaction, accounts: Sequence[SellerAccount], at: datetime) -> None:
    """Open seller accounts, or change them."""
    await tx.execute(
        """
        INSERT INTO sellers (seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off,
                             operating_weekdays, works_on, opened_at)
        SELECT seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off,
               string_to_array(operating_weekdays, ',')::int[], string_to_array(works_on, ',')::date[], $11
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::time[],
                      $9::text[], $10::text[])
            AS n (seller_id, marketplace_id, name, email, locale, plan, handling_days, cut_off, operating_weekdays,
                  works_on)
            ON CONFLICT (seller_id) DO UPDATE
           SET name = excluded.name, email = excluded.email, locale = excluded.locale, plan = excluded.plan,
               handling_days = excluded.handling_days, cut_off = excluded.cut_off,
               operating_weekdays = excluded.operating_weekdays, works_on = excluded.works_on
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


async def set_plan(tx: Transaction, seller_id: str, plan: str) -> None:
    """Change the plan of an account."""
    await tx.execute("UPDATE sellers SET plan = $2 WHERE seller_id = $1", seller_id, plan)


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
    return {row["seller_id"]: _seller(row) for row in rows}


async def put_buyers(tx: Transaction, accounts: Sequence[BuyerAccount], at: datetime) -> None:
    """Open buyer accounts, or change them."""
    await tx.execute(
        """
        INSERT INTO buyers (buyer_id, name, email, locale, opened_at)
        SELECT n.*, $5 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n
            ON CONFLICT (buyer_id) DO UPDATE
           SET name = excluded.name, email = excluded.email, locale = excluded.locale
        """,
        *columns(accounts, 4),
        at,
    )


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


def _seller(row: Any) -> Seller:
    shipping = SellerShipping(
        row["handling_days"], row["cut_off"], frozenset(row["operating_weekdays"]), frozenset(row["works_on"])
    )
    seller_id, marketplace_id, name, email, locale, plan, *_ = row
    return Seller(seller_id, marketplace_id, name, email, locale, plan, shipping)
