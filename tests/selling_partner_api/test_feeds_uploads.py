"""Uploads over a real socket: large ones side by side, slow ones, and those that break off."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.serving import Serving, eventually, serving
from tests.scene import Scene
from tests.selling_partner_api.clients import Application, Selling, login
from tests.selling_partner_api.test_feeds import DOCUMENTS, TSV, document, refused
from tradepost.documents.documents import MOST_MIB
from tradepost.doors.serving import front

MIB = 1 << 20
AT_ONCE = 6


@pytest.fixture
async def program(scene: Scene, database_url: str, documents: Path) -> AsyncIterator[Serving]:
    """A server behind a proxy, as far as it knows."""
    settings = {
        "TRADEPOST_DOCUMENTS": str(documents),
        "TRADEPOST_PUBLIC_URL": "https://api.example.com/market/",
        "TRADEPOST_SELLER_API_PLANS": "generous",
    }
    async with serving("--database", database_url, "--worker", "apart", **settings) as running:
        yield running


async def place(client: httpx.AsyncClient, application: Application) -> tuple[str, str]:
    """A new document: its id, and the path and query of the address to upload it to."""
    headers = {"x-amz-access-token": (await login(client, application))["access_token"]}
    made = (await client.post(DOCUMENTS, json={"contentType": TSV}, headers=headers)).json()
    assert made["url"].startswith("https://api.example.com/market/documents/")
    return made["feedDocumentId"], made["url"].removeprefix("https://api.example.com/market")


def most_memory(program: Serving) -> int:
    """The most bytes that each answering process has held, added up."""
    status = [Path(f"/proc/{process}/status").read_text() for process in program.answering]
    return sum(int(text.split("VmHWM:")[1].split()[0]) * 1024 for text in status)


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MIB):
        yield bytes(MIB)


async def test_large_uploads_side_by_side_are_not_held_in_memory(
    program: Serving, application: Application, documents: Path
) -> None:
    async with httpx.AsyncClient(base_url=program.url, timeout=120) as client:
        places = [await place(client, application) for _ in range(AT_ONCE)]
        await client.put(places[0][1], content=bytes(MIB))
        before = most_memory(program)
        answers = await asyncio.gather(*(client.put(path, content=pieces(MOST_MIB * MIB)) for _, path in places))
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE
        assert most_memory(program) - before < AT_ONCE * MOST_MIB * MIB / 3
        assert {file.stat().st_size for file in documents.iterdir()} == {MOST_MIB * MIB}
        answer = await client.put(places[0][1], content=pieces((MOST_MIB + 1) * MIB))
        assert refused(answer) == (413, "RequestTooLarge", "too_large")
        assert {file.stat().st_size for file in documents.iterdir()} == {MOST_MIB * MIB}


async def test_an_upload_that_breaks_off_leaves_nothing(
    program: Serving, application: Application, documents: Path
) -> None:
    async with httpx.AsyncClient(base_url=program.url, timeout=120) as client:
        document_id, path = await place(client, application)
        host, port = urlsplit(program.url).netloc.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {20 * MIB}\r\n\r\n".encode())
        writer.write(bytes(8 * MIB))
        await writer.drain()
        writer.transport.abort()

        async def answered() -> bool:
            return (await client.put(path, content=b"whole")).status_code == 200

        await eventually(answered)

        async def alone() -> bool:
            return [file.name for file in documents.iterdir()] == [document_id]

        await eventually(alone)
        assert (documents / document_id).read_bytes() == b"whole"


async def test_an_upload_may_take_longer_than_other_requests(selling: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.05)
            yield b"x"

    _, url = await document(selling)
    headers = {"x-amz-access-token": selling.token}
    monkeypatch.setattr(front, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(front, "BODY_SECONDS", 0.01)
    monkeypatch.setattr(front, "UPLOAD_SECONDS", 60)
    refusal = await selling.client.post(DOCUMENTS, content=never(), headers=headers)
    assert refused(refusal) == (400, "InvalidInput", "not_json")
    assert (await selling.client.put(url, content=slowly())).status_code == 200
    monkeypatch.setattr(front, "UPLOAD_SECONDS", 0.01)
    assert (await selling.client.put(url, content=never())).status_code == 400
