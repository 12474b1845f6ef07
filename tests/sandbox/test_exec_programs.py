"""Real programs, written for Amazon and unmodified, reach the endpoint under `tradepost sandbox exec`."""

import asyncio
import importlib.util
import shutil
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.peer import Asked, Peer, serving_peer
from tradepost.doors.cli.sandbox_exec import run_diverted
from tradepost.doors.diversion.certificates import make_identity
from tradepost.doors.diversion.listening import join, listening
from tradepost.ground.clock import machine_now

NA = "sellingpartnerapi-na.amazon.com"
LOGIN = "api.amazon.com"
LONGEST_SECONDS = 180

Diverted = Callable[..., Awaitable[str]]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving_peer() as peer:
        yield peer


@pytest.fixture
def diverted(peer: Peer, capfd: pytest.CaptureFixture[str]) -> Diverted:
    """Runs a program against the peer; what it prints. It must succeed."""

    async def run(*command: str) -> str:
        capfd.readouterr()
        async with asyncio.timeout(LONGEST_SECONDS):
            code = await run_diverted(command, peer.url)
        said = capfd.readouterr()
        assert code == 0, said.err
        return said.out

    return run


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} on this machine")


def needs_module(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"Python's {name} is not installed")


async def test_python_with_nothing_but_its_own_library(peer: Peer, diverted: Diverted) -> None:
    program = f"import urllib.request as u; print(u.urlopen('https://{LOGIN}/auth/o2/token', b'grant').read())"
    assert "Atza|peer" in await diverted(sys.executable, "-c", program)
    assert peer.asked == [Asked("POST", LOGIN, "/auth/o2/token", b"grant")]


@pytest.mark.parametrize("library", [pytest.param(name, marks=needs_module(name)) for name in ("httpx", "requests")])
async def test_python_with_a_library(library: str, peer: Peer, diverted: Diverted) -> None:
    url = f"https://{NA}/orders/v0/orders?CreatedAfter=x"
    program = f"import {library}; print({library}.get('{url}', timeout=None).text)"  # httpx would wait for seconds only
    assert "Orders" in await diverted(sys.executable, "-c", program)
    assert peer.asked == [Asked("GET", NA, "/orders/v0/orders?CreatedAfter=x", b"")]


@needs_module("sp_api")
async def test_python_amazon_sp_api(peer: Peer, diverted: Diverted) -> None:
    """With a document, which lies at the endpoint itself and is sent there without a proxy."""
    document = {"feedDocumentId": "d1", "url": f"{peer.url}/uploads/d1"}
    peer.answers["/feeds/2021-06-30/documents"] = document
    program = """
        from functools import partialmethod
        from io import BytesIO
        import httpx
        httpx.Client.__init__ = partialmethod(httpx.Client.__init__, timeout=None)  # however busy the machine is
        from sp_api.api import Feeds, Orders
        from sp_api.base import Marketplaces
        given = dict(refresh_token="Atzr|x", lwa_app_id="id", lwa_client_secret="secret")
        print(Orders(marketplace=Marketplaces.US, credentials=given).get_orders(CreatedAfter="2026-01-01").payload)
        Feeds(marketplace=Marketplaces.DE, credentials=given).create_feed_document(BytesIO(b"order-id"), "text/plain")
    """
    assert "{'Orders': []}" in await diverted(sys.executable, "-c", dedent(program))
    hosts = [(asked.host, asked.path.partition("?")[0]) for asked in peer.asked]
    assert hosts == [
        (LOGIN, "/auth/o2/token"),
        (NA, "/orders/v0/orders"),
        ("sellingpartnerapi-eu.amazon.com", "/feeds/2021-06-30/documents"),
        (peer.url.removeprefix("http://"), "/uploads/d1"),
    ]
    assert peer.asked[-1].body == b"order-id"


@needs("curl")
async def test_curl(peer: Peer, diverted: Diverted) -> None:
    await diverted(
        "curl", "-sS", "--fail", f"https://sandbox.{NA}/sellers/v1/marketplaceParticipations", f"{peer.url}/d"
    )
    assert [asked.host for asked in peer.asked] == [f"sandbox.{NA}", peer.url.removeprefix("http://")]


@needs("node")
async def test_node_with_its_own_modules(peer: Peer, diverted: Diverted, tmp_path: Path) -> None:
    """https in all its forms, fetch, a kept connection, a bare TLS connection, and an import of a name."""
    program = tmp_path / "program.mjs"
    program.write_text(
        dedent(
            f"""
            import https, {{ get, request }} from 'node:https';
            import {{ connect }} from 'node:tls';
            import {{ createRequire }} from 'node:module';
            const answered = (how) => new Promise((good, bad) => {{
              const sent = how((answer) => answer.resume().on('end', () => good(answer.statusCode)));
              sent.on('error', bad).end();
            }});
            const old = createRequire(import.meta.url)('https');
            const agent = new https.Agent({{ keepAlive: true }});
            console.log(await answered((heard) => get('https://{NA}/get', heard)));
            console.log(await answered((heard) => old.request({{ hostname: '{NA}', path: '/required' }}, heard)));
            console.log(await answered((heard) => request(new URL('https://{NA}/kept'), {{ agent }}, heard)));
            console.log(await answered((heard) => request(new URL('https://{NA}/again'), {{ agent }}, heard)));
            console.log((await fetch('https://{LOGIN}/fetch', {{ method: 'POST', body: 'x' }})).status);
            const bare = connect(443, '{NA}', {{ servername: '{NA}' }}, () =>
              bare.end('GET /bare HTTP/1.1\\r\\nHost: {NA}\\r\\nConnection: close\\r\\n\\r\\n'));
            bare.resume();
            agent.destroy();
            """
        )
    )
    assert (await diverted("node", str(program))).split() == ["200"] * 5
    ways = ["/get", "/required", "/kept", "/again"]
    assert [(asked.host, asked.path) for asked in peer.asked] == [
        *((NA, way) for way in ways),
        (LOGIN, "/fetch"),
        (NA, "/bare"),
    ]


@needs("node")
async def test_a_node_client_that_fetches_every_document_at_port_443(peer: Peer, diverted: Diverted) -> None:
    """As npm's amazon-sp-api does, whatever the document's address says."""
    request = "{hostname: '127.0.0.1', port: 443, path: '/uploads/d1', method: 'PUT'}"
    program = (
        f"require('https').request({request}, (answer) => console.log(answer.resume().statusCode)).end('order-id')"
    )
    assert await diverted("node", "--eval", program) == "200\n"
    assert peer.asked == [Asked("PUT", "127.0.0.1", "/uploads/d1", b"order-id")]


@needs("node")
async def test_node_keeps_its_own_options(
    peer: Peer, diverted: Diverted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "first.cjs").write_text("globalThis.first = 'loaded'")
    monkeypatch.setenv("NODE_OPTIONS", f"--require {tmp_path / 'first.cjs'}")
    program = f"require('https').get('https://{NA}/', (answer) => console.log(answer.resume() && first))"
    assert await diverted("node", "--eval", program) == "loaded\n"
    assert len(peer.asked) == 1


@needs("java")
async def test_java(peer: Peer, diverted: Diverted, tmp_path: Path) -> None:
    """Both clients that it brings along."""
    program = tmp_path / "Program.java"
    program.write_text(
        dedent(
            f"""
            import java.net.*;
            import java.net.http.*;
            public class Program {{
              public static void main(String[] arguments) throws Exception {{
                var old = (HttpURLConnection) new URL("https://{LOGIN}/auth/o2/token").openConnection();
                old.setDoOutput(true);
                old.getOutputStream().write("grant".getBytes());
                System.out.println(new String(old.getInputStream().readAllBytes()));
                var request = HttpRequest.newBuilder(URI.create("https://{NA}/orders/v0/orders")).build();
                var client = HttpClient.newHttpClient();
                System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
              }}
            }}
            """
        )
    )
    said = await diverted("java", str(program))
    assert "Atza|peer" in said
    assert said.split()[-1] == "200"
    assert peer.asked == [
        Asked("POST", LOGIN, "/auth/o2/token", b"grant"),
        Asked("GET", NA, "/orders/v0/orders", b""),
    ]


ASKING_TWICE = {
    "urllib": (sys.executable, "-c", "import sys, urllib.request as u; [u.urlopen(url) for url in sys.argv[1:]]"),
    "httpx": (sys.executable, "-c", "import sys, httpx; [httpx.get(url, timeout=None) for url in sys.argv[1:]]"),
    "requests": (sys.executable, "-c", "import sys, requests; [requests.get(url) for url in sys.argv[1:]]"),
    "curl": ("curl", "-sS", "--fail"),
}


@pytest.mark.parametrize(
    "client",
    [
        "urllib",
        pytest.param("httpx", marks=needs_module("httpx")),
        pytest.param("requests", marks=needs_module("requests")),
        pytest.param("curl", marks=needs("curl")),
    ],
)
async def test_a_proxy_with_a_password_is_used_as_ever(
    client: str, peer: Peer, diverted: Diverted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The program knows another password than that proxy's, which the diversion alone has."""
    other = make_identity(["elsewhere.example"], machine_now(), tmp_path)
    authority = tmp_path / "authority.pem"
    authority.write_bytes(other.authority.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    heard: list[bytes] = []
    async with serving_peer(context=other.context) as elsewhere:

        async def proxy(reader: StreamReader, writer: StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            far = await asyncio.open_connection("127.0.0.1", elsewhere.port)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await join((reader, writer), far)

        async with listening(proxy) as port:
            monkeypatch.setenv("https_proxy", f"http://user:p%40ss@127.0.0.1:{port}")
            await diverted(*ASKING_TWICE[client], f"https://{NA}/ours", "https://elsewhere.example/theirs")
    assert [asked.path for asked in peer.asked] == ["/ours"]
    assert [asked.path for asked in elsewhere.asked] == ["/theirs"]
    assert [b"\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n" in head for head in heard] == [True]


@needs("java")
async def test_java_reaches_the_endpoint_where_there_is_a_proxy_with_a_password(
    peer: Peer, diverted: Diverted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is given no password, and needs none for that."""
    monkeypatch.setenv("https_proxy", "http://user:secret@127.0.0.1:9")
    program = tmp_path / "Program.java"
    program.write_text(
        "public class Program { public static void main(String[] arguments) throws Exception {"
        f'new java.net.URL("https://{LOGIN}/").openStream(); }} }}'
    )
    await diverted("java", str(program))
    assert [asked.host for asked in peer.asked] == [LOGIN]


@pytest.mark.parametrize("library", ["urllib.request", pytest.param("httpx", marks=needs_module("httpx"))])
async def test_other_hosts_are_reached_and_trusted_as_ever(
    library: str, peer: Peer, diverted: Diverted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Even one whose authority only the environment knows."""
    other = make_identity(["127.0.0.2"], machine_now(), tmp_path)
    authority = tmp_path / "authority.pem"
    authority.write_bytes(other.authority.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    ask = {"urllib.request": "urlopen('{url}').status", "httpx": "get('{url}', timeout=None).status_code"}[library]
    async with serving_peer("127.0.0.2", other.context) as elsewhere:
        program = f"import {library}; print({library}.{ask.format(url=elsewhere.url + '/mine')})"
        assert await diverted(sys.executable, "-c", program) == "200\n"
    assert [asked.path for asked in elsewhere.asked] == ["/mine"]
    assert peer.asked == []
