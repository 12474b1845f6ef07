"""The proxy of `tradepost sandbox exec`, spoken to byte by byte."""

import asyncio
import hashlib
import json
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.peer import Peer, serving_peer
from tradepost.doors.diversion.certificates import Identity, make_identity
from tradepost.doors.diversion.hosts import HOSTS, Endpoint, InvalidEndpoint
from tradepost.doors.diversion.http_head import basic
from tradepost.doors.diversion.listening import listening
from tradepost.doors.diversion.proxy import Ports, Upstream, diverting
from tradepost.ground.clock import machine_now

NA = "sellingpartnerapi-na.amazon.com"
CLOSING = f"GET /orders HTTP/1.1\r\nHost: {NA}\r\nConnection: close\r\n\r\n"
LONGEST_SECONDS = 180


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving_peer() as peer:
        yield peer


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return make_identity(HOSTS, machine_now(), tmp_path)


@pytest.fixture
def trusting(identity: Identity) -> ssl.SSLContext:
    """As newer Pythons check certificates: strictly."""
    authority = identity.authority.public_bytes(Encoding.PEM).decode()
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture
async def ports(peer: Peer, identity: Identity) -> AsyncIterator[Ports]:
    async with diverting(Endpoint.of(peer.url), identity.context) as ports:
        yield ports


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else is given meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def answered(port: int, sent: str | bytes) -> tuple[str, str]:
    """What the proxy says to these bytes until it hangs up: the first line, and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent.encode() if isinstance(sent, str) else sent)
    async with asyncio.timeout(LONGEST_SECONDS):
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return head.partition("\r\n")[0], body


async def tunnel(port: int, host: str, trusting: ssl.SSLContext) -> tuple[StreamReader, StreamWriter]:
    """A TLS connection to a host through the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    await writer.start_tls(trusting, server_hostname=host)
    return reader, writer


@pytest.mark.parametrize("host", HOSTS)
async def test_each_host_of_amazon_is_the_endpoint(
    host: str, peer: Peer, ports: Ports, trusting: ssl.SSLContext
) -> None:
    reader, writer = await tunnel(ports.proxy, host, trusting)
    writer.write(CLOSING.replace(NA, host).encode())
    assert b'"Orders"' in await reader.read()
    writer.close()
    assert [(asked.host, asked.path) for asked in peer.asked] == [(host, "/orders")]


async def test_what_is_big_arrives_whole(peer: Peer, ports: Ports, trusting: ssl.SSLContext) -> None:
    body = hashlib.sha256(b"order").digest() * 500_000
    peer.answers["/big"] = {"much": "x" * 10_000_000}
    reader, writer = await tunnel(ports.proxy, NA, trusting)
    writer.write(
        f"PUT /big HTTP/1.1\r\nHost: {NA}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    )
    writer.write(body)
    await writer.drain()
    assert json.loads((await reader.read()).partition(b"\r\n\r\n")[2]) == peer.answers["/big"]
    writer.close()
    assert peer.asked[0].body == body


@pytest.mark.parametrize(
    "nonsense",
    [
        b"hello\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /orders\r\n",
        b"GET ftp://x/ HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"CONNECT somewhere HTTP/1.1\r\n\r\n",
        b"CONNECT :443 HTTP/1.1\r\n\r\n",
        b"CONNECT somewhere:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT b\xc3\xbccher:443 HTTP/1.1\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\n" + b"A: b\r\n" * 1000,
        b"A" * 100_000,
    ],
    ids=lambda nonsense: repr(nonsense[:30]),
)
async def test_nonsense_is_refused_and_harms_nobody(
    nonsense: bytes, peer: Peer, ports: Ports, trusting: ssl.SSLContext
) -> None:
    first, body = await answered(ports.proxy, nonsense)
    assert first == "HTTP/1.1 400 Bad Request"
    assert "CONNECT host:port" in json.loads(body)["errors"][0]["message"]
    await test_each_host_of_amazon_is_the_endpoint(NA, peer, ports, trusting)


async def test_who_speaks_no_tls_inside_of_a_tunnel_harms_nobody(
    peer: Peer, ports: Ports, trusting: ssl.SSLContext
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.proxy)
    writer.write(f"CONNECT {NA}:443 HTTP/1.1\r\n\r\n{CLOSING}".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert peer.asked == []
    await test_each_host_of_amazon_is_the_endpoint(NA, peer, ports, trusting)


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_request_for_a_whole_url_is_answered_too(scheme: str, peer: Peer, ports: Ports) -> None:
    """As some clients send it, and without what is the proxy's business alone."""
    head = f"GET {scheme}://{NA}/orders?x=1 HTTP/1.1\r\nHost: {NA}\r\nProxy-Connection: keep-alive\r\n\r\n"
    first, body = await answered(ports.proxy, head)
    assert (first, body) == ("HTTP/1.1 200 OK", '{"payload": {"Orders": []}}')
    assert [(asked.host, asked.path) for asked in peer.asked] == [(NA, "/orders?x=1")]


async def test_another_host_is_passed_through(peer: Peer, ports: Ports) -> None:
    async with serving_peer() as other:
        first, body = await answered(ports.proxy, f"CONNECT 127.0.0.1:{other.port} HTTP/1.1\r\n\r\n{CLOSING}")
        whole, _ = await answered(ports.proxy, f"GET {other.url}/whole HTTP/1.1\r\nHost: x\r\n\r\n")
    assert first == "HTTP/1.1 200 Connection established"
    assert body.startswith("HTTP/1.1 200 OK")
    assert whole == "HTTP/1.1 200 OK"
    assert [asked.path for asked in other.asked] == ["/orders", "/whole"]
    assert peer.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "x" * 300])
async def test_another_host_that_cannot_be_reached(host: str, ports: Ports, closed_port: int) -> None:
    first, body = await answered(ports.proxy, f"CONNECT {host}:{closed_port} HTTP/1.1\r\n\r\n")
    assert first == "HTTP/1.1 502 Bad Gateway"
    assert f"cannot reach {host}, port {closed_port}" in json.loads(body)["errors"][0]["message"]


async def test_an_endpoint_that_is_down(identity: Identity, trusting: ssl.SSLContext, closed_port: int) -> None:
    """Said in the API's own shape, where its clients show it; a body that is sent meanwhile does no harm."""
    async with diverting(Endpoint("127.0.0.1", closed_port, tls=False), identity.context) as ports:
        reader, writer = await tunnel(ports.proxy, NA, trusting)
        writer.write(b"PUT /x HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        whole, _ = await answered(ports.proxy, f"GET https://{NA}/ HTTP/1.1\r\n\r\n")
    assert head.startswith("HTTP/1.1 502 Bad Gateway\r\n")
    assert f"cannot reach 127.0.0.1, port {closed_port}" in json.loads(body)["errors"][0]["message"]
    assert whole == "HTTP/1.1 502 Bad Gateway"


async def test_the_programs_own_proxy_is_used_for_other_hosts(peer: Peer, identity: Identity) -> None:
    heard: list[bytes] = []

    async def proxy(reader: StreamReader, writer: StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with listening(proxy) as port:
        upstream = Upstream.of(f"http://user:p%40ss@127.0.0.1:{port}")
        async with diverting(Endpoint.of(peer.url), identity.context, upstream) as ports:
            login = f"proxy-authorization: basic {basic(ports.login or '')}\r\n"
            first, _ = await answered(ports.proxy, f"CONNECT elsewhere.example:443 HTTP/1.1\r\n{login}\r\n")
            await answered(ports.proxy, f"GET http://elsewhere.example/x HTTP/1.1\r\n{login}\r\n")
            ours, _ = await answered(ports.proxy, f"GET https://{NA}/ HTTP/1.1\r\nHost: {NA}\r\n\r\n")
    assert first == "HTTP/1.1 407 Proxy Authentication Required"
    assert [head.partition(b"\r\n")[0] for head in heard] == [
        b"CONNECT elsewhere.example:443 HTTP/1.1",
        b"GET http://elsewhere.example/x HTTP/1.1",
    ]
    assert all(b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in head for head in heard)
    assert ours == "HTTP/1.1 200 OK"


@pytest.mark.parametrize("header", ["", "Proxy-Authorization: Basic eDp5\r\n", "Proxy-Authorization: Bearer x\r\n"])
@pytest.mark.parametrize("request_line", ["CONNECT elsewhere.example:443", "GET http://elsewhere.example/x"])
async def test_a_password_for_the_programs_own_proxy_is_lent_to_nobody_else(
    request_line: str, header: str, identity: Identity, closed_port: int
) -> None:
    upstream = Upstream.of(f"http://user:secret@127.0.0.1:{closed_port}")
    async with diverting(Endpoint("127.0.0.1", closed_port, tls=False), identity.context, upstream) as ports:
        first, body = await answered(ports.proxy, f"{request_line} HTTP/1.1\r\n{header}\r\n")
    assert first == "HTTP/1.1 407 Proxy Authentication Required"
    assert "HTTPS_PROXY" in json.loads(body)["errors"][0]["message"]


async def test_a_proxy_without_a_password_asks_for_none(peer: Peer, identity: Identity) -> None:
    async with serving_peer() as proxy:
        upstream = Upstream.of(proxy.url)
        async with diverting(Endpoint.of(peer.url), identity.context, upstream) as ports:
            first, _ = await answered(ports.proxy, "GET http://elsewhere.example/x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (ports.login, first) == (None, "HTTP/1.1 200 OK")
    assert len(proxy.asked) == 1


async def test_with_the_end_every_connection_ends(peer: Peer, identity: Identity, trusting: ssl.SSLContext) -> None:
    async with diverting(Endpoint.of(peer.url), identity.context) as ports:
        idle = await asyncio.open_connection("127.0.0.1", ports.proxy)
        used = await tunnel(ports.proxy, NA, trusting)
    for reader, writer in (idle, used):
        async with asyncio.timeout(LONGEST_SECONDS):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await asyncio.open_connection("127.0.0.1", ports.proxy)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "http://",
        "ftp://x",
        "http://x/path",
        "http://x:0x1",
        "http://[",
        "http://bücher",
        "http://x?a",
    ],
)
def test_what_is_no_endpoint(url: str) -> None:
    with pytest.raises(InvalidEndpoint, match="it looks like http"):
        Endpoint.of(url)


def test_a_proxy_that_cannot_be_passed_through_is_not_printed() -> None:
    with pytest.raises(InvalidEndpoint) as raised:
        Upstream.of("socks5://user:secret@proxy.example")
    assert "secret" not in str(raised.value)
