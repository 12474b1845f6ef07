"""Destinations: where an application wants to be told of what its sellers have it subscribe to.

A destination is an Amazon SQS queue or, as extensions, one that keeps the order (FIFO) or a webhook. Nobody is called
when one is made: what cannot be reached is found when something is to be sent. The secret that a webhook's calls are
signed with is told once.
"""

import re
from typing import NamedTuple
from uuid import uuid4

from tradepost.access import records as access
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.notifications.subscribed import records
from tradepost.notifications.subscribed.records import Destination, Hold
from tradepost.refusals import NOT_TEXT, Reason, Refused
from tradepost.webhooks.network import problem_with
from tradepost.webhooks.signature import new_secret

SQS, EVENT_BRIDGE, WEBHOOK = "sqs", "eventBridge", "webhook"
MOST_DESTINATIONS = 100  # of one application
LONGEST_NAME = 256
_QUEUE = re.compile(r"arn:aws(?:-cn)?:sqs:[a-z0-9-]{1,32}:[0-9]{12}:(?:[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)")


class Wanted(NamedTuple):
    """What an application says of a destination: its address is a queue's ARN, or a webhook's URL."""

    name: str
    kind: str
    address: str


async def create(tx: Transaction, client_id: str, wanted: Wanted, *, private: bool) -> Destination:
    """Make a destination of this application.

    `private` is the operator's setting by which webhooks may be at http and private addresses. Refuses an address that
    the application has made a destination of already: it would be told everything twice.
    """
    _check(wanted, private)
    await access.lock_application(tx, client_id)  # of two with one address, the second sees the first
    there_are = await records.destinations(tx, client_id)
    for known in there_are:
        if known.address == wanted.address:
            raise Refused(Reason.DESTINATION_EXISTS, destination=known.destination_id)
    if len(there_are) >= MOST_DESTINATIONS:
        raise Refused(Reason.TOO_MANY_DESTINATIONS, limit=MOST_DESTINATIONS)
    secret = new_secret() if wanted.kind == WEBHOOK else None
    new = Destination(str(uuid4()), client_id, wanted.name, wanted.kind, wanted.address, secret, machine_now())
    await records.put_destination(tx, new)
    return new


async def every(tx: Transaction, client_id: str) -> list[Destination]:
    """All destinations of an application, the oldest first."""
    return await records.destinations(tx, client_id)


async def find(tx: Transaction, client_id: str, destination_id: str, hold: Hold = "") -> Destination:
    """A destination of this application; refuses one that there is not."""
    found = await records.destination(tx, client_id, destination_id, hold) if storable(destination_id) else None
    if found is None:
        raise Refused(Reason.DESTINATION_NOT_FOUND)
    return found


async def delete(tx: Transaction, client_id: str, destination_id: str) -> None:
    """Remove a destination; refuses while there are subscriptions that use it."""
    await find(tx, client_id, destination_id, "FOR UPDATE")
    if use := await records.one_that_uses(tx, destination_id):
        raise Refused(Reason.DESTINATION_IN_USE, subscription=use.subscription_id, kind=use.kind)
    await records.delete_destination(tx, destination_id)


def _check(wanted: Wanted, private: bool) -> None:
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME or not storable(wanted.name):
        problem = f"it must have 1 to {LONGEST_NAME} characters" if storable(wanted.name) else NOT_TEXT
        raise Refused(Reason.INVALID_VALUE, field="name", problem=problem)
    if wanted.kind == EVENT_BRIDGE:
        raise Refused(Reason.EVENT_BRIDGE_NOT_OFFERED)
    if wanted.kind == SQS and not _QUEUE.fullmatch(wanted.address):
        problem = "it must be that of a queue, such as arn:aws:sqs:us-east-1:123456789012:orders"
        raise Refused(Reason.INVALID_VALUE, field="resourceSpecification.sqs.arn", problem=problem)
    if wanted.kind == WEBHOOK and (why := problem_with(wanted.address, private=private)):
        raise Refused(Reason.INVALID_VALUE, field="resourceSpecification.webhook.url", problem=why)
