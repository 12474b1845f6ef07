"""Notifications v1: where applications are told, and of what.

Destinations are an application's, and need its own token; subscriptions are a seller's and an application's. Looking at
one subscription and ending it goes with either token: Amazon's model says the application's, its clients send the
seller's. Webhooks and FIFO queues as destinations are extensions, and answers in which one is told of say so in a
header.
"""

from collections.abc import Sequence
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath

from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import EXTENSION, sent
from tradepost.doors.selling_partner_api.asked import Query, body_of, invalid
from tradepost.doors.selling_partner_api.login import NOTIFICATIONS
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.notifications_wire import (
    DestinationWanted,
    SubscriptionWanted,
    TestWanted,
    destination_shown,
    subscription_shown,
    wanted_destination,
    wanted_subscription,
)
from tradepost.doors.selling_partner_api.routes import Partner, TheGrant, ThePartner
from tradepost.doors.selling_partner_api.terms import terms_of
from tradepost.doors.selling_partner_api.usage_plans import Callers, operation
from tradepost.ground.database import Transaction
from tradepost.ground.settings import Settings
from tradepost.notifications.sample import queue_test
from tradepost.notifications.sqs import FIFO
from tradepost.notifications.subscribed import destinations, subscriptions
from tradepost.notifications.subscribed.destinations import WEBHOOK
from tradepost.notifications.subscribed.records import Destination, Subscription
from tradepost.notifications.subscribed.subscriptions import Caller
from tradepost.refusals import Reason, Refused

ITSELF = Callers(sellers=False, scope=NOTIFICATIONS)
EITHER = Callers(sellers=True, scope=NOTIFICATIONS)
LEAST_PAGE, MOST_PAGE = 30, 100

DESTINATIONS = "/notifications/v1/destinations"
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATION = f"{DESTINATIONS}/{{destination_id:str}}"
_OF_TYPE = f"{SUBSCRIPTIONS}/{{notification_type:str}}"
_SUBSCRIPTION = f"{_OF_TYPE}/{{subscription_id:str}}"


@post(DESTINATIONS, status_code=200, opt=operation("createDestination", 1, 5, callers=ITSELF))
async def create_destination(request: AnyRequest, desk: TheDesk, grant: TheGrant) -> Response[bytes]:
    """Make a destination of the application's; the secret of a webhook is told here and never again."""
    asked = await body_of(request, DestinationWanted)
    wanted = wanted_destination(asked)
    private = Settings.from_environment().webhooks_private
    made = await desk.database.run(lambda tx: destinations.create(tx, grant.client_id, wanted, private=private))
    return _told(request, destination_shown(made, made.secret), [made])


@get(DESTINATIONS, opt=operation("getDestinations", 1, 5, callers=ITSELF))
async def get_destinations(request: AnyRequest, desk: TheDesk, grant: TheGrant) -> Response[bytes]:
    """The destinations of the application."""
    found = await desk.database.run(lambda tx: destinations.every(tx, grant.client_id))
    return _told(request, [destination_shown(one) for one in found], found)


@get(_DESTINATION, opt=operation("getDestination", 1, 5, callers=ITSELF))
async def get_destination(
    request: AnyRequest, desk: TheDesk, grant: TheGrant, destination_id: FromPath[str]
) -> Response[bytes]:
    """One destination of the application."""
    found = await desk.database.run(lambda tx: destinations.find(tx, grant.client_id, destination_id))
    return _told(request, destination_shown(found), [found])


@delete(
    _DESTINATION,
    status_code=200,
    opt=operation("deleteDestination", 1, 5, callers=ITSELF),
)
async def delete_destination(
    request: AnyRequest, desk: TheDesk, grant: TheGrant, destination_id: FromPath[str]
) -> Response[bytes]:
    """Remove a destination that no subscription uses."""
    await desk.database.run(lambda tx: destinations.delete(tx, grant.client_id, destination_id))
    return sent(request, {})


@post(
    _OF_TYPE,
    status_code=200,
    opt=operation("createSubscription", 1, 5),
)
async def create_subscription(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, notification_type: FromPath[str]
) -> Response[bytes]:
    """Subscribe the application to a type of notifications about this seller."""
    asked = await body_of(request, SubscriptionWanted)
    wanted = wanted_subscription(notification_type, asked)

    async def work(tx: Transaction) -> Subscription:
        if asked.marketplace_ids:
            await check_marketplaces(tx, partner.seller_id, asked.marketplace_ids)
        return await subscriptions.subscribe(tx, partner.grant.client_id, partner.seller_id, wanted)

    return _told(request, subscription_shown(await desk.database.run(work)))


@get(_OF_TYPE, opt=operation("getSubscription", 1, 5))
async def get_subscription(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, notification_type: FromPath[str]
) -> Response[bytes]:
    """The application's subscription to this type for the seller."""
    found = await _of_kind(request, desk, partner, notification_type)
    if found is None:
        raise Refused(Reason.SUBSCRIPTION_NOT_FOUND)
    return _told(request, subscription_shown(found))


@get(SUBSCRIPTIONS, opt=operation("getSubscriptions", 1, 5))
async def get_subscriptions(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The application's subscriptions to one type for the seller: there is one at most, and never a second page."""
    query = Query(request)
    named = query.texts("notificationTypes")
    if len(named) != 1:
        raise invalid("notificationTypes", "name exactly one")
    query.number("pageSize", LEAST_PAGE, MOST_PAGE)
    if query.text("nextToken"):
        raise invalid("nextToken", "it must be the token that came with the page before")
    found = await _of_kind(request, desk, partner, named[0])
    return _told(request, {"subscriptions": [subscription_shown(found)] if found else []})


@get(
    _SUBSCRIPTION,
    opt=operation("getSubscriptionById", 1, 5, callers=EITHER),
)
async def get_subscription_by_id(
    request: AnyRequest,
    desk: TheDesk,
    grant: TheGrant,
    notification_type: FromPath[str],
    subscription_id: FromPath[str],
) -> Response[bytes]:
    """One subscription of the application's."""
    caller = Caller(grant.client_id, grant.seller_id)
    found = await desk.database.run(lambda tx: subscriptions.find(tx, caller, notification_type, subscription_id))
    return _told(request, subscription_shown(found))


@delete(
    _SUBSCRIPTION,
    status_code=200,
    opt=operation("deleteSubscriptionById", 1, 5, callers=EITHER),
)
async def delete_subscription_by_id(
    request: AnyRequest,
    desk: TheDesk,
    grant: TheGrant,
    notification_type: FromPath[str],
    subscription_id: FromPath[str],
) -> Response[bytes]:
    """End a subscription of the application's."""
    caller = Caller(grant.client_id, grant.seller_id)
    await desk.database.run(lambda tx: subscriptions.unsubscribe(tx, caller, notification_type, subscription_id))
    return sent(request, {})


@post(
    f"{_OF_TYPE}/testNotification",
    status_code=200,
    opt=operation("sendTestNotification", 1, 5, callers=ITSELF),
)
async def send_test_notification(
    request: AnyRequest, desk: TheDesk, grant: TheGrant, notification_type: FromPath[str]
) -> Response[bytes]:
    """Send a test through a subscription that goes to this destination; in sandboxes only."""
    asked = await body_of(request, TestWanted)
    version, sandbox = asked.test_notification.payload_version, terms_of(request).generous_plans

    async def work(tx: Transaction) -> None:
        at = asked.destination_id
        through = await subscriptions.to_test(tx, grant.client_id, notification_type, version, at, sandbox=sandbox)
        await queue_test(tx, through)

    await desk.database.run(work)
    return _told(request, {})


async def _of_kind(request: AnyRequest, desk: Desk, partner: Partner, kind: str) -> Subscription | None:
    version, client_id = Query(request).text("payloadVersion"), partner.grant.client_id
    return await desk.database.run(lambda tx: subscriptions.of_kind(tx, client_id, partner.seller_id, kind, version))


def _told(request: AnyRequest, payload: object, about: Sequence[Destination] = ()) -> Response[bytes]:
    """The answer with this payload, in which these destinations are told of."""
    extensions = {name for destination in about if (name := _extension(destination))}
    headers = {EXTENSION: ", ".join(sorted(extensions))} if extensions else {}
    return sent(request, {"payload": payload}, headers=headers)


def _extension(destination: Destination) -> str | None:
    """What Amazon does not have of a destination."""
    if destination.kind == WEBHOOK:
        return WEBHOOK
    return "fifo" if destination.address.endswith(FIFO) else None


OPERATIONS: list[Any] = [
    create_destination,
    get_destinations,
    get_destination,
    delete_destination,
    create_subscription,
    get_subscription,
    get_subscriptions,
    get_subscription_by_id,
    delete_subscription_by_id,
    send_test_notification,
]
