"""How the Selling Partner API answers: JSON in the spelling of its models, with their headers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response

from tradepost.doors.http.routes import request_id
from tradepost.doors.selling_partner_api.usage_plans import listed, plan_of

EXTENSION = "x-tradepost-extension"
"""The header of an answer that Amazon's models do not know; it names what is added to them."""

_ENCODER = msgspec.json.Encoder()


def sent(
    request: Request[Any, Any, Any], document: object | None, status: int = 200, headers: Mapping[str, str] = {}
) -> Response[bytes]:
    """The answer with this document as its body, or without a body."""
    body = b"" if document is None else _ENCODER.encode(_in_whole_seconds(msgspec.to_builtins(document, **_AS_MOMENTS)))
    return sent_as_is(request, body, status, headers)


_AS_MOMENTS: dict[str, Any] = {"builtin_types": (datetime,)}


def _in_whole_seconds(value: Any) -> Any:
    """The same with its moments cut to seconds: sellers' software reads no finer ones. Whoever asks for what came after
    such a moment gets more, and misses nothing."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, dict):
        return {name: _in_whole_seconds(one) for name, one in value.items()}
    return [_in_whole_seconds(one) for one in value] if isinstance(value, list) else value


def sent_as_is(
    request: Request[Any, Any, Any], body: bytes, status: int, headers: Mapping[str, str] = {}
) -> Response[bytes]:
    """The answer with this body."""
    said = {"x-amzn-requestid": request_id(), **headers}
    plan = plan_of(request)
    if plan is not None:
        said["x-amzn-ratelimit-limit"] = f"{plan.rate:g}"
    return Response(body, status_code=listed(request, status), headers=said, media_type="application/json")
