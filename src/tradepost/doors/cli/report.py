"""`tradepost report`: a seller's order reports as tab-separated files."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tradepost.doors.cli.house import HERE, Where, marketplace_zone, open_house
from tradepost.doors.cli.moments import moment
from tradepost.doors.cli.result_file import result_file
from tradepost.ground.database import Transaction
from tradepost.reports.orders_report import orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.timekeeping import catch_up

report = App(
    name="report",
    help="Write a seller's order reports: tab-separated, UTF-8, with a header. Pending orders are in neither.",
)

Seller = Annotated[str, Parameter(metavar="SELLER")]
Out = Annotated[Path | None, Parameter(metavar="FILE")]
Time = Annotated[str | None, Parameter(metavar="TIME")]


@report.command
async def orders(
    *, seller: Seller, out: Out = None, since: Time = None, until: Time = None, where: Where = HERE
) -> int:
    """Write all orders of a seller that were released, with addresses.

    For example:
      tradepost report orders --seller acme --out orders.tsv
      tradepost report orders --seller acme --since 2026-03-01

    Exit codes: 0 written; 1 there is no such seller, or the seller may not have it.

    Parameters
    ----------
    seller
        Whose orders.
    out
        Where to; by default the standard output.
    since
        Only orders released at this time or later; without an offset, in the marketplace's zone.
    until
        Only orders released before this time.
    """
    return await _make(orders_report, seller, since, until, out, where)


@report.command
async def unshipped(
    *, seller: Seller, out: Out = None, since: Time = None, until: Time = None, where: Where = HERE
) -> int:
    """Write what a seller has still to ship, with addresses.

    For example:
      tradepost report unshipped --seller acme --out to-ship.tsv

    Exit codes: 0 written; 1 there is no such seller, or the seller may not have it.

    Parameters
    ----------
    seller
        Whose orders.
    out
        Where to; by default the standard output.
    since
        Only orders released at this time or later; without an offset, in the marketplace's zone.
    until
        Only orders released before this time.
    """
    return await _make(unshipped_orders_report, seller, since, until, out, where)


Made = Callable[[Transaction, str, datetime | None, datetime | None], AsyncIterator[str]]


async def _make(made: Made, seller: str, since: Time, until: Time, out: Out, where: Where) -> int:
    """Write a report of what the clock says now."""
    async with open_house(where) as house:
        await catch_up(house.database, seller)
        async with house.database.transaction() as tx:
            zone = await marketplace_zone(tx)
            with result_file(out) as file:
                async for chunk in made(tx, seller, _moment(since, zone), _moment(until, zone)):
                    file.write(chunk)
    return 0


def _moment(text: str | None, zone: str) -> datetime | None:
    return None if text is None else moment(text, zone)
