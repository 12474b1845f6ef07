"""Every route of the seller API, walked by those whom it is not for; every write, sent twice; nonsense everywhere."""

import base64
import json
from typing import Any, NamedTuple

import httpx
import pytest

from tests.http.conftest import Api
from tests.http.test_seller_files import file
from tests.scene import ADDRESS, BEA, LAMP, MUG, PRO, SOLO, Scene
from tradepost.access.keys import Scope
from tradepost.doors.seller_api import routes
from tradepost.lifecycle import PENDING, State

URL = {"url": "https://example.com/hooks"}
NOWHERE = {"order_id": "000-0000000-0000000", "endpoint_id": "0" * 16, "sku": "NONE"}


class Route(NamedTuple):
    """A route with a good request; texts in braces stand for what the seller has."""

    method: str
    path: str
    body: Any = None
    other: Any = None  # good too

    def of(self, things: dict[str, str]) -> str:
        return self.path.format_map(things)

    def saying(self, things: dict[str, str]) -> Any:
        return _filled(self.body, things)


ROUTES = [
    Route("GET", "/seller/orders"),
    Route("GET", "/seller/orders/{order_id}"),
    Route("POST", "/seller/packages", {"order_id": "{order_id}", "carrier_code": "UPS"}, {"order_id": "x"}),
    Route("PATCH", "/seller/orders/{order_id}/packages/{reference}", {"tracking": "123"}, {"tracking": "124"}),
    Route("POST", "/seller/orders/{order_id}/cancel", {"reason": "no_inventory"}, {"reason": "pricing_error"}),
    Route("POST", "/seller/confirmation-files", b"nothing", b"something"),
    Route("GET", "/seller/reports/orders"),
    Route("GET", "/seller/reports/unshipped-orders"),
    Route("GET", "/seller/offers"),
    Route("PUT", "/seller/offers", {"offers": [{"sku": "{sku}", "product_id": "P", "title": "T", "price": 1,
                                               "quantity": 1}]}),
    Route("PATCH", "/seller/offers/stock", {"offers": [{"sku": "{sku}", "quantity": 1}]}),
    Route("POST", "/seller/offers/close", {"skus": ["{sku}"]}, {"skus": ["x"]}),
    Route("POST", "/seller/offers/open", {"skus": ["{sku}"]}, {"skus": ["x"]}),
    Route("GET", "/seller/webhooks"),
    Route("POST", "/seller/webhooks", URL, URL | {"name": "other"}),
    Route("GET", "/seller/webhooks/{endpoint_id}"),
    Route("PUT", "/seller/webhooks/{endpoint_id}", URL, URL | {"name": "other"}),
    Route("POST", "/seller/webhooks/{endpoint_id}/secret"),
    Route("POST", "/seller/webhooks/{endpoint_id}/disable"),
    Route("POST", "/seller/webhooks/{endpoint_id}/enable"),
    Route("GET", "/seller/webhooks/{endpoint_id}/messages"),
    Route("POST", "/seller/webhooks/{endpoint_id}/messages/resend", {},
          {"messages": [{"order_id": "{order_id}", "number": 1}]}),
    Route("DELETE", "/seller/webhooks/{endpoint_id}"),
    Route("GET", "/seller/account"),
    Route("GET", "/seller/authorizations"),
    Route("POST", "/seller/authorizations", {"client_id": "{client_id}"}, {"client_id": "x"}),
    Route("DELETE", "/seller/authorizations/{client_id}"),
]  # fmt: skip
WRITES = [route for route in ROUTES if route.method != "GET"]


def _filled(body: Any, things: dict[str, str]) -> Any:
    if isinstance(body, str):
        return body.format_map(things)
    if isinstance(body, dict):
        return {name: _filled(value, things) for name, value in body.items()}
    return [_filled(one, things) for one in body] if isinstance(body, list) else body


async def ask(api: Api, seller: str, route: Route, things: dict[str, str], **more: Any) -> httpx.Response:
    body = route.saying(things)
    said = {"content": body} if isinstance(body, bytes) else {"json": body}
    return await api.seller(seller, route.method, route.of(things), **said, **more)


async def things_of(api: Api, scene: Scene, state: State = State.PARTIALLY_SHIPPED) -> dict[str, str]:
    """What Acme has: an order, a package, an endpoint, an offer; as the names in paths and bodies."""
    key = await scene.to_state(state)
    endpoint = (await api.seller(PRO, "POST", "/seller/webhooks", URL)).json()
    client = (await api.operator("POST", "/operator/applications", {"name": "Order tool"})).json()["client_id"]
    await api.seller(PRO, "POST", "/seller/authorizations", {"client_id": client})
    return {
        "order_id": key.order_id,
        "reference": "1",
        "endpoint_id": endpoint["endpoint_id"],
        "sku": LAMP,
        "client_id": client,
    }


async def state_of(scene: Scene) -> dict[str, list[str]]:
    """All that is in the database but keys and kept answers."""
    tables = await scene.dump()
    return {name: rows for name, rows in tables.items() if name not in ("access_keys", "kept_answers")}


def test_the_walk_leaves_no_route_out() -> None:
    declared = {
        (str(method), f"/seller{path.replace(':str', '').replace(':int', '')}")
        for handler in routes.HANDLERS
        for method in handler.http_methods
        for path in handler.paths
    }
    assert declared == {(route.method, route.path) for route in ROUTES}


async def test_without_a_sellers_key_every_route_says_no_and_does_nothing(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    before = await state_of(scene)
    for route in ROUTES:
        for scope, subject, status in (
            (None, None, 401), (Scope.BUYER, BEA, 403), (Scope.OPERATOR, None, 403), (Scope.CUSTOMER_SERVICE, None, 403)
        ):  # fmt: skip
            body = route.saying(things)
            said = {"content": body} if isinstance(body, bytes) else {"json": body}
            answer = await api.ask(scope, subject, route.method, route.of(things), **said)
            assert answer.status_code == status, (route, scope, answer.text)
    assert await state_of(scene) == before


@pytest.mark.parametrize("state", State)
async def test_what_is_anothers_answers_like_what_does_not_exist(api: Api, scene: Scene, state: State) -> None:
    things = await things_of(api, scene, state)
    nothing = things | NOWHERE
    before = await state_of(scene)
    for route in ROUTES:
        names = route.of(things) != route.of(nothing) or route.saying(things) != route.saying(nothing)
        if not names or route.path == "/seller/offers":  # a SKU that somebody else has may be listed
            continue
        theirs, missing = [await ask(api, SOLO, route, these) for these in (things, nothing)]
        said = theirs.text
        for name, value in NOWHERE.items():
            said = said.replace(things[name], value)
        assert (theirs.status_code, said) == (missing.status_code, missing.text), route
    in_search = (await api.seller(SOLO, "GET", f"/seller/orders?order_id={things['order_id']}")).json()
    assert in_search["items"] == []
    report = (await api.seller(PRO, "POST", "/seller/confirmation-files", content=file("000-0000000-0000000"))).json()
    assert report["successful"] == 0
    assert await state_of(scene) == before


async def test_the_same_sku_of_two_sellers_is_two_offers(api: Api, scene: Scene) -> None:
    body = {"offers": [{"sku": LAMP, "product_id": "P", "title": "Mine", "price": 1, "quantity": 1}]}
    assert (await api.seller(SOLO, "PUT", "/seller/offers", body)).json()["done"] == 1
    assert (await api.seller(SOLO, "POST", "/seller/offers/close", {"skus": [LAMP]})).json()["done"] == 1
    theirs = await scene.offer(PRO, LAMP)
    assert (theirs.title, theirs.closed, theirs.available) == ("Red lamp", False, 1000)
    assert {one["sku"] for one in (await api.seller(SOLO, "GET", "/seller/offers")).json()["items"]} == {LAMP, MUG}


@pytest.mark.parametrize("state", State)
async def test_no_address_and_no_buyer_is_in_any_answer_but_of_released_orders(
    api: Api, scene: Scene, state: State
) -> None:
    """And of those only in the order itself, its report and, the name, in the list."""
    things = await things_of(api, scene, state)
    told = set()
    for route in ROUTES:
        answer = await ask(api, PRO, route, things)
        assert answer.status_code < 500, (route, answer.text)
        assert "bea@example.com" not in answer.text
        if str(ADDRESS["line1"]) in answer.text:
            told.add(route.path)
        if state in PENDING:
            assert BEA.title() not in answer.text, route
    released = state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
    assert ("/seller/orders/{order_id}" in told) == released
    assert told <= {"/seller/orders/{order_id}", "/seller/reports/orders", "/seller/reports/unshipped-orders"}


async def test_every_write_is_done_once_for_an_idempotency_key(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    for number, route in enumerate(WRITES):
        once = f"key {number}"
        first = await ask(api, PRO, route, things, once=once)
        before = await scene.dump()
        again = await ask(api, PRO, route, things, once=once)
        assert again.status_code == first.status_code < 422, (route, first.text)
        if "secret" not in first.text and "refresh_token" not in first.text:
            assert again.content == first.content, route
        if route.other is not None:
            other = await ask(api, PRO, route._replace(body=route.other), things, once=once)
            assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused"), route
        assert await scene.dump() == before, route


NONSENSE = [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"a":' * 5_000, b"null", b"[]", b"1e999", b'"\\ud800"', b'{"x":1}']


@pytest.mark.parametrize("route", [route for route in WRITES if not isinstance(route.body, bytes)])
async def test_no_body_is_answered_with_a_bug(api: Api, scene: Scene, route: Route) -> None:
    things = await things_of(api, scene)
    before = await state_of(scene)
    for content in NONSENSE if route.body is not None else []:
        headers = {"Content-Type": "application/json"}
        answer = await api.seller(PRO, route.method, route.of(things), content=content, headers=headers)
        assert answer.status_code in (400, 422), (content[:20], answer.text)
        assert answer.json()["detail"]
    assert await state_of(scene) == before


@pytest.mark.parametrize("value", ["%00", "%ff", "%ed%a0%80", "é", "x" * 3000, "%2e%2e", "'", "-1"])
async def test_no_name_in_a_path_is_answered_with_a_bug(api: Api, scene: Scene, value: str) -> None:
    before = await state_of(scene)
    for route in ROUTES:
        if "{" in route.path:
            answer = await ask(
                api, PRO, route, dict.fromkeys(("order_id", "reference", "endpoint_id", "client_id"), value)
            )
            assert answer.status_code in (404, 405), (route, answer.text)
    assert await state_of(scene) == before


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/orders?limit=0", "limit"), ("/orders?limit=101", "limit"), ("/orders?limit=x", "limit"),
        ("/orders?limit=1e99", "limit"), ("/orders?view=none", "view"), ("/orders?after=x", "after"),
        ("/orders?after=%00", "after"), ("/offers?limit=0", "limit"), ("/offers?status=none", "status"),
        ("/offers?after=W10", "after"), ("/offers?search=%00", "search"), ("/reports/orders?until=x", "until"),
        ("/webhooks/{endpoint_id}/messages?limit=0", "limit"), ("/webhooks/{endpoint_id}/messages?after=x", "after"),
    ],
)  # fmt: skip
async def test_what_a_query_cannot_ask_for_is_refused_by_its_name(
    api: Api, scene: Scene, path: str, field: str
) -> None:
    things = await things_of(api, scene)
    answer = await api.seller(PRO, "GET", f"/seller{path.format_map(things)}")
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value"), answer.text
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    "place",
    [["0001-01-01T00:00:00+14:00", "x"], ["2026-01-01T00:00:00", "x"], ["2026-01-01T00:00:00Z", "a\0b"], ["x"], 5],
)
async def test_a_place_among_the_orders_that_no_page_named_is_refused(api: Api, place: Any) -> None:
    after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    answer = await api.seller(PRO, "GET", f"/seller/orders?after={after}")
    assert (answer.status_code, answer.json()["field"]) == (422, "after"), answer.text
