"""The sweep: many holds end at one moment, and their orders are released.

The reference is one transaction of hand-written set-based SQL on a copy of the same database, which writes the same
rows: an UPDATE of the orders, one event and two notices for each.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import asyncpg

from bench.measurement import Measurement, databases
from tradepost import timekeeping
from tradepost.ground.database import Database, connect
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Verdict
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.verification.verdicts import Finding, record_verdicts

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOLD_END = START + timedelta(minutes=30)
SELLERS, OFFERS, BUYERS = 200, 10_000, 1_000
AT_ONCE = 5_000

BY_HAND = """
WITH released AS (
    UPDATE orders
       SET state = 'unshipped', released_at = $1, wakes_at = $2, updated_at = $1, last_event = last_event + 1
     WHERE state = 'approved' AND wakes_at <= $1
    RETURNING seller_id, order_id, buyer_id, last_event
), history AS (
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
    SELECT seller_id, order_id, last_event, 'release', 'unshipped', 'clock', 'clock', $1, $1 FROM released
)
INSERT INTO notices (seller_id, notice_id, order_id, event, receiver, receiver_id, kind, happened_at, try_at)
SELECT seller_id, gen_random_uuid(), order_id, last_event, told.receiver,
       CASE told.receiver WHEN 'buyer' THEN buyer_id ELSE seller_id END, told.kind, $1, $1
  FROM released, (VALUES ('buyer', 'order_confirmation'), ('seller', 'sold_ship_now')) AS told (receiver, kind)
"""
WRITTEN = """
SELECT (SELECT count(*) FROM orders WHERE state = 'unshipped'), (SELECT count(*) FROM order_events),
       (SELECT count(*) FROM notices)
"""


async def measure(orders: int) -> Measurement:
    """Orders released a second, against the same by hand."""
    began = perf_counter()
    async with databases() as server:
        url = await server.make("ours")
        async with connect(url) as database:
            await _place(database, orders)
        by_hand = await server.make("by_hand", like="ours")
        reference, expected = await _release_by_hand(by_hand, orders)
        ours, written = await _release(url, orders)
    if written != expected:
        raise AssertionError(f"Tradepost wrote {written} rows, the reference {expected}.")
    return Measurement("sweep", ours, reference, ours / reference, "orders/s", orders, round(perf_counter() - began, 1))


async def _release(url: str, orders: int) -> tuple[float, Any]:
    async with connect(url) as database:
        async with database.transaction(alone=True) as tx:
            await tx.move_clock((await tx.read_clock()).moved_to(HOLD_END))  # what falls due is left to the worker
        began = perf_counter()
        while not (await timekeeping.turn(database, [])).idle:
            pass
        rate = orders / (perf_counter() - began)
        async with database.transaction() as tx:
            return rate, await tx.row(WRITTEN)


async def _release_by_hand(url: str, orders: int) -> tuple[float, Any]:
    connection = await asyncpg.connect(url)
    try:
        began = perf_counter()
        await connection.execute(BY_HAND, HOLD_END, HOLD_END + timedelta(days=23))
        rate = orders / (perf_counter() - began)
        return rate, await connection.fetchrow(WRITTEN)
    finally:
        await connection.close()


async def _place(database: Database, orders: int) -> None:
    """A marketplace with so many approved orders whose holds all end at one moment."""
    await timekeeping.simulate(database, START, ticking=False)
    async with database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("BENCH", "Bench"))
        accounts = [SellerAccount(f"S{n}", "BENCH", f"S{n}", None, "en", "professional") for n in range(SELLERS)]
        await people.put_sellers(tx, accounts, START)
        await people.put_buyers(tx, [BuyerAccount(f"B{n}", f"B{n}", None, "en") for n in range(BUYERS)], START)
        listings = [Listing(f"S{n % SELLERS}", f"K{n}", f"P{n}", "Thing", 1000, orders, None) for n in range(OFFERS)]
        await list_offers(tx, listings, START)
    for first in range(0, orders, AT_ONCE):
        async with database.transaction() as tx:
            placed = await place_orders(tx, [_cart(n) for n in range(first, min(first + AT_ONCE, orders))])
            keys: Sequence[OrderKey] = [one.orders[0] for one in placed if isinstance(one, Placed)]
            await record_verdicts(tx, [Finding(key, Verdict.APPROVED, START, "bench") for key in keys])


def _cart(number: int) -> Cart:
    offer = number * 7919 % OFFERS
    return Cart(f"B{number % BUYERS}", START, (CartLine(f"S{offer % SELLERS}", f"K{offer}", 1),), {"name": "Buyer"})
