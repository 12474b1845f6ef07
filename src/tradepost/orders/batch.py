"""A batch: many items, each on its order at its moment, decided one after the other and answered one by one."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import structlog

from tradepost.ground.database import Database, Transaction
from tradepost.ground.trouble import database_is_away
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Journal
from tradepost.refusals import Refusal, Refused

_log = structlog.get_logger()


class Item(Protocol):
    """One item of a batch: on which order, and at which moment."""

    @property
    def key(self) -> OrderKey: ...
    @property
    def at(self) -> datetime: ...


ItemT = TypeVar("ItemT", bound=Item)
OutcomeT = TypeVar("OutcomeT")
RoomT = TypeVar("RoomT")
AnyT = TypeVar("AnyT")


async def each(
    tx: Transaction, items: Sequence[ItemT], decide: Callable[[Journal, ItemT], OutcomeT], *, lines: bool = False
) -> list[OutcomeT | Refusal]:
    """Lock the orders of a batch, decide its items one after the other, and write.

    The outcomes stand in the order of the items; what `decide` refuses is an outcome too and changes nothing.
    """
    if not items:
        return []
    journal = await Journal.open(tx, [item.key for item in items], max(item.at for item in items), lines=lines)
    outcomes = [outcome_of(decide, journal, item) for item in items]
    await journal.write()
    return outcomes


async def run_in_halves(
    database: Database, keys: Sequence[OrderKey], work: Callable[[Transaction, Sequence[OrderKey]], Awaitable[object]]
) -> int:
    """Do work on many orders in one transaction; how many of them it went well for.

    What fails is tried again in halves, until the order that it fails for stands alone: whatever is wrong with that
    one, the clock goes on for all others.
    """
    if not keys:
        return 0
    try:
        await database.run(lambda tx: work(tx, keys))
    except Exception as error:
        if database_is_away(error):
            raise  # no order is to blame
        if len(keys) == 1:
            _log.error("order_left_out", order_id=keys[0].order_id, error=f"{type(error).__name__}: {error}")
            return 0
        middle = len(keys) // 2
        return await run_in_halves(database, keys[:middle], work) + await run_in_halves(database, keys[middle:], work)
    return len(keys)


def outcome_of(decide: Callable[[RoomT, AnyT], OutcomeT], room: RoomT, item: AnyT) -> OutcomeT | Refusal:
    """What `decide` says of one item, a refusal included."""
    try:
        return decide(room, item)
    except Refused as no:
        return no.refusal
