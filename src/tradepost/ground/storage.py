"""Where documents lie: a folder, or whatever speaks S3. Their contents are never in the database.

A document is written as a whole and read any number of times, in pieces, so that memory stays flat however long it is.
"""

from collections.abc import AsyncIterable, AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

if TYPE_CHECKING:
    from obstore.store import RetryConfig

PIECE = 1 << 20  # bytes
AT_ONCE = 4 * PIECE
"""Bytes of one request: it is through in seconds, however slowly somebody takes in what is read."""
PARTS_AT_ONCE = 2  # of a document that is written: each of some MiB, in memory until it is there
PATIENCE: "RetryConfig" = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
}
"""How often and how long a request is tried before its place counts as unavailable: whoever waits is told so."""


class StorageUnavailable(Exception):
    """The place where documents lie does not answer; the sentence says what it said."""


class InvalidStorage(Exception):
    """What should be a place for documents is none. The sentence shows none of it: it may hold a secret."""


class Storage:
    """The documents of one marketplace, by names that nobody guesses."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, address: str) -> "Storage":
        """The storage at a URL (`s3://bucket/path`, with the AWS_ variables that such tools know) or in a folder.

        Raises InvalidStorage.
        """
        try:
            if "://" in address:
                return cls(from_url(address, retry_config=PATIENCE))
            return cls(LocalStore(Path(address).expanduser().absolute(), mkdir=True))
        except (BaseError, OSError, RuntimeError, ValueError) as error:
            raise InvalidStorage("Documents cannot be kept there: it is no folder or URL that can be used.") from error

    async def write(self, name: str, content: AsyncIterable[bytes]) -> None:
        """Write a document, or write it anew. Nobody sees half of one; what `content` raises leaves none."""
        try:
            await obstore.put_async(self._store, name, _filled(content), max_concurrency=PARTS_AT_ONCE)
        except _Broken as broken:
            raise broken.cause from None
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """A document in pieces. Raises FileNotFoundError."""
        try:
            found = await obstore.head_async(self._store, name)
            for start in range(0, found["size"], AT_ONCE):
                end = min(start + AT_ONCE, found["size"])
                # What was written anew in between is another document: no piece of it comes behind one of the first.
                same = await obstore.get_async(
                    self._store, name, options={"range": (start, end), "if_match": found["e_tag"]}
                )
                async for piece in same.stream(min_chunk_size=PIECE):
                    yield bytes(piece)
        except (NotFoundError, FileNotFoundError) as error:
            await self._insist_on_the_place(error)
            raise FileNotFoundError(name) from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    async def delete(self, name: str) -> None:
        """Delete a document; one that is not there is deleted already."""
        try:
            await obstore.delete_async(self._store, name)
        except (NotFoundError, FileNotFoundError) as error:
            await self._insist_on_the_place(error)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    async def _insist_on_the_place(self, error: Exception) -> None:
        """Tell a document that is not there from a bucket that is not there: that comes back, with its documents."""
        try:
            await obstore.list_with_delimiter_async(self._store, prefix="one/that/nobody/has")
        except (BaseError, OSError) as no_place:
            raise StorageUnavailable(str(no_place)) from error


class _Broken(Exception):
    """What is to be written could not be had: no trouble of the place that it was for."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


async def _filled(content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same in pieces of some size: a store writes each piece it is given by itself."""
    waiting = bytearray()
    try:
        async for piece in content:
            waiting += piece
            if len(waiting) >= PIECE:
                yield bytes(waiting)
                waiting.clear()
    except Exception as error:
        raise _Broken(error) from error
    yield bytes(waiting)
