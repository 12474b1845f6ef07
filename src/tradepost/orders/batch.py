"""A batch: many items, each on its order at its moment, decided one after the other and answered one by one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Journal
from tradepost.refusals import Refusal, Refused


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


def outcome_of(decide: Callable[[RoomT, AnyT], OutcomeT], room: RoomT, item: AnyT) -> OutcomeT | Refusal:
    """What `decide` says of one item, a refusal included."""
    try:
        return decide(room, item)
    except Refused as no:
        return no.refusal
