"""How operators and customer service act on an order that they know by its number."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from litestar import Response

from tradepost.doors.http.desk import Desk, Wish
from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import sent
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction
from tradepost.refusals import Refusal
from tradepost.reports.whose_order import Whose, whose_order

ItemT = TypeVar("ItemT")


async def whose(desk: Desk, order_id: str) -> Whose:
    """Whose the order of this number is; the rooms refuse one that is nobody's."""
    async with desk.database.transaction() as tx:
        return await whose_order(tx, order_id)


async def act(
    desk: Desk,
    room: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[Refusal | None]]],
    item: Callable[[datetime], ItemT],
    language: str,
    once: Once | None,
) -> Response[None]:
    """Do an act that has no more to say than that it is done."""
    return sent(await desk.act(room, Wish(item, lambda _: Answer(204), language, once)))


def name_of(who: Caller) -> str:
    """Under which name the caller stands in a history: that of the key, and the id by which it is found."""
    return f"{who.key.name} ({who.key.key_id})" if who.key.name else who.key.key_id
