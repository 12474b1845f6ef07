"""The routes of webhook endpoints, alike for every owner: each seller, and the operator who hears of all sellers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import MOST_ROWS, Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import moment, shown
from tradepost.doors.http.told_once import WithSecret, told_once
from tradepost.ground.answers import Answer
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.ground.settings import Settings
from tradepost.refusals import Reason, Refused
from tradepost.webhooks import records as messages
from tradepost.webhooks.endpoints import endpoints, records
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey
from tradepost.webhooks.message import MessageKey, message_id
from tradepost.webhooks.network import LONGEST_URL

MOST_NUMBER = 2**31 - 1

Owner = Callable[[Caller], str]
"""Under whom a caller's endpoints stand: the seller's id, or `endpoints.OPERATOR`."""

_ENCODER = msgspec.json.Encoder()


class WantedEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to call, what that is for, and which acts to tell; without `acts`, all of them."""

    url: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
    name: Annotated[str, Meta(max_length=endpoints.LONGEST_NAME)] = ""
    acts: Annotated[list[str], Meta(max_length=100)] | None = None


class ShownEndpoint(Struct, frozen=True):
    """An endpoint. `disabled_why` is by_hand, failing (nothing succeeded for days) or gone (it answered 410)."""

    endpoint_id: str
    url: str
    name: str
    acts: list[str] | None
    status: str
    disabled_why: str | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    made_at: datetime
    secret: str | None = None  # told once, when it is new


class Endpoints(Struct, frozen=True):
    """All endpoints of an owner, the oldest first."""

    items: list[ShownEndpoint]


class ShownMessage(Struct, frozen=True):
    """What an endpoint was or will be told of an event, and how it answered the last time."""

    message_id: str
    seller_id: str
    order_id: str
    number: int
    act: str
    happened_at: datetime
    status: str
    attempts: int
    queued_at: datetime
    try_at: datetime
    tried_at: datetime | None
    answer_code: int | None
    answer: str | None
    last_error: str | None


class MessageLog(Struct, frozen=True):
    """A page of an endpoint's messages, the newest first."""

    items: list[ShownMessage]
    next: str | None


class NamedMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message, by its event; whose order it is needs saying only where an endpoint hears of all sellers."""

    order_id: str
    number: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
    seller_id: str | None = None


class Resend(Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages to send once more; without any, all that were given up."""

    messages: Annotated[list[NamedMessage], Meta(min_length=1, max_length=1000)] | None = None


class Queued(Struct, frozen=True):
    """How many messages will be sent once more."""

    queued: int


class _Place(NamedTuple):
    queued_at: datetime
    seller_id: str
    order_id: str
    number: Annotated[int, Meta(ge=0, le=MOST_NUMBER)]


def webhook_routes(owner: Owner) -> list[Any]:
    """The handlers, for a router whose callers own endpoints: /webhooks and what is below it."""

    def key(who: Caller, endpoint_id: str) -> EndpointKey:
        return EndpointKey(owner(who), endpoint_id)

    @post("/webhooks", summary="Open a webhook endpoint")
    async def open_endpoint(
        who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[WantedEndpoint]
    ) -> Response[ShownEndpoint]:
        """Be called for what happens from now on. The secret that signs the messages is told here and never again."""

        async def work(tx: Transaction) -> WithSecret:
            return _new_secret(201, await endpoints.open_endpoint(tx, owner(who), _wanted(data), private=_private()))

        return sent(await told_once(desk, work, language, once))

    @get("/webhooks", summary="Webhook endpoints")
    async def list_endpoints(who: Who, desk: TheDesk) -> Endpoints:
        """All endpoints, the oldest first."""
        async with desk.database.transaction() as tx:
            return Endpoints([_shown(endpoint) for endpoint in await records.of(tx, owner(who))])

    @get("/webhooks/{endpoint_id:str}", summary="One webhook endpoint")
    async def read_endpoint(who: Who, desk: TheDesk, endpoint_id: FromPath[str]) -> ShownEndpoint:
        """Where it is, and how it has been answering."""
        async with desk.database.transaction() as tx:
            return _shown(await _found(tx, key(who, endpoint_id)))

    @put("/webhooks/{endpoint_id:str}", summary="Change a webhook endpoint")
    async def change_endpoint(
        who: Who,
        desk: TheDesk,
        language: Language,
        once: MaybeOnce,
        endpoint_id: FromPath[str],
        data: JSONBody[WantedEndpoint],
    ) -> Response[ShownEndpoint]:
        """Say anew what it is. What waits to be sent goes to the new address."""

        async def work(tx: Transaction) -> Answer:
            wanted, named = _wanted(data), key(who, endpoint_id)
            return _answer(await endpoints.change_endpoint(tx, named, wanted, private=_private()))

        return sent(await desk.alone(work, language, once))

    @post("/webhooks/{endpoint_id:str}/secret", status_code=200, summary="Give a webhook endpoint a new secret")
    async def rotate_secret(
        who: Who, desk: TheDesk, language: Language, once: MaybeOnce, endpoint_id: FromPath[str]
    ) -> Response[ShownEndpoint]:
        """The new secret is told here and never again. For a day messages are signed with the old one too."""

        async def work(tx: Transaction) -> WithSecret:
            return _new_secret(200, await endpoints.rotate_secret(tx, key(who, endpoint_id)))

        return sent(await told_once(desk, work, language, once))

    @post("/webhooks/{endpoint_id:str}/enable", status_code=200, summary="Call a webhook endpoint again")
    async def enable_endpoint(
        who: Who, desk: TheDesk, language: Language, once: MaybeOnce, endpoint_id: FromPath[str]
    ) -> Response[ShownEndpoint]:
        """What happened while it was disabled is sent at once."""
        return sent(await desk.alone(_do(endpoints.enable_endpoint, key(who, endpoint_id)), language, once))

    @post("/webhooks/{endpoint_id:str}/disable", status_code=200, summary="Stop calling a webhook endpoint")
    async def disable_endpoint(
        who: Who, desk: TheDesk, language: Language, once: MaybeOnce, endpoint_id: FromPath[str]
    ) -> Response[ShownEndpoint]:
        """What happens is kept for it, for thirty days."""
        return sent(await desk.alone(_do(endpoints.disable_endpoint, key(who, endpoint_id)), language, once))

    @delete("/webhooks/{endpoint_id:str}", summary="Close a webhook endpoint")
    async def close_endpoint(
        who: Who, desk: TheDesk, language: Language, once: MaybeOnce, endpoint_id: FromPath[str]
    ) -> Response[None]:
        """Close it for good; what waits for it is not sent."""

        async def work(tx: Transaction) -> Answer:
            await endpoints.close_endpoint(tx, key(who, endpoint_id))
            return Answer(204)

        return sent(await desk.alone(work, language, once))

    @get("/webhooks/{endpoint_id:str}/messages", summary="What a webhook endpoint was told")
    async def read_log(
        who: Who,
        desk: TheDesk,
        endpoint_id: FromPath[str],
        after: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_ROWS)] = 50,
    ) -> MessageLog:
        """Its messages, the newest first, with the last answer to each. They are kept for thirty days."""
        place = _behind(after)
        async with desk.database.transaction() as tx:
            await _found(tx, key(who, endpoint_id))
            found = await messages.log(tx, endpoint_id, place, limit + 1)
        return _page(found, limit)

    @post("/webhooks/{endpoint_id:str}/messages/resend", status_code=200, summary="Send messages once more")
    async def resend(
        who: Who,
        desk: TheDesk,
        language: Language,
        once: MaybeOnce,
        endpoint_id: FromPath[str],
        data: JSONBody[Resend],
    ) -> Response[Queued]:
        """Send these messages once more, or all that were given up. What is on its way already is not counted."""

        async def work(tx: Transaction) -> Answer:
            await _found(tx, key(who, endpoint_id))
            if data.messages is None:
                count = await messages.resend_undeliverable(tx, endpoint_id, machine_now())
            else:
                named = [MessageKey(one.seller_id or owner(who), one.order_id, one.number) for one in data.messages]
                count = await messages.resend(tx, endpoint_id, named, machine_now())
            return Answer(200, _ENCODER.encode(Queued(count)))

        return sent(await desk.alone(work, language, once))

    return [
        open_endpoint, list_endpoints, read_endpoint, change_endpoint, rotate_secret, enable_endpoint,
        disable_endpoint, close_endpoint, read_log, resend,
    ]  # fmt: skip


def _private() -> bool:
    return Settings.from_environment().webhooks_private


def _wanted(data: WantedEndpoint) -> endpoints.Wanted:
    return endpoints.Wanted(data.url, data.name, data.acts)


async def _found(tx: Transaction, key: EndpointKey) -> Endpoint:
    endpoint = await records.read(tx, key)
    if endpoint is None:
        raise Refused(Reason.ENDPOINT_NOT_FOUND, endpoint=key.endpoint_id)
    return endpoint


def _do(
    act: Callable[[Transaction, EndpointKey], Awaitable[Endpoint]], key: EndpointKey
) -> Callable[[Transaction], Awaitable[Answer]]:
    async def work(tx: Transaction) -> Answer:
        return _answer(await act(tx, key))

    return work


def _shown(endpoint: Endpoint, secret: str | None = None) -> ShownEndpoint:
    return shown(ShownEndpoint, endpoint, secret=secret)


def _answer(endpoint: Endpoint, status: int = 200, secret: str | None = None) -> Answer:
    return Answer(status, _ENCODER.encode(_shown(endpoint, secret)))


def _new_secret(status: int, endpoint: Endpoint) -> WithSecret:
    return WithSecret(_answer(endpoint, status, endpoint.secret), _answer(endpoint, status))


def _behind(after: str | None) -> tuple[datetime, MessageKey] | None:
    place = uncursor(after, _Place)
    return place and (moment("after", place.queued_at), MessageKey(*place[1:]))


def _page(found: list[messages.LoggedMessage], limit: int) -> MessageLog:
    items = [
        shown(ShownMessage, one, message_id=message_id(one.endpoint_id, MessageKey(*one[1:4]))) for one in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return MessageLog(items, cursor(last and _Place(last.queued_at, *last[1:4])))
