"""What is one seller's does not exist for another's application, in any operation; and without a token nothing does.

The operations are those that the door has: a new one is walked by itself, or asks to be told what it is called with.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from tests.scene import ADDRESS, BEA, LAMP, MARKET, OFFERS, PRO, SOLO, Scene
from tests.selling_partner_api.clients import Application, Selling, ValidatingClient, login
from tests.selling_partner_api.conftest import Authorize
from tradepost.access import tokens
from tradepost.access.keys import Made, NewKey, Scope, digest, make_keys
from tradepost.documents import documents
from tradepost.doors.selling_partner_api.terms import Terms
from tradepost.doors.serving import app
from tradepost.feeds import feeds
from tradepost.feeds.feeds import NewFeed
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import State

FEED = "POST_FLAT_FILE_FULFILLMENT_DATA"
NOBODYS = {
    "order_id": "999-9999999-9999999",
    "seller_id": "nobody",
    "sku": "NOSUCHSKU",
    "feed_id": "99999999999999",
    "document_id": "nothing",
}
QUERIES: dict[str, dict[str, Any]] = {
    "/orders/v0/": {"MarketplaceIds": MARKET, "CreatedAfter": "2026-01-01T00:00:00Z"},
    "/orders/2026-01-01/": {"createdAfter": "2026-01-01T00:00:00Z", "includedData": "BUYER,RECIPIENT,PACKAGES"},
    "/feeds/": {"feedTypes": FEED},
    "/listings/": {"marketplaceIds": MARKET, "includedData": "summaries,attributes,offers,fulfillmentAvailability"},
}
ITEM: list[dict[str, Any]] = [{"value": "Stolen lamp", "marketplace_id": MARKET}]
PACKAGE: dict[str, Any] = {
    "packageReferenceId": "1",
    "carrierCode": "UPS",
    "trackingNumber": "1Z999AA10123456784",
    "shipDate": "2026-03-02T10:00:00Z",
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def terms() -> Terms:
    """Nothing but whose an order is stands between a token and the buyer's data."""
    return Terms(generous_plans=True, settling=timedelta(0), restricted=False)


class Called(NamedTuple):
    """An operation of the door."""

    name: str
    method: str
    template: str

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

    @property
    def owners(self) -> dict[str, str]:
        """What is put into paths."""
        own = {"feed_id": self.feed_id, "document_id": self.document_id}
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
            "createFeedDocument": {"contentType": "text/plain"},
            "createFeed": {"feedType": FEED, "marketplaceIds": [MARKET], "inputFeedDocumentId": self.document_id},
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
                found.append(Called(name, method, route.path_format))
    assert len(found) > 15, found
    return iter(sorted(found, key=lambda called: (called.method != "GET", called)))


@pytest.fixture
async def market(scene: Scene) -> Market:
    """An order of Acme's that is to be shipped, and a feed that waits."""
    key = await scene.to_state(State.UNSHIPPED)
    async with scene.database.transaction() as tx:
        document = await documents.make(tx, PRO, "text/plain")
        feed_id = await feeds.create(tx, NewFeed(PRO, FEED, [MARKET], document.document_id, {}))
    item_id = next(iter((await scene.order(key)).lines.values())).item_id
    return Market(key.order_id, item_id, feed_id, document.document_id)


async def ask(
    selling: Selling, called: Called, market: Market, words: Mapping[str, str], **more: Any
) -> httpx.Response:
    """Call an operation with these words in its path."""
    missing = called.parameters - words.keys()
    assert not missing, f"say above whose {missing} are put into {called.template}"
    path = called.template.format_map(words)
    query = next((query for prefix, query in QUERIES.items() if path.startswith(prefix)), {})
    if called.method != "GET":
        query = {name: word for name, word in query.items() if name != "includedData"}
    return await selling.ask(called.method, path, market.body(called), query=query, **more)


def told(answer: httpx.Response, words: Mapping[str, str]) -> tuple[int, str]:
    """What an answer says, but for the words that were asked for and what is random."""
    text = _UUID.sub("RANDOM", answer.text)
    for name, word in words.items():
        text = text.replace(word, name)
    return answer.status_code, text


async def of_acme(scene: Scene) -> list[str]:
    """All rows of Acme's, but for tokens and what was used of plans."""
    rows = await scene.dump()
    return [
        row
        for table, found in rows.items()
        if table not in ("access_tokens", "usage_plans")
        for row in found
        if f'"{PRO}"' in row
    ]


async def test_for_another_sellers_application_there_is_nothing(
    selling: Selling, authorize: Authorize, market: Market, scene: Scene
) -> None:
    stranger = await selling.of(await authorize(SOLO))
    before = await of_acme(scene)
    for called in operations():
        for mine in ({}, {"seller_id": SOLO}) if "seller_id" in called.parameters else ({},):
            theirs, nobodys = market.owners | mine, NOBODYS | mine
            answers = [told(await ask(stranger, called, market, words), words) for words in (theirs, nobodys)]
            if called.parameters - mine.keys():
                assert answers[0] == answers[1], called
            for trace in market.traces:
                assert trace not in answers[0][1], (called, trace)
    assert await of_acme(scene) == before
    unlike = []
    for called in operations():  # the same calls mean something when the owner makes them
        theirs = told(await ask(stranger, called, market, market.owners), market.owners)
        mine_told = told(await ask(selling, called, market, market.owners), market.owners)
        if theirs != mine_told:
            unlike.append(called.name)
        else:
            assert not called.parameters, (called, theirs)
    assert {"getOrders", "searchOrders", "getOrderAddress", "getListingsItem"} <= set(unlike)
    assert await of_acme(scene) != before


async def test_a_strangers_restricted_token_changes_nothing_about_that(
    selling: Selling, authorize: Authorize, market: Market
) -> None:
    solo = await selling.of(await authorize(SOLO))
    for called in operations():
        if called.method == "GET" and called.template.startswith("/orders/v0/orders/"):
            path = called.template.format_map(market.owners)
            for made_for in (path, called.template.replace("{order_id}", "{orderId}")):
                answer = await (await solo.restricted(made_for)).get(path)
                assert answer.status_code == 404, (called, answer.text)


async def test_without_a_token_that_is_valid_no_operation_says_anything(
    partner_client: ValidatingClient, application: Application, market: Market, scene: Scene
) -> None:
    async def make(tx: Any) -> tuple[Made, str]:
        (key,) = await make_keys(tx, [NewKey(Scope.BUYER, BEA)])
        scope = "sellingpartnerapi::notifications"
        own = await tokens.of_itself(tx, application.client_id, application.client_secret, scope)
        return key, own

    key, own = await scene.database.run(make)
    ended = (await login(partner_client, application))["access_token"]
    async with scene.database.transaction() as tx:
        await tx.execute("UPDATE access_tokens SET ends_at = $1 WHERE digest = $2", machine_now(), digest(ended))
    nobody = Selling(partner_client, application, "")
    before = await scene.dump()
    for called in operations():
        for token, details in (
            ("", "token_needed"),
            ("Atza|guessed", "token_needed"),
            (application.refresh_token, "token_needed"),
            (key.text, "token_needed"),
            (ended, "The access token you provided has expired."),
            (own, "token_not_for_this"),
        ):
            headers = {"Authorization": f"Bearer {key.text}"}
            for words in (market.owners, NOBODYS):
                answer = await ask(nobody.with_token(token), called, market, words, headers=headers)
                (error,) = answer.json()["errors"]
                assert (answer.status_code, error["code"], error["details"]) == (403, "Unauthorized", details), called
    assert await scene.dump() == before
