"""Every route of the storefront, walked by those whom it is not for; and every write of it, sent twice."""

import asyncio
from typing import Any, NamedTuple

import httpx
import pytest

from tests.http.conftest import Api
from tests.http.test_checkouts import BODY
from tests.http.test_storefront_addresses import HOME, WORK
from tests.scene import BEA, BOB, LAMP, MARKET, PRO, Scene
from tradepost.access.keys import Scope
from tradepost.doors.http import limits
from tradepost.doors.storefront_api import routes
from tradepost.lifecycle import State
from tradepost.people.accounts import change_policy

LINE = {"seller_id": PRO, "sku": LAMP, "quantity": 1}
WHY = {"why": "too late"}


class Route(NamedTuple):
    """A route with a request that is good, and one that is good too, but another."""

    method: str
    path: str
    body: Any = None
    other: Any = None
    open_to_all_but_sellers: bool = False

    def of(self, things: dict[str, str]) -> str:
        return self.path.format_map(things)


ROUTES = [
    Route("GET", "/offers", open_to_all_but_sellers=True),
    Route("GET", "/products/{product_id}/offers", open_to_all_but_sellers=True),
    Route("GET", "/offers/{seller_id}/{sku}", open_to_all_but_sellers=True),
    Route("GET", "/cart"),
    Route("PUT", "/cart/lines", LINE, LINE | {"quantity": 2}),
    Route("POST", "/checkouts", BODY, BODY | {"service": "Expedited"}),
    Route("DELETE", "/cart"),
    Route("GET", "/addresses"),
    Route("POST", "/addresses", WORK, HOME),
    Route("GET", "/addresses/{address_id}"),
    Route("PUT", "/addresses/{address_id}", HOME | {"line1": "2 Main St"}, WORK),
    Route("DELETE", "/addresses/{address_id}"),
    Route("GET", "/orders"),
    Route("GET", "/orders/{order_id}"),
    Route("PUT", "/orders/{order_id}/payment", {"payment_token": "approve"}, {"payment_token": "fail"}),
    Route("POST", "/orders/{order_id}/cancel"),
    Route("POST", "/orders/{order_id}/cancellation-request", WHY, {"why": None}),
]
WRITES = [route for route in ROUTES if route.method != "GET"]


async def things_of(api: Api, scene: Scene, state: State = State.HELD) -> dict[str, str]:
    """What Bea has: an order, an address, a cart; as the names in the paths."""
    order = await scene.to_state(state)
    address = (await api.buyer(BEA, "POST", "/addresses", HOME)).json()["address_id"]
    assert (await api.buyer(BEA, "PUT", "/cart/lines", LINE)).status_code == 200
    return {"order_id": order.order_id, "address_id": address, "seller_id": PRO, "sku": LAMP, "product_id": "P-LAMP"}


def said(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("reason")


def test_the_walk_leaves_no_route_out() -> None:
    declared = {
        (str(method), path.replace(":str", "").replace(":path", ""))
        for handlers in (routes.BUYERS_ROUTES, routes.BROWSING)
        for handler in handlers
        for method in handler.http_methods
        for path in handler.paths
    }
    assert declared == {(route.method, route.path) for route in ROUTES}


async def test_without_a_buyers_key_every_route_says_no_and_does_nothing(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    for scope, subject in ((Scope.SELLER, PRO), (Scope.OPERATOR, None), (Scope.CUSTOMER_SERVICE, None)):
        await api.key(scope, subject)
    before = await scene.dump()
    for route in ROUTES:
        path = route.of(things)
        assert said(await api.ask(None, None, route.method, path, route.body)) == (401, "key_needed"), route
        for bad in ("Bearer tp_buyer_guessed", "Bearer", "Basic YTpi", "Bearer ü", "Bearer " + "x" * 5000):
            headers = {"Authorization": bad.encode()}
            answer = await api.ask(None, None, route.method, path, route.body, headers=headers)
            assert said(answer) == (401, "key_needed"), (route, bad)
        assert said(await api.seller(PRO, route.method, path, route.body)) == (403, "scope_not_enough"), route
        for scope in (Scope.OPERATOR, Scope.CUSTOMER_SERVICE):
            answer = await api.ask(scope, None, route.method, path, route.body)
            assert answer.status_code == (200 if route.open_to_all_but_sellers else 403), (route, scope)
    assert await scene.dump() == before


@pytest.mark.parametrize("state", [State.HELD, State.UNSHIPPED, State.CANCELED])
async def test_a_stranger_learns_nothing_of_an_order_or_an_address(api: Api, scene: Scene, state: State) -> None:
    things = await things_of(api, scene, state)
    nothing = things | {"order_id": "000-0000000-0000000", "address_id": "0" * 24}
    await api.key(Scope.BUYER, BOB)
    before = await scene.dump()
    for route in ROUTES:
        if "{order_id}" in route.path or "{address_id}" in route.path:
            theirs = await api.buyer(BOB, route.method, route.of(things), route.body)
            missing = await api.buyer(BOB, route.method, route.of(nothing), route.body)
            assert theirs.status_code == missing.status_code == 404, route
            assert theirs.text.replace(things["address_id"], nothing["address_id"]) == missing.text, route
    assert (await api.buyer(BOB, "GET", "/orders")).json() == {"items": [], "next": None}
    assert await scene.dump() == before


@pytest.mark.parametrize("state", [State.HELD, State.UNSHIPPED])
async def test_every_write_is_done_once_for_an_idempotency_key(api: Api, scene: Scene, state: State) -> None:
    things = await things_of(api, scene, state)
    for number, route in enumerate(WRITES):
        path, once = route.of(things), f"key {number}"
        first = await api.buyer(BEA, route.method, path, route.body, once=once)
        before = await scene.dump()
        again = await api.buyer(BEA, route.method, path, route.body, once=once)
        assert (again.status_code, again.content) == (first.status_code, first.content), route
        other = route._replace(body=route.other) if route.other else route._replace(path="/cart", method="DELETE")
        if other.path != route.path or other.body != route.body:
            answer = await api.buyer(BEA, other.method, other.of(things), other.body, once=once)
            assert said(answer) == (422, "idempotency_key_reused"), route
        assert await scene.dump() == before, route
    for bad in ("", "ü", "x" * 201, "a\tb"):
        answer = await api.buyer(BEA, "DELETE", "/cart", headers={"Idempotency-Key": bad.encode()})
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key"), bad


async def test_what_is_sent_twice_at_the_same_moment_is_done_once(api: Api, scene: Scene) -> None:
    await things_of(api, scene)
    await api.buyer(BEA, "PUT", "/cart/lines", LINE)
    cart = {name: value for name, value in BODY.items() if name != "lines"} | {"cart": True}
    stock = await scene.stock(PRO, LAMP)
    answers = await asyncio.gather(*(api.buyer(BEA, "POST", "/checkouts", cart, once="one") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await scene.stock(PRO, LAMP) == stock - 1


async def test_an_answer_that_is_kept_holds_no_payment_token(api: Api, scene: Scene) -> None:
    placed = await api.buyer(BEA, "POST", "/checkouts", BODY | {"payment_token": "tok_secret"}, once="one")
    order_id = placed.json()["orders"][0]["order_id"]
    changed = await api.buyer(BEA, "PUT", f"/orders/{order_id}/payment", {"payment_token": "tok_secret"}, once="two")
    assert changed.status_code == 204
    kept = (await scene.dump())["kept_answers"]
    assert len(kept) == 2
    assert b"tok_secret".hex() not in "".join(kept)
    assert "tok_secret" not in "".join(kept)


async def test_a_key_that_asks_too_often_has_to_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, Scope.BUYER, (0.001, 2.0))
    answers = [await api.buyer(BEA, "GET", "/cart") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert str(answers[2].json()["wait"]) == answers[2].headers["Retry-After"] == "1"
    assert (await api.buyer(BOB, "GET", "/cart")).status_code == 200
    checkout = await api.buyer(BEA, "POST", "/checkouts", BODY)
    assert said(checkout) == (429, "too_many_requests")


async def test_no_buyer_freezes_a_sellers_stock_with_unpaid_orders(api: Api, scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await change_policy(tx, MARKET, unverified_units=3)
    first = await api.buyer(BEA, "POST", "/checkouts", BODY)
    assert first.status_code == 201, first.text
    refused = await api.buyer(BEA, "POST", "/checkouts", BODY)
    assert (*said(refused), refused.json()["held"], refused.json()["limit"]) == (409, "too_much_unverified", 2, 3)
    assert (await api.buyer(BOB, "POST", "/checkouts", BODY)).status_code == 201
    await api.buyer(BEA, "POST", f"/orders/{first.json()['orders'][0]['order_id']}/cancel")
    assert (await api.buyer(BEA, "POST", "/checkouts", BODY)).status_code == 201
