"""What every route of the HTTP doors is made with: who calls, and how answers, pages and refusals are sent.

A route names what it needs as its parameters: `who` (the caller, checked against the scopes of its router), `desk`,
`language` and `once`.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec
import structlog
from litestar import Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from tradepost.access.keys import Scope
from tradepost.doors.http import problems, requests
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.limits import WAIT_SECONDS
from tradepost.doors.http.requests import Caller
from tradepost.doors.http.shown import moment
from tradepost.ground.answers import Answer, Once
from tradepost.ground.combine import TooManyWaiting
from tradepost.ground.trouble import database_is_away
from tradepost.refusals import Reason, Refusal, Refused

RETRY_AFTER_SECONDS = 2
_WAITS = {429: WAIT_SECONDS, 503: RETRY_AFTER_SECONDS}
MOST_ROWS = 100  # of a page
MOST_PATH = 200  # characters of an address that are said back
KEY = "key"  # the name of the security scheme in the OpenAPI document

AfterT = TypeVar("AfterT")
AnyRequest = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]
Who = NamedDependency[Caller]
TheDesk = NamedDependency[Desk]
Language = NamedDependency[str]
MaybeOnce = NamedDependency[Once | None]

_CALLER = "tradepost.caller"  # in a request's scope
_log = structlog.get_logger()


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is read as on the short ways, and refused in the same words. The framework's own reading is
    lenient: it takes "1" for a number and a number for a moment."""

    async def json(self) -> Any:
        """The body as the handler's `data`."""
        data = self.route_handler.parsed_data_field
        assert data
        return requests.decoded(requests.decoder(data.annotation), await self.body())


def router(path: str, scopes: Sequence[Scope], handlers: Sequence[ControllerRouterHandler], *, tag: str) -> Router:
    """Routes below `path` for callers with a key of one of these scopes. Nobody else is told what is wrong with what
    they sent."""

    async def admit(connection: Connection, _: BaseRouteHandler) -> None:
        desk: Desk = connection.app.state.desk
        by = await requests.caller(desk, connection.headers.get("authorization", ""), scopes)
        cast("dict[str, Any]", connection.scope)[_CALLER] = by

    security = [{KEY: [str(scope) for scope in scopes]}]
    return Router(
        path,
        route_handlers=handlers,
        guards=[admit],
        request_class=StrictRequest,
        tags=[tag],
        security=security,
    )


async def the_caller(request: AnyRequest) -> Caller:
    """Who was admitted to this route."""
    return cast("dict[str, Any]", request.scope)[_CALLER]  # type: ignore[no-any-return]


async def the_desk(request: AnyRequest) -> Desk:
    """The desk of this server process."""
    desk: Desk = request.app.state.desk
    return desk


async def the_language(request: AnyRequest) -> str:
    """The language that the caller is answered in."""
    return requests.language(request.headers.get("accept-language"))


async def the_once(request: AnyRequest, who: Who) -> Once | None:
    """What this request is to be done once as."""
    key = request.headers.get("idempotency-key")
    return requests.once(who, key, request.method, request.url.path, await request.body() if key else b"")


DEPENDENCIES = {
    "who": Provide(the_caller),
    "desk": Provide(the_desk),
    "language": Provide(the_language),
    "once": Provide(the_once),
}


def sent(answer: Answer) -> Response[Any]:
    """The answer as the framework sends it."""
    return Response(
        content=answer.body,
        status_code=answer.status,
        media_type="application/json" if answer.status < 400 else problems.MEDIA_TYPE.decode(),
        headers=dict(headers_of(answer)),
    )


def headers_of(answer: Answer) -> list[tuple[str, str]]:
    """The headers that a status asks for."""
    if answer.status in _WAITS:
        return [("retry-after", str(_WAITS[answer.status]))]
    return [("www-authenticate", "Bearer")] if answer.status == 401 else []


def cursor(after: tuple[Any, ...] | None) -> str | None:
    """Where the next page begins, as a text that callers hand back unread; None after the last page."""
    return None if after is None else base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def uncursor(text: str | None, kind: type[AfterT]) -> AfterT | None:
    """Where a page begins, from a cursor that a page named; refuses any other text."""
    if not text:
        return None
    try:
        place: Any = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        problem = "it must be the `next` of a page that came before"
        raise Refused(Reason.INVALID_VALUE, field="after", problem=problem) from error
    for part in place:
        if isinstance(part, datetime):
            moment("after", part)
        elif isinstance(part, str):
            requests.text("after", part)
    return place  # type: ignore[no-any-return]


def on_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to a request that something was raised for."""
    response = sent(answer_to(error, requests.language(request.headers.get("accept-language")), request))
    if isinstance(error, MethodNotAllowedException):
        response.headers |= error.headers or {}
    return response


def answer_to(error: Exception, language: str, request: AnyRequest | None = None) -> Answer:
    """What to say when something was raised."""
    return problems.refused(refusal_for(error, request), language)


def refusal_for(error: Exception, request: AnyRequest | None = None) -> Refusal:
    """Why something was raised: a refusal, bad input, a database that is away, or a bug."""
    refusal = _refusal(error, request)
    if refusal is not None:
        return refusal
    _log.error("bug", exc_info=error)
    return Refusal(Reason.BUG, {"request_id": request_id()})


def request_id() -> str:
    """The id of the request that is being answered; the log and the answer carry it."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def _refusal(error: Exception, request: AnyRequest | None) -> Refusal | None:
    if isinstance(error, Refused):
        return error.refusal
    if isinstance(error, HTTPException):
        return _of_framework(error, request)
    if isinstance(error, TooManyWaiting) or database_is_away(error):
        _log.warning("unavailable", cause=f"{type(error).__name__}: {error}")
        return Refusal(Reason.UNAVAILABLE, {"wait": RETRY_AFTER_SECONDS})
    if isinstance(error, RecursionError):
        return Refusal(Reason.NOT_JSON, {"problem": "it is nested too deeply"})
    if isinstance(error, UnicodeDecodeError):
        return Refusal(Reason.NOT_JSON, {"problem": "it is not UTF-8"})
    return None


def _of_framework(error: HTTPException, request: AnyRequest | None) -> Refusal | None:
    """What the framework found before a route was reached."""
    if isinstance(error, NotFoundException):
        return Refusal(Reason.NO_SUCH_ADDRESS, {"path": request.scope["path"][:MOST_PATH] if request else ""})
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        return Refusal(Reason.METHOD_NOT_ALLOWED, {"method": request.method if request else "", "allowed": allowed})
    if error.status_code == 413:
        return Refusal(Reason.TOO_LARGE, {"part": "body", "limit": f"{requests.MOST_BODY} bytes"})
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        found: Any = error.extra[0]
        field, kind = _parameter(str(found.get("key", "body")), request)
        problem = str(found.get("message", error.detail)).rstrip(".")
        problem = requests.problem("it is missing" if problem == "'data'" else problem, kind)
        return Refusal(Reason.INVALID_VALUE, {"field": "body" if field == "data" else field, "problem": problem})
    if request is not None and "route_handler" not in request.scope:  # nothing was looked at yet but the Host
        return Refusal(Reason.INVALID_VALUE, {"field": "Host", "problem": "it is not the name of a host"})
    if isinstance(error, ClientException):
        return Refusal(Reason.NOT_JSON, {"problem": error.detail.rstrip(".")})
    return None


def _parameter(name: str, request: AnyRequest | None) -> tuple[str, Any]:
    """What a request calls this parameter of its handler, and what kind of thing that takes."""
    found = request and request.route_handler.parsed_fn_signature.parameters.get(name)
    if not found:
        return name, Any
    return getattr(found.kwarg_definition, "name", None) or name, found.annotation
