"""Access tokens of the seller API: what an application shows with every call, for an hour.

A token acts for one seller, or for the application alone. A restricted one is for the calls that it names, and for
the data about buyers that it names with them. What came from a refresh token, by whatever way, ends with it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from tradepost.access import records
from tradepost.access.keys import digest
from tradepost.access.usage import usage
from tradepost.access.usage.usage import Plan
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.refusals import Reason, Refused

LASTS = timedelta(hours=1)
KEPT_FOR = timedelta(days=1)  # after its end, so that who shows it can be told that it has ended
FORGOTTEN_AT_ONCE = 1000
LOGINS = Plan(1, 30)  # of an application, for all of its sellers


class Resource(Struct, frozen=True, rename="camel"):
    """A call that a restricted token is for; the path is one order's, or that of all with {orderId} in it."""

    method: str
    path: str
    data_elements: list[str] = []


class Grant(NamedTuple):
    """What an access token allows. Without a seller it is the application's own, for one `scope`."""

    client_id: str
    seller_id: str | None
    refresh_token: bytes | None  # the digest of the one that it came from
    scope: str | None
    resources: tuple[Resource, ...] | None  # of a restricted token
    ends_at: datetime

    @property
    def has_ended(self) -> bool:
        """Whether it was good once, and is no more."""
        return self.ends_at <= machine_now()


async def refresh(tx: Transaction, client_id: str, client_secret: str, refresh_token: str, plan: Plan = LOGINS) -> str:
    """A new access token for the seller who gave the application this refresh token."""
    await _admit(tx, client_id, client_secret, plan)
    came_from = digest(refresh_token)
    if not await records.authorized_by(tx, client_id, came_from):
        raise Refused(Reason.GRANT_NOT_VALID)
    return await _make(tx, client_id, came_from)


async def of_itself(tx: Transaction, client_id: str, client_secret: str, scope: str, plan: Plan = LOGINS) -> str:
    """A new access token of the application's own, for what needs no seller's leave."""
    await _admit(tx, client_id, client_secret, plan)
    return await _make(tx, client_id, None, scope=scope)


async def restrict(tx: Transaction, grant: Grant, resources: Sequence[Resource]) -> str:
    """A new token of the same application and seller, for these calls."""
    return await _make(tx, grant.client_id, grant.refresh_token, resources=resources)


async def of_texts(tx: Transaction, texts: Sequence[str]) -> list[Grant | None]:
    """What each of these tokens allows, those that have just ended included; None for one that there is not."""
    digests = [digest(text) for text in texts]
    found = await records.tokens(tx, set(digests))
    return [_grant(found[one]) if one in found else None for one in digests]


async def forget(tx: Transaction) -> int:
    """Forget tokens that ended long ago, some at a time; how many."""
    return await records.forget_tokens(tx, machine_now() - KEPT_FOR, FORGOTTEN_AT_ONCE)


async def _admit(tx: Transaction, client_id: str, client_secret: str, plan: Plan) -> None:
    if not await records.opens(tx, client_id, digest(client_secret), machine_now()):
        raise Refused(Reason.APPLICATION_UNKNOWN)
    # Behind the secret: strangers make no buckets, and use up nobody's.
    await usage.count(tx, client_id, "", "token", plan)


async def _make(
    tx: Transaction,
    client_id: str,
    refresh_token: bytes | None,
    *,
    scope: str | None = None,
    resources: Sequence[Resource] | None = None,
) -> str:
    token = f"{'Atza' if resources is None else 'Atz.sprdt'}|{token_urlsafe(48)}"
    document = None if resources is None else msgspec.to_builtins(resources)
    await records.put_token(tx, digest(token), client_id, refresh_token, scope, document, machine_now() + LASTS)
    return token


def _grant(row: Sequence[Any]) -> Grant:
    client_id, seller_id, came_from, scope, resources, ends_at = row
    restricted = None if resources is None else msgspec.convert(resources, tuple[Resource, ...])
    return Grant(client_id, seller_id, came_from, scope, restricted, ends_at)
