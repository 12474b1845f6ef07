"""The marketplace that orders are measured on, and what an order process has written into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from bench.load import request
from tradepost import timekeeping
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.ground.database import Transaction, connect
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount

SELLERS, OFFERS, BUYERS = 200, 10_000, 1_000
START = datetime(2026, 3, 2, 10, tzinfo=UTC)  # of the simulated clock
WRITTEN = ("orders", "order_lines", "order_events", "payments", "notices", "packages", "package_items", "cancellations")
ADDRESS = {
    "name": "Bea Buyer",
    "line1": "1 Secret Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country": "US",
}


def seller_of(offer: int) -> str:
    """Whose the offer with this number is; its SKU is `K` and the number."""
    return f"S{offer % SELLERS}"


@dataclass(frozen=True, slots=True)
class Market:
    """A database with offers in it, and the keys of its buyers B0 and on and its sellers S0 and on."""

    url: str
    buyers: list[str]
    sellers: list[str]

    def checkout(self, number: int, offer: int) -> bytes:
        """A request for one unit of an offer, by one buyer after the other."""
        line = {"seller_id": seller_of(offer), "sku": f"K{offer}", "quantity": 1}
        body = {"lines": [line], "address": ADDRESS, "service": "Standard", "payment_token": "approve"}
        return request("/api/v1/checkouts", self.buyers[number % len(self.buyers)], body)

    def confirmation(self, seller_id: str, order_id: str) -> bytes:
        """A request that confirms a whole order in one package."""
        body = {"order_id": order_id, "carrier_code": "UPS", "tracking": "1Z999AA10123456784"}
        return request("/api/v1/seller/packages", self.sellers[int(seller_id[1:])], body)


async def open_for_bench(url: str, stock: int, *, buyers: int = BUYERS, simulated: bool = False) -> Market:
    """Sellers, buyers, and so many units of each of offers K0 and on; vacuumed as after a while."""
    async with connect(url) as database:
        if simulated:
            await timekeeping.simulate(database, START, ticking=False)
        async with database.transaction() as tx:
            await open_marketplace(tx, NewMarketplace("BENCH", "Bench"))
            accounts = [SellerAccount(f"S{n}", "BENCH", f"S{n}", None, "en", "professional") for n in range(SELLERS)]
            await people.put_sellers(tx, accounts, tx.now)
            await people.put_buyers(tx, [BuyerAccount(f"B{n}", f"B{n}", None, "en") for n in range(buyers)], tx.now)
            listings = [Listing(seller_of(n), f"K{n}", f"P{n}", "Thing", 1000, stock, None) for n in range(OFFERS)]
            await list_offers(tx, listings, tx.now)
            of_buyers = await _keys(tx, Scope.BUYER, [f"B{n}" for n in range(buyers)])
            of_sellers = await _keys(tx, Scope.SELLER, [account.seller_id for account in accounts])
    await say(url, "VACUUM ANALYZE")
    return Market(url, of_buyers, of_sellers)


async def _keys(tx: Transaction, scope: Scope, subjects: list[str]) -> list[str]:
    made = await make_keys(tx, [NewKey(scope, subject) for subject in subjects])
    return [key.text for key in made if isinstance(key, Made)]


async def say(url: str, statement: str) -> None:
    """Run statements that need no answer."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def written(url: str) -> Mapping[str, int]:
    """How many rows each table of the process has, how many of them fill each column, and how many units
    left the stock.

    Two databases on which this is equal hold the same rows, but for the values that are made up.
    """
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY($1)", WRITTEN
        )
        counts = {"sold": await connection.fetchval("SELECT sum(supplied - available)::bigint FROM offers")}
        for table in WRITTEN:
            filled = [column for name, column in columns if name == table]
            counted = ", ".join(f"count({column})" for column in filled)
            row = await connection.fetchrow(f"SELECT count(*), {counted} FROM {table}")  # noqa: S608
            assert row is not None
            counts |= dict(zip([table, *(f"{table}.{column}" for column in filled)], row, strict=True))
        return counts
    finally:
        await connection.close()


def check_same_rows(ours: Mapping[str, int], reference: Mapping[str, int]) -> str:
    """Both have written the same for each order; what that is, to be read by people."""
    mine, others = ours["orders"], reference["orders"]
    different = {
        name: f"{ours[name]} for {mine} orders, the reference {reference[name]} for {others}"
        for name in ours
        if ours[name] * others != reference[name] * mine
    }
    if different:
        raise AssertionError(f"Tradepost and the reference do not write the same: {different}")
    return ", ".join(f"{ours[name] / mine:.0f} {name}" for name in WRITTEN if ours[name])
