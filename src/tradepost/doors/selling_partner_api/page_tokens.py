"""The texts by which a client asks for the next page: where it begins, bound to the call that it goes on with.

A token carries no secret and no leave: whose orders are read is the access token's to say. Its seal only tells a page
of this very call from one of another call, another seller or an accident; every value in it is read as a stranger's.
"""

import base64
import binascii
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from tradepost.doors.http.shown import moment
from tradepost.doors.selling_partner_api.asked import invalid
from tradepost.ground.database import storable

LASTS = timedelta(hours=24)
_SEAL = 12  # bytes

PageT = TypeVar("PageT")


def seal(page: object, bound: object, now: datetime) -> str:
    """The token of this page (anything that msgspec writes as JSON), made at the machine's `now`.

    `bound` is what has to be the same when it is shown: operation, seller, and the parameters that must be repeated.
    """
    body = msgspec.json.encode((now, page))
    return base64.urlsafe_b64encode(_digest(body, bound) + body).decode().rstrip("=")


def unseal(name: str, token: str, kind: type[PageT], bound: object, now: datetime) -> PageT:
    """The page that the token in the parameter `name` is for; refuses all but what `seal` made in the last 24 hours."""
    annotation: Any = tuple[datetime, kind]  # type: ignore[valid-type]
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        body = sealed[_SEAL:]
        if sealed[:_SEAL] != _digest(body, bound):
            raise invalid(name, "it is not for this call: show it as it was given, and repeat all other parameters")
        made_at, page = msgspec.json.decode(body, type=annotation)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise invalid(name, "it must be the token that came with the page before") from error
    _check(name, msgspec.to_builtins((made_at, page), builtin_types=(datetime,)))
    if now - made_at > LASTS:
        raise invalid(name, f"it has ended, {LASTS // timedelta(hours=1)} hours after it was given: begin anew")
    return page  # type: ignore[no-any-return]


def _digest(body: bytes, bound: object) -> bytes:
    return sha256(msgspec.json.encode(bound) + b"\0" + body).digest()[:_SEAL]


def _check(name: str, value: Any) -> None:
    """Refuse what no database holds: a moment without a zone, a text with NUL."""
    match value:
        case datetime():
            moment(name, value)
        case dict():
            _check(name, [*value, *value.values()])
        case list() | tuple():
            for part in value:
                _check(name, part)
        case str() if not storable(value):
            raise invalid(name, "it must be the token that came with the page before")
