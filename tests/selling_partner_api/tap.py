"""A tap in the line between real clients and the real server: it passes every byte on as it comes, and holds every
response against the models before the client has it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress

import h11
import httpx

from tests.selling_partner_api.model import Seen

Judge = Callable[[str, str, Seen], None]  # the request's method and target, and the response


@asynccontextmanager
async def tapped(port: int, judge: Judge) -> AsyncIterator[int]:
    """Listen at a free port of this machine, which it yields, and pass on to `port`."""
    lines: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line
        lines.add(line)
        line.add_done_callback(lines.discard)
        exchange = Exchange(judge)
        with closing(writer):
            there, back = await asyncio.open_connection("127.0.0.1", port)
            with closing(back):
                async with asyncio.TaskGroup() as both:
                    sending = both.create_task(_pass_on(reader, back, exchange.from_client))
                    await _pass_on(there, writer, exchange.from_server)
                    sending.cancel()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        left = [line for line in lines if line.cancel()]  # clients keep connections for later
        await asyncio.gather(*left, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], None]) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            look(data)
            writer.write(data)
            await writer.drain()
    look(b"")
    with suppress(OSError):
        writer.write_eof()


class Exchange:
    """What is said on one connection, one request and its response after the other."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._broken_off = False
        self._begin()

    def _begin(self) -> None:
        self._client = h11.Connection(h11.SERVER)  # the server's view reads what the client says,
        self._server = h11.Connection(h11.CLIENT)  # and the client's view what the server says
        self._request: h11.Request | None = None
        self._response: h11.Response | None = None
        self._body = b""

    def from_client(self, data: bytes) -> None:
        """The client has said this; nothing: it says no more."""
        if self._broken_off:
            return
        self._client.receive_data(data)
        for event in _events(self._client):
            if isinstance(event, h11.Request):
                self._request = event
            self._server.send(event)

    def from_server(self, data: bytes) -> None:
        """The server has said this; nothing: it says no more."""
        self._server.receive_data(data)
        for event in _events(self._server):
            if isinstance(event, h11.Response):
                self._response = event
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._finish()

    def _finish(self) -> None:
        assert self._request
        assert self._response
        seen = Seen(self._response.status_code, httpx.Headers(self._response.headers.raw_items()), self._body)
        self._judge(self._request.method.decode(), self._request.target.decode(), seen)
        # Answered before it was sent to its end: what still comes of the request is no new one.
        self._broken_off = self._client.their_state is not h11.DONE
        self._begin()


def _events(connection: h11.Connection) -> Iterator[h11.Event]:
    """What one side has said by now, to where it waits, pauses or has closed the connection."""
    while not isinstance(event := connection.next_event(), type | h11.ConnectionClosed):
        yield event
