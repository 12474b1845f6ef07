"""All operations that the door has, and how each may be called for an order, an offer and a feed of Acme's.

A new operation is walked by itself, or asks to be told what it is called with.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from tests.scene import ADDRESS, BEA, LAMP, MARKET, OFFERS, PRO, Scene
from tests.selling_partner_api.clients import Selling
from tradepost.access.usage.usage import Plan
from tradepost.documents import documents
from tradepost.doors.selling_partner_api.usage_plans import Callers
from tradepost.doors.serving import app
from tradepost.feeds import feeds
from tradepost.feeds.feeds import NewFeed
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.notifications.kinds import Kind
from tradepost.notifications.subscribed import destinations, subscriptions
from tradepost.report_requests import making, requests, schedules
from tradepost.report_requests.requests import NewReport

FEED = "POST_FLAT_FILE_FULFILLMENT_DATA"
REPORT = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:acmes-queue"
QUERIES: dict[str, dict[str, Any]] = {
    "/orders/v0/": {"MarketplaceIds": MARKET, "CreatedAfter": "2026-01-01T00:00:00Z"},
    "/orders/2026-01-01/": {"createdAfter": "2026-01-01T00:00:00Z", "includedData": "BUYER,RECIPIENT,PACKAGES"},
    "/feeds/": {"feedTypes": FEED},
    "/reports/": {"reportTypes": REPORT},
    "/notifications/": {"notificationTypes": Kind.ORDER_CHANGE},
    "/listings/": {"marketplaceIds": MARKET, "includedData": "summaries,attributes,offers,fulfillmentAvailability"},
}
ITEM: list[dict[str, Any]] = [{"value": "Stolen lamp", "marketplace_id": MARKET}]
PACKAGE: dict[str, Any] = {
    "packageReferenceId": "1",
    "carrierCode": "UPS",
    "trackingNumber": "1Z999AA10123456784",
    "shipDate": "2026-03-02T10:00:00Z",
}


class Called(NamedTuple):
    """An operation of the door."""

    name: str
    method: str
    template: str
    plan: Plan
    callers: Callers

    @property
    def parameters(self) -> set[str]:
        """What its path names."""
        return set(re.findall(r"\{(\w+)\}", self.template))


class Market(NamedTuple):
    """Acme's order and offer, whose are meant; and what shows that something of Acme's was told."""

    order_id: str
    item_id: str
    feed_id: str
    document_id: str
    report_id: str
    report_document_id: str
    schedule_id: str
    destination_id: str
    subscription_id: str

    @property
    def owners(self) -> dict[str, str]:
        """What is put into paths."""
        own = {"feed_id": self.feed_id, "document_id": self.document_id, "destination_id": self.destination_id}
        own |= {"report_id": self.report_id, "report_document_id": self.report_document_id}
        own |= {
            "schedule_id": self.schedule_id,
            "notification_type": Kind.ORDER_CHANGE,
            "subscription_id": self.subscription_id,
        }
        return {"order_id": self.order_id, "seller_id": PRO, "sku": LAMP, **own}

    @property
    def traces(self) -> list[str]:
        """Words of Acme's orders and offers."""
        titles = [title for seller, title, _, _ in OFFERS.values() if seller == PRO]
        return [
            self.order_id,
            self.item_id,
            self.feed_id,
            self.document_id,
            self.report_id,
            self.report_document_id,
            self.schedule_id,
            self.destination_id,
            self.subscription_id,
            QUEUE,
            *titles,
            str(ADDRESS["name"]),
            str(ADDRESS["line1"]),
            f"{BEA}@",
        ]

    def body(self, called: Called) -> Any:
        """What a writing operation is called with."""
        if called.method in ("GET", "DELETE"):
            return None
        package = PACKAGE | {"orderItems": [{"orderItemId": self.item_id, "quantity": 1}]}
        path = "/attributes/item_name"
        bodies = {
            "confirmShipment": {"marketplaceId": MARKET, "packageDetail": package},
            "updateShipmentStatus": {"marketplaceId": MARKET, "shipmentStatus": "PickedUp"},
            "updateVerificationStatus": {
                "regulatedOrderVerificationStatus": {"externalReviewerId": "me", "status": "Approved"}
            },
            "cancelOrder": {"cancelReasonCode": "NO_INVENTORY"},
            "putListingsItem": {"productType": "PRODUCT", "attributes": {"item_name": ITEM}},
            "patchListingsItem": {
                "productType": "PRODUCT",
                "patches": [{"op": "replace", "path": path, "value": ITEM}],
            },
            "createDestination": {
                "name": "Hook",
                "resourceSpecification": {"webhook": {"url": "https://example.com/"}},
            },
            "createSubscription": {"payloadVersion": "1.0", "destinationId": self.destination_id},
            "sendTestNotification": {
                "destinationId": self.destination_id,
                "testNotification": {"payloadVersion": "1.0"},
            },
            "createFeedDocument": {"contentType": "text/plain"},
            "createFeed": {"feedType": FEED, "marketplaceIds": [MARKET], "inputFeedDocumentId": self.document_id},
            "createReport": {"reportType": REPORT, "marketplaceIds": [MARKET]},
            "createReportSchedule": {"reportType": REPORT, "marketplaceIds": [MARKET], "period": "P1D"},
            "createRestrictedDataToken": {"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders"}]},
        }
        assert called.name in bodies, f"say here what {called.name} is called with"
        return bodies[called.name]


def operations() -> Iterator[Called]:
    """All operations of the door, those that only read first."""
    found = []
    for route in app.framework().routes:
        for handler in getattr(route, "route_handlers", ()):
            if name := handler.opt.get("operation"):
                (method,) = handler.http_methods - {"OPTIONS", "HEAD"}
                plan, callers = handler.opt["plan"], handler.opt["callers"]
                found.append(Called(name, method, route.path_format, plan, callers))
    assert len(found) > 15, found
    return iter(sorted(found, key=lambda called: (called.method != "GET", called.name)))


async def market_of(scene: Scene, storage: Storage, client_id: str) -> Market:
    """Give Acme an order that is to be shipped, a feed that waits, a report that waits and one that is made, and this
    application a subscription for Acme."""
    key = await scene.to_state(State.UNSHIPPED)
    async with scene.database.transaction() as tx:
        document = await documents.make(tx, PRO, "text/plain")
        feed_id = await feeds.create(tx, NewFeed(PRO, FEED, [MARKET], document.document_id, {}))
        queue = destinations.Wanted("Queue", destinations.SQS, QUEUE)
        destination_id = (await destinations.create(tx, client_id, queue, private=False)).destination_id
        wanted = subscriptions.Wanted(Kind.ORDER_CHANGE, "1.0", destination_id)
        subscription_id = (await subscriptions.subscribe(tx, client_id, PRO, wanted)).subscription_id
        schedule_id = await schedules.create(tx, PRO, REPORT, [MARKET], {}, "P1D")
    made, report_id = [await report_of(scene, storage, work=work) for work in (True, False)]
    async with scene.database.transaction() as tx:
        report_document_id = (await requests.find(tx, PRO, made)).document_id
    assert report_document_id is not None
    item_id = next(iter((await scene.order(key)).lines.values())).item_id
    return Market(
        key.order_id,
        item_id,
        feed_id,
        document.document_id,
        report_id,
        report_document_id,
        schedule_id,
        destination_id,
        subscription_id,
    )


async def report_of(scene: Scene, storage: Storage, *, work: bool) -> str:
    """Ask for a report for Acme, and let a worker make it; its id."""
    async with scene.database.transaction() as tx:
        report_id = await requests.create(tx, NewReport(PRO, REPORT, [MARKET], {}))
    if work:
        taken = await making.take(scene.database)
        assert taken is not None
        await making.go_on(scene.database, storage, taken, asyncio.Event())
    return report_id


class Caller(NamedTuple):
    """An application with its token for a seller, and with its own for what no seller is asked for."""

    for_seller: Selling
    itself: Selling


async def caller_of(selling: Selling) -> Caller:
    """An application with both of its tokens."""
    return Caller(selling, await selling.itself())


async def ask(caller: Caller, called: Called, market: Market, words: Mapping[str, str], **more: Any) -> httpx.Response:
    """Call an operation with these words in its path, and with the token that it is for; of either, the seller's."""
    selling = caller.for_seller if called.callers.sellers else caller.itself
    missing = called.parameters - words.keys()
    assert not missing, f"say above whose {missing} are put into {called.template}"
    path = called.template.format_map(words)
    query = next((query for prefix, query in QUERIES.items() if path.startswith(prefix)), {})
    if called.method != "GET":
        query = {name: word for name, word in query.items() if name != "includedData"}
    return await selling.ask(called.method, path, market.body(called), query=query, **more)
