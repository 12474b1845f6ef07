"""A running `tradepost serve` in processes of its own, and shoppers who send each checkout until it is answered."""

import asyncio
import json
import os
import random
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.scene import Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.people.records import BuyerAccount, put_buyers

LONG = os.environ.get("TRADEPOST_LONG") == "1"
PATIENCE_SECONDS = 120


@dataclass
class Serving:
    """The program under test, and what it has logged."""

    process: Process
    url: str
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def server(self) -> int:
        """The server's main process, whose parent is the program's own."""
        return children(self.process.pid)[0]

    @property
    def answering(self) -> list[int]:
        """The processes that answer."""
        return children(self.server)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of this name."""
        return [line for line in self.log if line["event"] == event]

    async def until_logged(self, event: str) -> dict[str, Any]:
        """Wait for a line of this name."""
        await until(lambda: bool(self.logged(event)) or self.process.returncode is not None)
        return self.logged(event)[-1]

    async def stop(self) -> int:
        """End it as an operator does; its exit code."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), PATIENCE_SECONDS)


@asynccontextmanager
async def serving(
    *arguments: object, port: int = 0, processes: int | None = 2, **environment: str
) -> AsyncIterator[Serving]:
    """`tradepost serve` with these arguments, at a free port; gone at the end of the block, however that came. With
    `processes` None it has as many as it likes."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    words = ["serve", "--port", str(port), "--log", "json", *map(str, arguments)]
    words += ["--processes", str(processes)] if processes else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradepost.doors.cli.app", *words),
        stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=clean | environment,
    )  # fmt: skip
    program = Serving(process, "")
    reading = asyncio.create_task(_read_log(program))
    try:
        program.url = (await program.until_logged("serving"))["at"]
        yield program
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reading  # to the end: whoever still writes belongs to what was killed, and ends with it


async def _read_log(program: Serving) -> None:
    assert program.process.stderr is not None
    async for line in program.process.stderr:
        try:
            program.log.append(json.loads(line))
        except ValueError:
            program.log.append({"event": "not JSON", "line": line.decode()})


def children(pid: int) -> list[int]:
    """The processes that a process has started, oldest first."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port() -> int:
    """A port that nobody listens at, and that the system gives to none of those who ask for any, or only call others:
    it stays free until whoever is told of it takes it."""
    first_given = max(2048, int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    while True:
        port = random.randrange(first_given // 2, first_given)
        if port in _told:
            continue
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _told.add(port)
            return port


_told: set[int] = set()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


# Shoppers


ADDRESS = {
    "name": "Bea Buyer", "line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701",
    "country": "US",
}  # fmt: skip


async def buyers_with_keys(scene: Scene, count: int) -> list[str]:
    """The keys of new buyers: each may send some requests a second only."""
    accounts = [
        BuyerAccount(name := f"shopper-{number}", name.title(), f"{name}@example.com", "en") for number in range(count)
    ]
    async with scene.database.transaction() as tx:
        await put_buyers(tx, accounts, tx.now)
        made = await make_keys(tx, [NewKey(Scope.BUYER, account.buyer_id) for account in accounts])
    return [one.text for one in made if isinstance(one, Made)]


@dataclass(frozen=True)
class Wish:
    """A checkout that somebody wants answered, once."""

    name: str  # the Idempotency-Key
    key: str
    seller: str
    sku: str

    @property
    def body(self) -> dict[str, object]:
        line = {"seller_id": self.seller, "sku": self.sku, "quantity": 1}
        return {"lines": [line], "address": ADDRESS, "payment_token": "approve"}


@dataclass
class Shopping:
    """What became of the wishes: the order of each, or None where it was refused; and what stood in the way."""

    orders: dict[str, str | None] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    @property
    def placed(self) -> list[str]:
        return [order for order in self.orders.values() if order is not None]


async def shop(url: str, wishes: Sequence[Wish], shopping: Shopping, *, at_once: int = 64) -> None:
    """Send every checkout again and again until it is answered, so many at the same moment."""
    waiting = iter(wishes)
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=PATIENCE_SECONDS) as client:

        async def next_ones() -> None:
            for wish in waiting:
                shopping.orders[wish.name] = await _answered(client, wish, shopping)

        async with asyncio.timeout(PATIENCE_SECONDS * (5 if LONG else 1)):
            await asyncio.gather(*(next_ones() for _ in range(at_once)))


async def _answered(client: httpx.AsyncClient, wish: Wish, shopping: Shopping) -> str | None:
    headers = {"Authorization": f"Bearer {wish.key}", "Idempotency-Key": wish.name}
    while True:
        try:
            answer = await client.post("/api/v1/checkouts", json=wish.body, headers=headers)
        except httpx.TransportError as error:
            shopping.trouble.append(type(error).__name__)
            await asyncio.sleep(0.05)
            continue
        if answer.status_code == 201:
            (order,) = answer.json()["orders"]
            return str(order["order_id"])
        if answer.status_code == 409:
            assert answer.json()["reason"] == "out_of_stock", answer.text
            return None
        shopping.trouble.append(str(answer.status_code))
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        await asyncio.sleep(0.2)


async def eventually(act: Callable[[], Awaitable[bool]]) -> None:
    """Until the act answers yes; what it raises meanwhile is not yet a yes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OSError, httpx.TransportError):
                if await act():
                    return
            await asyncio.sleep(0.05)


def kill(pid: int) -> None:
    """End a process as a machine that is out of memory does."""
    os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def stopped(pids: Sequence[int]) -> AsyncIterator[None]:
    """Processes that stand still until the end of the block."""
    _tell(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(pids, signal.SIGCONT)


def _tell(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, what)
