"""A Shipping Confirmation file: uploaded, applied and reported, a row for each of many orders of one seller.

The reference is one COPY of the same file and one hand-written set-based statement, in one transaction on a copy of the
same database, which writes the same rows. It checks nothing but that the orders are there to be shipped.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from statistics import median
from time import perf_counter

import asyncpg

from bench import market
from bench.measurement import Measurement, databases
from tradepost import timekeeping
from tradepost.documents import documents
from tradepost.feeds import feeds, working
from tradepost.feeds.feeds import Feed, NewFeed
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, connect
from tradepost.ground.storage import Storage
from tradepost.jobs.jobs import DONE
from tradepost.payments.gateway import Verdict
from tradepost.policy import Policy
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.verification.verdicts import Finding, record_verdicts

ROUNDS, ENOUGH = 3, 10_000  # fewer rows are measured once: that is for trying things out
SELLER = "S0"
KIND = "POST_FLAT_FILE_FULFILLMENT_DATA"
AT_ONCE = 5_000
PIECE = 1 << 16
HEADINGS = "order-id order-item-id quantity ship-date carrier-code carrier-name tracking-number ship-method"
TRACKING = "1Z999AA10123456784"

ROWS = """
CREATE TEMPORARY TABLE rows (order_id text, item_id text, quantity int, shipped_on date, carrier_code text,
                             carrier_name text, tracking text, ship_method text) ON COMMIT DROP
"""
BY_HAND = """
WITH shipped AS (
    UPDATE orders o
       SET state = 'shipped', shipped_at = $2, shipped_units = 1, wakes_at = NULL, updated_at = $2,
           last_event = last_event + 1
      FROM rows r
     WHERE o.seller_id = $1 AND o.order_id = r.order_id AND o.state = 'unshipped'
    RETURNING o.order_id, o.buyer_id, o.last_event
), lines AS (
    UPDATE order_lines l SET shipped = r.quantity FROM rows r
     WHERE l.seller_id = $1 AND l.order_id = r.order_id AND l.item_id = r.item_id
), parcels AS (
    INSERT INTO packages (seller_id, order_id, reference, carrier_code, tracking, shipped_on, confirmed_at)
    SELECT $1, r.order_id, 1, r.carrier_code, r.tracking, r.shipped_on, $2 FROM rows r
), items AS (
    INSERT INTO package_items (seller_id, order_id, reference, line_no, quantity)
    SELECT $1, r.order_id, 1, l.line_no, r.quantity
      FROM rows r JOIN order_lines l ON l.seller_id = $1 AND l.order_id = r.order_id AND l.item_id = r.item_id
), history AS (
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at, detail)
    SELECT $1, order_id, last_event, 'confirm_shipment', 'shipped', 'seller', $1, $2, $2,
           '{"units": {"1": 1}, "package": 1}'
      FROM shipped
)
INSERT INTO notices (seller_id, notice_id, order_id, event, receiver, receiver_id, kind, happened_at, try_at)
SELECT $1, gen_random_uuid(), order_id, last_event, 'buyer', buyer_id, 'shipment_confirmation', $2, $2 FROM shipped
"""


async def measure(orders: int) -> Measurement:
    """Rows applied a second, from the upload to the report, against the same by hand."""
    began = perf_counter()
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=orders)
        content = await released(bench.url, orders)
        mine: list[float] = []
        others: list[float] = []
        for turn in range(ROUNDS if orders >= ENOUGH else 1):
            by_hand, ours = [await server.make(f"{whose}_{turn}", like="bench") for whose in ("by_hand", "ours")]
            others.append(orders / await _by_hand(by_hand, content))
            mine.append(orders / await _ours(ours, content, orders))
            rows = market.check_same_rows(await market.written(ours), await market.written(by_hand))
    rate, reference = median(mine), median(others)
    seconds = round(perf_counter() - began, 1)
    return Measurement("file", rate, reference, rate / reference, "rows/s", orders, seconds, {"rows_an_order": rows})


async def _ours(url: str, content: bytes, orders: int) -> float:
    """How many seconds it takes."""
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as folder:
        storage = Storage.at(folder)
        async with connect(url) as database:
            began = perf_counter()
            feed_id = await upload(database, storage, content)
            await apply(database, storage)
            took = perf_counter() - began
            feed = await find(database, feed_id)
    if (feed.status, feed.successful) != (DONE, orders):
        raise AssertionError(f"The feed is {feed.status}, and {feed.successful} of {orders} rows went well.")
    return took


async def upload(database: Database, storage: Storage, content: bytes) -> str:
    """Upload the file of the seller and put the feed into the queue; its id."""
    async with database.transaction() as tx:
        document = await documents.make(tx, SELLER, "text/tab-separated-values; charset=UTF-8")
    await storage.write(document.document_id, _pieces(content))
    async with database.transaction() as tx:
        return await feeds.create(tx, NewFeed(SELLER, KIND, ["BENCH"], document.document_id, {}))


async def apply(database: Database, storage: Storage) -> None:
    """Bring the feed that waits to its end, as a worker does."""
    taken = await working.take(database)
    assert taken is not None
    await working.go_on(database, storage, taken, asyncio.Event())


async def find(database: Database, feed_id: str) -> Feed:
    """How far the feed is."""
    async with database.transaction() as tx:
        return await feeds.find(tx, SELLER, feed_id)


async def _by_hand(url: str, file: bytes) -> float:
    """How many seconds it takes."""
    connection = await asyncpg.connect(url)
    try:
        now = machine_now()
        began = perf_counter()
        async with connection.transaction():
            await connection.execute(ROWS)
            await connection.copy_to_table("rows", source=BytesIO(file), format="csv", delimiter="\t", header=True)
            await connection.execute(BY_HAND, SELLER, now)
        return perf_counter() - began
    finally:
        await connection.close()


async def released(url: str, orders: int) -> bytes:
    """So many orders of the seller that wait to be shipped; the file that confirms them, in the order of their placing.

    They were placed a while ago, so that their hold is over.
    """
    offers = range(0, market.OFFERS, market.SELLERS)
    keys = []
    async with connect(url) as database:
        for first in range(0, orders, AT_ONCE):
            async with database.transaction() as tx:
                at = tx.now - Policy().hold - timedelta(minutes=1)
                carts = [
                    Cart(
                        f"B{number % market.BUYERS}",
                        at,
                        (CartLine(SELLER, f"K{offers[number % len(offers)]}", 1),),
                        dict(market.ADDRESS),
                    )
                    for number in range(first, min(first + AT_ONCE, orders))
                ]
                placed = [one.orders[0] for one in await place_orders(tx, carts) if isinstance(one, Placed)]
                await record_verdicts(tx, [Finding(key, Verdict.APPROVED, at, "bench") for key in placed])
                keys += placed
        while not (await timekeeping.turn(database, [])).idle:
            pass
        async with database.transaction() as tx:
            items = dict(await tx.fetch("SELECT order_id, item_id FROM order_lines"))  # type: ignore[arg-type]
            day = f"{tx.now:%Y-%m-%d}"
    await market.say(url, "VACUUM ANALYZE")
    rows = [f"{key.order_id}\t{items[key.order_id]}\t1\t{day}\tUPS\t\t{TRACKING}\t\n" for key in keys]
    return ("\t".join(HEADINGS.split()) + "\n" + "".join(rows)).encode()


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
