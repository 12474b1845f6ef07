"""What a report writes, piece by piece, and what it took to write it; and offers to fill one with."""

import csv
from collections.abc import Awaitable, Callable
from datetime import datetime
from io import StringIO
from typing import NamedTuple

from tests.scene import PRO, Scene
from tradepost.ground.database import Database
from tradepost.listings import offers
from tradepost.listings.records import Listing

Report = Callable[..., Awaitable[int]]


class Received(NamedTuple):
    """A file in the pieces in which it came, how many rows were said to be in it, and for how many statements."""

    pieces: list[bytes]
    written: int
    statements: int

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode()

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of a tab-separated file by column; both usual ways of reading one have to agree on them."""
        header, *rows = csv.reader(StringIO(self.text, newline=""), dialect="excel-tab", strict=True)
        assert self.text.endswith("\n")
        assert [header, *rows] == [line.split("\t") for line in self.text.split("\n")[:-1]]
        assert len(rows) == self.written
        return [dict(zip(header, row, strict=True)) for row in rows]


async def received(
    database: Database, report: Report, seller: str = PRO, since: datetime | None = None, until: datetime | None = None
) -> Received:
    """The file, as whoever stores it gets it."""
    pieces: list[bytes] = []

    async def write(piece: bytes) -> None:
        pieces.append(piece)

    async with database.transaction() as tx:
        written = await report(tx, seller, since, until, write)
        return Received(pieces, written, tx.statements)


async def list_pins(scene: Scene, count: int) -> None:
    """So many offers of the professional seller, in one batch."""
    pins = [Listing(PRO, f"PIN-{number}", f"P-{number}", "Pin", 100, 10, None) for number in range(count)]
    assert set(await scene.database.run(lambda tx: offers.list_offers(tx, pins, tx.now))) == {None}
