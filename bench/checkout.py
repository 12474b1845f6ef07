"""Complete checkouts over HTTP, one line each, against one call of a PL/pgSQL function each."""

from statistics import median
from time import perf_counter

import asyncpg

from bench import market, reference
from bench.load import Load, keep_sending, send_all
from bench.market import Market
from bench.measurement import Measurement, databases
from bench.serving import PROCESSES, Serving, cpu_seconds, postmaster, serving
from tradepost.ground.clock import machine_now
from tradepost.ground.database import connect
from tradepost.reports.doctor import examine

CONNECTIONS = 64
LADDER = (1, 64, 256)  # connections for the table of latencies
ROUNDS, ENOUGH = 3, 10_000  # fewer orders are measured once: that is for trying things out
PREPARED = 10_000
ABOUT_A_SECOND = 4_000  # orders: how long wrk goes on for so many
UNITS = 200  # of the last offer


async def spread(orders: int) -> Measurement:
    """Orders a second when 10,000 offers of 200 sellers sell alike."""
    return await _measure("checkout", orders, hot=False)


async def hot(orders: int) -> Measurement:
    """Orders a second when everyone wants one offer."""
    return await _measure("checkout_hot", orders, hot=True)


async def _measure(name: str, orders: int, *, hot: bool) -> Measurement:
    began = perf_counter()
    by_hand = max(1, orders // CONNECTIONS) * CONNECTIONS
    more: dict[str, object] = {}
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=1_000_000)
        await reference.install(bench.url)
        requests = [bench.checkout(number, 0 if hot else number * 7919 % market.OFFERS) for number in range(PREPARED)]
        loads: list[Load] = []
        rates: list[float] = []
        for turn in range(ROUNDS if orders >= ENOUGH else 1):
            theirs, ours = [await server.make(f"{whose}_{turn}", like="bench") for whose in ("by_hand", "ours")]
            process = await postmaster(theirs)
            before = cpu_seconds(process)
            rates.append(await reference.place(theirs, by_hand, CONNECTIONS, machine_now(), hot=hot))
            more["cpu_us_reference"] = round(1e6 * (cpu_seconds(process) - before) / by_hand)
            async with serving(ours) as served:
                loads.append(await _load(served, requests, CONNECTIONS, orders, more))
            more["rows_an_order"] = market.check_same_rows(await market.written(ours), await market.written(theirs))
        if not hot and orders >= ENOUGH:
            more["latency"] = await _latency(await server.make("ladder", like="bench"), requests, orders)
    more |= {"p50_ms": median(load.p50_ms for load in loads), "p99_ms": median(load.p99_ms for load in loads)}
    mine, others = median(load.rate for load in loads), median(rates)
    seconds = round(perf_counter() - began, 1)
    return Measurement(name, mine, others, mine / others, "orders/s", orders, seconds, more)


async def _load(
    server: Serving, requests: list[bytes], connections: int, orders: int, costs: dict[str, object]
) -> Load:
    """Some seconds of checkouts; what one of them costs the machine goes into `costs`."""
    before = server.cpu_seconds
    load = await keep_sending(server.port, requests, connections, max(1, orders / ABOUT_A_SECOND))
    load.only(201)
    used = [round(1e6 * (now - then) / load.answers) for now, then in zip(server.cpu_seconds, before, strict=True)]
    costs |= {"processes": PROCESSES, "memory_mib": round(server.memory_mib, 1)}
    costs |= {"cpu_us_server": used[0], "cpu_us_database": used[1]}
    return load


async def _latency(url: str, requests: list[bytes], orders: int) -> list[dict[str, float]]:
    """A row for each number of connections."""
    table: list[dict[str, float]] = []
    async with serving(url) as server:
        for connections in LADDER:
            load = await _load(server, requests, connections, orders, {})
            row = {"connections": connections, "rate": round(load.rate), "p50_ms": load.p50_ms, "p99_ms": load.p99_ms}
            table.append(row)
    return table


async def last(buyers: int) -> Measurement:
    """So many buyers, each with a connection, want one of the last 200 units at once: exactly those are sold, and the
    others are told so."""
    began = perf_counter()
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=UNITS, buyers=buyers)
        requests = [bench.checkout(number, 0) for number in range(buyers)]
        async with serving(bench.url) as served:
            load = (await send_all(served.port, requests, connections=buyers)).only(201, 409)
        refused = {body for _, status, body in load.bodies if status == 409}
        other = [body for body in refused if b'"reason":"out_of_stock"' not in body]
        sold = await _sold(bench)
        exact = sold == load.statuses[201] == UNITS == buyers - load.statuses[409] and not other
        if not exact:
            raise AssertionError(f"{sold} of {UNITS} units were sold; {dict(load.statuses)}; {other[:3]}")
        async with connect(bench.url) as database, database.transaction() as tx:
            examination = await examine(tx)
        if not examination.sound:
            raise AssertionError(f"The doctor found: {examination.violations[:3]}")
    more: dict[str, object] = {"exact": exact, "answers_a_second": round(load.rate)}
    seconds = round(perf_counter() - began, 1)
    return Measurement("checkout_last", sold, UNITS, None, "units sold", buyers, seconds, more)


async def _sold(bench: Market) -> int:
    """Orders there are, if they and the stock of the last offer say the same."""
    connection = await asyncpg.connect(bench.url)
    try:
        orders = await connection.fetchval("SELECT count(*) FROM orders")
        left = await connection.fetchval("SELECT available FROM offers WHERE sku = 'K0'")
        if orders + left != UNITS:
            raise AssertionError(f"{orders} orders of {UNITS} units, and {left} are left.")
        return int(orders)
    finally:
        await connection.close()
