"""The applications that a seller lets act for them through the Selling Partner API."""

from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from tradepost.doors.http import authorizations
from tradepost.doors.http.authorizations import Authorizations, NewAuthorization, WantedAuthorization
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent


@get("/authorizations", summary="List your authorizations")
async def list_authorizations(who: Who, desk: TheDesk) -> Authorizations:
    """The applications that act for you."""
    async with desk.database.transaction() as tx:
        return await authorizations.authorizations(tx, who.subject)


@post("/authorizations", summary="Authorize an application")
async def authorize(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[WantedAuthorization]
) -> Response[NewAuthorization]:
    """Let an application act for you. Whoever runs it needs what `refresh_token` says. One that was told before ends,
    and the access tokens that came from it."""
    return sent(await authorizations.authorize(desk, who.subject, data, language, once))


@delete("/authorizations/{client_id:str}", summary="End an authorization")
async def end_authorization(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, client_id: FromPath[str]
) -> Response[None]:
    """Let an application act for you no more. Every server process knows of it within some seconds."""
    return sent(await authorizations.end_authorization(desk, who.subject, client_id, language, once))


APPLICATIONS: list[Any] = [list_authorizations, authorize, end_authorization]
