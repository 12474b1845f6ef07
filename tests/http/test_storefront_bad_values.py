"""Values that nobody means: each gets a sentence, none an order, and none of them breaks anything."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.http.test_checkouts import BODY
from tests.http.test_storefront_addresses import HOME
from tests.http.test_storefront_callers import LINE, ROUTES, WRITES, things_of
from tests.scene import BEA, Scene
from tradepost.access.keys import Scope
from tradepost.doors.http import limits
from tradepost.doors.http.routes import cursor

BAD_TEXTS: list[Any] = ["\0", "\ud800", "x" * 100_000, 7, True, 0.5, [], {}, ["x"], {"x": "y"}]
BAD_NUMBERS: list[Any] = [None, -1, 0.5, 1_000_001, 10**30, 1e300, "", "x", [], {}]
BAD_LISTS: list[Any] = [[], {}, "x", 7, [7], [None], [LINE] * 101, [[LINE]], [LINE | {"price": 1}]]
BAD_BODIES = [
    b"{",
    b"[]",
    b"7",
    b'"text"',
    b"NaN",
    b"\xff\xfe",
    b'{"why":"\xff"}',
    b"[" * 100_000,
    b'{"why":' * 100_000,
    b'{"unknown":1}',
    b" " * (1 << 21),
    b"a=b&c=d",
    b"\0",
]
BAD_IDS = [
    "%00",
    "%ff",
    "%ED%A0%80",
    "x" * 3000,
    "🦜",
    " ",
    "000-0000000-000000%30%0a",
    "null",
    "-1",
    "a%2Fb",
    "%2e%2e",
]
BAD_CURSORS = [
    "x", "🦜", "%", "====", "W10", "bnVsbA", "W" * 4000,
    cursor(("a",)), cursor((7, 7, 7)), cursor(("\0", "", "")), cursor((10**30, "", "")), cursor((-5, "a", "b")),
    cursor(("0001-01-01T00:00:00+23:59", "")), cursor(("9999-12-31T23:59:59-23:59", "")),
    cursor(("2026-01-01T00:00:00", "\0")),
]  # fmt: skip


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many requests as here are meant to be answered."""
    monkeypatch.setitem(limits.LIMITS, Scope.BUYER, (1e6, 1e6))
    return


def bad_requests() -> Iterator[tuple[str, str, Any]]:
    """Good bodies with one value in them that is not."""
    for value in BAD_TEXTS:
        for name in ("payment_token", "service", "locale"):
            yield "POST", "/checkouts", BODY | {name: value}
        without = {name: good for name, good in BODY.items() if name != "address"}
        yield "POST", "/checkouts", without | {"address_id": value}
        for name in ("seller_id", "sku"):
            yield "POST", "/checkouts", BODY | {"lines": [LINE | {name: value}]}
            yield "PUT", "/cart/lines", LINE | {name: value}
        for name in ("name", "line1", "line3", "city", "state", "postal_code", "country", "phone"):
            yield "POST", "/addresses", HOME | {name: value}
            yield "PUT", "/addresses/{address_id}", HOME | {name: value}
            yield "POST", "/checkouts", BODY | {"address": HOME | {name: value}}
        yield "POST", "/orders/{order_id}/cancellation-request", {"why": value}
        yield "PUT", "/orders/{order_id}/payment", {"payment_token": value}
    for value in BAD_NUMBERS:
        yield "PUT", "/cart/lines", LINE | {"quantity": value}
        yield "POST", "/checkouts", BODY | {"lines": [LINE | {"quantity": value}]}
    for value in BAD_LISTS:
        yield "POST", "/checkouts", BODY | {"lines": value}
    yield "POST", "/checkouts", BODY | {"cart": True}
    yield "POST", "/checkouts", BODY | {"cart": "yes"}
    yield "POST", "/checkouts", BODY | {"address_id": "x"}
    for name in BODY:
        yield "POST", "/checkouts", {other: value for other, value in BODY.items() if other != name}


async def test_a_bad_value_in_a_body_gets_a_sentence(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    before = await scene.dump()
    for method, path, body in bad_requests():
        content = json.dumps(body).encode()
        answer = await api.buyer(BEA, method, path.format_map(things), content=content)
        assert answer.status_code in (400, 404, 422), (method, path, content[:200], answer.text)
        assert answer.json()["detail"]
    assert await scene.dump() == before


async def test_what_is_no_body_of_that_route_gets_a_sentence(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    before = await scene.dump()
    for route in WRITES:
        if route.body is None:
            continue
        for content in BAD_BODIES:
            for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                headers = {"Content-Type": kind}
                answer = await api.buyer(BEA, route.method, route.of(things), content=content, headers=headers)
                assert answer.status_code in (400, 413, 415, 422), (route, content[:50], kind, answer.text)
                assert answer.json()["detail"]
    assert await scene.dump() == before


async def test_ids_that_cannot_be_are_not_there(api: Api, scene: Scene) -> None:
    things = await things_of(api, scene)
    before = await scene.dump()
    for route in ROUTES:
        for name in ("order_id", "address_id", "seller_id", "sku"):
            if f"{{{name}}}" in route.path:
                for bad in BAD_IDS:
                    answer = await api.buyer(BEA, route.method, route.of(things | {name: bad}), route.body)
                    assert answer.status_code in (404, 405), (route, bad, answer.text)
    for bad in BAD_IDS:
        answer = await api.buyer(BEA, "GET", f"/products/{bad}/offers")
        assert answer.status_code == 404 or answer.json()["items"] == [], bad
    assert await scene.dump() == before


async def test_odd_queries_get_a_sentence(api: Api) -> None:
    pages = ("/offers", "/products/P-LAMP/offers", "/orders")
    for path in pages:
        for limit in ("0", "-1", "101", "", "x", "1.5", "1e99", "9" * 40, "\0", "🦜"):
            answer = await api.buyer(BEA, "GET", path, params={"limit": limit})
            assert (answer.status_code, answer.json()["field"]) == (422, "limit"), (path, limit, answer.text)
        for after in BAD_CURSORS:
            answer = await api.buyer(BEA, "GET", path, params={"after": after})
            assert answer.status_code == 200 or answer.json()["field"] == "after", (path, after, answer.text)
            assert answer.status_code in (200, 422), (path, after, answer.text)
    for query in ({"search": "\0"}, {"search": "x " * 50}, {"search": "x" * 5000}, {"service": "Rocket"},
                  {"service": "\0"}, {"search": "a", "product": "b"}):  # fmt: skip
        answer = await api.buyer(BEA, "GET", "/offers", params=query)
        assert answer.status_code == 422, (query, answer.text)
        assert answer.json()["field"] in query, (query, answer.text)
    for odd in (
        "?search=%ff%fe",
        "?search=%ED%A0%80",
        "?product=%00",
        "?" + "a=b&" * 500,
        "?limit=1&limit=2",
        "?;&&==",
    ):
        assert (await api.buyer(BEA, "GET", f"/offers{odd}")).status_code in (200, 422), odd
