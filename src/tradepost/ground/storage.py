"""Where documents lie: a folder, or whatever speaks S3. Their contents are never in the database.

A document is written as a whole and read any number of times, in pieces, so that memory stays flat however long it is.
"""

from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

PIECE = 1 << 20  # bytes


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
                return cls(from_url(address))
            return cls(LocalStore(Path(address).expanduser().absolute(), mkdir=True))
        except (BaseError, OSError, RuntimeError, ValueError) as error:
            raise InvalidStorage("Documents cannot be kept there: it is no folder or URL that can be used.") from error

    async def write(self, name: str, content: AsyncIterable[bytes]) -> None:
        """Write a document, or write it anew. Nobody sees half of one; what `content` raises leaves none."""
        try:
            await obstore.put_async(self._store, name, _filled(content))
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """A document in pieces. Raises FileNotFoundError."""
        try:
            found = await obstore.get_async(self._store, name)
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)
        except (NotFoundError, FileNotFoundError) as error:
            raise FileNotFoundError(name) from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error


async def _filled(content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same in pieces of some size: a store writes each piece it is given by itself."""
    waiting = bytearray()
    async for piece in content:
        waiting += piece
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
