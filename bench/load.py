"""The clients: requests that are ready before the clock starts, sent over connections that stay open.

`send_all` sends each request once, so that what was written can be counted to the last row. `keep_sending` takes wrk,
which costs the machine less, and goes on for some seconds; where there is no wrk it does the same by itself.
"""

import asyncio
import json
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from time import perf_counter

HOST = "127.0.0.1"
WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(slots=True)
class Load:
    """What came back: answers by status (0: wrk saw no answer, or one of 400 and more), in how many seconds."""

    seconds: float
    statuses: Counter[int]
    p50_ms: float
    p99_ms: float
    bodies: list[tuple[int, int, bytes]] = field(default_factory=list)  # number of the request, status, body

    @property
    def answers(self) -> int:
        """How many answers there were."""
        return self.statuses.total()

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def only(self, *statuses: int) -> "Load":
        """The same load; raises when there was any other answer."""
        if set(self.statuses) - set(statuses):
            some = [body.decode(errors="replace") for _, status, body in self.bodies if status not in statuses][:3]
            raise AssertionError(f"Answers by status: {dict(self.statuses)}. {some}")
        return self


def request(path: str, key: str, body: object) -> bytes:
    """A POST request with a key and a JSON body, as it goes over the wire."""
    content = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def keep_sending(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Send the requests, again from the first when there are no more, for so many seconds."""
    if WRK is None:
        return await _send(port, cycle(enumerate(requests)), connections, until=perf_counter() + seconds)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(b"%d\n%s" % (len(one), one) for one in requests))
        file.flush()
        said = await _wrk(f"--connections={connections}", f"--threads={min(2, connections)}",
                          f"--duration={round(seconds)}s", "--timeout=30s", f"--script={SCRIPT}",
                          f"http://{HOST}:{port}", "--", file.name)  # fmt: skip
    statuses = Counter({201: said["answers"] - said["errors"], 0: said["errors"] + said["broken"]})
    return Load(said["seconds"], +statuses, said["p50_ms"], said["p99_ms"])


async def send_all(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send every request once, each connection its next one when it has its answer."""
    return await _send(port, iter(enumerate(requests)), connections, keep_bodies=True)


async def _wrk(*arguments: str) -> dict[str, float]:
    assert WRK
    process = await asyncio.create_subprocess_exec(WRK, *arguments, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"wrk failed: {said.decode()}")
    found: dict[str, float] = json.loads(said.decode().splitlines()[-1])
    return found


async def _send(
    port: int,
    requests: Iterator[tuple[int, bytes]],
    connections: int,
    *,
    until: float = float("inf"),
    keep_bodies: bool = False,
) -> Load:
    loop = asyncio.get_running_loop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, connections + 100)), hard))
    sent = _Sent(requests, until, keep_bodies)
    clients = [_Client(sent) for _ in range(connections)]
    began = perf_counter()
    await asyncio.gather(*(loop.create_connection(partial(_same, client), HOST, port) for client in clients))
    await asyncio.gather(*(client.finished for client in clients))
    p50, p99 = (1000 * at for at in percentiles(sent.took))
    return Load(perf_counter() - began, sent.statuses, p50, p99, sent.bodies)


def _same(client: "_Client") -> "_Client":
    return client


def percentiles(took: Iterable[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    sorted_ = sorted(took) or [float("nan")]
    return sorted_[len(sorted_) // 2], sorted_[len(sorted_) * 99 // 100]


class _Sent:
    """What the connections have in common: what is to be sent, and what came back."""

    def __init__(self, requests: Iterator[tuple[int, bytes]], until: float, keep_bodies: bool) -> None:
        self.requests = requests
        self.until = until
        self.keep_bodies = keep_bodies
        self.statuses: Counter[int] = Counter()
        self.took: list[float] = []
        self.bodies: list[tuple[int, int, bytes]] = []


class _Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, sent: _Sent) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sent = sent
        self._received = b""
        self._number, self._began = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send_next()

    def _send_next(self) -> None:
        self._began = perf_counter()
        following = next(self._sent.requests, None) if self._began < self._sent.until else None
        if following is None:
            self.finished.set_result(None)
            self._transport.close()
            return
        self._number, content = following
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        self._received = data = self._received + data
        head_end = data.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return
        head = data[:head_end].lower()
        at = head.find(b"\r\ncontent-length:") + 17
        if at < 17:
            raise RuntimeError(f"An answer without a length: {head!r}")
        end = head_end + int(head[at : head.index(b"\r", at)])
        if len(data) < end:
            return
        status = int(head[9:12])
        self._sent.took.append(perf_counter() - self._began)
        self._sent.statuses[status] += 1
        if self._sent.keep_bodies or status >= 300:
            self._sent.bodies.append((self._number, status, data[head_end:end]))
        self._received = b""
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionResetError("The server closed a connection."))
