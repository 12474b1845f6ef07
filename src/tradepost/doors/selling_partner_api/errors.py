"""Every "no" as the Selling Partner API says it: a code, our sentence, and the refusal's name as details."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import MethodNotAllowedException
from msgspec import Struct

from tradepost.doors.http import requests
from tradepost.doors.http.routes import RETRY_AFTER_SECONDS, refusal_for
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.refusals import Reason, Refusal

EXPIRED = "The access token you provided has expired."
"""What clients look for in `details` to know that a new token will do."""


class Error(Struct, frozen=True):
    """One thing that was wrong."""

    code: str
    message: str
    details: str


class ErrorList(Struct, frozen=True):
    """The body of every answer that says no."""

    errors: list[Error]


_UNAUTHORIZED = (403, "Unauthorized")
_NOT_FOUND = (404, "NotFound")
_SAID: dict[Reason, tuple[int, str]] = {
    Reason.TOKEN_NEEDED: _UNAUTHORIZED,
    Reason.TOKEN_HAS_ENDED: _UNAUTHORIZED,
    Reason.TOKEN_NOT_FOR_THIS: _UNAUTHORIZED,
    Reason.NOT_YOUR_ACT: _UNAUTHORIZED,
    Reason.PROFESSIONAL_PLAN_NEEDED: _UNAUTHORIZED,
    Reason.ORDER_NOT_FOUND: _NOT_FOUND,
    Reason.OFFER_NOT_FOUND: _NOT_FOUND,
    Reason.NO_SUCH_ADDRESS: _NOT_FOUND,
    Reason.DOCUMENT_NOT_FOUND: _NOT_FOUND,
    Reason.FEED_NOT_FOUND: _NOT_FOUND,
    Reason.REPORT_NOT_FOUND: _NOT_FOUND,
    Reason.REPORT_SCHEDULE_NOT_FOUND: _NOT_FOUND,
    Reason.DESTINATION_NOT_FOUND: _NOT_FOUND,
    Reason.SUBSCRIPTION_NOT_FOUND: _NOT_FOUND,
    Reason.DESTINATION_EXISTS: (409, "Conflict"),
    Reason.DESTINATION_IN_USE: (409, "StateConflict"),
    Reason.SUBSCRIPTION_EXISTS: (409, "StateConflict"),
    Reason.TEST_NOT_OFFERED: _UNAUTHORIZED,
    Reason.ADDRESS_NOT_SIGNED: _UNAUTHORIZED,
    Reason.ADDRESS_HAS_ENDED: _UNAUTHORIZED,
    Reason.METHOD_NOT_ALLOWED: (405, "MethodNotAllowed"),
    Reason.TOO_LARGE: (413, "RequestTooLarge"),
    Reason.QUOTA_EXCEEDED: (429, "QuotaExceeded"),
    Reason.BUG: (500, "InternalFailure"),
    Reason.UNAVAILABLE: (503, "ServiceUnavailable"),
}
_INVALID = (400, "InvalidInput")  # the state of things is in the way too: only Notifications know a 409


def status_of(reason: Reason) -> int:
    """The HTTP status of a refusal at this door."""
    return _SAID.get(reason, _INVALID)[0]


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to a call that something was raised for."""
    refusal = refusal_for(error, request)
    language = requests.language(request.headers.get("accept-language"))
    headers = {"retry-after": str(RETRY_AFTER_SECONDS)} if refusal.reason is Reason.UNAVAILABLE else {}
    if isinstance(error, MethodNotAllowedException):
        headers |= error.headers or {}
    return sent(request, document(refusal, language), status_of(refusal.reason), headers)


def document(refusal: Refusal, language: str = "en") -> ErrorList:
    """What an answer says of a refusal."""
    details = EXPIRED if refusal.reason is Reason.TOKEN_HAS_ENDED else str(refusal.reason)
    return ErrorList([Error(_SAID.get(refusal.reason, _INVALID)[1], refusal.sentence(language), details)])
