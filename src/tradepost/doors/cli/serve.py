"""`tradepost serve`: the HTTP doors, and a worker beside them."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from errno import EADDRNOTAVAIL
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import structlog
from cyclopts import Parameter
from cyclopts.validators import Number

from tradepost.doors.cli.house import HERE, House, Where, open_house
from tradepost.doors.cli.mistakes import NO, Mistake
from tradepost.doors.cli.work import post_of
from tradepost.doors.selling_partner_api import terms
from tradepost.doors.serving import logs, processors
from tradepost.doors.serving.handover import Handover
from tradepost.doors.worker.work import give_way, work
from tradepost.ground.settings import Address, Settings

MOST_PROCESSES = 4  # by default
STOP_SECONDS = 20.0  # a little longer than the server itself gives its processes
GLANCE_SECONDS = 0.05

Place = tuple[str, int]
"""Where a server listens: host and port."""

_log = structlog.get_logger()


async def serve(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8080,
    processes: Annotated[int | None, Parameter(validator=Number(gte=1, lte=256))] = None,
    worker: Literal["in", "apart"] = "in",
    log: logs.Form | None = None,
    log_requests: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
) -> int:
    """Serve the HTTP API, until interrupted.

    What there is to call stands at /api/v1/ of the server itself; whoever calls
    needs a key (see tradepost keys). /healthz says whether it lives, /readyz
    whether it can work, /metrics how it goes (with an operator's key). It speaks
    plain HTTP: put a proxy with TLS before it to let others in.

    Sellers' tools find the Selling Partner API at the same address, on the terms
    of production. TRADEPOST_SELLER_API_PLANS=generous lifts its usage plans,
    TRADEPOST_SELLER_API_SETTLING says how many seconds back ...Before has to lie,
    and TRADEPOST_SELLER_API_RESTRICTED=no shows buyers' data without a restricted
    data token.

    The files that they upload, and the reports on them, lie in the folder or the
    s3:// URL that TRADEPOST_DOCUMENTS names, by default in the folder documents of
    the data folder. They are put and fetched at addresses of this server; behind a
    proxy, TRADEPOST_PUBLIC_URL says what those begin with.

    For example:
      tradepost serve
      tradepost serve --host 0.0.0.0 --port 80 --processes 8 --worker apart

    Exit codes: 0 stopped by SIGINT (Ctrl-C) or SIGTERM; 1 the server ended by
    itself; 2 it could not begin.

    Parameters
    ----------
    host
        The address to listen at; 0.0.0.0 is every one of this machine.
    port
        The port to listen at; 0 takes a free one.
    processes
        How many processes answer; by default one for each usable
        processor, and 4 at most. With as many of both, each keeps
        to one processor.
    worker
        Whether a worker runs inside, or elsewhere (see tradepost work).
    log
        The log as lines for people or as JSON; by default for people on a terminal.
    log_requests
        Write a line for every request, and not only for those that fail here.
    """
    form = logs.chosen(log)
    logs.to_stderr(form)
    terms.from_environment(os.environ)  # what is wrong with them is told here, and not by every process
    count = processes or min(len(processors.available()), MOST_PROCESSES)
    with reserved(host, port) as place:
        async with open_house(where) as house:
            _ = house.storage, public_url(house.settings)  # the same
            words = {"at": url_of(place), "processes": count, "database": Address.of(house.url).url}
            handover = Handover(house.url, form, log_requests)
            announce = partial(_log.info, "serving", **words)
            return await serve_house(house, place, count, handover, announce, worker=worker == "in")


async def serve_house(
    house: House, place: Place, count: int, handover: Handover, announce: Callable[[], None], *, worker: bool = True
) -> int:
    """Serve a marketplace in so many processes until interrupted, and announce it once all of them answer; the exit
    code."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="tradepost-serve-") as folder:
        endpoint = public_url(house.settings) or url_of(place)
        handover = handover._replace(folder=Path(folder), documents=house.documents, endpoint=endpoint)
        command = (place[0], str(place[1]), str(count))
        async with _server(command, handover) as server, _worker(house, stop, inside=worker):
            ready = asyncio.create_task(_all_answer(handover, count))
            return await _watch(server, ready, announce, stop)


def public_url(settings: Settings) -> str | None:
    """The address that others reach the server at, where it is set."""
    said = settings.public_url
    if said and not _PUBLIC_URL.fullmatch(said):
        raise Mistake("TRADEPOST_PUBLIC_URL is an address such as https://api.example.com, without anything behind it.")
    return said and said.rstrip("/")


_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~-]+)*/?")


def url_of(place: Place) -> str:
    """The address of a server that listens there."""
    host, port = place
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _watch(
    server: Process, ready: "asyncio.Task[None]", announce: Callable[[], None], stop: asyncio.Event
) -> int:
    """Wait for the end of the server, or for being told to end it; the exit code."""
    ended = asyncio.create_task(server.wait())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((ended, stopping, ready), return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        announce()
        await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        _log.error("server_ended", code=ended.result())
        stop.set()
        return NO
    _log.info("stopping")
    if ready.done():  # or nobody was told to send requests: there are none to be finished
        with suppress(ProcessLookupError):
            server.terminate()
        await asyncio.wait((ended,), timeout=STOP_SECONDS)
    ready.cancel()
    return 0


@asynccontextmanager
async def _server(command: tuple[str, ...], handover: Handover) -> AsyncIterator[Process]:
    """The server in processes of its own, which are all gone at the end of the block."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "tradepost.doors.serving.server", str(os.getpid()), *command),
        stdin=subprocess.DEVNULL,
        env=os.environ | handover.to_environment(),
        start_new_session=True,  # Ctrl-C is for this process, which then stops the others in order
    )
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        await server.wait()


@asynccontextmanager
async def _worker(house: House, stop: asyncio.Event, *, inside: bool) -> AsyncIterator[None]:
    """A worker that ends with the block, after it has handed back what it holds."""
    if not inside:
        yield
        return
    give_way()  # the server's processes run already, and keep their priority
    private = house.settings.webhooks_private
    working = asyncio.create_task(
        work(house.database, house.gateways, post_of(house), stop, storage=house.storage, webhooks_private=private)
    )
    try:
        yield
    finally:
        stop.set()
        await working


async def _all_answer(handover: Handover, count: int) -> None:
    """Wait until every process of the server answers."""
    while handover.count_ready() < count:  # noqa: ASYNC110 (other processes, which know no event of ours)
        await asyncio.sleep(GLANCE_SECONDS)


@contextmanager
def reserved(host: str, port: int) -> Iterator[Place]:
    """Address and port, which nobody else listens at.

    Granian's processes share the port among themselves, and would share it with a stranger without a word. So it is
    taken first as nobody's but ours, and then held in a way that they can join.
    """
    elsewhere = Mistake(f"{host} is no address of this machine: choose another with --host.")
    try:
        family, kind, _, _, name = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise elsewhere from error
    place: Place = (str(name[0]), int(name[1]))
    try:
        with socket.socket(family, kind) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(place)
            alone.listen(1)
            place = alone.getsockname()[:2]
        with socket.socket(family, kind) as shared:
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            shared.bind(place)
            yield place
    except OSError as error:
        if error.errno == EADDRNOTAVAIL:
            raise elsewhere from error
        raise Mistake(f"Port {port} of {host} cannot be had ({error.strerror}): choose another with --port.") from error
