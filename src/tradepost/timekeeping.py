"""Time passes: one turn of the worker, and the leaps of the simulated clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.ground.clock import simulated_clock
from tradepost.ground.database import Database, Transaction
from tradepost.numbers import OrderKey
from tradepost.orders import batch, records, sweep
from tradepost.payments.gateway import Gateway
from tradepost.process.verification.asking import ask_due, ask_while_time_leaps
from tradepost.refusals import Reason, Refused


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: orders that the clock touched, questions to payment gateways."""

    orders: int
    questions: int

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.orders or self.questions)


async def turn(database: Database, gateways: Sequence[Gateway]) -> Turn:
    """Do a batch of what is due at this moment. Several workers may do this at the same time."""
    orders = await _sweep(database, await _due(database))
    questions = sum([await ask_due(database, gateway) for gateway in gateways])
    return Turn(orders, questions)


async def catch_up(database: Database, seller_id: str) -> None:
    """Do what is due for one seller before a report of theirs is made, so that it holds what the clock says.

    The transactions are short ones: the one that makes a long file holds no locks.
    """
    while await _sweep(database, await _due(database, seller_id)):
        pass


async def _due(database: Database, seller_id: str | None = None) -> list[OrderKey]:
    async def read(tx: Transaction) -> list[OrderKey]:
        return await records.due(tx, tx.now, sweep.BATCH, wait_for_gateways=False, seller_id=seller_id)

    return await database.run(read)


async def _sweep(database: Database, keys: Sequence[OrderKey]) -> int:
    """Fire the deadlines of these orders; how many orders that went well for."""
    return await batch.run_in_halves(database, keys, lambda tx, some: sweep.fire(tx, some, tx.now))


async def move_clock(database: Database, to: datetime, gateways: Sequence[Gateway]) -> None:
    """Move the simulated clock on to `to`. Everything due by then happens at its own moment, before anyone else acts:
    a leap of 40 days leaves the history of 40 patient days. Refuses the real clock, and a way back."""

    async def leap(tx: Transaction) -> None:
        clock = await tx.read_clock()
        if not clock.simulated:
            raise Refused(Reason.CLOCK_IS_REAL)
        if to < tx.now:
            raise Refused(Reason.TIME_ONLY_MOVES_FORWARD, now=f"{tx.now:%Y-%m-%d %H:%M:%S} UTC")
        await tx.move_clock(clock.moved_to(to))
        await pass_time(tx, to, gateways)

    await database.run(leap, alone=True)


async def pass_time(tx: Transaction, until: datetime, gateways: Sequence[Gateway]) -> None:
    """Let everything happen that falls due by `until`, on every order in the order of its own moments."""
    while await sweep.fire_due(tx, until, wait_for_gateways=True) + sum(
        [await ask_while_time_leaps(tx, gateway, until) for gateway in gateways]
    ):
        pass
    while await sweep.fire_due(tx, until):  # orders whose gateway is not among these
        pass


async def simulate(database: Database, start: datetime, *, ticking: bool) -> None:
    """Give a marketplace a simulated clock; refused once there are orders."""

    async def begin(tx: Transaction) -> None:
        if await records.any_order(tx):
            raise Refused(Reason.CLOCK_IS_IN_USE)
        await tx.move_clock(simulated_clock(start, ticking=ticking))

    await database.run(begin, alone=True)


async def next_moment(tx: Transaction) -> datetime | None:
    """When something happens by itself next; None: nothing waits."""
    moments = [moment for moment in await records.next_wake(tx) if moment is not None]
    return min(moments, default=None)
