"""Applications of the seller API, and the sellers that they act for. Secrets and refresh tokens are told once."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tradepost.access import applications
from tradepost.access.applications import OLD_SECRET_LASTS, Registered
from tradepost.access.keys import LONGEST_GRACE, MOST_NAME
from tradepost.doors.http import authorizations
from tradepost.doors.http.authorizations import Authorizations, NewAuthorization, WantedAuthorization
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.http.told_once import WithSecret, told_once
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.people import accounts

_SECOND = timedelta(seconds=1)


class WantedApplication(Struct, frozen=True, forbid_unknown_fields=True):
    """An application that is to be registered; `name` is what sellers know it by."""

    name: Annotated[str, Meta(min_length=1, max_length=MOST_NAME)]


class SecretRotation(Struct, frozen=True, forbid_unknown_fields=True):
    """For how long the old secret opens beside the new one; 0 ends all that were told before."""

    grace_seconds: Annotated[int, Meta(ge=0, le=LONGEST_GRACE // _SECOND)] = OLD_SECRET_LASTS // _SECOND


class Application(Struct, frozen=True):
    """What is known of an application, but not its secret. Its moments are machine time: until `old_secret_until` the
    secret before the last one opens, too."""

    client_id: str
    name: str
    made_at: datetime
    old_secret_until: datetime | None


class Applications(Struct, frozen=True):
    """Some applications, by their client ids. `next` is the `after` of the page that follows; null: these were the
    last."""

    items: list[Application]
    next: str | None


class NewSecret(Struct, frozen=True):
    """What an application logs in with. `client_secret` is told here and never again: an answer that is repeated under
    its Idempotency-Key has null."""

    client_id: str
    client_secret: str | None


@get("/applications", summary="List applications")
async def list_applications(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> Applications:
    """The applications that may act for sellers who authorize them."""
    (place,) = uncursor(after, tuple[str]) or ("",)
    async with desk.database.transaction() as tx:
        found = await applications.applications(tx, place, limit + 1)
    following = (found[limit - 1].client_id,) if len(found) > limit else None
    return Applications([shown(Application, one) for one in found[:limit]], cursor(following))


@post("/applications", summary="Register an application")
async def register_application(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[WantedApplication]
) -> Response[NewSecret]:
    """Register a program that calls the Selling Partner API; it acts for nobody yet. Keep what `client_secret` says."""

    async def work(tx: Transaction) -> WithSecret:
        return _new(await applications.register(tx, data.name), 201)

    return sent(await told_once(desk, work, language, once))


@post("/applications/{client_id:str}/rotate", status_code=200, summary="Give an application a new secret")
async def rotate_secret(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    client_id: FromPath[str],
    data: JSONBody[SecretRotation],
) -> Response[NewSecret]:
    """Put a new secret in the place of the last one, which opens for `grace_seconds` more, 7 days if nothing is said;
    not while the one before still opens. After a leak say 0: then no earlier one opens. Keep what `client_secret`
    says."""

    async def work(tx: Transaction) -> WithSecret:
        return _new(await applications.rotate_secret(tx, client_id, timedelta(seconds=data.grace_seconds)), 200)

    return sent(await told_once(desk, work, language, once))


@get("/sellers/{seller_id:str}/authorizations", summary="List a seller's authorizations")
async def list_authorizations(who: Who, desk: TheDesk, seller_id: FromPath[str]) -> Authorizations:
    """The applications that act for a seller."""
    async with desk.database.transaction() as tx:
        await accounts.seller(tx, seller_id)
        return await authorizations.authorizations(tx, seller_id)


@post("/sellers/{seller_id:str}/authorizations", summary="Authorize an application for a seller")
async def authorize(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    seller_id: FromPath[str],
    data: JSONBody[WantedAuthorization],
) -> Response[NewAuthorization]:
    """Let an application act for a seller. Keep what `refresh_token` says, for the application to log in with. One that
    was told before ends, and the access tokens that came from it."""
    return sent(await authorizations.authorize(desk, seller_id, data, language, once))


@delete("/sellers/{seller_id:str}/authorizations/{client_id:str}", summary="End an authorization")
async def end_authorization(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, seller_id: FromPath[str], client_id: FromPath[str]
) -> Response[None]:
    """Let an application act for a seller no more. Every server process knows of it within some seconds."""
    return sent(await authorizations.end_authorization(desk, seller_id, client_id, language, once))


def _new(made: Registered, status: int) -> WithSecret:
    told, kept = (NewSecret(made.client_id, secret) for secret in (made.client_secret, None))
    return WithSecret(Answer(status, msgspec.json.encode(told)), Answer(status, msgspec.json.encode(kept)))


APPLICATIONS: list[Any] = [
    list_applications, register_application, rotate_secret, list_authorizations, authorize, end_authorization,
]  # fmt: skip
