"""Every route of the operator and of customer service: by those whom it is not for, with nonsense, and twice."""

from typing import Any

from tests.http.conftest import Api
from tests.scene import BEA, MARKET, PRO, Scene
from tradepost.access.keys import Scope
from tradepost.doors.operator_api.routes import ROUTERS
from tradepost.lifecycle import State

NOWHERE = "999-9999999-9999999"
NONSENSE = ("none", NOWHERE, "%00", "%ED%A0%80", "%F0%9F%92%A1", "a" * 3000, "-1", "..%2F..")
BODIES = (
    b"", b"{", b"[]", b"null", b'"x"', b"1e999", b"\xff\xfe", b"{}", b"[" * 50_000,
    b'{"scope":"operator","name":"\\ud800"}', b'{"hold":1e308}', b'{"to":"0001-01-01T00:00:00+14:00"}',
    b'{"deliveries":[{"seller_id":"\\u0000","order_id":"\\u0000"}]}', b'{"reason":"fraud","note":"\\u0000"}',
    b'{"payment_token":"\\u0000"}', b'{"why":"\\u0000"}', b'{"grace_seconds":99999999999999999999}',
    b'{"messages":[{"endpoint_id":"\\u0000","seller_id":"","order_id":"","number":1}]}',
)  # fmt: skip
QUERIES = ("after=x", "after=bnVsbA", "after=WzFd", "limit=x", "limit=-1", "limit=1e9", "after=%00", "%00=1")


def routes() -> list[tuple[str, str]]:
    """Method and path of every route, below /api/v1."""
    found = {
        (method, f"{router.path}/{path.lstrip('/')}".removeprefix("/api/v1").replace(":str", ""))
        for router in ROUTERS
        for route in router.routes
        for path in [route.path.removeprefix(router.path)]
        for method in route.methods  # type: ignore[attr-defined]
        if method != "OPTIONS"
    }
    return sorted(found)


def filled(path: str, word: str) -> str:
    """The path with this word for everything that it leaves open."""
    return "/".join(word if part.startswith("{") else part for part in path.split("/"))


async def state_of(scene: Scene) -> dict[str, list[str]]:
    """All that is in the database but kept answers."""
    return {name: rows for name, rows in (await scene.dump()).items() if name != "kept_answers"}


async def test_whom_a_route_is_not_for_gets_nowhere(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.HELD)
    for scope, subject in ((Scope.BUYER, BEA), (Scope.SELLER, PRO), (Scope.CUSTOMER_SERVICE, None)):
        await api.key(scope, subject)
    before = await state_of(scene)
    assert len(routes()) > 40
    for method, path in routes():
        way = filled(path, key.order_id)
        stranger = await api.ask(None, None, method, way, {}, headers={"Authorization": "Bearer tp_operator_nobody"})
        assert [(await api.ask(None, None, method, way, {})).status_code, stranger.status_code] == [401, 401]
        callers = [await api.buyer(BEA, method, way, {}), await api.seller(PRO, method, way, {})]
        if path.startswith("/operator"):
            callers.append(await api.service(method, way, {}))
        assert {(one.status_code, one.json()["reason"]) for one in callers} == {(403, "scope_not_enough")}
    assert await state_of(scene) == before


async def test_nonsense_gets_a_sentence_and_never_a_bug(api: Api) -> None:
    for method, path in routes():
        if path == "/operator/clock/next":
            continue  # it takes nothing
        for word in NONSENSE if "{" in path else ():
            for body in (None, {}):
                answer = await api.operator(method, filled(path, word), body)
                assert answer.status_code < 429, (method, path, word, answer.text)
                assert answer.status_code < 300 or answer.json()["detail"]
        for query in QUERIES if method == "GET" else ():
            answer = await api.operator(method, f"{filled(path, 'none')}?{query}")
            assert answer.status_code < 429, (method, path, query, answer.text)
        for content in BODIES if method != "GET" else ():
            answer = await api.operator(
                method, filled(path, NOWHERE), content=content, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code < 429, (method, path, content[:50], answer.text)


async def test_every_write_is_done_once_under_its_idempotency_key(api: Api, scene: Scene) -> None:
    """Sent again it is answered alike and changes nothing; another request under the same key is refused."""
    held, other, shipped, unshipped, paid = await scene.to_states(
        [State.HELD, State.HELD, State.SHIPPED, State.UNSHIPPED, State.HELD]
    )
    hook = (await api.operator("POST", "/operator/webhooks", {"url": "https://example.com/a"})).json()["endpoint_id"]
    key_id = (await api.operator("POST", "/operator/keys", {"scope": "operator"})).json()["key_id"]
    client = (await api.operator("POST", "/operator/applications", {"name": "Order tool"})).json()["client_id"]
    url = {"url": "https://example.com/b"}
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/operator/marketplaces", {"marketplace_id": "M2", "name": "M", "country": "US", "currency": "USD"}),
        ("PATCH", f"/operator/marketplaces/{MARKET}/policy", {"remind_days": 5}),
        ("POST", "/operator/sellers", {"seller_id": "nora", "marketplace_id": MARKET, "name": "Nora"}),
        ("PATCH", f"/operator/sellers/{PRO}", {"plan": "individual"}),
        ("POST", "/operator/buyers", {"buyer_id": "kim", "name": "Kim"}),
        ("PATCH", f"/operator/buyers/{BEA}", {"name": "Beatrice"}),
        ("POST", "/operator/keys", {"scope": "customer_service"}),
        ("POST", f"/operator/keys/{key_id}/rotate", {"grace_seconds": 600}),
        ("DELETE", f"/operator/keys/{key_id}", None),
        ("POST", f"/operator/verification/{held.order_id}/approve", {"note": "Fine."}),
        ("POST", f"/operator/verification/{other.order_id}/reject", {"reason": "fraud"}),
        ("POST", "/operator/deliveries", {"deliveries": [{"seller_id": PRO, "order_id": shipped.order_id}]}),
        ("POST", "/operator/notices/resend", {"notices": [{"seller_id": PRO, "notice_id": "0" * 32}]}),
        ("POST", "/operator/webhooks", url),
        ("PUT", f"/operator/webhooks/{hook}", url),
        ("POST", f"/operator/webhooks/{hook}/secret", None),
        ("POST", f"/operator/webhooks/{hook}/disable", None),
        ("POST", f"/operator/webhooks/{hook}/enable", None),
        ("POST", f"/operator/webhooks/{hook}/messages/resend", {}),
        ("POST", "/operator/all-webhooks/resend", {"messages": [
            {"endpoint_id": hook, "seller_id": PRO, "order_id": held.order_id, "number": 1}]}),
        ("POST", "/operator/notifications/resend", {"notifications": [
            {"seller_id": PRO, "subscription_id": "x", "subject": "x", "number": 1}]}),
        ("DELETE", f"/operator/webhooks/{hook}", None),
        ("PUT", f"/service/orders/{paid.order_id}/payment", {"payment_token": "silent"}),
        ("POST", f"/service/orders/{paid.order_id}/cancel", None),
        ("POST", f"/service/orders/{unshipped.order_id}/cancellation-request", {"why": "Changed my mind."}),
        ("POST", "/operator/applications", {"name": "Tool"}),
        ("POST", f"/operator/applications/{client}/rotate", {"grace_seconds": 60}),
        ("POST", f"/operator/sellers/{PRO}/authorizations", {"client_id": client}),
        ("DELETE", f"/operator/sellers/{PRO}/authorizations/{client}", None),
        ("POST", "/operator/clock/advance", {"by": "PT1H"}),
        ("POST", "/operator/clock/next", None),
    ]  # fmt: skip
    assert len(writes) == len([route for route in routes() if route[0] != "GET"]), "a route is left out"
    for number, (method, path, body) in enumerate(writes):
        once = f"write-{number}"
        first = await api.operator(method, path, body, once=once)
        assert first.status_code in (200, 201, 204), (path, first.text)
        after = await scene.dump()
        again = await api.operator(method, path, body, once=once)
        assert (again.status_code, await scene.dump()) == (first.status_code, after), path
        if first.content:
            secrets = dict.fromkeys(("key", "secret", "client_secret", "refresh_token"))
            assert again.json() == {name: secrets.get(name, value) for name, value in first.json().items()}, path
        elsewhere = await api.operator("POST", "/operator/buyers", {"buyer_id": "lee", "name": "Lee"}, once=once)
        assert (elsewhere.status_code, elsewhere.json()["reason"]) == (422, "idempotency_key_reused")
        assert await scene.dump() == after
