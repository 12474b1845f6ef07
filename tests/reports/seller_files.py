"""Reading a seller's file as the sellers' own programs do: with a parser that is not ours."""

from datetime import datetime

from received import Report, received

from tests.scene import PRO
from tradepost.ground.database import Database

Rows = list[dict[str, str]]


async def text_of(
    database: Database, report: Report, seller: str = PRO, since: datetime | None = None, until: datetime | None = None
) -> str:
    return (await received(database, report, seller, since, until)).text


async def rows_of(
    database: Database, report: Report, seller: str = PRO, since: datetime | None = None, until: datetime | None = None
) -> Rows:
    return (await received(database, report, seller, since, until)).rows
