"""A request may be answered before its body is here: its sender still reads the answer, and can ask again."""

import asyncio
import http.client
from contextlib import closing

import httpx
import pytest

from tests.faults.serving import PATIENCE_SECONDS
from tests.http.test_schemathesis import key_of, server
from tests.scene import BEA, Scene
from tradepost.access.keys import NewKey, Scope

REFUSED_EARLY = [
    ("POST", "/api/v1/checkouts", 413),
    ("PUT", "/api/v1/cart/lines", 413),
    ("POST", "/api/v1/nowhere", 404),
    ("POST", "/api/v1/operator/keys", 403),
    ("PUT", "/documents/nothing", 403),
]


@pytest.fixture
async def headers(scene: Scene) -> dict[str, str]:
    """Those of a buyer."""
    key = await key_of(scene, NewKey(Scope.BUYER, BEA))
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


async def test_who_sends_too_much_reads_why_and_asks_on_over_the_same_connection(
    headers: dict[str, str], database_url: str
) -> None:
    def ask(url: str) -> None:
        with closing(_connection(url)) as connection:
            for method, path, status in REFUSED_EARLY:
                for size in (100, 2 << 20, 20 << 20):
                    connection.request(method, path, b" " * size, headers)
                    answer = connection.getresponse()
                    said = answer.read()
                    assert answer.status == status or (size == 100 and answer.status == 422), (path, size, said)
                    assert answer.getheader("Connection") is None, (path, size)

    async with server(database_url, "patient") as url:
        await asyncio.to_thread(ask, url)


async def test_a_connection_is_closed_with_a_word_when_a_refused_body_does_not_end(
    headers: dict[str, str], database_url: str
) -> None:
    def ask(url: str) -> None:
        for announced in ({"Content-Length": "3000000"}, {"Transfer-Encoding": "chunked"}):
            with closing(_connection(url)) as connection:
                connection.putrequest("POST", "/api/v1/nowhere")
                for name, value in (headers | announced).items():
                    connection.putheader(name, value)
                connection.endheaders(b"5\r\n     ")
                answer = connection.getresponse()
                assert (answer.status, answer.getheader("Connection")) == (404, "close")

    async with server(database_url) as url:
        await asyncio.to_thread(ask, url)


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(httpx.URL(url).netloc.decode(), timeout=PATIENCE_SECONDS)
