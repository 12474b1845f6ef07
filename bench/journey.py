"""Orders carried from checkout to shipped, against a call of a PL/pgSQL function for each of their four steps.

Checkout and confirmation go over HTTP; verification asks the simulated gateway as the worker does; then the simulated
clock moves to the end of the hold, and the sweep releases the orders.
"""

import json
from statistics import median
from time import perf_counter

from bench import market, reference
from bench.load import send_all
from bench.market import START, Market
from bench.measurement import Measurement, databases
from bench.serving import serving
from tradepost import timekeeping
from tradepost.ground.database import connect
from tradepost.payments.gateway import SimulatedGateway

CONNECTIONS = 64
ROUNDS, ENOUGH = 2, 10_000  # fewer orders are measured once: that is for trying things out


async def measure(orders: int) -> Measurement:
    """Orders a second, from the first checkout to the last confirmation."""
    began = perf_counter()
    orders = max(1, orders // CONNECTIONS) * CONNECTIONS
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=1_000_000, simulated=True)
        await reference.install(bench.url)
        rates: list[float] = []
        steps: list[dict[str, float]] = []
        for turn in range(ROUNDS if orders >= ENOUGH else 1):
            by_hand = await server.make(f"by_hand_{turn}", like="bench")
            rates.append(await reference.carry(by_hand, orders, CONNECTIONS, START))
            ours = await server.make(f"ours_{turn}", like="bench")
            steps.append(await _carry(bench, ours, orders))
            rows = market.check_same_rows(await market.written(ours), await market.written(by_hand))
    mine, others = median(orders / sum(step.values()) for step in steps), median(rates)
    more: dict[str, object] = {name: round(orders / median(step[name] for step in steps)) for name in steps[0]}
    more["rows_an_order"] = rows
    seconds = round(perf_counter() - began, 1)
    return Measurement("journey", mine, others, mine / others, "orders/s", orders, seconds, more)


async def _carry(bench: Market, url: str, orders: int) -> dict[str, float]:
    """Seconds of each step, by its name."""
    checkouts = [bench.checkout(number, number * 7919 % market.OFFERS) for number in range(orders)]
    async with serving(url) as server, connect(url) as database:
        placed = (await send_all(server.port, checkouts, CONNECTIONS)).only(201)
        made = [order for _, _, body in placed.bodies for order in json.loads(body)["orders"]]
        confirmations = [bench.confirmation(order["seller_id"], order["order_id"]) for order in made]
        gateways = [SimulatedGateway()]
        began = perf_counter()
        while not (await timekeeping.turn(database, gateways)).idle:
            pass
        verified = perf_counter()
        await timekeeping.move_clock(database, START + reference.HOLD, gateways)
        released = perf_counter()
        confirmed = (await send_all(server.port, confirmations, CONNECTIONS)).only(201)
    return {
        "checkouts_a_second": placed.seconds,
        "verified_a_second": verified - began,
        "released_a_second": released - verified,
        "confirmed_a_second": confirmed.seconds,
    }
