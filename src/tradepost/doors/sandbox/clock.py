"""What time will bring: what happens next by itself, and the clock moved there.

The operator's own routes move the clock to any moment; these tell what happens, order by order.
"""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from msgspec import Struct

from tradepost import timekeeping
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.lifecycle import VERDICTS
from tradepost.reports.coming import Coming, coming, recorded_here

MOST_SHOWN = 100


class ComingAct(Struct, frozen=True):
    """What happens to one order by itself; without an act, its payment gateway is asked."""

    order_id: str
    seller_id: str
    act: str | None
    sentence: str


class WhatComes(Struct, frozen=True):
    """What happens next, and when (null: nothing waits); the first orders of those that it happens to."""

    now: datetime
    at: datetime | None
    acts: list[ComingAct]


class HappenedAct(Struct, frozen=True):
    """What happened to one order, and its state after that. `at` is when it was due, which may be long ago."""

    at: datetime
    order_id: str
    seller_id: str
    act: str
    state: str


class WhatCame(Struct, frozen=True):
    """What happened while the clock moved: the first ones of `count`."""

    now: datetime
    count: int
    events: list[HappenedAct]


@get("/next", summary="What happens next by itself")
async def what_comes(who: Who, desk: TheDesk) -> WhatComes:
    """The next moment at which the clock does something, and what."""
    async with desk.database.transaction() as tx:
        at = await timekeeping.next_moment(tx)
        acts = await coming(tx, at, MOST_SHOWN) if at else []
        return WhatComes(tx.now, at, [_coming(one) for one in acts])


@post("/next", status_code=200, summary="Move the clock to what happens next")
async def go_there(who: Who, desk: TheDesk, language: Language, once: MaybeOnce) -> Response[WhatCame]:
    """Move the clock to the next moment at which something happens to an order by itself, and tell what did. Gateways
    are asked on the way: an answer at this very moment, or one that changes nothing, is nothing to stop for."""

    async def work(tx: Transaction) -> Answer:
        await timekeeping.leap(tx, tx.now, desk.gateways)
        events, count = await recorded_here(tx, MOST_SHOWN)
        came = sum(one.act not in VERDICTS for one in events)
        while not came and (at := await timekeeping.next_moment(tx)) is not None:
            await timekeeping.leap(tx, at, desk.gateways)
            more, came = await recorded_here(tx, MOST_SHOWN)
            events, count = [*events, *more], count + came
        told = [
            HappenedAct(one.at, one.key.order_id, one.key.seller_id, one.act, one.state) for one in events[:MOST_SHOWN]
        ]
        return Answer(200, msgspec.json.encode(WhatCame(tx.now, count, told)))

    return sent(await desk.alone(work, language, once, excluding=True))


def _coming(one: Coming) -> ComingAct:
    return ComingAct(one.key.order_id, one.key.seller_id, one.act, one.sentence)


SANDBOX_CLOCK: list[Any] = [what_comes, go_there]
