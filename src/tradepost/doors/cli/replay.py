"""`tradepost replay`: run a recorded history through the whole process, and write what became of every order."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tradepost.calendar_days import time_zone
from tradepost.doors.cli.house import HERE, Where, empty_house
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.moments import moment
from tradepost.doors.replay.history import Row, read_history
from tradepost.doors.replay.outcome import Summary, write_outcome
from tradepost.doors.replay.play import play
from tradepost.ground.clock import machine_now


async def replay(
    history: Annotated[Path, Parameter(metavar="HISTORY.csv")],
    /,
    *,
    out: Annotated[Path, Parameter(metavar="DIR")],
    until: Annotated[str | None, Parameter(metavar="TIME")] = None,
    zone: str = "UTC",
    keep: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
) -> int:
    """Run a recorded history through the whole process, and write what became of every order.

    Each row is played at its own moment under a simulated clock, through the acts
    that every other door calls. What the marketplace does by itself (hold, release,
    reminder, cancellation) comes out of the process. The history is played in a
    throw-away database of the embedded server, or in an empty one that you name
    with --database, or keep with --keep.

    DIR then holds orders.csv, stock.csv, refused.csv, notices.csv and summary.json.

    For example:
      tradepost replay history.csv --out result
      tradepost replay history.csv --out result --zone America/Sao_Paulo
      tradepost replay history.csv --out result --until 2026-12-31T00:00:00Z

    Exit codes: 0 the history was played, whatever was refused; 2 it cannot be read
    (then nothing is written), or the database or the folder cannot be used.

    Parameters
    ----------
    history
        The history: at,event,order,seller,buyer,sku,quantity,price,detail.
    out
        Where the result goes; made if it is not there.
    until
        How far the clock walks after the last row. By default no further.
    zone
        The marketplace's time zone: a date in a rule is a date there.
    keep
        Play in the database itself, which must be empty, and leave everything there.
    """
    _check_zone(zone)
    rows = read_history(history)
    end = _end(rows, until, zone)
    async with empty_house(where, keep=keep) as house:
        _make_folder(out)
        begun = machine_now()
        with _progress(len(rows)) as progress:
            played = await play(house.database, rows, zone, end, progress)
        seconds = (machine_now() - begun).total_seconds()
        summary = await house.database.run(lambda tx: write_outcome(tx, played, len(rows), seconds, out))
    print(_in_words(summary, out))
    return 0


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"The folder {out} cannot be made ({error.strerror}): choose another place.") from error


def _check_zone(zone: str) -> None:
    try:
        time_zone(zone)
    except ValueError as error:
        raise Mistake(str(error)) from error


def _end(rows: Sequence[Row], until: str | None, zone: str) -> datetime:
    """How far the clock walks; a history without rows ends at once."""
    if until is None:
        return rows[-1].at if rows else machine_now()
    end = moment(until, zone)
    if rows and end < rows[-1].at:
        raise Mistake(f"--until {until} comes before the last row of the history, {rows[-1].at:%Y-%m-%dT%H:%M:%SZ}.")
    return end


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, nothing anywhere else; takes the number of rows played."""
    columns = (TextColumn("playing"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("playing", total=rows)
        yield lambda played: bar.advance(task, played)


def _in_words(summary: Summary, out: Path) -> str:
    stand = ", ".join(f"{count:,} {status}" for status, count in summary.by_status.items() if count) or "none"
    return (
        f"{summary.orders:,} orders in {summary.seconds:.1f} s ({summary.orders_per_second:,.0f} a second): {stand}.\n"
        f"{summary.rows_refused:,} of {summary.rows_played:,} rows were refused. The result is in {out}."
    )
