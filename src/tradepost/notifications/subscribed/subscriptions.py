"""Subscriptions: of what an application is told, for a seller who has authorized it. There is one of each type."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import uuid4

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, storable
from tradepost.notifications import records as waiting
from tradepost.notifications.kinds import VERSIONS, ChangeType, Kind
from tradepost.notifications.subscribed import destinations, records
from tradepost.notifications.subscribed.records import Subscription
from tradepost.refusals import Reason, Refused

_EARLIER = "1.0"
"""The version by which Amazon's guides and clients ask for every type: a later one tells the same."""

CHANGE_TYPES = (*ChangeType, "DeliveryTipChange")  # nobody gives tips here: the last one never comes


class Filter(NamedTuple):
    """Of which changes of orders to tell: those of some types, all of them where none is named. `kind` is the type of
    notifications that the filter is meant for."""

    kind: str
    change_types: Collection[str]


class Wanted(NamedTuple):
    """What is subscribed to; `kind` is the notification's type."""

    kind: str
    payload_version: str
    destination_id: str
    filter: Filter | None = None


class Caller(NamedTuple):
    """An application, for a seller; or for none, and then all of its subscriptions are its own to look at and end."""

    client_id: str
    seller_id: str | None


async def subscribe(tx: Transaction, client_id: str, seller_id: str, wanted: Wanted) -> Subscription:
    """Subscribe an application to a type of notifications, of which there is none yet for this seller.

    It is told of what happens from now on, at a destination of its own.
    """
    check_version(wanted.kind, wanted.payload_version)
    await destinations.find(tx, client_id, wanted.destination_id, "FOR KEY SHARE")
    new = Subscription(
        seller_id,
        str(uuid4()),
        client_id,
        wanted.destination_id,
        wanted.kind,
        wanted.payload_version,
        _change_types(wanted),
        machine_now(),
    )
    if not await records.put_subscription(tx, new):
        raise Refused(Reason.SUBSCRIPTION_EXISTS, kind=wanted.kind)
    return new


async def of_kind(
    tx: Transaction, client_id: str, seller_id: str, kind: str, payload_version: str | None = None
) -> Subscription | None:
    """The application's subscription to this type for a seller, if it has this version; None: there is none."""
    check_version(kind, payload_version)
    found = await records.of_kind(tx, seller_id, client_id, kind)
    return found if found and payload_version in (None, found.payload_version) else None


async def find(tx: Transaction, caller: Caller, kind: str, subscription_id: str) -> Subscription:
    """A subscription of the caller's to this type; refuses one that there is not."""
    check_version(kind)
    found = await records.of_application(tx, caller.client_id, subscription_id) if storable(subscription_id) else None
    if found is None or found.kind != kind or caller.seller_id not in (None, found.seller_id):
        raise Refused(Reason.SUBSCRIPTION_NOT_FOUND)
    return found


async def unsubscribe(tx: Transaction, caller: Caller, kind: str, subscription_id: str) -> None:
    """End a subscription of the caller's: what waits for it is not sent, and what was given up not sent again."""
    found = await find(tx, caller, kind, subscription_id)
    if not await records.delete_subscription(tx, found.seller_id, subscription_id):
        raise Refused(Reason.SUBSCRIPTION_NOT_FOUND)  # somebody else was quicker
    await waiting.drop_all(tx, found.seller_id, subscription_id)


async def to_test(
    tx: Transaction, client_id: str, kind: str, payload_version: str, destination_id: str, *, sandbox: bool
) -> Subscription:
    """The subscription through which a test goes to a destination; refuses where the marketplace is no `sandbox`, and
    where nothing of this type goes there."""
    if not sandbox:
        raise Refused(Reason.TEST_NOT_OFFERED)
    check_version(kind, payload_version)
    destination = await destinations.find(tx, client_id, destination_id)
    found = await records.one_to_test(tx, destination.destination_id, kind)
    if found is None:
        raise Refused(Reason.SUBSCRIPTION_NOT_FOUND)
    return found


def check_version(kind: str, payload_version: str | None = None) -> None:
    """Refuse a type of notifications that is not offered, and a version of its payload that is not."""
    if kind not in set(Kind):
        raise Refused(Reason.NOTIFICATION_TYPE_NOT_OFFERED, given=kind[:64], known=", ".join(Kind))
    offered = (_EARLIER, VERSIONS[Kind(kind)])
    if payload_version is not None and payload_version not in offered:
        known = ", ".join(dict.fromkeys(offered))
        raise Refused(Reason.PAYLOAD_VERSION_NOT_OFFERED, given=payload_version[:32], kind=kind, known=known)


def _change_types(wanted: Wanted) -> list[str] | None:
    """The types of changes that are told of, each once; None for all."""
    if wanted.filter is None:
        return None
    if not wanted.kind == wanted.filter.kind == Kind.ORDER_CHANGE:
        problem = f"only {Kind.ORDER_CHANGE} has one, and its eventFilterType is {Kind.ORDER_CHANGE}"
        raise Refused(Reason.INVALID_VALUE, field="processingDirective.eventFilter", problem=problem)
    for given in wanted.filter.change_types:
        if given not in CHANGE_TYPES:
            field = "processingDirective.eventFilter.orderChangeTypes"
            problem = f"{given[:32]!r} is none of {', '.join(CHANGE_TYPES)}"
            raise Refused(Reason.INVALID_VALUE, field=field, problem=problem)
    return [str(one) for one in CHANGE_TYPES if one in wanted.filter.change_types] or None
