"""Keys: who may come through the HTTP doors, and as whom.

A key is shown once, when it is made; the database has its SHA-256 alone. Keys live by the machine's clock.
"""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import NamedTuple

from tradepost.access import records
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.people import records as people
from tradepost.refusals import NOT_TEXT, Reason, Refusal, Refused

MOST_NAME = 100  # characters
LONGEST_GRACE = timedelta(days=30)


class Scope(StrEnum):
    """What a key opens: a buyer's and a seller's key only what is theirs."""

    BUYER = "buyer"
    SELLER = "seller"
    OPERATOR = "operator"
    CUSTOMER_SERVICE = "customer_service"

    @property
    def of_somebody(self) -> bool:
        """Whether keys of this scope belong to one buyer or seller."""
        return self in (Scope.BUYER, Scope.SELLER)


class Key(NamedTuple):
    """What is known of a key, but not the key."""

    key_id: str
    scope: Scope
    subject: str | None  # the buyer or the seller
    name: str
    made_at: datetime
    ends_at: datetime | None
    replaced_by: str | None = None  # the id of the key that was put in its place


class NewKey(NamedTuple):
    """A key that is wanted."""

    scope: Scope
    subject: str | None = None
    name: str = ""
    ends_at: datetime | None = None


class Made(NamedTuple):
    """A new key with its text, which is told now or never."""

    key: Key
    text: str

    def __repr__(self) -> str:
        return f"Made({self.key!r}, ...)"


async def make_keys(tx: Transaction, wanted: Sequence[NewKey]) -> list[Made | Refusal]:
    """Make keys; the outcomes stand in the order of what was wanted."""
    sellers = await people.sellers(tx, {new.subject for new in wanted if new.scope is Scope.SELLER and new.subject})
    buyers = await people.buyers(tx, {new.subject for new in wanted if new.scope is Scope.BUYER and new.subject})
    outcomes = [_problem(new, sellers.keys(), buyers) or _made(new) for new in wanted]
    made = [outcome for outcome in outcomes if isinstance(outcome, Made)]
    if made:
        await records.put(tx, [_row(one) for one in made])
    return outcomes


async def rotate(tx: Transaction, key_id: str, grace: timedelta) -> Made:
    """A new key in the place of another, which goes on for `grace`, so that it can be replaced where it is used.

    Refuses a key that has ended, or was replaced already: whoever asks twice does not end up with a third one.
    """
    old = _found(await records.lock(tx, key_id) if storable(key_id) else None, key_id)
    if old.replaced_by or (old.ends_at and old.ends_at <= machine_now()):
        raise Refused(Reason.KEY_HAS_ENDED, key=key_id)
    check_grace(grace)
    made = _made(NewKey(old.scope, old.subject, old.name, old.ends_at))
    await records.put(tx, [_row(made)])
    await records.end(tx, key_id, made.key.made_at + grace, made.key.key_id)
    return made


async def end(tx: Transaction, key_id: str) -> None:
    """Let a key open nothing any more. Processes that know it notice within access/ring.py's CACHE_SECONDS."""
    await find(tx, key_id)
    await records.end(tx, key_id, machine_now())


async def find(tx: Transaction, key_id: str) -> Key:
    """What is known of a key; refuses one that there is not."""
    return _found(await records.one(tx, key_id) if storable(key_id) else None, key_id)


async def page(tx: Transaction, scope: str | None, subject: str | None, after: str, size: int) -> list[Key]:
    """What is known of so many keys, in the order of their ids, from behind `after` on."""
    if not storable((subject, after)):
        return []
    return [key_of(row) for row in await records.page(tx, scope, subject, after, size)]


async def of_texts(tx: Transaction, texts: Sequence[str]) -> list[Key | None]:
    """Which key each of these texts is; None when it is none, or has ended."""
    digests = [digest(text) for text in texts]
    found = await records.of_digests(tx, set(digests), machine_now())
    return [key_of(found[one]) if one in found else None for one in digests]


def key_of(row: Sequence[object]) -> Key:
    """A key from the columns that the records select."""
    return Key(str(row[0]), Scope(str(row[1])), *row[2:])  # type: ignore[arg-type]


def check_grace(grace: timedelta) -> None:
    """Refuse what nothing old may go on for, beside what was put in its place."""
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        problem = f"it must be from 0 to {LONGEST_GRACE // timedelta(seconds=1)} seconds"
        raise Refused(Reason.INVALID_VALUE, field="grace_seconds", problem=problem)


def digest(text: str) -> bytes:
    """What a key is known by. Keys are random and long: nobody finds one from its SHA-256."""
    return sha256(text.encode()).digest()


def _found(row: Sequence[object] | None, key_id: str) -> Key:
    if row is None:
        raise Refused(Reason.KEY_NOT_FOUND, key=key_id)
    return key_of(row)


def _row(made: Made) -> tuple[object, ...]:
    return (digest(made.text), *made.key[:6])


def _problem(new: NewKey, sellers: Container[str | None], buyers: Container[str | None]) -> Refusal | None:
    if not storable((new.name, new.subject)) or len(new.name) > MOST_NAME:
        problem = NOT_TEXT if len(new.name) <= MOST_NAME else f"it may have {MOST_NAME} characters at most"
        return Refusal(Reason.INVALID_VALUE, {"field": "name", "problem": problem})
    if new.scope.of_somebody != (new.subject is not None):
        problem = "it names the buyer or seller of a key of that scope, and nobody for other scopes"
        return Refusal(Reason.INVALID_VALUE, {"field": "subject", "problem": problem})
    if new.ends_at is not None and new.ends_at <= machine_now():
        return Refusal(Reason.INVALID_VALUE, {"field": "ends_at", "problem": "it must lie in the future"})
    if new.scope is Scope.SELLER and new.subject not in sellers:
        return Refusal(Reason.SELLER_NOT_FOUND, {"seller": new.subject})
    if new.scope is Scope.BUYER and new.subject not in buyers:
        return Refusal(Reason.BUYER_NOT_FOUND, {"buyer": new.subject})
    return None


def _made(new: NewKey) -> Made:
    key = Key(f"key_{token_hex(8)}", new.scope, new.subject, new.name, machine_now(), new.ends_at)
    return Made(key, f"tp_{new.scope}_{token_urlsafe(32)}")
