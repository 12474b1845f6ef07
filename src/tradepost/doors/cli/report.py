"""`tradepost report`: a seller's order reports as tab-separated files."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tradepost.doors.cli.house import HERE, Where, marketplace_zone, open_house
from tradepost.doors.cli.moments import moment
from tradepost.doors.cli.result_file import result_file
from tradepost.reports.all_orders_report import all_orders_by_last_update, all_orders_by_order_date
from tradepost.reports.orders_report import orders_report
from tradepost.reports.pending_orders_report import pending_orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.reports.written import Report
from tradepost.timekeeping import catch_up

report = App(
    name="report",
    help="Write a seller's order reports: tab-separated, UTF-8, with a header.",
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


@report.command
async def pending(
    *, seller: Seller, out: Out = None, since: Time = None, until: Time = None, where: Where = HERE
) -> int:
    """Write what was ordered of a seller and is not released yet: no buyers, no addresses, no prices.

    For example:
      tradepost report pending --seller acme

    Exit codes: 0 written; 1 there is no such seller, or the seller may not have it.

    Parameters
    ----------
    seller
        Whose orders.
    out
        Where to; by default the standard output.
    since
        Only orders placed at this time or later; without an offset, in the marketplace's zone.
    until
        Only orders placed before this time.
    """
    return await _make(pending_orders_report, seller, since, until, out, where)


@report.command(name="all")
async def all_(
    *,
    seller: Seller,
    by_update: bool = False,
    out: Out = None,
    since: Time = None,
    until: Time = None,
    where: Where = HERE,
) -> int:
    """Write all orders of a seller, wherever they stand, canceled ones too; without buyers and streets.

    For example:
      tradepost report all --seller acme --out all.tsv
      tradepost report all --seller acme --by-update --since 2026-03-01

    Exit codes: 0 written; 1 there is no such seller, or the seller may not have it.

    Parameters
    ----------
    seller
        Whose orders.
    by_update
        The times are those at which something happened to an order last, and not those of its placing.
    out
        Where to; by default the standard output.
    since
        Only orders of this time or later; without an offset, in the marketplace's zone.
    until
        Only orders of before this time.
    """
    made = all_orders_by_last_update if by_update else all_orders_by_order_date
    return await _make(made, seller, since, until, out, where)


async def _make(made: Report, seller: str, since: Time, until: Time, out: Out, where: Where) -> int:
    """Write a report of what the clock says now."""
    async with open_house(where) as house:
        await catch_up(house.database, seller)
        async with house.database.transaction() as tx:
            zone = await marketplace_zone(tx)
            with result_file(out) as file:

                async def write(piece: bytes) -> None:
                    file.write(piece.decode())  # pieces end with a line

                await made(tx, seller, _moment(since, zone), _moment(until, zone), write)
    return 0


def _moment(text: str | None, zone: str) -> datetime | None:
    return None if text is None else moment(text, zone)
