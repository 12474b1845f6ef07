"""Which applications act for a seller: what the seller's own door and the operator's say and do about it alike."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tradepost.access import applications
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.shown import shown
from tradepost.doors.http.told_once import WithSecret, told_once
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction

MOST_CLIENT_ID = 200  # characters


class WantedAuthorization(Struct, frozen=True, forbid_unknown_fields=True):
    """The application that is to act for the seller."""

    client_id: Annotated[str, Meta(max_length=MOST_CLIENT_ID)]


class Authorization(Struct, frozen=True):
    """That an application, known to sellers as `name`, acts for the seller since `made_at`, a machine moment."""

    client_id: str
    name: str
    seller_id: str
    made_at: datetime


class Authorizations(Struct, frozen=True):
    """All applications that act for a seller, by their client ids."""

    items: list[Authorization]


class NewAuthorization(Struct, frozen=True):
    """What an application logs in with to act for the seller. `refresh_token` is told here and never again: an answer
    that is repeated under its Idempotency-Key has null."""

    client_id: str
    seller_id: str
    refresh_token: str | None


async def authorizations(tx: Transaction, seller_id: str) -> Authorizations:
    """The applications that act for a seller."""
    found = await applications.authorizations(tx, seller_id)
    return Authorizations([shown(Authorization, one) for one in found])


async def authorize(
    desk: Desk, seller_id: str, wanted: WantedAuthorization, language: str, once: Once | None
) -> Answer:
    """Let an application act for a seller; the answer tells the refresh token once."""

    async def work(tx: Transaction) -> WithSecret:
        token = await applications.authorize(tx, wanted.client_id, seller_id)
        now, again = (NewAuthorization(wanted.client_id, seller_id, told) for told in (token, None))
        return WithSecret(Answer(201, msgspec.json.encode(now)), Answer(201, msgspec.json.encode(again)))

    return await told_once(desk, work, language, once)


async def end_authorization(desk: Desk, seller_id: str, client_id: str, language: str, once: Once | None) -> Answer:
    """Let an application act for a seller no more."""

    async def work(tx: Transaction) -> Answer:
        await applications.end_authorization(tx, client_id, seller_id)
        return Answer(204)

    return await desk.alone(work, language, once)
