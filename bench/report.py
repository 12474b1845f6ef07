"""The Orders report: so many lines of one seller, written as the file that sellers' software downloads.

The reference is one COPY by hand of the same columns from the same tables, in the same order, on the same database. It
takes names and addresses as they are, knows but one time zone and one currency, and leaves the server's settings as
they are. Both are written to nowhere, in turns, and the ratio is the median of those of the turns. The memory of this
process is looked at after a file with a tenth of the lines, and after all.
"""

import resource
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

import asyncpg

from bench.measurement import Measurement, databases
from bench.page import NOW, NUMBER
from tradepost.ground.clock import simulated_clock
from tradepost.ground.database import Database, connect
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import SellerAccount
from tradepost.policy import Policy
from tradepost.reports.orders_report import orders_report
from tradepost.reports.written import Write

SELLER, ZONE = "S0", "America/Los_Angeles"
ROUNDS = 5
LAST_TENTH = timedelta(days=20, minutes=-30)  # of what was placed in 200 days, and released half an hour later

# Four orders have five lines, and three buyers order four times. One in twenty addresses is in Chinese, and one in a
# thousand would break the file, or starts a formula.
BUYERS = """
INSERT INTO buyers (buyer_id, name, locale, opened_at)
SELECT 'B' || n, (ARRAY['Bea Buyer', 'Zoë Müller', 'Ann O''Neill'])[1 + n % 3], 'en', $2
  FROM generate_series(0, $1::bigint) AS n
"""
ORDERS = """
INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state, placed_at,
                    approved_at, released_at, shipped_at, ordered_units, shipped_units, currency, total, service,
                    handling_days, ship_earliest, ship_latest, deliver_earliest, deliver_latest, wakes_at, updated_at,
                    last_event, ship_to)
SELECT 'S0', pg_temp.number(n), 'BENCH', 1, md5(n::text), 'B' || n * 7 % ($1 * 3 / 4 + 1),
       CASE WHEN n <= $1 / 10 THEN 'unshipped' ELSE 'shipped' END, placed_at, placed_at + interval '2.5 s',
       placed_at + interval '30 min', CASE WHEN n > $1 / 10 THEN placed_at + interval '1 day' END, units,
       CASE WHEN n > $1 / 10 THEN units ELSE 0 END, 'USD', 1990 * units, 'Standard', 1, placed_at,
       placed_at + interval '2 days', placed_at + interval '4 days', placed_at + interval '7 days',
       CASE WHEN n <= $1 / 10 THEN placed_at + interval '23 days' END, placed_at, 4,
       jsonb_build_object(
           'name', CASE WHEN n % 20 = 3 THEN '张伟' ELSE 'Bea Buyer' END,
           'line1', CASE WHEN n % 20 = 3 THEN '南京西路 ' || n % 900 || ' 号' ELSE n % 9000 || ' Main Street' END,
           'line2', CASE WHEN n % 1000 = 7 THEN '=1+1' ELSE 'Apt. ' || n % 100 END,
           'city', CASE WHEN n % 1000 = 8 THEN E'Spring\\tfield' ELSE 'Springfield' END,
           'state', 'IL', 'postal_code', '62701', 'country', 'US', 'phone', '+1 217 555 ' || 1000 + n % 9000)
  FROM (SELECT n, $2::timestamptz - n * interval '200 days' / $1 AS placed_at,
               CASE n % 4 WHEN 0 THEN 4 ELSE 2 END AS units
          FROM generate_series(1, $1::bigint) AS n
         ORDER BY n DESC) AS made
"""
LINES = """
INSERT INTO order_lines (seller_id, order_id, line_no, item_id, sku, title, unit_price, quantity, shipped, canceled)
SELECT 'S0', pg_temp.number(n), line, 10000000000000 + 4 * n + line, 'K' || n % 100,
       'A thing that somebody sells, and what else there is to say of it', 1990, 2,
       CASE WHEN n > $1 / 10 THEN 2 ELSE 0 END, 0
  FROM generate_series(1, $1::bigint) AS n, generate_series(1, CASE n % 4 WHEN 0 THEN 2 ELSE 1 END) AS line
 ORDER BY n DESC, line
"""

MOMENT = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM')"""
ADDRESS = ("name", "line1", "line2", "line3", "city", "state", "postal_code", "country", "phone")
BY_HAND = f"""
SELECT o.order_id, l.item_id, {MOMENT.format("o.placed_at")}, {MOMENT.format("o.approved_at")},
       left(encode(sha256(convert_to('2:S0' || o.buyer_id, 'UTF8')), 'hex'), 20) || '@bench.marketplace.invalid',
       b.name, o.ship_to ->> 'phone', l.sku, l.title, l.quantity - l.canceled, o.currency,
       ((l.quantity - l.canceled) * l.unit_price * 0.01)::text, '0.00', '0.00', '0.00', o.service,
       {", ".join(f"o.ship_to ->> '{part}'" for part in ADDRESS)}, '', '', '', '',
       {MOMENT.format("o.ship_earliest")}, {MOMENT.format("o.ship_latest")},
       {MOMENT.format("o.deliver_earliest")}, {MOMENT.format("o.deliver_latest")}, 'false', '', ''
  FROM orders o
  JOIN order_lines l USING (seller_id, order_id)
  LEFT JOIN buyers b USING (buyer_id)
 WHERE o.seller_id = 'S0' AND o.state IN ('unshipped', 'partially_shipped', 'shipped') AND l.canceled < l.quantity
 ORDER BY o.released_at, o.order_id, l.line_no
"""  # noqa: S608


async def measure(lines: int) -> Measurement:
    """Lines written a second, against the same by hand."""
    began = perf_counter()
    async with databases() as server:
        url = await server.make("ours")
        await fill(url, lines)
        ours: list[float] = []
        by_hand: list[float] = []
        async with connect(url) as database:
            await _timed(lambda write: _ours(database, write, NOW - LAST_TENTH), lines // 10)
            after_a_tenth = _peak()
            for _ in range(ROUNDS):
                ours.append(await _timed(lambda write: _ours(database, write), lines))
                by_hand.append(await _timed(lambda write: _by_hand(url, write), lines))
            after_all = _peak()
            mended = await _rows_mended(database, url)
    ratios = sorted(hand / mine for mine, hand in zip(ours, by_hand, strict=True))
    more: dict[str, object] = {
        "ratios": f"{ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds",
        "memory": f"{after_a_tenth:.1f} MiB at most after {lines // 10:,} lines, {after_all:.1f} after {lines:,}",
        "rows_mended": mended,
    }
    seconds = round(perf_counter() - began, 1)
    mine, reference = lines / median(ours), lines / median(by_hand)
    return Measurement("report", mine, reference, median(ratios), "rows/s", lines, seconds, more)


async def fill(url: str, lines: int) -> None:
    """Load a seller's released orders, with so many lines; so many that five divides them."""
    async with connect(url) as database, database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("BENCH", "Bench", policy=Policy(zone=ZONE)))
        await people.put_sellers(tx, [SellerAccount(SELLER, "BENCH", SELLER, None, "en", "professional")], NOW)
    orders = lines * 4 // 5
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(NUMBER)
        for statement in (BUYERS, ORDERS, LINES):
            values = (orders, NOW) if "$2" in statement else (orders,)
            await connection.execute(statement, *values)
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            await connection.execute(statement)
    finally:
        await connection.close()
    async with connect(url) as database, database.transaction(alone=True) as tx:
        await tx.move_clock(simulated_clock(NOW + timedelta(days=2), ticking=False))


async def _ours(database: Database, write: Write, since: datetime | None = None) -> int:
    async with database.transaction() as tx:
        return await orders_report(tx, SELLER, since, None, write)


async def _by_hand(url: str, write: Write) -> int:
    connection = await asyncpg.connect(url, server_settings={"timezone": ZONE})
    try:
        done = await connection.copy_from_query(BY_HAND, output=write, null="")
        return int(done.removeprefix("COPY "))
    finally:
        await connection.close()


async def _timed(file: Callable[[Write], Awaitable[int]], lines: int) -> float:
    """How many seconds it takes."""

    async def nowhere(piece: bytes) -> None:
        pass

    began = perf_counter()
    written = await file(nowhere)
    took = perf_counter() - began
    if written != lines:
        raise AssertionError(f"{written} of {lines} lines were written.")
    return took


async def _rows_mended(database: Database, url: str) -> int:
    """In how many rows the two files differ: those that hold what has to be mended. All others are the same."""
    ours: list[int] = []
    by_hand: list[int] = []

    async def keep_ours(piece: bytes) -> None:
        ours.extend(map(hash, piece.splitlines()))

    async def keep_by_hand(piece: bytes) -> None:
        by_hand.extend(map(hash, bytes(piece).splitlines()))

    await _ours(database, keep_ours)
    await _by_hand(url, keep_by_hand)
    return sum(one != other for one, other in zip(ours[1:], by_hand, strict=True))  # by hand there is no header


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
