"""Login with Amazon, as clients of the Selling Partner API know it: access tokens for a refresh token.

`POST /auth/o2/token` takes a form or JSON, whatever its content type says: clients differ. Its refusals are those of
OAuth 2 (RFC 6749, section 5.2).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, Router, post
from litestar.exceptions import MethodNotAllowedException
from msgspec import UNSET, Struct, UnsetType

from tradepost.access import tokens
from tradepost.doors.http import requests
from tradepost.doors.http.problems import status_of
from tradepost.doors.http.routes import RETRY_AFTER_SECONDS, AnyRequest, TheDesk, refusal_for
from tradepost.doors.selling_partner_api.terms import terms_of
from tradepost.doors.selling_partner_api.usage_plans import GENEROUS
from tradepost.ground.database import storable
from tradepost.refusals import Reason

NOTIFICATIONS = "sellingpartnerapi::notifications"
SCOPES = (NOTIFICATIONS, "sellingpartnerapi::client_credential:rotation")
MOST_WORD = 2048  # characters of a field


class Granted(Struct, frozen=True):
    """A new access token; `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105
    refresh_token: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET


class NotGranted(Exception):
    """Why there is no token, in OAuth's words."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


_SAID = {
    Reason.APPLICATION_UNKNOWN: "invalid_client",
    Reason.GRANT_NOT_VALID: "invalid_grant",
    Reason.QUOTA_EXCEEDED: "temporarily_unavailable",
    Reason.UNAVAILABLE: "temporarily_unavailable",
    Reason.BUG: "server_error",
}


@post("/auth/o2/token", status_code=200)
async def token(request: AnyRequest, desk: TheDesk) -> Response[bytes]:
    """Grant an access token."""
    asked = _asked(await request.body())
    client_id, secret = _needed(asked, "client_id"), _needed(asked, "client_secret")
    plan = GENEROUS if terms_of(request).generous_plans else tokens.LOGINS
    match _needed(asked, "grant_type"):
        case "refresh_token":
            shown = _needed(asked, "refresh_token")
            made = await desk.database.run(lambda tx: tokens.refresh(tx, client_id, secret, shown, plan))
            return _sent(Granted(made, _SECONDS, refresh_token=shown))
        case "client_credentials":
            scope = _needed(asked, "scope")
            if scope not in SCOPES:
                raise NotGranted("invalid_scope", f"The scope is one of {', '.join(SCOPES)}.")
            made = await desk.database.run(lambda tx: tokens.of_itself(tx, client_id, secret, scope, plan))
            return _sent(Granted(made, _SECONDS, scope=scope))
        case other:
            problem = f"The grant_type is refresh_token or client_credentials, not {other[:32]!r}."
            raise NotGranted("unsupported_grant_type", problem)


_SECONDS = int(tokens.LASTS.total_seconds())


def _asked(body: bytes) -> Mapping[str, object]:
    """The fields of a request; some clients send null for those that they do not need."""
    try:
        if body.lstrip()[:1] in (b"{", b"["):  # no form begins like this
            return msgspec.json.decode(body, type=dict[str, Any])
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        problem = "The body must be a form or a JSON object in UTF-8."
        raise NotGranted("invalid_request", problem) from error


def _needed(asked: Mapping[str, object], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value or len(value) > MOST_WORD or not storable(value):
        raise NotGranted("invalid_request", f"The request is missing the parameter {name}, or it is malformed.")
    return value


def on_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The answer to a request for which something was raised."""
    if isinstance(error, NotGranted):
        return _sent(error.body, error.status)
    refusal = refusal_for(error, request)
    said = _SAID.get(refusal.reason, "invalid_request")
    sentence = refusal.sentence(requests.language(request.headers.get("accept-language")))
    response = _sent({"error": said, "error_description": sentence}, status_of(refusal.reason))
    if isinstance(error, MethodNotAllowedException):
        response.headers |= error.headers or {}
    return response


def _sent(document: object, status: int = 200) -> Response[bytes]:
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    if status in (429, 503):
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    return Response(msgspec.json.encode(document), status_code=status, headers=headers, media_type="application/json")


LOGIN: list[Any] = [
    Router("/", route_handlers=[token], exception_handlers={Exception: on_error}, include_in_schema=False)
]
