"""The business clock, seen and moved. Only a simulated one can be moved, and only forward."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Struct

from tradepost import timekeeping
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.http.shown import moment
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.refusals import Reason, Refused


class Clock(Struct, frozen=True):
    """What the clock shows, and when something happens by itself next (null: nothing waits for the clock)."""

    now: datetime
    simulated: bool
    ticking: bool
    next_at: datetime | None


class Leap(Struct, frozen=True, forbid_unknown_fields=True):
    """Until when (`to`), or how far (`by`, an ISO 8601 duration such as PT30M or P21D)."""

    to: datetime | None = None
    by: timedelta | None = None


@get("/clock", summary="Look at the clock")
async def look_at_clock(who: Who, desk: TheDesk) -> Clock:
    """What the clock shows, and whether it can be moved."""
    async with desk.database.transaction() as tx:
        return await _clock(tx)


@post("/clock/advance", summary="Move the clock on", status_code=200)
async def advance(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Leap]
) -> Response[Clock]:
    """Move the simulated clock to a moment, or on by a duration. Everything due on the way happens at its own moment,
    payment gateways are asked when their time comes, and nobody else acts meanwhile: a long leap takes its time."""
    if (data.to is None) == (data.by is None):
        raise Refused(Reason.INVALID_VALUE, field="to", problem="say either `to` or `by`")
    to = data.to and moment("to", data.to)

    async def work(tx: Transaction) -> Answer:
        await timekeeping.leap(tx, to or _later(tx.now, data.by or timedelta()), desk.gateways)
        return Answer(200, msgspec.json.encode(await _clock(tx)))

    return sent(await desk.alone(work, language, once, excluding=True))


@post("/clock/next", summary="Move the clock to the next thing that happens", status_code=200)
async def go_to_next(who: Who, desk: TheDesk, language: Language, once: MaybeOnce) -> Response[Clock]:
    """Move the simulated clock to the next moment at which something happens by itself, and let it happen. Where
    nothing waits, the clock stays where it is."""

    async def work(tx: Transaction) -> Answer:
        await timekeeping.leap(tx, max(await timekeeping.next_moment(tx) or tx.now, tx.now), desk.gateways)
        return Answer(200, msgspec.json.encode(await _clock(tx)))

    return sent(await desk.alone(work, language, once, excluding=True))


def _later(now: datetime, by: timedelta) -> datetime:
    try:
        return now + by
    except OverflowError as error:
        raise Refused(Reason.INVALID_VALUE, field="by", problem="the calendar ends before that") from error


async def _clock(tx: Transaction) -> Clock:
    clock = await tx.read_clock()
    return Clock(tx.now, clock.simulated, clock.ticking, await timekeeping.next_moment(tx))


CLOCK: list[Any] = [look_at_clock, advance, go_to_next]
