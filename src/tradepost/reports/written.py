"""How a report that is a file goes out: in pieces, so that memory stays flat however long it is."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from tradepost.ground.database import Transaction

Write = Callable[[bytes], Coroutine[Any, Any, None]]
"""Takes the next piece of a file; the report goes on when it was taken."""

Report = Callable[[Transaction, str, datetime | None, datetime | None, Write], Awaitable[int]]
"""Writes the file of a seller, from a moment on and before another; how many rows there are below its header."""


async def whole(report: Report, tx: Transaction, seller_id: str) -> str:
    """The report in one piece, for whoever knows that it is short."""
    pieces: list[bytes] = []

    async def write(piece: bytes) -> None:
        pieces.append(piece)

    await report(tx, seller_id, None, None, write)
    return b"".join(pieces).decode()
