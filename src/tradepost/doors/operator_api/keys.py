"""Keys of everybody: made, rotated, ended. A key is told once, when it is made; no list and no kept answer has it."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from tradepost.access import keys
from tradepost.access.keys import LONGEST_GRACE, MOST_NAME, Made, NewKey, Scope
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import moment, shown
from tradepost.doors.http.told_once import WithSecret, told_once
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.refusals import Refusal, Refused


class WantedKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is wanted: `subject` is the buyer or seller of a key of that scope, and `ends_at` machine time."""

    scope: Scope
    subject: str | None = None
    name: Annotated[str, Meta(max_length=MOST_NAME)] = ""
    ends_at: datetime | None = None


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """For how long the old key goes on beside the new one."""

    grace_seconds: Annotated[int, Meta(ge=0, le=LONGEST_GRACE // timedelta(seconds=1))] = 0


class ShownKey(Struct, frozen=True):
    """What is known of a key, but not the key. Its moments are machine time."""

    key_id: str
    scope: Scope
    subject: str | None
    name: str
    made_at: datetime
    ends_at: datetime | None


class NewlyMadeKey(Struct, frozen=True):
    """A new key. `key` is what is sent as `Authorization: Bearer`, told here and never again: an answer that is
    repeated under its Idempotency-Key has null."""

    key_id: str
    scope: Scope
    subject: str | None
    name: str
    made_at: datetime
    ends_at: datetime | None
    key: str | None


class Keys(Struct, frozen=True):
    """Some keys, by their ids. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[ShownKey]
    next: str | None


@get("/keys", summary="List keys")
async def list_keys(
    who: Who,
    desk: TheDesk,
    of_scope: Annotated[Scope | None, QueryParameter(name="scope")] = None,
    subject: FromQuery[str | None] = None,
    after: After = None,
    limit: Limit = 50,
) -> Keys:
    """The keys of one scope, or of one buyer or seller, or all: those that have ended, too."""
    (place,) = uncursor(after, tuple[str]) or ("",)
    async with desk.database.transaction() as tx:
        found = await keys.page(tx, of_scope, subject, place, limit + 1)
    following = (found[limit - 1].key_id,) if len(found) > limit else None
    return Keys([shown(ShownKey, key) for key in found[:limit]], cursor(following))


@post("/keys", summary="Make a key")
async def make_key(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[WantedKey]
) -> Response[NewlyMadeKey]:
    """Make a key for a buyer, a seller, customer service or another operator. Keep what `key` says."""
    ends_at = data.ends_at and moment("ends_at", data.ends_at)

    async def work(tx: Transaction) -> WithSecret:
        (made,) = await keys.make_keys(tx, [NewKey(data.scope, data.subject, data.name, ends_at)])
        if isinstance(made, Refusal):
            raise Refused(made.reason, **made.facts)
        return _new(made)

    return sent(await told_once(desk, work, language, once))


@get("/keys/{key_id:str}", summary="Look at a key")
async def look_at_key(who: Who, desk: TheDesk, key_id: FromPath[str]) -> ShownKey:
    """What is known of a key."""
    async with desk.database.transaction() as tx:
        return shown(ShownKey, await keys.find(tx, key_id))


@post("/keys/{key_id:str}/rotate", summary="Put a new key in the place of another")
async def rotate_key(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, key_id: FromPath[str], data: JSONBody[Rotation]
) -> Response[NewlyMadeKey]:
    """Make a key for the same purpose. The old one ends after `grace_seconds`, so that it can be replaced where it is
    used. Keep what `key` says."""

    async def work(tx: Transaction) -> WithSecret:
        return _new(await keys.rotate(tx, key_id, timedelta(seconds=data.grace_seconds)))

    return sent(await told_once(desk, work, language, once))


@delete("/keys/{key_id:str}", summary="End a key")
async def end_key(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, key_id: FromPath[str]
) -> Response[None]:
    """Let a key open nothing any more. Every server process knows of it within some seconds."""

    async def work(tx: Transaction) -> Answer:
        await keys.end(tx, key_id)
        return Answer(204)

    return sent(await desk.alone(work, language, once))


def _new(made: Made) -> WithSecret:
    told, kept = (shown(NewlyMadeKey, made.key, key=text) for text in (made.text, None))
    return WithSecret(Answer(201, msgspec.json.encode(told)), Answer(201, msgspec.json.encode(kept)))


KEYS: list[Any] = [list_keys, make_key, look_at_key, rotate_key, end_key]
