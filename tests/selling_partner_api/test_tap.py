"""The tap in the line: it changes no byte, sees every response on a connection, and ends when either side does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from tests.selling_partner_api.clients import Judgement
from tests.selling_partner_api.model import Models, Seen, Walk
from tests.selling_partner_api.tap import tapped

RAW = b"HTTP/1.1 200 OK\r\nX-Odd:  case \r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.0 200 OK\r\n\r\nall that comes"
SECONDS = 120


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[int]:
    """A server that answers one request after the other with these bytes; "connection: close" or HTTP/1.0 end it."""
    left = list(answers)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and await reader.readline():
            while (await reader.readline()).strip():
                pass
            answer = left.pop(0)
            writer.write(answer)
            if b"close" in answer or b"HTTP/1.0" in answer:
                break
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def exchange(port: int, *requests: bytes) -> bytes:
    """Send the requests on one connection; all that comes back."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            writer.write(request)
        writer.write_eof()
        said = await reader.read()
        writer.close()
        return said


async def test_every_byte_is_passed_on_and_every_response_seen() -> None:
    seen: list[tuple[str, str, Seen]] = []
    get, delete = b"GET /a?b=%2F HTTP/1.1\r\nHost: ocalhost:1\r\n\r\n", b"DELETE /c HTTP/1.1\r\nHost: x\r\n\r\n"
    async with answering(RAW, EMPTY) as port, tapped(port, lambda *what: seen.append(what)) as tap:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", tap)
            writer.write(get)
            assert await reader.readexactly(len(RAW)) == RAW
            writer.write(delete)
            assert await reader.read() == EMPTY
            writer.close()
    assert [(method, target, one.status, one.body) for method, target, one in seen] == [
        ("GET", "/a?b=%2F", 200, b"abc"),
        ("DELETE", "/c", 204, b""),
    ]
    assert seen[0][2].headers["X-ODD"] == "case"


async def test_a_response_that_ends_with_its_connection_is_seen() -> None:
    seen: list[Seen] = []
    async with (
        answering(UNTIL_THE_END) as port,
        tapped(port, lambda method, target, one: seen.append(one)) as tap,
    ):
        assert await exchange(tap, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == UNTIL_THE_END
    assert [one.body for one in seen] == [b"all that comes"]


async def test_a_request_that_is_answered_before_its_end_is_passed_on() -> None:
    seen: list[Seen] = []
    refused = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    async with (
        answering(refused) as port,
        tapped(port, lambda method, target, one: seen.append(one)) as tap,
        asyncio.timeout(SECONDS),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", tap)
        writer.write(head + b"a" * 500)
        assert await reader.readexactly(len(refused)) == refused
        with suppress(ConnectionError):  # it may be closed before the rest comes, and then that is reset
            writer.write(b"a" * 500)
            assert await reader.read() == b""
        writer.close()
    assert [one.status for one in seen] == [413]


async def test_a_client_that_leaves_amid_a_response_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with answering(RAW[:-8]) as port, tapped(port, lambda *_: None) as tap, asyncio.timeout(SECONDS):
        with socket.create_connection(("127.0.0.1", tap)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0)
        while asyncio.all_tasks() - before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_tap_ends_though_a_client_keeps_its_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    async with (
        httpx.AsyncClient(timeout=SECONDS) as client,
        asyncio.timeout(SECONDS),
        answering(answer, answer) as port,
    ):
        async with tapped(port, lambda *_: None) as tap:
            await client.get(f"http://127.0.0.1:{tap}/")
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{tap}/")


async def test_what_is_not_as_in_the_model_is_noticed_whichever_client_asked(models: Models) -> None:
    judgement = Judgement(models, walk := Walk())
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    async with (
        answering(answer) as port,
        tapped(port, judgement.judge) as tap,
        httpx.AsyncClient(timeout=SECONDS) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{tap}/orders/v0/orders/1/orderItems")).json() == {}
    assert walk.seen == {("orders/v0 getOrderItems", 200)}
    with pytest.raises(AssertionError, match=r"(?s)RequestId is missing.*RateLimit-Limit is missing.*has no payload"):
        judgement.insist()
