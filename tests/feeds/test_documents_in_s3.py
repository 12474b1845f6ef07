"""Documents in what speaks S3, as the environment names it."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.faults.serving import PATIENCE_SECONDS, serving
from tests.feeds.mill_race import TSV, Feeds, counts
from tests.rooms.uploaded_files import row, table
from tests.scene import PRO, Scene
from tradepost.documents import documents
from tradepost.ground.storage import PATIENCE, PIECE, Storage, StorageUnavailable
from tradepost.lifecycle import State

BUCKET = "sellers-documents"
ADDRESS = f"s3://{BUCKET}/market/one"


@dataclass(frozen=True)
class Bucket:
    """An empty bucket, and what a program's environment says to reach it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def held(self, name: str) -> bytes | None:
        """What lies in it under this name, without our reading it."""
        answer = httpx.get(f"{self.endpoint}/{BUCKET}/{name}", timeout=PATIENCE_SECONDS)
        return answer.content if answer.status_code == 200 else None

    def names(self) -> str:
        """The names of all that lies in it, and of what was begun and not ended."""
        addresses = (f"{self.endpoint}/{BUCKET}", f"{self.endpoint}/{BUCKET}?uploads")
        return "".join(httpx.get(address, timeout=PATIENCE_SECONDS).text for address in addresses)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    assert httpx.post(f"{endpoint}/moto-api/reset", timeout=PATIENCE_SECONDS).status_code == 200
    assert httpx.put(f"{endpoint}/{BUCKET}", timeout=PATIENCE_SECONDS).status_code == 200
    monkeypatch.setitem(PATIENCE, "retry_timeout", timedelta(seconds=PATIENCE_SECONDS))  # a busy machine answers late
    made = Bucket(endpoint)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


class BrokenOff(Exception):
    """An upload that does not come to its end."""


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def test_a_long_document_is_written_and_read_in_pieces(bucket: Bucket) -> None:
    storage, content = Storage.at(ADDRESS), os.urandom(64_000)
    await storage.write("long", pieces(*[content] * 300))
    assert bucket.held("market/one/long") == content * 300
    read = [piece async for piece in storage.read("long")]
    assert b"".join(read) == content * 300
    assert len(read) > 5
    assert max(map(len, read)) <= 4 * PIECE


async def test_a_document_is_written_anew_and_an_empty_one_is_one(bucket: Bucket) -> None:
    storage = Storage.at(ADDRESS)
    for content in (b"first", b"second", b""):
        await storage.write("one", pieces(content))
        assert b"".join([piece async for piece in storage.read("one")]) == content
        assert bucket.held("market/one/one") == content


async def test_what_is_broken_off_leaves_no_document(bucket: Bucket) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 20_000_000
        raise BrokenOff

    await Storage.at(ADDRESS).write("whole", pieces(b"content"))
    with pytest.raises(BrokenOff):
        await Storage.at(ADDRESS).write("half", half())
    assert "whole" in bucket.names()
    assert "half" not in bucket.names()


async def test_what_is_not_there_is_not_found(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError):
        [piece async for piece in Storage.at(ADDRESS).read("nothing")]


async def test_a_bucket_that_is_not_there_takes_nothing(bucket: Bucket) -> None:
    with pytest.raises(StorageUnavailable):
        await Storage.at("s3://another-bucket/market").write("one", pieces(b"content"))


async def test_a_server_that_is_away_is_unavailable(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:  # a port that is taken, and at which nobody listens
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{held.getsockname()[1]}")
        storage = Storage.at(ADDRESS)
        with pytest.raises(StorageUnavailable):
            await storage.write("one", pieces(b"content"))
        with pytest.raises(StorageUnavailable):
            [piece async for piece in storage.read("one")]


async def test_a_feed_is_read_from_it_and_reported_into_it(bucket: Bucket, scene: Scene) -> None:
    feeds = Feeds(scene, Storage.at(ADDRESS))
    keys = await scene.to_states([State.UNSHIPPED] * 2)
    status, report = await feeds.through(table([row(key) for key in keys]))
    assert (status, counts(report)) == ("DONE", (2, 2))
    assert [await scene.state(key) for key in keys] == [State.SHIPPED] * 2


async def test_a_document_that_was_never_uploaded_ends_its_feed(bucket: Bucket, scene: Scene) -> None:
    feeds = Feeds(scene, Storage.at(ADDRESS))
    feed_id = await feeds.create(None)
    await feeds.work()
    assert (await feeds.find(feed_id)).status == "FATAL"


async def test_a_server_and_its_worker_keep_documents_there(bucket: Bucket, scene: Scene, database_url: str) -> None:
    """TRADEPOST_DOCUMENTS and the AWS_ variables reach every process of `tradepost serve`."""
    key = await scene.to_state(State.UNSHIPPED)
    content = table([row(key)])
    async with scene.database.transaction() as tx:
        document = await documents.make(tx, PRO, TSV)
        leave = await documents.leave(tx, "PUT", document)
    query = urlencode({"seller": PRO, "expires": leave.expires, "signature": leave.signature})
    environment = {"TRADEPOST_DOCUMENTS": ADDRESS, **bucket.environment}
    async with (
        serving("--database", database_url, **environment) as program,
        httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
    ):
        address = f"{program.url}/documents/{document.document_id}?{query}"
        assert (await client.put(address, content=content)).status_code == 200
        assert bucket.held(f"market/one/{document.document_id}") == content
        feeds = Feeds(scene, Storage.at(ADDRESS))
        feed_id = await feeds.create(None, document_id=document.document_id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await feeds.find(feed_id)).status not in ("DONE", "FATAL"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await program.stop() == 0
    feed = await feeds.find(feed_id)
    assert feed.status == "DONE"
    assert bucket.held(f"market/one/{feed.result_id}")
    assert counts(await feeds.report(feed_id)) == (1, 1)
    assert await scene.state(key) is State.SHIPPED
