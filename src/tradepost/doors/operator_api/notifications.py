"""Notifications that did not arrive at sellers' applications: what they are, and to send them again."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.http.webhooks import Queued
from tradepost.ground.answers import Answer
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.notifications import records
from tradepost.notifications.records import NotificationKey

MOST_NUMBER = 2**63 - 1


class UndeliverableNotification(Struct, frozen=True):
    """What an application was not told, although it was tried for long; `subject` is its order, SKU, feed or report."""

    seller_id: str
    subscription_id: str
    subject: str
    number: int
    destination_id: str
    kind: str
    happened_at: datetime
    attempts: int
    queued_at: datetime
    tried_at: datetime | None
    last_error: str | None


class UndeliverableNotifications(Struct, frozen=True):
    """Some notifications. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[UndeliverableNotification]
    next: str | None


class NamedNotification(Struct, frozen=True, forbid_unknown_fields=True):
    """A notification, as the list names it."""

    seller_id: str
    subscription_id: str
    subject: str
    number: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]


class NotificationsToResend(Struct, frozen=True, forbid_unknown_fields=True):
    """Which notifications to send again."""

    notifications: Annotated[list[NamedNotification], Meta(min_length=1, max_length=1000)]


class _Place(NamedTuple):
    destination_id: str
    seller_id: str
    subscription_id: str
    subject: str
    number: Annotated[int, Meta(ge=0, le=MOST_NUMBER)]


@get("/notifications/undeliverable", summary="List the notifications that could not be delivered")
async def list_undeliverable(
    who: Who, desk: TheDesk, after: After = None, limit: Limit = 50
) -> UndeliverableNotifications:
    """What was given up, by destination."""
    place = uncursor(after, _Place) or _Place("", "", "", "", 0)
    async with desk.database.transaction() as tx:
        found = await records.undeliverable(tx, (place.destination_id, NotificationKey(*place[1:])), limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = last and _Place(last.destination_id, *last[:4])
    return UndeliverableNotifications(
        [shown(UndeliverableNotification, one) for one in found[:limit]], cursor(following)
    )


@post("/notifications/resend", summary="Send notifications again", status_code=200)
async def resend(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[NotificationsToResend]
) -> Response[Queued]:
    """Send these notifications once more. What is on its way already is not counted."""
    keys = [NotificationKey(one.seller_id, one.subscription_id, one.subject, one.number) for one in data.notifications]

    async def work(tx: Transaction) -> Answer:
        return Answer(200, msgspec.json.encode(Queued(await records.resend(tx, keys, machine_now()))))

    return sent(await desk.alone(work, language, once))


NOTIFICATIONS: list[Any] = [list_undeliverable, resend]
