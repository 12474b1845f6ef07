"""A request as the doors see it: who sends it, in which language, with which Idempotency-Key, and its body."""

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import msgspec

from tradepost.access.keys import Key, Scope
from tradepost.doors.http.choices import choices
from tradepost.doors.http.desk import Desk
from tradepost.ground.answers import Once
from tradepost.ground.database import storable
from tradepost.refusals import NOT_TEXT, Reason, Refused

MOST_BODY = 1 << 20  # bytes

StructT = TypeVar("StructT")

_BEARER = re.compile(r"Bearer +([!-~]{1,200})", re.IGNORECASE | re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[ -~]{1,200}", re.ASCII)
_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<field>[^`]*)`)?$", re.DOTALL)


class Caller(NamedTuple):
    """Who sends a request."""

    key: Key

    @property
    def name(self) -> str:
        """Whose answers are kept together: those of one buyer, one seller, or all who run the marketplace."""
        return f"{self.key.scope}:{self.key.subject}" if self.key.subject else self.key.scope

    @property
    def subject(self) -> str:
        """The buyer or seller of the key."""
        assert self.key.subject is not None
        return self.key.subject


async def caller(desk: Desk, authorization: str, needed: Iterable[Scope]) -> Caller:
    """Who comes with this Authorization header; refuses who has no key, the wrong scope, or sends too much."""
    bearer = _BEARER.fullmatch(authorization)
    key = await desk.ring.key(bearer[1]) if bearer else None
    if key is None:
        raise Refused(Reason.KEY_NEEDED)
    desk.limits.count(key)
    if key.scope not in needed:
        raise Refused(Reason.SCOPE_NOT_ENOUGH, needed=" or ".join(needed), scope=key.scope)
    return Caller(key)


def once(who: Caller, idempotency_key: str | None, method: str, path: str, body: bytes) -> Once | None:
    """What this request is to be done once as; None when the caller does not ask for it."""
    if idempotency_key is None:
        return None
    if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        problem = "it must have 1 to 200 printable ASCII characters"
        raise Refused(Reason.INVALID_VALUE, field="Idempotency-Key", problem=problem)
    return Once(who.name, idempotency_key, sha256(b"\0".join((method.encode(), path.encode(), body))).digest())


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """What reads a body as this kind of thing."""
    return msgspec.json.Decoder(kind)


def decoded(decoder: msgspec.json.Decoder[StructT], body: bytes) -> StructT:
    """The body as what the door expects, or a refusal that names the field."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(Reason.INVALID_VALUE, **told(error, decoder.type)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not body.strip():
            raise Refused(Reason.INVALID_VALUE, field="body", problem="it is missing") from error
        raise Refused(Reason.NOT_JSON, problem=str(error).rstrip(".")) from error
    except RecursionError as error:
        raise Refused(Reason.NOT_JSON, problem="it is nested too deeply") from error


def told(error: msgspec.ValidationError, kind: Any) -> dict[str, str]:
    """What is wrong with a body of this kind, and where: `$.lines[0].quantity` is told as `lines[0].quantity`."""
    place = _PLACE.match(str(error))
    assert place
    field = (place["field"] or "").removeprefix("$").removeprefix(".")
    return {"field": field or "body", "problem": problem(place["problem"], kind, field)}


def problem(found: str, kind: Any, field: str = "") -> str:
    """What the framework found at a field of this kind of thing, as it is told: with the words to choose from."""
    words = choices(kind, field) if found.lower().startswith("invalid enum value") else ()
    return f"it must be one of {', '.join(words)}" if words else found[:1].lower() + found[1:]


def language(accept_language: str | None) -> str:
    """The language to answer in: Chinese when it is asked for first, or else English."""
    return "zh" if accept_language and accept_language.lstrip().lower().startswith("zh") else "en"


def text(name: str, value: str) -> str:
    """A text that a database can hold, or a refusal."""
    if not storable(value):
        raise Refused(Reason.INVALID_VALUE, field=name, problem=NOT_TEXT)
    return value
