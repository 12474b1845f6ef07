"""`tradepost report`: the files that sellers' software asks for, written at once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Annotated, NamedTuple

from cyclopts import App, Parameter

from tradepost.doors.cli.house import HERE, Where, open_house
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.moments import moment
from tradepost.doors.cli.result_file import result_file
from tradepost.report_requests.kinds import KINDS
from tradepost.reports.released_lines import home_of
from tradepost.timekeeping import catch_up

report = App(
    name="report",
    help="""Write a seller's report, as sellers' software gets it.

    Flat files are tab-separated and have a header; all of it is UTF-8.
    """,
)

MOST_IN_MEMORY = 1 << 20  # bytes of a report; a longer one lies on the disk until it is handed on

Seller = Annotated[str, Parameter(metavar="SELLER", help="Whose report.")]
Out = Annotated[Path | None, Parameter(metavar="FILE", help="Where to; by default the standard output.")]
Time = Annotated[str | None, Parameter(metavar="TIME")]


class Written(NamedTuple):
    """A report that can be written here."""

    kind: str  # the name that sellers' software knows it by
    summary: str
    counts: str = ""  # what --since and --until count by, as in "orders that were placed"; it has neither without


REPORTS = {
    "orders": Written(
        "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING",
        "Released orders, shipped ones too, with prices and addresses.",
        "orders that were released",
    ),
    "orders-xml": Written(
        "GET_ORDER_REPORT_DATA_SHIPPING",
        "Released orders as XML.",
        "orders that were released",
    ),
    "unshipped": Written(
        "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
        "What has still to be shipped, with addresses.",
        "orders that were released",
    ),
    "pending": Written(
        "GET_FLAT_FILE_PENDING_ORDERS_DATA",
        "What was ordered and is not released yet.",
        "orders that were placed",
    ),
    "all": Written(
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        "All orders, canceled ones too, by when they were placed.",
        "orders that were placed",
    ),
    "all-by-update": Written(
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "All orders, canceled ones too, by their last change.",
        "orders that changed last",
    ),
    "listings": Written("GET_MERCHANT_LISTINGS_ALL_DATA", "All listings, with their status."),
    "active-listings": Written("GET_MERCHANT_LISTINGS_DATA", "Listings that can be bought."),
    "inactive-listings": Written("GET_MERCHANT_LISTINGS_INACTIVE_DATA", "Listings that cannot be bought."),
    "open-listings": Written("GET_FLAT_FILE_OPEN_LISTINGS_DATA", "Price and quantity of what is open for sale."),
}

_HELP = """{summary}

Sellers' software knows it as
{kind}.

For example:
  tradepost report {name} --seller acme --out {name}.txt{more}

Exit codes: 0 written; 1 there is no such seller, or the seller may not have it.
"""
_MORE = """
  tradepost report {name} --seller acme --since 2026-03-01"""
_WINDOW = """
Parameters
----------
since
    Only {counts} at this time or later; without an offset, in the marketplace's zone.
until
    Only {counts} before this time.
"""


def _command(name: str, one: Written) -> Callable[..., Awaitable[int]]:
    async def of_a_time(
        *, seller: Seller, out: Out = None, since: Time = None, until: Time = None, where: Where = HERE
    ) -> int:
        return await _write(one, seller, out, since, until, where)

    async def of_now(*, seller: Seller, out: Out = None, where: Where = HERE) -> int:
        return await _write(one, seller, out, None, None, where)

    made = of_a_time if one.counts else of_now
    more = _MORE.format(name=name) if one.counts else ""
    window = _WINDOW.format(counts=one.counts) if one.counts else ""
    made.__doc__ = _HELP.format(name=name, more=more, **one._asdict()) + window
    return made


for _position, (_name, _one) in enumerate(REPORTS.items()):
    report.command(_command(_name, _one), name=_name, sort_key=_position)


async def _write(one: Written, seller: str, out: Path | None, since: Time, until: Time, where: Where) -> int:
    """Write a report of what the clock says now. It is made first: who reads slowly holds no transaction."""
    async with open_house(where) as house:
        await catch_up(house.database, seller)
        with SpooledTemporaryFile(MOST_IN_MEMORY) as made, result_file(out) as file:

            async def write(piece: bytes) -> None:
                made.write(piece)

            async with house.database.transaction() as tx:
                zone = (await home_of(tx, seller)).zone
                first, last = _moment(since, zone), _moment(until, zone)
                if first and last and first > last:
                    raise Mistake("--until lies before --since: no order can lie between them.")
                await KINDS[one.kind].make(tx, seller, first, last, write)
            made.seek(0)
            for line in made:
                file.write(line.decode())
    return 0


def _moment(text: str | None, zone: str) -> datetime | None:
    return None if text is None else moment(text, zone)
