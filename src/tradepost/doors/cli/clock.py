"""`tradepost clock`: the business clock of a marketplace, seen and moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter

from tradepost import timekeeping
from tradepost.doors.cli.house import HERE, House, Where, marketplace_zone, open_house
from tradepost.doors.cli.mistakes import NO, Mistake
from tradepost.doors.cli.moments import duration, in_words, moment, shown
from tradepost.doors.cli.words import HAPPENED, WILL_HAPPEN
from tradepost.ground.clock import BusinessClock
from tradepost.ground.database import Transaction
from tradepost.reports.coming import Coming, Happened, coming, recorded_here

MOST_SHOWN = 20

clock = App(
    name="clock",
    help="See and move the clock that rules the process.",
    help_epilogue="Only a simulated clock can be moved, and only forward.\n"
    "What falls due on the way happens at its own moment.",
)


@clock.command
async def show(*, where: Where = HERE) -> int:
    """Show what the clock says, whether it is simulated, and what happens by itself next.

    Exit code: 0.
    """
    async with open_house(where) as house, house.database.transaction() as tx:
        zone = await marketplace_zone(tx)
        print(f"{shown(tx.now, zone)} {zone}, {_kind(await tx.read_clock())}.")
        at = await timekeeping.next_moment(tx)
        if at is None:
            print("Nothing waits for the clock.")
            return 0
        due = f"in {in_words(at - tx.now)}" if at > tx.now else f"due since {in_words(tx.now - at)}"
        print(f"Next: {shown(at, zone)} {zone}, {due}.")
        _print_coming(await coming(tx, at, MOST_SHOWN + 1))
    return 0


@clock.command
async def advance(duration_or_time: str, /, *, where: Where = HERE) -> int:
    """Move the simulated clock on by a duration, or to a time, and tell what happened.

    A leap of 40 days leaves the history of 40 patient days: every deadline fires at
    the moment it is due, and payment gateways are asked when their time comes.

    For example:
      tradepost clock advance 30m
      tradepost clock advance 2h30m
      tradepost clock advance P21D
      tradepost clock advance 2026-03-01T10:00:00+01:00

    A time without an offset is one in the marketplace's zone.

    Exit codes: 0 moved; 1 refused, since the clock is real or the time is past.

    Parameters
    ----------
    duration_or_time
        How far (30m, 2h30m, 21d, 2w, P21D), or until when.
    """
    async with open_house(where) as house:
        async with house.database.transaction() as tx:
            before, zone = tx.now, await marketplace_zone(tx)
        span = duration(duration_or_time)
        to = before + _bearable(span, before) if span is not None else _time(duration_or_time, zone)
        _tell(await house.database.run(lambda tx: _leap(tx, to, house), alone=True), zone)
    return 0


@clock.command(name="next")
async def to_next(*, where: Where = HERE) -> int:
    """Move the simulated clock to the next moment at which something happens by itself.

    What is due already happens without moving the clock. Exit codes: 0 something
    happened; 1 nothing waits for the clock, or the clock is real.
    """
    async with open_house(where) as house:

        async def work(tx: Transaction) -> tuple[_Leap | None, str]:
            at, zone = await timekeeping.next_moment(tx), await marketplace_zone(tx)
            return await _leap(tx, max(at, tx.now), house) if at else None, zone

        leap, zone = await house.database.run(work, alone=True)
    if leap is None:
        print("Nothing waits for the clock.")
        return NO
    _tell(leap, zone)
    return 0


@clock.command
async def simulate(
    start: Annotated[str | None, Parameter(metavar="TIME")] = None,
    /,
    *,
    ticking: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
) -> int:
    """Give a marketplace that has no orders yet a simulated clock.

    Exit codes: 0 done; 1 refused, since there are orders.

    Parameters
    ----------
    start
        What the clock shows first; by default the time it is.
    ticking
        The clock walks on by itself from there; otherwise it stands until it is moved.
    """
    async with open_house(where) as house:
        async with house.database.transaction() as tx:
            now, zone = tx.now, await marketplace_zone(tx)
        at = now if start is None else moment(start, zone)
        await timekeeping.simulate(house.database, at, ticking=ticking)
        print(f"The clock is simulated and shows {shown(at, zone)} {zone}.")
    return 0


def _kind(clock: BusinessClock) -> str:
    if not clock.simulated:
        return "real time"
    return "simulated, and ticking on" if clock.ticking else "simulated, and standing still until it is moved"


def _time(text: str, zone: str) -> datetime:
    try:
        return moment(text, zone)
    except Mistake as mistake:
        raise Mistake(f"{mistake} Nor is it a duration such as 30m, 2h30m, 21d or P21D.") from None


def _bearable(span: timedelta, since: datetime) -> timedelta:
    """The span, if the calendar goes on that long."""
    try:
        since + span
    except OverflowError:
        raise Mistake("The calendar ends before that.") from None
    return span


@dataclass(frozen=True)
class _Leap:
    """Where the clock was moved, what happened by that (the first things of `count`), and what comes next."""

    to: datetime
    events: list[Happened]
    count: int
    following: datetime | None


async def _leap(tx: Transaction, to: datetime, house: House) -> _Leap:
    await timekeeping.leap(tx, to, house.gateways)
    return _Leap(to, *await recorded_here(tx, MOST_SHOWN), await timekeeping.next_moment(tx))


def _tell(leap: _Leap, zone: str) -> None:
    """Print what a leap brought."""
    print(f"It is {shown(leap.to, zone)} {zone}. {_counted(leap.count)}")
    for event in leap.events:
        print(f"  {_event(event, zone)}")
    if leap.count > len(leap.events):
        print(f"  and {leap.count - len(leap.events):,} more")
    print(f"Next: {shown(leap.following, zone)} {zone}." if leap.following else "Nothing else waits for the clock.")


def _counted(count: int) -> str:
    return {0: "Nothing happened.", 1: "One thing happened:"}.get(count, f"{count:,} things happened:")


def _event(event: Happened, zone: str) -> str:
    said = f"{shown(event.at, zone)}  {event.key.order_id}  {event.key.seller_id}: {HAPPENED[event.act]}"
    return f"{said} ({event.state.status})"


def _print_coming(things: Iterable[Coming]) -> None:
    for count, thing in enumerate(things):
        if count == MOST_SHOWN:
            print("  and more")
            return
        print(f"  {thing.key.order_id}  {thing.key.seller_id}: {WILL_HAPPEN[thing.act]}")
