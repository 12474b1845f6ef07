"""Webhooks of all kinds, over all owners: who is called, and what could not be delivered."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http import requests
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.http.webhooks import MOST_NUMBER, Queued
from tradepost.ground.answers import Answer
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.webhooks import records as messages
from tradepost.webhooks.endpoints import records as endpoints
from tradepost.webhooks.endpoints.records import EndpointKey
from tradepost.webhooks.message import MessageKey


class SomebodysEndpoint(Struct, frozen=True):
    """An endpoint, and whose it is: an empty seller stands for the operator."""

    seller_id: str
    endpoint_id: str
    url: str
    name: str
    acts: list[str] | None
    status: str
    disabled_why: str | None
    failing_since: datetime | None
    made_at: datetime


class EverybodysEndpoints(Struct, frozen=True):
    """Some endpoints. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[SomebodysEndpoint]
    next: str | None


class UndeliverableMessage(Struct, frozen=True):
    """What an endpoint was not told, although it was tried for long, and how it answered the last time."""

    endpoint_id: str
    seller_id: str
    order_id: str
    number: int
    act: str
    happened_at: datetime
    attempts: int
    queued_at: datetime
    tried_at: datetime | None
    answer_code: int | None
    answer: str | None
    last_error: str | None


class UndeliverableMessages(Struct, frozen=True):
    """Some messages. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[UndeliverableMessage]
    next: str | None


class MessageOfEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """A message, as the list names it."""

    endpoint_id: str
    seller_id: str
    order_id: str
    number: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]


class MessagesToResend(Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages to send again."""

    messages: Annotated[list[MessageOfEndpoint], Meta(min_length=1, max_length=1000)]


class _Place(NamedTuple):
    endpoint_id: str
    seller_id: str
    order_id: str
    number: Annotated[int, Meta(ge=0, le=MOST_NUMBER)]


@get("/all-webhooks", summary="List everybody's webhook endpoints")
async def list_endpoints(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> EverybodysEndpoints:
    """The endpoints of the operator, and then those of the sellers."""
    place = uncursor(after, EndpointKey) or EndpointKey("", "")
    async with desk.database.transaction() as tx:
        found = await endpoints.every(tx, place, limit + 1)
    following = found[limit - 1].key if len(found) > limit else None
    return EverybodysEndpoints([shown(SomebodysEndpoint, one) for one in found[:limit]], cursor(following))


@get("/all-webhooks/undeliverable", summary="List the webhook messages that could not be delivered")
async def list_undeliverable(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> UndeliverableMessages:
    """What was given up, by endpoint."""
    place = uncursor(after, _Place) or _Place("", "", "", 0)
    async with desk.database.transaction() as tx:
        found = await messages.undeliverable(tx, (place.endpoint_id, MessageKey(*place[1:])), limit + 1)
    following = _Place(*found[limit - 1][:4]) if len(found) > limit else None
    return UndeliverableMessages([shown(UndeliverableMessage, one) for one in found[:limit]], cursor(following))


@post("/all-webhooks/resend", summary="Send anybody's webhook messages again", status_code=200)
async def resend(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[MessagesToResend]
) -> Response[Queued]:
    """Send these messages once more. What is on its way already is not counted."""
    of_endpoint: dict[str, list[MessageKey]] = {}
    for one in data.messages:
        endpoint_id = requests.text("endpoint_id", one.endpoint_id)
        of_endpoint.setdefault(endpoint_id, []).append(MessageKey(one.seller_id, one.order_id, one.number))

    async def work(tx: Transaction) -> Answer:
        now = machine_now()
        counts = [
            await messages.resend(tx, endpoint_id, keys, now) for endpoint_id, keys in sorted(of_endpoint.items())
        ]
        return Answer(200, msgspec.json.encode(Queued(sum(counts))))

    return sent(await desk.alone(work, language, once))


ALL_WEBHOOKS: list[Any] = [list_endpoints, list_undeliverable, resend]
