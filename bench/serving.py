"""The server under measurement, in processes of its own, and what those and the database's cost the machine."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg

from tradepost.doors.serving import processors

PROCESSES = min(2, len(processors.available()))
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `tradepost serve`. Figures are of Linux' /proc."""

    port: int
    pid: int
    postmaster: int

    @property
    def cpu_seconds(self) -> tuple[float, float]:
        """What server and database have used of the processors so far."""
        return cpu_seconds(self.pid), cpu_seconds(self.postmaster)

    @property
    def memory_mib(self) -> float:
        """Memory of the server's processes; what they share is counted once."""
        return sum(_proportional_kib(pid) for pid in tree(self.pid)) / 1024


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Serving]:
    """`tradepost serve` on a database, without a worker, until the end of the block, when it has to stop cleanly."""
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(*_command(url, port), stdout=log, stderr=log)
        try:
            await _ready(log, process)
            yield Serving(port, process.pid, await postmaster(url))
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            if await process.wait() != 0:
                log.seek(0)
                sys.stderr.buffer.write(log.read())
        if process.returncode != 0:
            raise RuntimeError(f"The server ended with {process.returncode}.")


def _command(url: str, port: int) -> list[str]:
    serve = [sys.executable, "-P", "-m", "tradepost.doors.cli.app", "serve", "--database", url, "--port", str(port)]
    return [*serve, "--processes", str(PROCESSES), "--worker", "apart", "--log", "json"]


async def postmaster(url: str) -> int:
    """The process id of the local PostgreSQL behind this address."""
    connection = await asyncpg.connect(url)
    try:
        return _parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


def cpu_seconds(root: int) -> float:
    """The time of a process and all that it started, with those that have ended and were waited for."""
    ticks = 0
    for pid in tree(root):
        with suppress(OSError):
            ticks += sum(map(int, _stat(pid)[11:15]))
    return ticks / TICKS_A_SECOND


def tree(root: int) -> Iterator[int]:
    """A process and all that came from it and still lives."""
    yield root
    with suppress(OSError):
        for task in Path(f"/proc/{root}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _proportional_kib(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


async def _ready(log: IO[bytes], process: asyncio.subprocess.Process) -> None:
    """Wait until every process answers, or the connections of the bench would all go to the first one that does."""
    for _ in range(START_SECONDS * 20):
        if process.returncode is not None:
            raise RuntimeError(f"The server ended with {process.returncode} before it was ready.")
        if b'"serving"' in os.pread(log.fileno(), 1 << 16, 0):
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"The server was not ready after {START_SECONDS} s.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
