"""Opening, changing and closing endpoints. The secret is the owner's to see: it goes into no log and no message."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from secrets import token_hex

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import Act
from tradepost.refusals import Reason, Refused
from tradepost.webhooks import records as messages
from tradepost.webhooks.endpoints import records
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey
from tradepost.webhooks.network import problem_with
from tradepost.webhooks.signature import new_secret

OPERATOR = ""
"""The seller under whom the operator's own endpoints stand, which hear of all sellers."""

MOST_ENDPOINTS = 20  # of one owner: each costs every act a row
LONGEST_NAME = 200
OLD_SECRET_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner says of an endpoint: where it is, what it is for, and which acts it is told of, by default all."""

    url: str
    name: str = ""
    acts: Collection[str] | None = None


async def open_endpoint(tx: Transaction, seller_id: str, wanted: Wanted, *, private: bool) -> Endpoint:
    """Open an endpoint with a new secret; it hears of what happens from now on.

    `private` is the operator's setting by which http and private addresses are allowed. Refuses bad values, and more
    than twenty endpoints of one owner.
    """
    url, name, acts = _checked(wanted, private)
    if len(await records.of(tx, seller_id)) >= MOST_ENDPOINTS:
        raise Refused(Reason.TOO_MANY_ENDPOINTS, limit=MOST_ENDPOINTS)
    endpoint = Endpoint(
        seller_id=seller_id,
        endpoint_id=token_hex(8),
        url=url,
        name=name,
        acts=acts,
        secret=new_secret(),
        old_secret=None,
        old_secret_until=None,
        status="enabled",
        disabled_why=None,
        failing_since=None,
        made_at=machine_now(),
    )
    await records.insert(tx, endpoint)
    return endpoint


async def change_endpoint(tx: Transaction, key: EndpointKey, wanted: Wanted, *, private: bool) -> Endpoint:
    """Say anew what an endpoint is. What is queued for it already goes to the new address, whatever the new acts."""
    url, name, acts = _checked(wanted, private)
    endpoint = await _locked(tx, key)
    failing_since = endpoint.failing_since if url == endpoint.url else None
    endpoint = replace(endpoint, url=url, name=name, acts=acts, failing_since=failing_since)
    await records.update(tx, endpoint)
    return endpoint


async def rotate_secret(tx: Transaction, key: EndpointKey) -> Endpoint:
    """Give an endpoint a new secret. For a day its messages are signed with the old one too."""
    endpoint = await _locked(tx, key)
    until = machine_now() + OLD_SECRET_LASTS
    endpoint = replace(endpoint, secret=new_secret(), old_secret=endpoint.secret, old_secret_until=until)
    await records.update(tx, endpoint)
    return endpoint


async def disable_endpoint(tx: Transaction, key: EndpointKey) -> Endpoint:
    """Stop calling an endpoint. What happens is queued for it all the same, and kept for thirty days."""
    endpoint = replace(await _locked(tx, key), status="disabled", disabled_why="by_hand")
    await records.update(tx, endpoint)
    return endpoint


async def enable_endpoint(tx: Transaction, key: EndpointKey) -> Endpoint:
    """Call an endpoint again: what was queued for it goes out at once, with all its attempts before it."""
    endpoint = replace(await _locked(tx, key), status="enabled", disabled_why=None, failing_since=None)
    await records.update(tx, endpoint)
    await messages.begin_again(tx, key.endpoint_id, machine_now())
    return endpoint


async def close_endpoint(tx: Transaction, key: EndpointKey) -> None:
    """Close an endpoint for good; what is queued for it is not sent."""
    if not await records.delete(tx, key):
        raise Refused(Reason.ENDPOINT_NOT_FOUND, endpoint=key.endpoint_id)


async def _locked(tx: Transaction, key: EndpointKey) -> Endpoint:
    endpoint = await records.lock(tx, key)
    if endpoint is None:
        raise Refused(Reason.ENDPOINT_NOT_FOUND, endpoint=key.endpoint_id)
    return endpoint


def _checked(wanted: Wanted, private: bool) -> tuple[str, str, tuple[str, ...] | None]:
    """Address, name, and the acts, each once and in the order of the table."""
    if problem := problem_with(wanted.url, private=private):
        raise Refused(Reason.INVALID_VALUE, field="url", problem=problem)
    if len(wanted.name) > LONGEST_NAME or not storable(wanted.name):
        problem = f"it may have {LONGEST_NAME} characters of text at most"
        raise Refused(Reason.INVALID_VALUE, field="name", problem=problem)
    if wanted.acts is None:
        return wanted.url, wanted.name, None
    if not wanted.acts or set(wanted.acts) - set(Act):
        problem = f"name one or more of {', '.join(Act)}, or leave it out to hear of all"
        raise Refused(Reason.INVALID_VALUE, field="acts", problem=problem)
    return wanted.url, wanted.name, tuple(act.value for act in Act if act in wanted.acts)
