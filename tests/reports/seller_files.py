"""Reading a seller's file as the sellers' own programs do: with a parser that is not ours."""

import csv
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from io import StringIO

from tests.scene import PRO
from tradepost.ground.database import Database

Report = Callable[..., AsyncIterator[str]]
Rows = list[dict[str, str]]


async def text_of(
    database: Database, report: Report, seller: str = PRO, since: datetime | None = None, until: datetime | None = None
) -> str:
    async with database.transaction() as tx:
        return "".join([piece async for piece in report(tx, seller, since, until)])


async def rows_of(
    database: Database, report: Report, seller: str = PRO, since: datetime | None = None, until: datetime | None = None
) -> Rows:
    """The rows by column; both usual ways of reading such a file have to agree on them."""
    text = await text_of(database, report, seller, since, until)
    header, *rows = csv.reader(StringIO(text, newline=""), dialect="excel-tab", strict=True)
    assert text.endswith("\n")
    assert [header, *rows] == [line.split("\t") for line in text.split("\n")[:-1]]
    assert {len(row) for row in rows} <= {len(header)}
    return [dict(zip(header, row, strict=True)) for row in rows]
