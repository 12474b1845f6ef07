"""Where documents lie: a folder, and what speaks S3 and is not well."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tradepost.ground import storage as storages
from tradepost.ground.storage import PATIENCE, PIECE, Storage, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def storage(folder: Path) -> Storage:
    return Storage.at(str(folder))


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def read(storage: Storage, name: str) -> bytes:
    return b"".join([piece async for piece in storage.read(name)])


@pytest.mark.parametrize("length", [0, 1, storages.AT_ONCE - 1, storages.AT_ONCE, storages.AT_ONCE + 1, 10 * PIECE + 7])
async def test_a_document_is_read_as_it_was_written(storage: Storage, length: int) -> None:
    content = bytes(range(256)) * (length // 256 + 1)
    await storage.write("one", pieces(content[: length // 3], content[length // 3 : length]))
    found = [piece async for piece in storage.read("one")]
    assert b"".join(found) == content[:length]
    assert max(map(len, found), default=0) <= storages.AT_ONCE


async def test_a_document_that_is_written_anew_while_it_is_read_is_not_mixed(storage: Storage) -> None:
    await storage.write("one", pieces(b"1" * 3 * storages.AT_ONCE))
    reading = storage.read("one")
    assert set(await anext(reading)) == {ord("1")}
    await storage.write("one", pieces(b"2" * 3 * storages.AT_ONCE + b"2"))
    rest: list[bytes] = []
    with pytest.raises(StorageUnavailable):
        rest += [piece async for piece in reading]
    assert set(b"".join(rest)) <= {ord("1")}


async def test_a_document_is_deleted_any_number_of_times(storage: Storage, folder: Path) -> None:
    await storage.write("one", pieces(b"content"))
    await storage.write("another", pieces(b"content"))
    for _ in range(2):
        await storage.delete("one")
    assert [path.name for path in folder.iterdir()] == ["another"]
    with pytest.raises(FileNotFoundError):
        await read(storage, "one")


@pytest.mark.parametrize("error", [OSError("the wire"), ConnectionResetError(), ValueError("the form")])
async def test_what_the_content_raises_is_no_trouble_of_the_place(
    storage: Storage, folder: Path, error: Exception
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2 * PIECE
        raise error

    with pytest.raises(type(error)) as raised:
        await storage.write("one", broken())
    assert raised.value is error
    assert list(folder.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_unavailable(storage: Storage, folder: Path) -> None:
    folder.rmdir()
    folder.write_text("a file in its place")
    with pytest.raises(StorageUnavailable):
        await storage.write("one", pieces(b"content"))


async def test_a_server_that_always_fails_is_asked_some_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATIENCE, "retry_timeout", timedelta(hours=1))  # on a busy machine it may end before that
    asked = 0

    async def fail(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(fail, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        with pytest.raises(StorageUnavailable):
            await read(Storage.at("s3://bucket/market"), "one")
    assert asked == PATIENCE["max_retries"] + 1
