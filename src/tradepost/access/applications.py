"""Applications of the seller API: programs that act for the sellers who authorized them.

An application is known by its client id and a secret, a seller's authorization by a refresh token. Each is shown once,
when it is made; the database has its SHA-256 alone. All of it lives by the machine's clock, since clients remember
tokens by theirs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex, token_urlsafe
from typing import NamedTuple

from tradepost.access import records
from tradepost.access.keys import MOST_NAME, check_grace, digest
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.people import records as people
from tradepost.refusals import NOT_TEXT, Reason, Refused

OLD_SECRET_LASTS = timedelta(days=7)


class Application(NamedTuple):
    """What is known of an application, but not its secret."""

    client_id: str
    name: str
    made_at: datetime
    old_secret_until: datetime | None  # until then the secret before the last one opens too


class Registered(NamedTuple):
    """A new application, or one with a new secret; the secret is told now or never."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Registered({self.client_id!r}, ...)"


class Authorization(NamedTuple):
    """That a seller lets an application act for them."""

    client_id: str
    name: str  # of the application
    seller_id: str
    made_at: datetime


async def register(tx: Transaction, name: str) -> Registered:
    """A new application, which acts for nobody yet."""
    if not name.strip() or len(name) > MOST_NAME or not storable(name):
        problem = f"it must have 1 to {MOST_NAME} characters" if storable(name) else NOT_TEXT
        raise Refused(Reason.INVALID_VALUE, field="name", problem=problem)
    made = Registered(f"amzn1.application-oa2-client.{token_hex(16)}", _secret())
    await records.put_application(tx, made.client_id, name, digest(made.client_secret), machine_now())
    return made


async def rotate_secret(tx: Transaction, client_id: str, grace: timedelta = OLD_SECRET_LASTS) -> Registered:
    """A new secret for an application; the one before opens for `grace` more.

    Refuses while the secret before that one still opens: a program may run on it, and would be locked out at once.
    After a leak that is what is wanted: without a grace, no secret that was told before opens any more.
    """
    known, now = await _lock(tx, client_id), machine_now()
    check_grace(grace)
    if grace and known.old_secret_until and known.old_secret_until > now:
        until = known.old_secret_until.astimezone(UTC)
        raise Refused(Reason.OLD_SECRET_STILL_OPENS, until=f"{until:%Y-%m-%d %H:%M:%S} UTC")
    made = Registered(client_id, _secret())
    await records.replace_secret(tx, client_id, digest(made.client_secret), now + grace)
    return made


async def authorize(tx: Transaction, client_id: str, seller_id: str) -> str:
    """The refresh token with which an application acts for a seller from now on.

    An earlier one ends, and with it the tokens that came from it.
    """
    if seller_id not in await people.sellers(tx, [seller_id] if storable(seller_id) else []):
        raise Refused(Reason.SELLER_NOT_FOUND, seller=seller_id)
    await _lock(tx, client_id)
    token = f"Atzr|{token_urlsafe(48)}"
    await records.put_authorization(tx, seller_id, client_id, digest(token), machine_now())
    return token


async def end_authorization(tx: Transaction, client_id: str, seller_id: str) -> None:
    """Let an application act for a seller no more; tokens that it holds end with it.

    Processes that know one of them notice within access/ring.py's CACHE_SECONDS.
    """
    known = storable((client_id, seller_id))
    if not known or not await records.end_authorization(tx, seller_id, client_id, machine_now()):
        raise Refused(Reason.APPLICATION_NOT_FOUND)


async def applications(tx: Transaction, after: str = "", size: int = 100) -> Sequence[Application]:
    """Applications in the order of their client ids, from behind `after` on."""
    return [Application(*row) for row in await records.applications(tx, after, size)] if storable(after) else []


async def authorizations(tx: Transaction, seller_id: str) -> Sequence[Authorization]:
    """Which applications act for a seller."""
    return [Authorization(*row) for row in await records.authorizations(tx, seller_id)] if storable(seller_id) else []


async def _lock(tx: Transaction, client_id: str) -> Application:
    row = await records.lock_application(tx, client_id) if storable(client_id) else None
    if row is None:
        raise Refused(Reason.APPLICATION_NOT_FOUND)
    return Application(*row)


def _secret() -> str:
    return f"amzn1.oa2-cs.v1.{token_hex(32)}"
