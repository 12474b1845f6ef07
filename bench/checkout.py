"""Complete checkouts over HTTP, one line each, against one call of a PL/pgSQL function each."""

from statistics import median
from time import perf_counter

from bench import market, reference
from bench.load import Load, keep_sending, send_all
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
    units = min(UNITS, buyers // 2)
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=units, buyers=buyers)
        requests = [bench.checkout(number, 0) for number in range(buyers)]
        async with serving(bench.url) as served:
            load = (await send_all(served.port, requests, connections=buyers)).only(201, 409)
        await _check_exact(bench.url, units, load)
    more: dict[str, object] = {"exact": True, "answers_a_second": round(load.rate)}
    seconds = round(perf_counter() - began, 1)
    return Measurement("checkout_last", load.statuses[201], units, None, "units sold", buyers, seconds, more)


async def _check_exact(url: str, units: int, load: Load) -> None:
    """The answers, the orders and the stock say the same, and the doctor has nothing to add."""
    others = [body for _, status, body in load.bodies if status == 409 and b'"reason":"out_of_stock"' not in body]
    async with connect(url) as database, database.transaction() as tx:
        sold = await tx.value("SELECT count(*) FROM orders")
        left = await tx.value("SELECT available FROM offers WHERE sku = 'K0'")
        examination = await examine(tx)
    if (load.statuses[201], sold, left, others) != (units, units, 0, []):
        raise AssertionError(f"Of {units} units {sold} were sold and {left} are left: {load.statuses}, {others[:3]}")
    if not examination.sound:
        raise AssertionError(f"The doctor found: {examination.violations[:3]}")
