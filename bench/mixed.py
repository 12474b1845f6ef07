"""Checkouts over HTTP while a worker applies a Shipping Confirmation file, against checkouts alone.

The worker is a process of its own, as in production: `python -m bench.mixed DATABASE FOLDER` is that process.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from statistics import median
from time import perf_counter

from bench import file, market
from bench.checkout import CONNECTIONS, PREPARED
from bench.load import Load, keep_sending
from bench.measurement import Measurement, databases
from bench.serving import serving
from tradepost.doors.worker.work import give_way
from tradepost.ground.database import connect
from tradepost.ground.storage import Storage
from tradepost.jobs.jobs import IN_PROGRESS

ROUNDS, ENOUGH = 3, 10_000  # a file of fewer rows is measured once: that is for trying things out
ROWS_A_SECOND = 20_000  # more than are applied beside checkouts: these go on for as long as that takes
GLANCE_SECONDS = 0.02

RowsDone = Callable[[], Awaitable[int]]


async def measure(rows: int) -> Measurement:
    """Checkouts a second while a file of so many rows is applied."""
    began = perf_counter()
    beside: list[Load] = []
    alone: list[Load] = []
    applied: list[float] = []
    async with databases() as server:
        bench = await market.open_for_bench(await server.make("bench"), stock=1_000_000)
        content = await file.released(bench.url, rows)
        requests = [bench.checkout(number, number * 7919 % market.OFFERS) for number in range(PREPARED)]
        for turn in range(ROUNDS if rows >= ENOUGH else 1):
            url = await server.make(f"alone_{turn}", like="bench")
            async with serving(url) as served:
                alone.append(await _checkouts(served.port, requests, rows))
            url = await server.make(f"beside_{turn}", like="bench")
            async with serving(url) as served, _file_under_way(url, content) as done:
                before = await done()
                beside.append(await _checkouts(served.port, requests, rows))
                applied.append((await done() - before) / beside[-1].seconds)
    mine, others = median(load.rate for load in beside), median(load.rate for load in alone)
    more: dict[str, object] = {
        "p99_ms": median(load.p99_ms for load in beside),
        "p99_ms_alone": median(load.p99_ms for load in alone),
        "rows_a_second": round(median(applied)),
    }
    return Measurement("mixed", mine, others, mine / others, "orders/s", rows, round(perf_counter() - began, 1), more)


async def _checkouts(port: int, requests: list[bytes], rows: int) -> Load:
    return (await keep_sending(port, requests, CONNECTIONS, max(1, rows // ROWS_A_SECOND))).only(201)


@asynccontextmanager
async def _file_under_way(url: str, content: bytes) -> AsyncIterator[RowsDone]:
    """A worker that has begun with the rows of the file, and has not come to their end when the block ends."""
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as folder:
        async with connect(url, connections=1) as database:
            feed_id = await file.upload(database, Storage.at(folder), content)

            async def done() -> int:
                return (await file.find(database, feed_id)).done

            worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.mixed", url, folder)
            try:
                while not await done() and worker.returncode is None:  # noqa: ASYNC110 (another process)
                    await asyncio.sleep(GLANCE_SECONDS)
                yield done
                feed = await file.find(database, feed_id)
                if feed.status != IN_PROGRESS or worker.returncode is not None:
                    raise AssertionError(f"The file was {feed.status} before the checkouts ended: take more rows.")
            finally:
                with suppress(ProcessLookupError):
                    worker.kill()
                await worker.wait()


async def _work(url: str, folder: str) -> None:
    give_way()
    async with connect(url) as database:
        await file.apply(database, Storage.at(folder))


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
