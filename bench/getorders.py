"""Orders for the seller API: pages of 100 of a seller in a big marketplace, against the same pages in a small one.

What getOrders and searchOrders read: the first page and the fiftieth one of the orders placed, and of the orders
updated, since the beginning. The marketplaces are those of page.py, to which the histories, payments and packages of
their orders are added; the seller has 10,000 orders in both, spread among those of 199 others in the big one, in time
as on disk. Both are read in turns, through the function that the doors call. What is said is the page with the worst
ratio, in milliseconds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

import asyncpg

from bench.measurement import Measurement, databases
from bench.page import NOW, PAGE, SELLER, THEIRS
from bench.page import fill as fill_with_orders
from tradepost.ground.clock import simulated_clock
from tradepost.ground.database import Database, connect
from tradepost.reports.orders_in_window import Kind, Page, Place, Window, page

BEGINNING = NOW - timedelta(days=201)
LATER = 50
ROUNDS = 100

# Four things happened to each order: eight hours lie between two of them, so that those of many orders interleave.
HISTORIES = """
INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
SELECT seller_id, order_id, number, (ARRAY['place', 'approve', 'release', 'confirm_shipment'])[number], state, 'clock',
       'clock', at, at
  FROM orders
 CROSS JOIN generate_series(1, 4) AS number
 CROSS JOIN LATERAL (SELECT placed_at + (number - 1) * interval '8 hours') AS happened (at)
 ORDER BY at
"""
OFFERS = """
INSERT INTO offers (seller_id, sku, product_id, title, price, available, supplied, closed, listed_at, updated_at)
SELECT DISTINCT seller_id, sku, 'P-' || sku, title, unit_price, 10, 10, false, $1::timestamptz, $1::timestamptz
  FROM order_lines
"""
PAYMENTS = """
INSERT INTO payments (seller_id, order_id, gateway, token)
SELECT seller_id, order_id, 'simulated', 'approve' FROM orders ORDER BY placed_at
"""
PACKAGES = """
INSERT INTO packages (seller_id, order_id, reference, carrier_code, tracking, confirmed_at)
SELECT seller_id, order_id, 1, 'UPS', '1Z999AA10123456784', shipped_at
  FROM orders WHERE state = 'shipped' ORDER BY placed_at
"""
PACKED = """
INSERT INTO package_items (seller_id, order_id, reference, line_no, quantity)
SELECT seller_id, order_id, 1, 1, shipped_units FROM orders WHERE state = 'shipped' ORDER BY placed_at
"""

CANCELED = """
INSERT INTO cancellations (seller_id, order_id, event, line_no, quantity, canceled_by, reason, returned)
SELECT seller_id, order_id, 4, 1, canceled_units, 'BUYER', 'buyer_canceled', true
  FROM orders WHERE state = 'canceled' ORDER BY placed_at
"""


async def measure(orders: int) -> Measurement:
    """Milliseconds a page among so many orders, against the same page among 10,000."""
    began = perf_counter()
    async with databases() as server:
        big, small = await server.make("big"), await server.make("small")
        await fill(big, orders)
        await fill(small, THEIRS)
        async with connect(big) as many, connect(small) as few:
            found = {
                f"{name} page {kind.value}": await _compare(many, few, kind, number)
                for kind in Kind
                for name, number in (("first", 1), ("fiftieth", LATER))
            }
    ours, reference = max(found.values(), key=lambda times: times[0] / times[1])
    more: dict[str, object] = {
        name: f"{here:.2f} ms, among 10,000 orders {there:.2f} ms" for name, (here, there) in found.items()
    }
    seconds = round(perf_counter() - began, 1)
    return Measurement("getorders", ours, reference, ours / reference, "ms a page", orders, seconds, more)


async def fill(url: str, orders: int, theirs: int = THEIRS) -> None:
    """Load a marketplace of so many orders with all that is read of them, `theirs` of which are the seller's; its clock
    stands still two days after the last one was placed."""
    await fill_with_orders(url, orders, theirs)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(OFFERS, NOW)
        for statement in (HISTORIES, PAYMENTS, PACKAGES, PACKED, CANCELED, "VACUUM ANALYZE", "CHECKPOINT"):
            await connection.execute(statement)
    finally:
        await connection.close()
    async with connect(url) as database, database.transaction(alone=True) as tx:
        await tx.move_clock(simulated_clock(NOW + timedelta(days=2), ticking=False))


async def place_before(database: Database, kind: Kind, number: int) -> Place | None:
    """The place after which the seller's page of this number begins, found by turning the pages."""
    place = None
    for _ in range(number - 1):
        place = (await read(database, kind, place)).next
        assert place is not None, "the seller has fewer pages"
    return place


async def read(database: Database, kind: Kind, place: Place | None, after: datetime = BEGINNING) -> Page:
    """One page of the seller's, by what happened since then."""
    async with database.transaction() as tx:
        return await page(tx, SELLER, Window(kind, after), place=place, limit=PAGE)


async def _compare(many: Database, few: Database, kind: Kind, number: int) -> tuple[float, float]:
    places = [(database, await place_before(database, kind, number)) for database in (many, few)]
    times: Sequence[list[float]] = [], []
    for _ in range(ROUNDS):
        for (database, place), taken in zip(places, times, strict=True):
            began = perf_counter()
            found = await read(database, kind, place)
            taken.append(1000 * (perf_counter() - began))
            assert len(found.orders) == PAGE
    return median(times[0]), median(times[1])
