"""Notifications as real clients ask for them, over a socket."""

from typing import Any

import pytest

from tests.scene import MARKET
from tests.selling_partner_api.clients import (
    NOTIFICATIONS,
    Application,
    JavaScript,
    amazons_sdk,
    blocking,
    python_amazon_sp_api,
)

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


async def test_python_amazon_sp_api_subscribes_and_ends_it(running: str, application: Application) -> None:
    from sp_api.api import Notifications
    from sp_api.base import NotificationType, SellingApiNotFoundException, SellingApiStateConflictException

    api = Notifications(**python_amazon_sp_api(running, application, MARKET))

    async def ask(call: Any, *arguments: Any, **more: Any) -> Any:
        return (await blocking(call, *arguments, **more)).payload

    made = await ask(api.create_destination, "Orders", arn=ARN)
    assert await ask(api.get_destinations) == [made]
    destination_id = made["destinationId"]
    assert await ask(api.get_destination, destination_id) == made
    kind = NotificationType.ORDER_CHANGE.value  # without it, newer Pythons put another word into the path
    directive = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["BuyerRequestedChange"]}}
    shown = await ask(api.create_subscription, kind, destination_id, processingDirective=directive)
    assert shown["processingDirective"] == directive
    finished = NotificationType.FEED_PROCESSING_FINISHED.value
    assert (await ask(api.create_subscription, finished, destinationId=destination_id))["payloadVersion"] == "1.0"
    with pytest.raises(SellingApiStateConflictException, match="already"):
        await ask(api.create_subscription, kind, destination_id)
    assert await ask(api.get_subscription, kind) == shown
    subscription_id = shown["subscriptionId"]
    assert await ask(api.get_subscription_by_id, kind, subscription_id) == shown
    with pytest.raises(SellingApiStateConflictException):
        await ask(api.delete_destination, destination_id)
    await ask(api.delete_notification_subscription, kind, subscription_id)
    with pytest.raises(SellingApiNotFoundException):
        await ask(api.get_subscription, kind)
    other = await ask(api.get_subscription, finished)
    await ask(api.delete_notification_subscription, finished, other["subscriptionId"])
    await ask(api.delete_destination, destination_id)
    assert not await ask(api.get_destinations)


async def test_amazons_sdk_does_the_same(running: str, application: Application) -> None:
    from spapi.api.notifications_v1.notifications_api import NotificationsApi
    from spapi.models.notifications_v1 import (
        CreateDestinationRequest,
        CreateSubscriptionRequest,
        DestinationResourceSpecification,
        SendTestNotificationRequest,
        SqsResource,
        TestNotification,
    )
    from spapi.rest import ApiException

    seller = NotificationsApi(await blocking(amazons_sdk, running, application))
    itself = NotificationsApi(await blocking(amazons_sdk, running, application, scope=NOTIFICATIONS))
    wanted = CreateDestinationRequest(
        name="Orders", resource_specification=DestinationResourceSpecification(sqs=SqsResource(arn=ARN))
    )
    destination = (await blocking(itself.create_destination, wanted)).payload
    assert destination.resource.sqs.arn == ARN
    listed = (await blocking(itself.get_destinations)).payload
    assert [one.destination_id for one in listed] == [destination.destination_id]
    assert (await blocking(itself.get_destination, destination.destination_id)).payload.name == "Orders"
    kind = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
    asked = CreateSubscriptionRequest(payload_version="1.0", destination_id=destination.destination_id)
    made = (await blocking(seller.create_subscription, kind, asked)).payload
    for found in (
        (await blocking(seller.get_subscription, kind)).payload,
        (await blocking(itself.get_subscription_by_id, made.subscription_id, kind)).payload,
        *(await blocking(seller.get_subscriptions, [kind])).payload.subscriptions,
    ):
        assert found.to_dict() == made.to_dict()
    test = SendTestNotificationRequest(
        destination_id=destination.destination_id, test_notification=TestNotification(payload_version="1.0")
    )
    await blocking(itself.send_test_notification, kind, test)
    with pytest.raises(ApiException) as conflict:
        await blocking(itself.delete_destination, destination.destination_id)
    assert conflict.value.status == 409
    await blocking(itself.delete_subscription_by_id, made.subscription_id, kind)
    await blocking(itself.delete_destination, destination.destination_id)
    with pytest.raises(ApiException) as missing:
        await blocking(seller.get_destinations)
    assert missing.value.status == 403


async def test_npms_amazon_sp_api_makes_a_webhook(
    running: str, application: Application, javascript: JavaScript
) -> None:
    """It takes any body: the extension is within its reach."""
    script = """
        const ask = (operation, more) => sp.callAPI({operation, endpoint: 'notifications', ...more})
        await sp.refreshAccessToken(given.scope)
        const resourceSpecification = {webhook: {url: given.hook}}
        const destination = await ask('createDestination', {body: {name: 'Hook', resourceSpecification}})
        const {destinationId} = destination
        const path = {notificationType: 'ORDER_CHANGE'}
        const subscription = await ask('createSubscription', {path, body: {payloadVersion: '1.0', destinationId}})
        const {subscriptionId} = subscription
        await ask('deleteSubscriptionById', {path: {...path, subscriptionId}})
        return {destination, subscription, listed: await ask('getDestinations')}
    """
    hook = "https://example.com/hooks"
    told = await javascript.run(running, application, script, scope=NOTIFICATIONS, hook=hook)
    assert told["destination"]["resource"]["webhook"].pop("secret").startswith("whsec_")
    assert told["listed"] == [told["destination"]]
    assert told["destination"]["resource"] == {"webhook": {"url": hook}}
    assert told["subscription"]["destinationId"] == told["destination"]["destinationId"]
