"""What a replay leaves behind: five files, each of them whole or not there at all."""

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tradepost.doors.replay.acts import Played
from tradepost.ground.database import Transaction
from tradepost.reports import outcome

REFUSED_COLUMNS = ("line", "event", "order", "reason")


@dataclass(frozen=True, slots=True)
class Summary:
    """What summary.json says; `seconds` is how long the playing took."""

    orders: int
    by_status: dict[str, int]
    rows_played: int
    rows_refused: int
    seconds: float
    orders_per_second: float


async def write_outcome(tx: Transaction, played: Played, rows: int, seconds: float, out: Path) -> Summary:
    """Write the tables of a played history of so many rows into the folder; files of the same names are replaced."""
    names = {key: reference for reference, key in played.orders.items()}
    _write_table(out / "orders.csv", outcome.ORDER_COLUMNS, await outcome.orders(tx, names))
    _write_table(out / "stock.csv", outcome.STOCK_COLUMNS, await outcome.stock(tx))
    _write_table(out / "refused.csv", REFUSED_COLUMNS, _refused(played))
    _write_table(out / "notices.csv", outcome.NOTICE_COLUMNS, await outcome.notices(tx, names))
    summary = Summary(
        orders=len(played.orders),
        by_status=await outcome.count_by_status(tx),
        rows_played=rows,
        rows_refused=len(played.refused),
        seconds=round(seconds, 3),
        orders_per_second=round(len(played.orders) / seconds, 1) if seconds > 0 else 0.0,
    )
    _write_whole(out / "summary.json", json.dumps(asdict(summary), indent=2) + "\n")
    return summary


def _refused(played: Played) -> list[Sequence[object]]:
    by_line = sorted(played.refused, key=lambda refused: refused[0].line)
    return [(row.line, row.event, row.order, refusal.sentence()) for row, refusal in by_line]


def _write_table(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    _write_whole(file, text.getvalue())


def _write_whole(file: Path, text: str) -> None:
    """Put the file in its place when it is complete: nobody reads half of it, and a full disk leaves the old one."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
