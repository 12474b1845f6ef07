"""Notifications v1: destinations of applications, subscriptions of sellers and applications, and tests."""

import pytest

from tests.scene import MARKET, PRO, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.notification_words import (
    ARN,
    DESTINATION_NOT_FOUND,
    DESTINATIONS,
    HOOK,
    INVALID,
    SUBSCRIPTION_NOT_FOUND,
    SUBSCRIPTIONS,
    changes,
    destination,
    payload,
    queue,
    refused,
    subscribed,
    webhook,
)
from tradepost.access import applications
from tradepost.notifications.subscribed import destinations as rules
from tradepost.notifications.subscribed import records

OTHER_SCOPE = "sellingpartnerapi::client_credential:rotation"
TYPES = (
    ("ORDER_CHANGE", "1.0"),
    ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0"),
    ("FEED_PROCESSING_FINISHED", "2020-09-04"),
    ("REPORT_PROCESSING_FINISHED", "2020-09-04"),
)


@pytest.fixture
async def itself(selling: Selling) -> Selling:
    """The application that acts for Acme, with its own token."""
    return await selling.itself()


async def test_a_queue_is_made_found_listed_and_deleted(itself: Selling) -> None:
    made = await itself.post(DESTINATIONS, queue())
    shown = payload(made)
    assert shown == {"destinationId": shown["destinationId"], "name": "Orders", "resource": {"sqs": {"arn": ARN}}}
    assert "x-tradepost-extension" not in made.headers
    path = f"{DESTINATIONS}/{shown['destinationId']}"
    assert payload(await itself.get(path)) == shown
    other = payload(await itself.post(DESTINATIONS, queue("arn:aws-cn:sqs:cn-north-1:123456789012:dingdan", "订单")))
    assert payload(await itself.get(DESTINATIONS)) == [shown, other]
    assert (await itself.delete(path)).json() == {}
    assert payload(await itself.get(DESTINATIONS)) == [other]
    assert refused(await itself.get(path)) == refused(await itself.delete(path)) == DESTINATION_NOT_FOUND
    assert payload(await itself.post(DESTINATIONS, queue()))["destinationId"] != shown["destinationId"]


async def test_a_webhook_tells_its_secret_once_and_says_that_it_is_an_extension(itself: Selling) -> None:
    made = await itself.post(DESTINATIONS, webhook())
    shown = payload(made)
    secret = shown["resource"]["webhook"].pop("secret")
    assert secret.startswith("whsec_")
    assert shown["resource"] == {"webhook": {"url": HOOK}}
    found, every = await itself.get(f"{DESTINATIONS}/{shown['destinationId']}"), await itself.get(DESTINATIONS)
    assert (payload(found), payload(every)) == (shown, [shown])
    for answer in (made, found, every):
        assert answer.headers["x-tradepost-extension"] == "webhook"
    given = webhook(f"{HOOK}/2")
    given["resourceSpecification"]["webhook"]["secret"] = secret  # a caller cannot choose it
    assert payload(await itself.post(DESTINATIONS, given))["resource"]["webhook"]["secret"] not in (secret, None)


async def test_a_queue_that_keeps_the_order_is_an_extension_too(itself: Selling) -> None:
    made = await itself.post(DESTINATIONS, queue(f"{ARN}.fifo"))
    assert payload(made)["resource"] == {"sqs": {"arn": f"{ARN}.fifo"}}
    assert made.headers["x-tradepost-extension"] == "fifo"
    await itself.post(DESTINATIONS, webhook())
    assert (await itself.get(DESTINATIONS)).headers["x-tradepost-extension"] == "fifo, webhook"


async def test_what_cannot_be_a_destination_is_refused(itself: Selling) -> None:
    for wrong in (
        queue(""),
        queue("orders"),
        queue("arn:aws:sns:us-east-1:123456789012:orders"),
        queue("arn:aws:sqs:us-east-1:1234:orders"),
        queue("arn:aws:sqs:us-east-1:123456789012:orders.fif"),
        queue("arn:aws:sqs:us-east-1:123456789012:" + "q" * 76 + ".fifo"),
        queue(f"{ARN}\n"),
        queue("arn:aws:sqs:us-east-1:123456789012:" + "q" * 81),
        queue(name=" "),
        queue(name="x\0"),
        queue(name="x" * 257),
        webhook("http://example.com/hooks"),
        webhook("https://127.0.0.1/hooks"),
        webhook("https://[::1]/hooks"),
        webhook("https://user:password@example.com/"),
        webhook("nothing"),
        {"name": "x", "resourceSpecification": {}},
        {"name": "x", "resourceSpecification": {"sqs": {"arn": ARN}, "webhook": {"url": HOOK}}},
        {"name": "x", "resourceSpecification": {"sqs": {}}},
        {"name": 1, "resourceSpecification": {"sqs": {"arn": ARN}}},
        {"resourceSpecification": {"sqs": {"arn": ARN}}},
        {},
    ):
        assert refused(await itself.post(DESTINATIONS, wrong)) == INVALID, wrong
    bridge = {"name": "x", "resourceSpecification": {"eventBridge": {"region": "us-east-1", "accountId": "1"}}}
    assert refused(await itself.post(DESTINATIONS, bridge)) == (400, "InvalidInput", "event_bridge_not_offered")
    assert payload(await itself.get(DESTINATIONS)) == []


async def test_an_operator_may_allow_webhooks_in_private_networks(
    itself: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_WEBHOOKS_PRIVATE", "yes")
    assert await destination(itself, webhook("http://127.0.0.1:8080/hooks"))


async def test_an_address_is_one_destination_of_an_application(
    itself: Selling, authorize: Authorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await destination(itself)
    again = await itself.post(DESTINATIONS, queue(name="Once more"))
    assert refused(again) == (409, "Conflict", "destination_exists")
    assert made in again.json()["errors"][0]["message"]
    other = await (await itself.of(await authorize(PRO, "Other Tool"))).itself()
    assert await destination(other) != made
    monkeypatch.setattr(rules, "MOST_DESTINATIONS", 1)
    assert refused(await itself.post(DESTINATIONS, webhook())) == (400, "InvalidInput", "too_many_destinations")


@pytest.mark.parametrize(("kind", "version"), TYPES)
async def test_a_type_is_subscribed_to_found_and_ended(
    selling: Selling, itself: Selling, kind: str, version: str
) -> None:
    destination_id = await destination(itself)
    assert refused(await selling.get(f"{SUBSCRIPTIONS}/{kind}")) == SUBSCRIPTION_NOT_FOUND
    assert payload(await selling.get(SUBSCRIPTIONS, notificationTypes=kind)) == {"subscriptions": []}
    shown = payload(await subscribed(selling, destination_id, kind, version))
    assert shown == {
        "subscriptionId": shown["subscriptionId"],
        "payloadVersion": version,
        "destinationId": destination_id,
    }
    path = f"{SUBSCRIPTIONS}/{kind}/{shown['subscriptionId']}"
    assert payload(await selling.get(f"{SUBSCRIPTIONS}/{kind}")) == shown
    assert payload(await selling.get(f"{SUBSCRIPTIONS}/{kind}", payloadVersion=version)) == shown
    assert payload(await selling.get(SUBSCRIPTIONS, notificationTypes=kind, pageSize=30)) == {"subscriptions": [shown]}
    assert payload(await selling.get(path)) == payload(await itself.get(path)) == shown
    assert (await selling.delete(path)).json() == {}
    for asking in (selling, itself):
        assert refused(await asking.get(path)) == refused(await asking.delete(path)) == SUBSCRIPTION_NOT_FOUND
    assert payload(await subscribed(selling, destination_id, kind, version))


async def test_there_is_one_subscription_of_a_type(selling: Selling, itself: Selling) -> None:
    first, second = await destination(itself), await destination(itself, webhook())
    shown = payload(await subscribed(selling, first))
    assert refused(await subscribed(selling, second)) == (409, "StateConflict", "subscription_exists")
    assert payload(await selling.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == shown
    assert payload(await subscribed(selling, first, "FEED_PROCESSING_FINISHED"))["payloadVersion"] == "1.0"
    other = await selling.get(f"{SUBSCRIPTIONS}/FEED_PROCESSING_FINISHED", payloadVersion="2020-09-04")
    assert refused(other) == SUBSCRIPTION_NOT_FOUND


async def test_a_destination_in_use_is_not_deleted(selling: Selling, itself: Selling) -> None:
    destination_id = await destination(itself)
    subscription_id = payload(await subscribed(selling, destination_id))["subscriptionId"]
    answer = await itself.delete(f"{DESTINATIONS}/{destination_id}")
    assert refused(answer) == (409, "StateConflict", "destination_in_use")
    assert subscription_id in answer.json()["errors"][0]["message"]
    assert (await itself.delete(f"{SUBSCRIPTIONS}/ORDER_CHANGE/{subscription_id}")).json() == {}
    assert (await itself.delete(f"{DESTINATIONS}/{destination_id}")).json() == {}


async def test_changes_of_orders_are_filtered(selling: Selling, itself: Selling, scene: Scene) -> None:
    destination_id = await destination(itself)
    for directive, types in (
        (changes("BuyerRequestedChange"), ["BuyerRequestedChange"]),
        (changes("DeliveryTipChange", "OrderStatusChange"), ["OrderStatusChange", "DeliveryTipChange"]),
        (changes("OrderStatusChange", "OrderStatusChange"), ["OrderStatusChange"]),
        (changes("OrderStatusChange", marketplaceIds=[MARKET]), ["OrderStatusChange"]),
        (changes(), None),
        (changes(marketplaceIds=[MARKET, "OTHER"]), None),
        ({"processingDirective": {"eventFilter": None}}, None),
        ({"processingDirective": {}}, None),
    ):
        shown = payload(await subscribed(selling, destination_id, **directive))
        told = changes(*types)["processingDirective"] if types else None
        assert shown.get("processingDirective") == told
        assert payload(await selling.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == shown
        async with scene.database.transaction() as tx:
            kept = await records.of_kind(tx, PRO, selling.application.client_id, "ORDER_CHANGE")
        assert kept
        assert kept.change_types == types
        await selling.delete(f"{SUBSCRIPTIONS}/ORDER_CHANGE/{shown['subscriptionId']}")


async def test_what_cannot_be_a_subscription_is_refused(selling: Selling, itself: Selling) -> None:
    destination_id = await destination(itself)
    good = {"payloadVersion": "1.0", "destinationId": destination_id}
    for wrong in (
        {"payloadVersion": None},
        {"destinationId": None},
        {"destinationId": 1},
        {"processingDirective": {"filterExpression": "true"}},
        changes("Other"),
        changes("OrderStatusChange", eventFilterType="ANY_OFFER_CHANGED"),
        changes(aggregationSettings={"aggregationTimePeriod": "FiveMinutes"}),
        changes(trackingIdentifier={"id": "1"}),
        {"processingDirective": {"eventFilter": {"orderChangeTypes": ["OrderStatusChange"]}}},
    ):
        assert refused(await selling.post(f"{SUBSCRIPTIONS}/ORDER_CHANGE", good | wrong)) == INVALID, wrong
    for kind in ("FEED_PROCESSING_FINISHED", "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"):
        for directive in (changes("OrderStatusChange"), changes(eventFilterType=kind)):
            assert refused(await selling.post(f"{SUBSCRIPTIONS}/{kind}", good | directive)) == INVALID
    elsewhere = changes(marketplaceIds=["OTHER"])
    assert refused(await subscribed(selling, destination_id, **elsewhere))[::2] == (403, "token_not_for_this")
    for unknown in ("nothing", "x\0"):
        assert refused(await subscribed(selling, unknown)) == DESTINATION_NOT_FOUND
    not_offered = (400, "InvalidInput", "payload_version_not_offered")
    assert refused(await subscribed(selling, destination_id, version="2.0")) == not_offered
    assert refused(await selling.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE", payloadVersion="2.0")) == not_offered
    assert (await itself.delete(f"{DESTINATIONS}/{destination_id}")).json() == {}  # nobody uses it


async def test_a_type_that_is_not_offered_is_refused_everywhere(selling: Selling, itself: Selling) -> None:
    no = (400, "InvalidInput", "notification_type_not_offered")
    for kind in ("ANY_OFFER_CHANGED", "order_change", "%00"):
        path = f"{SUBSCRIPTIONS}/{kind}"
        assert refused(await subscribed(selling, "nothing", kind)) == no
        assert refused(await selling.get(path)) == no
        for asking in (selling, itself):
            assert refused(await asking.get(f"{path}/nothing")) == no
            assert refused(await asking.delete(f"{path}/nothing")) == no
    assert refused(await selling.get(SUBSCRIPTIONS, notificationTypes="ANY_OFFER_CHANGED")) == no
    for query in ({}, {"notificationTypes": "ORDER_CHANGE,FEED_PROCESSING_FINISHED"}):
        assert refused(await selling.get(SUBSCRIPTIONS, **query)) == INVALID
    for wrong in ({"pageSize": 29}, {"pageSize": 101}, {"nextToken": "x"}):
        assert refused(await selling.get(SUBSCRIPTIONS, notificationTypes="ORDER_CHANGE", **wrong)) == INVALID


async def test_each_token_is_for_its_own_operations(selling: Selling, itself: Selling) -> None:
    no = (403, "Unauthorized", "token_not_for_this")
    destination_id = await destination(itself)
    shown = payload(await subscribed(selling, destination_id))
    one, named = f"{SUBSCRIPTIONS}/ORDER_CHANGE/{shown['subscriptionId']}", f"{DESTINATIONS}/{destination_id}"
    test = f"{SUBSCRIPTIONS}/ORDER_CHANGE/testNotification"
    other = await selling.itself(OTHER_SCOPE)
    restricted = await selling.restricted("/orders/v0/orders")
    itsown = [("POST", DESTINATIONS), ("GET", DESTINATIONS), ("GET", named), ("DELETE", named), ("POST", test)]
    sellers = [("GET", SUBSCRIPTIONS), ("GET", f"{SUBSCRIPTIONS}/ORDER_CHANGE"), ("POST", f"{SUBSCRIPTIONS}/X")]
    either = [("GET", one), ("DELETE", one)]
    for asking, calls in (
        (selling, itsown),
        (itself, sellers),
        (other, itsown + sellers + either),
        (restricted, itsown + sellers + either),
    ):
        for method, path in calls:
            assert refused(await asking.ask(method, path)) == no, (method, path)
    answer = await other.get(DESTINATIONS)
    assert "sellingpartnerapi::notifications" in answer.json()["errors"][0]["message"]
    assert payload(await itself.get(one)) == shown


async def test_what_is_anothers_does_not_exist(selling: Selling, itself: Selling, authorize: Authorize) -> None:
    destination_id = await destination(itself)
    shown = payload(await subscribed(selling, destination_id))
    path = f"{SUBSCRIPTIONS}/ORDER_CHANGE/{shown['subscriptionId']}"
    tool = await selling.of(await authorize(PRO, "Other Tool"))  # the same seller, another application
    for other in (tool, await tool.itself()):
        assert refused(await other.get(path)) == refused(await other.delete(path)) == SUBSCRIPTION_NOT_FOUND
    assert refused(await tool.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == SUBSCRIPTION_NOT_FOUND
    assert refused(await subscribed(tool, destination_id)) == DESTINATION_NOT_FOUND
    own = await tool.itself()
    assert payload(await own.get(DESTINATIONS)) == []
    named = f"{DESTINATIONS}/{destination_id}"
    assert refused(await own.get(named)) == refused(await own.delete(named)) == DESTINATION_NOT_FOUND
    test = {"destinationId": destination_id, "testNotification": {"payloadVersion": "1.0"}}
    assert refused(await own.post(f"{SUBSCRIPTIONS}/ORDER_CHANGE/testNotification", test)) == DESTINATION_NOT_FOUND
    assert payload(await subscribed(tool, await destination(own)))["subscriptionId"] != shown["subscriptionId"]


async def test_an_application_tells_its_sellers_apart(selling: Selling, itself: Selling, scene: Scene) -> None:
    """For one seller it sees nothing of the other; by itself it sees the subscriptions of both."""
    application = selling.application
    async with scene.database.transaction() as tx:
        refresh_token = await applications.authorize(tx, application.client_id, SOLO)
    solo = await selling.of(type(application)(SOLO, application.client_id, application.client_secret, refresh_token))
    destination_id = await destination(itself)
    ours, theirs = [payload(await subscribed(seller, destination_id)) for seller in (selling, solo)]
    assert payload(await solo.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == theirs != ours
    path = f"{SUBSCRIPTIONS}/ORDER_CHANGE/{theirs['subscriptionId']}"
    assert refused(await selling.get(path)) == refused(await selling.delete(path)) == SUBSCRIPTION_NOT_FOUND
    wrong_type = path.replace("ORDER_CHANGE", "FEED_PROCESSING_FINISHED")
    assert refused(await itself.delete(wrong_type)) == SUBSCRIPTION_NOT_FOUND
    assert payload(await itself.get(path)) == payload(await solo.get(path)) == theirs
    assert (await itself.delete(path)).json() == {}
    assert payload(await selling.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == ours


@pytest.mark.parametrize(("kind", "version"), TYPES)
async def test_a_test_is_queued_where_a_subscription_leads(
    selling: Selling, itself: Selling, scene: Scene, kind: str, version: str
) -> None:
    destination_id, idle = await destination(itself), await destination(itself, webhook())
    shown = payload(await subscribed(selling, destination_id, kind, version))
    path = f"{SUBSCRIPTIONS}/{kind}/testNotification"
    body = {"destinationId": destination_id, "testNotification": {"payloadVersion": version}}
    assert payload(await itself.post(path, body)) == {}
    queued = await scene.rows("SELECT subscription_id, destination_id, kind, status FROM notifications")
    assert [tuple(row) for row in queued] == [(shown["subscriptionId"], destination_id, kind, "queued")]
    assert refused(await itself.post(path, body | {"destinationId": idle})) == SUBSCRIPTION_NOT_FOUND
    assert refused(await itself.post(path, body | {"destinationId": "nothing"})) == DESTINATION_NOT_FOUND
    for wrong in ({"testNotification": {}}, {"testNotification": {"payloadVersion": version, "testScenario": ""}}):
        assert refused(await itself.post(path, body | wrong)) == INVALID
    async with scene.database.transaction() as tx:
        await applications.end_authorization(tx, selling.application.client_id, PRO)
    assert refused(await itself.post(path, body)) == SUBSCRIPTION_NOT_FOUND
    assert len(await scene.rows("SELECT 1 FROM notifications")) == 1
