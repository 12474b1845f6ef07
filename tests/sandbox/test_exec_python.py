"""Python programs under `tradepost sandbox exec`, whether or not their client asks the environment for a proxy."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.peer import Asked, Peer, serving_peer
from tradepost.doors.cli.sandbox_exec import run_diverted
from tradepost.doors.diversion.certificates import make_identity
from tradepost.doors.diversion.environment import PYTHON
from tradepost.ground.clock import machine_now

NA = "sellingpartnerapi-na.amazon.com"
LOGIN = "api.amazon.com"
WAY = "/orders/v0/orders?CreatedAfter=x"
URL = f"https://{NA}{WAY}"
REQUEST = f"GET {WAY} HTTP/1.1\\r\\nHost: {NA}\\r\\nConnection: close\\r\\n\\r\\n"
LONGEST_SECONDS = 180

Diverted = Callable[..., Awaitable[str]]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving_peer() as peer:
        yield peer


@pytest.fixture
def diverted(peer: Peer, capfd: pytest.CaptureFixture[str]) -> Diverted:
    """Runs a Python program against the peer; what it prints. It must succeed."""

    async def run(program: str, *words: str) -> str:
        capfd.readouterr()
        async with asyncio.timeout(LONGEST_SECONDS):
            code = await run_diverted([sys.executable, "-c", dedent(program), *words], peer.url)
        said = capfd.readouterr()
        assert code == 0, said.err
        return said.out

    return run


AIOHTTP = f"""
    import aiohttp, asyncio
    async def main(**how):
        async with aiohttp.ClientSession(**how) as session, session.get("{URL}") as answer:
            print(await answer.text())
"""
HTTPX = f"""
    import asyncio, httpx
    async def main(**how):
        async with httpx.AsyncClient(timeout=None, **how) as client:
            print((await client.get("{URL}")).text)
"""
STREAMS = f"""
    import asyncio, certifi, ssl
    async def main():
        trust = ssl.create_default_context(cafile=certifi.where())
        reader, writer = await asyncio.open_connection("{NA}", 443, ssl=trust)
        writer.write(b"{REQUEST}")
        print((await reader.read()).decode())
        writer.close()
"""
CLIENTS = {
    "http.client": f"""
        from http.client import HTTPSConnection
        connection = HTTPSConnection("{NA}")
        connection.request("GET", "{WAY}")
        print(connection.getresponse().read())
    """,
    "urllib3": f"""
        import urllib3
        print(urllib3.PoolManager().request("GET", "{URL}").data)
    """,
    "urllib3 that brings its certificates along": f"""
        import certifi, urllib3
        print(urllib3.PoolManager(ca_certs=certifi.where()).request("GET", "{URL}").data)
    """,
    "requests": f"import requests; print(requests.get('{URL}').text)",
    "requests that ask nobody": f"""
        import requests
        with requests.Session() as session:
            session.trust_env = False
            print(session.get("{URL}").text)
    """,
    "httpx": f"import httpx; print(httpx.get('{URL}', timeout=None).text)",
    "httpx that asks nobody": f"import httpx; print(httpx.get('{URL}', timeout=None, trust_env=False).text)",
    "httpx, asynchronous": HTTPX + "    asyncio.run(main(trust_env=False))",
    "httpx on uvloop": HTTPX + "    import uvloop; uvloop.run(main(trust_env=False))",
    "aiohttp": AIOHTTP + "    asyncio.run(main())",
    "aiohttp that asks for a proxy": AIOHTTP + "    asyncio.run(main(trust_env=True))",
    "aiohttp on uvloop": AIOHTTP + "    import uvloop; uvloop.run(main())",
    "asyncio": STREAMS + "    asyncio.run(main())",
    "uvloop": STREAMS + "    import uvloop; uvloop.run(main())",
    "a socket that is connected to a name": f"""
        import socket, ssl
        with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="{NA}") as connection:
            connection.connect(("{NA}", 443))
            connection.sendall(b"{REQUEST}")
            print(connection.makefile().read())
    """,
    "a socket that is connected to an address": f"""
        import socket, ssl
        connection = socket.create_connection((socket.gethostbyname("{NA}"), 443))
        with ssl.create_default_context().wrap_socket(connection, server_hostname="{NA.upper()}.") as connection:
            connection.sendall(b"{REQUEST}")
            print(connection.makefile().read())
    """,
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_each_client_meets_the_endpoint(client: str, peer: Peer, diverted: Diverted) -> None:
    assert "Orders" in await diverted(CLIENTS[client])
    assert peer.asked == [Asked("GET", NA, WAY, b"")]


async def test_amazons_own_sdk(peer: Peer, diverted: Diverted) -> None:
    """It logs in with requests, and asks with urllib3 and certifi's certificates."""
    program = """
        from spapi import OrdersV0Api, SPAPIClient, SPAPIConfig
        config = SPAPIConfig(client_id="id", client_secret="secret", refresh_token="Atzr|x", region="NA")
        api = OrdersV0Api(SPAPIClient(config).api_client)
        print(api.get_orders(marketplace_ids=["ATVPDKIKX0DER"], created_after="2026-01-01").payload.orders)
    """
    assert await diverted(program) == "[]\n"
    assert [(asked.host, asked.path.partition("?")[0]) for asked in peer.asked] == [
        (LOGIN, "/auth/o2/token"),
        (NA, "/orders/v0/orders"),
    ]


async def test_a_program_that_the_program_starts(peer: Peer, diverted: Diverted) -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    assert "Orders" in await diverted(program, dedent(CLIENTS["http.client"]))
    assert peer.asked == [Asked("GET", NA, WAY, b"")]


async def test_a_program_that_is_started_with_hardly_any_environment(diverted: Diverted) -> None:
    program = f"""
        import subprocess, sys
        left = {{"PYTHONPATH": {str(PYTHON)!r}}}
        subprocess.run([sys.executable, "-c", "import ssl, socket; print('runs')"], env=left, check=True)
    """
    assert await diverted(program) == "runs\n"


async def test_the_sitecustomize_that_was_there_is_run_and_is_the_one_that_is_imported(
    peer: Peer, diverted: Diverted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, even where one diversion runs in another, be it of another Tradepost."""
    another = shutil.copytree(PYTHON, tmp_path / "another")
    (tmp_path / "sitecustomize.py").write_text("import ssl\nprint('mine')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, [another, PYTHON, tmp_path])))
    said = await diverted("import sitecustomize; print(sitecustomize.__file__)" + dedent(CLIENTS["http.client"]))
    assert said.splitlines()[:2] == ["mine", str(tmp_path / "sitecustomize.py")]
    assert [asked.host for asked in peer.asked] == [NA]


async def test_other_hosts_are_looked_up_connected_and_trusted_as_ever(
    peer: Peer, diverted: Diverted, tmp_path: Path
) -> None:
    other = make_identity(["127.0.0.2"], machine_now(), tmp_path)
    authority = tmp_path / "authority.pem"
    authority.write_bytes(other.authority.public_bytes(Encoding.PEM))
    program = """
        import certifi, socket, ssl, sys, urllib3
        url, authority = sys.argv[1:]
        print(urllib3.PoolManager(ca_certs=authority).request("GET", url).status)
        try:
            urllib3.PoolManager(ca_certs=certifi.where()).request("GET", url, retries=False)
        except urllib3.exceptions.SSLError:
            print("not trusted")
        print(socket.getaddrinfo("127.0.0.3", 443)[0][4], socket.gethostbyname("127.0.0.4"))
    """
    async with serving_peer("127.0.0.2", other.context) as elsewhere:
        said = await diverted(program, f"{elsewhere.url}/mine", str(authority))
    assert said.splitlines() == ["200", "not trusted", "('127.0.0.3', 443) 127.0.0.4"]
    assert [asked.path for asked in elsewhere.asked] == ["/mine"]
    assert peer.asked == []


@pytest.mark.parametrize("trust", ["ssl.create_default_context(cafile=file)", "ssl._create_unverified_context()"])
async def test_nobody_else_is_believed_to_be_a_diverted_host(
    trust: str, peer: Peer, diverted: Diverted, tmp_path: Path
) -> None:
    """A client that comes to Amazon itself, in ways of its own, is stopped before it has sent its token."""
    amazon = make_identity([NA], machine_now(), tmp_path)
    authority = tmp_path / "authority.pem"
    authority.write_bytes(amazon.authority.public_bytes(Encoding.PEM))
    program = f"""
        import asyncio, socket, ssl, sys
        port, file = sys.argv[1:]
        trust = {trust}
        try:
            trust.wrap_socket(socket.create_connection(("127.0.0.2", port)), server_hostname="{NA}")
        except ssl.SSLCertVerificationError:
            print("stopped")
        try:
            asyncio.run(asyncio.open_connection("127.0.0.2", port, ssl=trust, server_hostname="{NA}"))
        except ssl.SSLCertVerificationError:
            print("stopped")
    """
    async with serving_peer("127.0.0.2", amazon.context) as elsewhere:
        said = await diverted(program, str(elsewhere.port), str(authority))
    assert said == "stopped\nstopped\n"
    assert elsewhere.asked == peer.asked == []
