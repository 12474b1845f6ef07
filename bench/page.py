"""Manage Orders: a seller's first and hundredth page in a big marketplace, against the same two in a small one.

The seller has 10,000 orders in both, of which the hundredth page of 100 holds the oldest. They are all there is in the
small marketplace; in the big one the orders of 199 other sellers lie between them, in time as on disk. Both are loaded
by set-based SQL into databases of one server, are vacuumed, and are read in turns through the report that the doors
call, from the statement to the rows in Python. What is said is the page with the worse ratio, in milliseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

import asyncpg

from bench.measurement import Measurement, databases
from tradepost.ground.database import Database, connect
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.reports.as_they_stand import After
from tradepost.reports.manage_orders import Page, View, manage_orders

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
SELLER = "S0"
SELLERS, BUYERS = 200, 1_000
THEIRS, PAGE = 10_000, 100
ROUNDS = 150

# Order n was placed n moments before NOW; all of them spread over 200 days. Every (orders / theirs)th is the seller's.
# One in twenty is canceled; of the others, those of the last 20 days are still to be shipped.
LOAD = """
WITH made AS (
    SELECT n, $2::timestamptz - n * interval '200 days' / $1 AS placed_at,
           CASE WHEN n * $3::bigint % $1 < $3 THEN 'S0' ELSE 'S' || 1 + n % $4 END AS seller_id,
           CASE WHEN n * $3 / $1 % 20 = 7 THEN 'canceled' WHEN n <= $1 / 10 THEN 'unshipped' ELSE 'shipped'
           END AS state,
           1 + n % 2 AS units
      FROM generate_series(1, $1::bigint) AS n
     ORDER BY n DESC
), orders_made AS (
    INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state, placed_at,
                        approved_at, released_at, shipped_at, canceled_at, canceled_by, cancel_reason, ordered_units,
                        shipped_units, canceled_units, currency, total, service, handling_days, ship_earliest,
                        ship_latest, deliver_earliest, deliver_latest, wakes_at, updated_at, last_event, ship_to)
    SELECT seller_id, number(n), 'BENCH', 1, md5(n::text), 'B' || abs(hashint8(n)::bigint) % $5, state, placed_at,
           placed_at, placed_at,
           CASE state WHEN 'shipped' THEN placed_at END, CASE state WHEN 'canceled' THEN placed_at END,
           CASE state WHEN 'canceled' THEN 'BUYER' END, CASE state WHEN 'canceled' THEN 'buyer_canceled' END, units,
           CASE state WHEN 'shipped' THEN units ELSE 0 END, CASE state WHEN 'canceled' THEN units ELSE 0 END, 'USD',
           1000 * units, 'Standard', 1, placed_at, placed_at, placed_at, placed_at,
           CASE state WHEN 'unshipped' THEN placed_at + interval '23 days' END, placed_at, 4,
           '{"name": "Buyer", "line1": "1 Main Street", "city": "Springfield", "country": "US"}'
      FROM made
)
INSERT INTO order_lines (seller_id, order_id, line_no, item_id, sku, title, unit_price, quantity, shipped, canceled)
SELECT seller_id, number(n), 1, 10000000000000 + n, 'K' || n % 100, 'A thing that somebody sells', 1000, units,
       CASE state WHEN 'shipped' THEN units ELSE 0 END, CASE state WHEN 'canceled' THEN units ELSE 0 END
  FROM made
"""
NUMBER = """
CREATE FUNCTION pg_temp.number(n bigint) RETURNS text LANGUAGE sql AS $$
    SELECT substr(digits, 1, 3) || '-' || substr(digits, 4, 7) || '-' || substr(digits, 11, 7)
      FROM lpad((hashint8extended(n, 1) & x'7fffffffffffff'::bigint)::text, 17, '0') AS digits
$$
"""


async def measure(orders: int) -> Measurement:
    """Milliseconds a page among so many orders, against the same page among 10,000."""
    began = perf_counter()
    async with databases() as server:
        big, small = await server.make("big"), await server.make("small")
        await fill(big, orders)
        await fill(small, THEIRS)
        async with connect(big) as many, connect(small) as few:
            found = [await _compare(many, few, number) for number in (1, 100)]
    ours, reference = max(found, key=lambda times: times[0] / times[1])
    more: dict[str, object] = {
        f"{name} page": f"{here:.2f} ms, among 10,000 orders {there:.2f} ms"
        for name, (here, there) in zip(("first", "hundredth"), found, strict=True)
    }
    seconds = round(perf_counter() - began, 1)
    return Measurement("page", ours, reference, ours / reference, "ms a page", orders, seconds, more)


async def fill(url: str, orders: int, theirs: int = THEIRS) -> None:
    """Load a marketplace with so many orders, of which `theirs` are the seller's, evenly spread among the others."""
    async with connect(url) as database, database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("BENCH", "Bench"))
        accounts = [SellerAccount(f"S{n}", "BENCH", f"S{n}", None, "en", "professional") for n in range(SELLERS)]
        await people.put_sellers(tx, accounts, NOW)
        await people.put_buyers(tx, [BuyerAccount(f"B{n}", f"Buyer {n}", None, "en") for n in range(BUYERS)], NOW)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(NUMBER)
        await connection.execute(LOAD.replace("number(", "pg_temp.number("), orders, NOW, theirs, SELLERS - 1, BUYERS)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def place_before(database: Database, number: int, view: View = View.ALL) -> After | None:
    """The place after which the seller's page of this number begins, found by turning the pages."""
    after = None
    for _ in range(number - 1):
        after = (await _page(database, after, view)).after
        assert after is not None, "the seller has fewer pages"
    return after


async def _compare(many: Database, few: Database, number: int) -> tuple[float, float]:
    places = [(database, await place_before(database, number)) for database in (many, few)]
    times: Sequence[list[float]] = [], []
    for _ in range(ROUNDS):
        for (database, after), taken in zip(places, times, strict=True):
            began = perf_counter()
            page = await _page(database, after)
            taken.append(1000 * (perf_counter() - began))
            assert len(page.rows) == PAGE
    return median(times[0]), median(times[1])


async def _page(database: Database, after: After | None, view: View = View.ALL) -> Page:
    async with database.transaction() as tx:
        return await manage_orders(tx, SELLER, NOW, view, after, PAGE)
