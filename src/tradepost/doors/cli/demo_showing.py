"""What the demonstration shows: letters, stock, promises, reports, and what became of every order."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tradepost.calendar_days import local_date
from tradepost.doors.cli.demo_deeds import Stage
from tradepost.doors.cli.demo_story import ZONE, ShowsDates, ShowsMail, ShowsReports, ShowsStock
from tradepost.notices.writing import Letter
from tradepost.reports import outcome
from tradepost.reports.doctor import examine
from tradepost.reports.order_details import order_details
from tradepost.reports.orders_report import orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.reports.written import whole
from tradepost.timekeeping import catch_up

SHOWING = (ShowsStock, ShowsMail, ShowsDates, ShowsReports)
_SHOWN_OF_REPORTS = (
    "order-id",
    "sku",
    "quantity-purchased",
    "quantity-to-ship",
    "ship-service-level",
    "recipient-name",
)


async def show(
    console: Console, stage: Stage, letters: Sequence[Letter], what: ShowsStock | ShowsMail | ShowsDates | ShowsReports,
    at: datetime,
) -> None:  # fmt: skip
    """Show one thing."""
    match what:
        case ShowsStock(seller, sku):
            async with stage.house.database.transaction() as tx:
                available = next(row[2] for row in await outcome.stock(tx) if row[:2] == (seller, sku))
            console.print(f"{'':18}{sku}: {available} available{'' if available else ', off sale'}")
        case ShowsMail(kind, name):
            letter = [
                one for one in letters if one.notice.kind == kind and one.notice.order_id == stage.keys[name].order_id
            ][-1]
            console.print(
                Panel(
                    Text(f"To: {letter.email}\nSubject: {letter.subject}\n\n{letter.body.rstrip()}"),
                    width=min(console.width, 120),
                )
            )
        case ShowsDates(name):
            await _show_dates(console, stage, name, at)
        case ShowsReports(seller):
            await _show_reports(console, stage, seller)


async def _show_dates(console: Console, stage: Stage, name: str, at: datetime) -> None:
    async with stage.house.database.transaction() as tx:
        details = await order_details(tx, stage.keys[name].order_id, at)
    assert details is not None
    for event in details.events:
        if event.detail and "deliver_latest" in event.detail:
            dates = [datetime.fromisoformat(event.detail["deliver_latest"][when]) for when in ("promised", "anew")]
            promised, anew = (f"{local_date(date, ZONE):%A %d %B}" for date in dates)
            console.print(f"{'':18}{name} was promised by {promised}, and is promised by {anew} now")


async def _show_reports(console: Console, stage: Stage, seller: str) -> None:
    await catch_up(stage.house.database, seller)
    async with stage.house.database.transaction() as tx:
        reports = {
            "Orders report": await whole(orders_report, tx, seller),
            "Unshipped Orders report": await whole(unshipped_orders_report, tx, seller),
        }
    names = {key.order_id: name for name, key in stage.keys.items()}
    for title, file in reports.items():
        rows = list(csv.DictReader(file.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
        shown = [column for column in _SHOWN_OF_REPORTS if rows and column in rows[0]]
        table = Table(
            "", *shown, title=f"{title}, {len(rows)} in all; some of its columns", title_justify="left", box=SIMPLE_HEAD
        )
        for row in rows:
            table.add_row(names[row["order-id"]], *(row[column] for column in shown))
        console.print(table)


async def summary(console: Console, stage: Stage, letters: Sequence[Letter]) -> bool:
    """What became of every order, and whether the doctor finds everything in order."""
    names = {key: name for name, key in stage.keys.items()}
    async with stage.house.database.transaction() as tx:
        console.print(_orders(await outcome.orders(tx, names)))
        examination = await examine(tx)
    kinds = Counter(f"{letter.notice.kind} to the {letter.notice.receiver}" for letter in letters)
    console.print(
        f"{kinds.total()} notices were delivered: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    )
    counted = ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in examination.counted.items())
    console.print(
        f"\nThe doctor made {len(examination.checks)} checks ({counted}) and found {examination.found or 'nothing'}."
    )
    for violation in examination.violations:
        console.print(f"  {violation.check}, {violation.subject}: {violation.sentence}")
    return examination.sound


def _orders(rows: Sequence[Sequence[object]]) -> Table:
    columns = [outcome.ORDER_COLUMNS.index(name) for name in ("order", "seller", "buyer", "status")]
    units = [outcome.ORDER_COLUMNS.index(name) for name in ("ordered", "shipped", "canceled")]
    why = [outcome.ORDER_COLUMNS.index(name) for name in ("canceled_by", "cancel_reason")]
    table = Table("order", "seller", "buyer", "status", "ordered", "shipped", "canceled", "by", "why", box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(str(row[column]) for column in (*columns, *units, *why)))
    return table
