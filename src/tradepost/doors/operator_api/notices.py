"""The mail to buyers and sellers: what waits, what could not be delivered, and sending that again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http import requests
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.notices import records as notices

_BEFORE_ALL = ("", UUID(int=0))


class Backlog(Struct, frozen=True):
    """How many notices wait, how many of them after something went wrong, and what that was the last time."""

    waiting: int
    in_trouble: int
    last_error: str | None


class UndeliverableNotice(Struct, frozen=True):
    """A notice that was given up, and why."""

    seller_id: str
    notice_id: UUID
    order_id: str
    receiver: str
    receiver_id: str
    kind: str
    happened_at: datetime
    attempts: int
    last_error: str | None


class UndeliverableNotices(Struct, frozen=True):
    """Some notices. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[UndeliverableNotice]
    next: str | None


class NamedNotice(Struct, frozen=True, forbid_unknown_fields=True):
    """A notice, as the list names it."""

    seller_id: str
    notice_id: UUID


class NoticesToResend(Struct, frozen=True, forbid_unknown_fields=True):
    """Which notices to send again."""

    notices: Annotated[list[NamedNotice], Meta(min_length=1, max_length=1000)]


class QueuedNotices(Struct, frozen=True):
    """How many notices will be sent again."""

    queued: int


@get("/notices", summary="Look at the mail that waits")
async def look_at_backlog(who: Who, desk: TheDesk) -> Backlog:
    """How many notices wait to be delivered, and whether something is in their way."""
    async with desk.database.transaction() as tx:
        return shown(Backlog, await notices.backlog(tx))


@get("/notices/undeliverable", summary="List the mail that could not be delivered")
async def list_undeliverable(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> UndeliverableNotices:
    """The notices that were given up, by seller."""
    place = uncursor(after, tuple[str, UUID]) or _BEFORE_ALL
    async with desk.database.transaction() as tx:
        found = await notices.undeliverable(tx, after=place, most=limit + 1)
    following = (found[limit - 1].seller_id, found[limit - 1].notice_id) if len(found) > limit else None
    return UndeliverableNotices([shown(UndeliverableNotice, one) for one in found[:limit]], cursor(following))


@post("/notices/resend", summary="Send mail again", status_code=200)
async def resend(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[NoticesToResend]
) -> Response[QueuedNotices]:
    """Send notices that were given up once more, at once. What is on its way or delivered is not counted."""
    named = [(requests.text("seller_id", one.seller_id), one.notice_id) for one in data.notices]

    async def work(tx: Transaction) -> Answer:
        return Answer(200, msgspec.json.encode(QueuedNotices(await notices.resend(tx, named))))

    return sent(await desk.alone(work, language, once))


NOTICES: list[Any] = [look_at_backlog, list_undeliverable, resend]
