"""`tradepost demo`: a small marketplace to watch, telling the story in demo_story.py through the acts of every door."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from tradepost import timekeeping
from tradepost.calendar_days import local_time
from tradepost.doors.cli.demo_deeds import Stage, do, open_demo
from tradepost.doors.cli.demo_showing import SHOWING, show, summary
from tradepost.doors.cli.demo_story import OFFERS, OPENS, SELLERS, STORY, ZONE, Scene
from tradepost.doors.cli.house import HERE, Where, empty_house
from tradepost.doors.cli.mistakes import NO, Mistake
from tradepost.doors.cli.moments import moment
from tradepost.doors.cli.words import HAPPENED
from tradepost.notices.delivery import deliver_due
from tradepost.notices.post import DELIVERED, Outcome, Send
from tradepost.notices.writing import Letter
from tradepost.refusals import Refusal
from tradepost.reports.coming import Happened, happened

WIDTH = 120  # where the output is no terminal
MOST_PACE_SECONDS = 3600
PACE_SECONDS = 0.25  # on a terminal, so that one can follow


async def demo(
    *, keep: Annotated[bool, Parameter(negative="")] = False, pace: float | None = None, where: Where = HERE
) -> int:
    """Watch a small marketplace at work: every step of the process, in less than a minute.

    Two sellers, a dozen buyers and one month under a simulated clock, in a
    throw-away database. The people's acts are a script; what the marketplace does
    by itself is done by Tradepost, and every line about an order is read from that
    order's own history.

    With --keep, or a --database, the marketplace stays, so that the other commands
    can be tried on it.

    Exit codes: 0 everything came as the story says; 1 something did not.

    Parameters
    ----------
    keep
        Play in the database itself, which must be empty, and leave everything there.
    pace
        Seconds to rest after each scene; by default 0.25 on a terminal, 0 elsewhere.
    """
    if pace is not None and not 0 <= pace <= MOST_PACE_SECONDS:
        raise Mistake(f"The pace is a number of seconds from 0 to {MOST_PACE_SECONDS}.")
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else WIDTH, highlight=False)
    rest = pace if pace is not None else PACE_SECONDS * terminal
    async with empty_house(where, keep=keep) as house:
        teller = _Teller(console, Stage(house))
        await open_demo(teller.stage)
        _introduce(console)
        for number, chapter in enumerate(STORY, start=1):
            console.print(f"\n{number}. {chapter.title}\n", style="bold")
            for scene in chapter.scenes:
                await teller.tell(scene)
                await asyncio.sleep(rest)
        console.print(f"\n{len(STORY) + 1}. What became of it\n", style="bold")
        sound = await summary(console, teller.stage, teller.letters)
        if keep or where.database:
            _invite(console, teller.stage)
    return NO if teller.surprises or not sound else 0


def _introduce(console: Console) -> None:
    console.print(f"Demo Market opens, in the time zone {ZONE}. All that follows is simulated time.", style="bold")
    for seller in SELLERS:
        offers = ", ".join(f"{stock} x {sku}" for owner, sku, _, _, stock in OFFERS if owner == seller.seller_id)
        console.print(f"  {seller.name} ({seller.plan} seller) lists {offers}.")


def _invite(console: Console, stage: Stage) -> None:
    order_id = stage.keys["N1"].order_id
    console.print("\nThe marketplace is kept. Try, with the same --data or --database:")
    for words in (f"explain {order_id}", "clock show", "clock next", "report unshipped --seller lumen", "doctor"):
        console.print(f"  tradepost {words}")


class _Teller:
    """Tells scene after scene, and what the orders' histories say about each."""

    def __init__(self, console: Console, stage: Stage) -> None:
        self.console = console
        self.stage = stage
        self.letters: list[Letter] = []
        self.surprises = 0
        self._told_until = moment(OPENS, ZONE)

    async def tell(self, scene: Scene) -> None:
        """Move the clock to the scene, let it happen, and tell what happened since the one before."""
        house, at = self.stage.house, moment(scene.at, ZONE)
        await timekeeping.move_clock(house.database, at, house.gateways)
        before = await self._histories(at)
        self._say(f"[bold cyan]{local_time(at, ZONE):%a %d %b %H:%M}[/]  {scene.says}")
        self._tell_events(before, at)
        known = set(before)
        if isinstance(scene.deed, SHOWING):
            await show(self.console, self.stage, self.letters, scene.deed, at)
        elif scene.deed is not None:
            refusal, more = await do(self.stage, scene.deed, at)
            self._check(scene, refusal)
            await timekeeping.move_clock(house.database, at, house.gateways)  # the gateway is asked at once
            self._tell_events([event for event in await self._histories(at) if event not in known], at)
            for line in more.splitlines():
                self._say(f"[dim]│[/] {line}", indent=18)
        self._told_until = at
        while await deliver_due(house.database, self):
            pass

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        """The post of this marketplace: letters are kept, to be shown."""
        yield self._keep

    async def _keep(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return DELIVERED

    async def _histories(self, until: datetime) -> list[Happened]:
        """What happened since the last scene."""
        async with self.stage.house.database.transaction() as tx:
            events, _ = await happened(tx, self._told_until, until, 1000)
        return sorted(events, key=lambda event: (event.at, self.stage.name(event.key), event.number))

    def _tell_events(self, events: Sequence[Happened], at: datetime) -> None:
        for event in events:
            then = "" if event.at == at else f"[dim]{local_time(event.at, ZONE):%a %d %b %H:%M}[/] "
            what = f"{self.stage.name(event.key)}: {HAPPENED[event.act]}"
            self._say(f"{then}{what} [dim]({event.state.status})[/]", indent=18)

    def _check(self, scene: Scene, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._say(f"[yellow]No:[/] {refusal.sentence()}", indent=18)
        if (refusal and refusal.reason) is not scene.no:
            self.surprises += 1
            self._say("[bold red]This is not what the story says.[/]", indent=18)

    def _say(self, line: str, indent: int = 0) -> None:
        self.console.print(f"{'':{indent}}{line}", soft_wrap=True)
