"""Time passes: one turn of the worker, and the leaps of the simulated clock."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tradepost.ground.clock import simulated_clock
from tradepost.ground.database import Database, Transaction
from tradepost.numbers import OrderKey
from tradepost.orders import batch, records, sweep
from tradepost.payments.gateway import Gateway
from tradepost.process.verification.asking import ask_due, ask_while_time_leaps
from tradepost.refusals import Reason, Refused

SIDE_BY_SIDE = 2
"""Batches of one turn: while the database writes one of them, the next one is decided."""


LAST_MOMENT = datetime(9000, 1, 1, tzinfo=UTC)
"""How far the clock can be moved: what is promised and due after it must still be on the calendar."""


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
    """Do some batches of what is due at this moment. Several workers may do this at the same time."""
    orders = await _sweep(database, await _due(database))
    return Turn(orders, await ask_gateways(database, gateways))


async def ask_gateways(database: Database, gateways: Sequence[Gateway]) -> int:
    """Ask some of what is due; how many questions there were."""
    return await _together([ask_due(database, gateway) for gateway in gateways for _ in range(SIDE_BY_SIDE)])


async def catch_up(database: Database, seller_id: str) -> None:
    """Do what is due for one seller before a report of theirs is made, so that it holds what the clock says.

    The transactions are short ones: the one that makes a long file holds no locks.
    """
    while await _sweep(database, await _due(database, seller_id)):
        pass


async def _due(database: Database, seller_id: str | None = None) -> list[OrderKey]:
    async def read(tx: Transaction) -> list[OrderKey]:
        return await records.due(tx, tx.now, SIDE_BY_SIDE * sweep.BATCH, wait_for_gateways=False, seller_id=seller_id)

    return await database.run(read)


async def _sweep(database: Database, keys: Sequence[OrderKey]) -> int:
    """Fire the deadlines of these orders; how many orders that went well for."""
    by_seller = sorted(keys)
    batches = [by_seller[first : first + sweep.BATCH] for first in range(0, len(keys), sweep.BATCH)]
    return await _together(
        [batch.run_in_halves(database, some, lambda tx, keys: sweep.fire(tx, keys, tx.now)) for some in batches]
    )


async def _together(work: Iterable[Awaitable[int]]) -> int:
    """How many all of it comes to. None of it is left running behind another's trouble."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return sum(one for one in done if isinstance(one, int))


async def move_clock(database: Database, to: datetime, gateways: Sequence[Gateway]) -> None:
    """Move the simulated clock on to `to`. Everything due by then happens at its own moment, before anyone else acts:
    a leap of 40 days leaves the history of 40 patient days. Refuses the real clock, and a way back."""
    await database.run(lambda tx: leap(tx, to, gateways), alone=True)


async def leap(tx: Transaction, to: datetime, gateways: Sequence[Gateway]) -> None:
    """Move the clock in a transaction that excludes the others."""
    clock = await tx.read_clock()
    if not clock.simulated:
        raise Refused(Reason.CLOCK_IS_REAL)
    if to < tx.now:
        raise Refused(Reason.TIME_ONLY_MOVES_FORWARD, now=f"{tx.now:%Y-%m-%d %H:%M:%S} UTC")
    if to > LAST_MOMENT:
        raise Refused(Reason.INVALID_VALUE, field="to", problem=f"the clock goes on until {LAST_MOMENT:%Y-%m-%d}")
    await tx.move_clock(clock.moved_to(to))
    await pass_time(tx, to, gateways)


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
