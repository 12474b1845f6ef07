"""Restricted data tokens: which calls they are made for, and that they open no other (A40)."""

import pytest

from tests.scene import MARKET, PRO, SOLO, Scene
from tests.selling_partner_api.clients import TOKENS, Selling
from tests.selling_partner_api.conftest import Authorize
from tradepost.access.tokens import Grant, Resource
from tradepost.doors.selling_partner_api.routes import Partner
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import State

ORDER = "111-1111111-1111111"
ALL, ONE = "/orders/v0/orders/{orderId}", f"/orders/v0/orders/{ORDER}"


def resources(*paths: str, method: str = "GET", **more: object) -> dict[str, object]:
    return {"restrictedResources": [{"method": method, "path": path, **more} for path in paths]}


@pytest.mark.parametrize(
    ("made_for", "called", "opens"),
    [
        ("/orders/v0/orders", "/orders/v0/orders", True),
        ("/orders/v0/orders", "/orders/v0/orders/", True),
        ("/orders/v0/orders", ONE, False),
        (ALL, ONE, True),
        (ALL, "/orders/v0/orders", False),
        (ALL, f"{ONE}/address", False),
        (f"{ALL}/address", f"{ONE}/address", True),
        (f"{ALL}/address", f"{ONE}/buyerInfo", False),
        (f"{ALL}/orderItems", f"{ONE}/orderItems/buyerInfo", False),
        (ONE, ONE, True),
        (ONE, "/orders/v0/orders/222-2222222-2222222", False),
        (f"{ONE}/address", "/orders/v0/orders/222-2222222-2222222/address", False),
        (ONE, f"/{ONE}", False),
        (ONE, f"{ONE}/..", False),
    ],
)
def test_a_token_is_for_the_calls_that_it_names(made_for: str, called: str, *, opens: bool) -> None:
    resource = Resource("GET", made_for, ["buyerInfo"])
    partner = Partner(PRO, Grant("app", PRO, b"digest", None, (resource,), machine_now()))
    assert partner.restricted_to("GET", called) is opens
    assert partner.restricted_to("GET", called, "buyerInfo") is opens
    assert not partner.restricted_to("GET", called, "shippingAddress")
    assert not partner.restricted_to("PUT", called)
    assert not Partner(PRO, partner.grant._replace(resources=None)).restricted_to("GET", called)


async def test_what_a_token_can_be_made_for(selling: Selling) -> None:
    tails = ("", "/buyerInfo", "/address", "/orderItems", "/orderItems/buyerInfo", "/regulatedInfo")
    paths = ["/orders/v0/orders", *(f"{order}{tail}" for order in (ALL, ONE) for tail in tails)]
    paths += ["/reports/2021-06-30/documents/amzn1.spdoc.1.4.na.0-1", "/mfn/v0/shipments/{shipmentId}"]
    answer = await selling.post(TOKENS, resources(*paths, dataElements=["buyerInfo", "shippingAddress", "buyerInfo"]))
    assert (answer.status_code, answer.json()["expiresIn"]) == (200, 3600)
    assert answer.json()["restrictedDataToken"].startswith("Atz.sprdt|")
    lenient = resources(ONE) | {
        "targetApplication": "amzn1.sp.solution.x",
        "original_path": TOKENS,
        "MarketplaceIds": MARKET,
    }
    assert (await selling.post(TOKENS, lenient)).status_code == 200


async def test_what_no_token_can_be_made_for_is_named(selling: Selling, scene: Scene) -> None:
    bad = [
        (resources("/orders/v0/orders/x/y"), "restrictedResources[0].path"),
        (resources("/orders/v0/orders?MarketplaceIds=x"), "restrictedResources[0].path"),
        (resources("/orders/2026-01-01/orders"), "restrictedResources[0].path"),
        (resources("/orders/v0/orders/{sellerId}"), "restrictedResources[0].path"),
        (resources("/reports/2021-06-30/documents/{reportDocumentId}"), "restrictedResources[0].path"),
        (resources(ONE, f"{ONE}/\0"), "restrictedResources[1].path"),
        (resources("", method="PUT"), "restrictedResources[0].path"),
        (resources(ONE, method="DELETE"), "restrictedResources[0].path"),
        (resources(ONE, method="PATCH"), "restrictedResources[0].method"),
        (resources(ONE, dataElements=["name"]), "restrictedResources[0].dataElements"),
        (resources(ONE, dataElements="buyerInfo"), "restrictedResources[0].dataElements"),
        (resources("/" + "x" * 200), "restrictedResources[0].path"),
        (resources(*[ONE] * 51), "restrictedResources"),
        (resources(), "restrictedResources"),
        ({}, "restrictedResources"),
        ({"restrictedResources": [{"path": ONE}]}, "restrictedResources[0]"),
        ([], "body"),
    ]
    for body, field in bad:
        answer = await selling.post(TOKENS, body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (400, "InvalidInput"), (body, error)
        assert field in error["message"], (body, error)
    assert await scene.rows("SELECT FROM access_tokens WHERE resources IS NOT NULL") == []
    assert (await selling.post(TOKENS, resources(*[ONE] * 50))).status_code == 200
    assert (await selling.ask("POST", TOKENS, content=b"{")).status_code == 400


async def test_a_restricted_token_is_refused_elsewhere(selling: Selling, scene: Scene) -> None:
    key, other = await scene.to_states([State.UNSHIPPED] * 2)
    mine, others = (f"/orders/v0/orders/{order}/address" for order in (key.order_id, other.order_id))
    restricted = await selling.restricted(mine)
    assert (await restricted.get(mine)).status_code == 200
    for answer in (
        await restricted.get(others),
        await restricted.get("/orders/v0/orders", MarketplaceIds=MARKET, CreatedAfter="2026-03-01T00:00:00Z"),
        await restricted.post(TOKENS, resources(mine)),
        await selling.get(mine),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "Unauthorized")
        assert answer.json()["errors"][0]["details"] == "token_not_for_this"


async def test_a_sellers_restricted_token_opens_no_other_sellers_order(
    selling: Selling, authorize: Authorize, scene: Scene
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    path = f"/orders/v0/orders/{key.order_id}/address"
    solo = await selling.of(await authorize(SOLO))
    stranger = await solo.restricted(path)
    answer = await stranger.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NotFound")
    assert (await (await selling.restricted(path)).get(path)).status_code == 200
