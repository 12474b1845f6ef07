"""`tradepost clock`: the business clock of a marketplace, seen and moved."""

from collections.abc import Collection, Iterable
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
from tradepost.reports.coming import Coming, Happened, coming, happened

MOST_SHOWN = 20
MOST_KNOWN = 1000
_INSTANT = timedelta(microseconds=1)

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
            before, zone, known = tx.now, await marketplace_zone(tx), await _known(tx, tx.now)
        span = duration(duration_or_time)
        to = before + _bearable(span, before) if span is not None else _time(duration_or_time, zone)
        await timekeeping.move_clock(house.database, to, house.gateways)
        await _tell(house, known, to, zone)
    return 0


@clock.command(name="next")
async def to_next(*, where: Where = HERE) -> int:
    """Move the simulated clock to the next moment at which something happens by itself.

    What is due already happens without moving the clock. Exit codes: 0 something
    happened; 1 nothing waits for the clock, or the clock is real.
    """
    async with open_house(where) as house:
        async with house.database.transaction() as tx:
            before, zone, at = tx.now, await marketplace_zone(tx), await timekeeping.next_moment(tx)
            known = await _known(tx, min(before, at or before))
        if at is None:
            print("Nothing waits for the clock.")
            return NO
        if at > before:
            await timekeeping.move_clock(house.database, at, house.gateways)
        else:
            while not (await timekeeping.turn(house.database, house.gateways)).idle:
                pass
        await _tell(house, known, max(before, at), zone)
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


async def _tell(house: House, known: "_Known", until: datetime, zone: str) -> None:
    """Print what happened up to a moment, but for what had happened before."""
    async with house.database.transaction() as tx:
        found, count = await happened(tx, known.after, until, MOST_SHOWN + len(known.events))
        following = await timekeeping.next_moment(tx)
    events, count = [event for event in found if event not in known.events][:MOST_SHOWN], count - known.count
    print(f"It is {shown(until, zone)} {zone}. {_counted(count)}")
    for event in events:
        print(f"  {_event(event, zone)}")
    if count > len(events):
        print(f"  and {count - len(events):,} more")
    print(f"Next: {shown(following, zone)} {zone}." if following else "Nothing else waits for the clock.")


@dataclass(frozen=True)
class _Known:
    """What had happened at a moment already: on a clock that stands still, more may happen at the same one."""

    after: datetime  # the instant before that moment
    events: Collection[Happened]
    count: int


async def _known(tx: Transaction, at: datetime) -> _Known:
    after = at - _INSTANT
    events, count = await happened(tx, after, tx.now, MOST_KNOWN)
    return _Known(after, frozenset(events), count)


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
