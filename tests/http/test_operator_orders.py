"""Customer service and the operator look at any order; customer service acts for the buyer, and the history says so."""

from datetime import timedelta
from typing import Any

from tests.http.conftest import Api
from tests.scene import BEA, LAMP, PRO, VASE, Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

NOWHERE = "999-9999999-9999999"


async def _named_key(scene: Scene, scope: Scope, name: str) -> tuple[str, dict[str, str]]:
    """A key with a name: its id, and the header that it is sent in."""
    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [NewKey(scope, name=name)])
    assert isinstance(made, Made)
    return made.key.key_id, {"Authorization": f"Bearer {made.text}"}


async def test_an_order_is_seen_in_full_with_its_history(api: Api, scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 2, VASE: 1}, "approve")
    await scene.advance(timedelta(minutes=30))
    await scene.confirm(key, [(LAMP, 1)])
    await scene.cancel_by_seller(key, "no_inventory", [(VASE, 1)])
    said = (await api.service("GET", f"/service/orders/{key.order_id}")).json()
    assert (said["status"], said["buyer_id"], said["seller_id"]) == ("PartiallyShipped", BEA, PRO)
    assert (said["total"], said["hold_ends_at"]) == (2 * 1990 + 2000, "2026-03-02T10:30:00Z")
    assert [one["left"] for one in said["lines"]] == [1, 0]
    assert [one["act"] for one in said["history"]] == [
        "place", "approve", "release", "confirm_shipment", "cancel_by_seller",
    ]  # fmt: skip
    assert [one["actor"] for one in said["history"]] == [BEA, "simulated", "clock", PRO, PRO]
    (package,) = said["packages"]
    assert (package["carrier_code"], package["units"]) == ("UPS", [{"line_no": 1, "quantity": 1}])
    assert [(one["line_no"], one["reason"]) for one in said["cancellations"]] == [(2, "no_inventory")]
    assert (said["payment"]["gateway"], said["payment"]["attempts"]) == ("simulated", 1)
    assert said["next"]["act"] == "remind"
    assert len(said["notices"]) == 4


async def test_only_the_operator_sees_where_an_order_goes_and_only_once_it_is_released(api: Api, scene: Scene) -> None:
    key = await scene.place()
    way = f"/operator/orders/{key.order_id}"
    assert (await api.operator("GET", way)).json()["ship_to"] is None
    await scene.approve(key)
    await scene.set_clock(await scene.now() + timedelta(hours=1))  # and nobody sweeps
    said = (await api.operator("GET", way)).json()
    assert (said["status"], said["ship_to"]["line1"]) == ("Unshipped", "1 Secret Street")
    for_service = await api.service("GET", f"/service/orders/{key.order_id}")
    assert "Secret Street" not in for_service.text
    assert for_service.json().keys() == said.keys() - {"ship_to"}
    await scene.cancel_by_seller(key)
    assert (await api.operator("GET", way)).json()["ship_to"] is None


async def test_an_order_is_shown_as_the_clock_says_when_nobody_sweeps(api: Api, scene: Scene) -> None:
    key = await scene.place()
    await scene.set_clock(await scene.now() + timedelta(hours=1))
    said = (await api.service("GET", f"/service/orders/{key.order_id}")).json()
    assert (said["state"], said["history"][-1]["act"], said["history"][-1]["recorded_at"]) == (
        "verifying", "end_hold", None,
    )  # fmt: skip


async def test_customer_service_cancels_within_the_hold_on_the_buyers_word(api: Api, scene: Scene) -> None:
    key = await scene.place()
    key_id, header = await _named_key(scene, Scope.CUSTOMER_SERVICE, "Jane")
    way = f"/service/orders/{key.order_id}/cancel"
    canceled = [await api.ask(None, None, "POST", way, headers=header, once="c") for _ in range(2)]
    assert [(one.status_code, one.content) for one in canceled] == [(204, b"")] * 2
    order, event = await scene.order(key), (await scene.events(key))[-1]
    assert (order.state, order.canceled_by) == (State.CANCELED, "BUYER")
    assert (event.party, event.actor) == ("customer_service", f"Jane ({key_id})")
    assert await scene.acts(key) == ["place", "cancel_by_buyer"]
    assert await scene.stock(PRO, LAMP) == 1000


async def test_customer_service_asks_the_seller_to_cancel(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    way = f"/service/orders/{key.order_id}/cancellation-request"
    asked = await api.service("POST", way, {"why": "The buyer called: found it at home."})
    assert asked.status_code == 204, asked.text
    event = (await scene.events(key))[-1]
    assert (event.act, event.party) == ("request_cancellation", "customer_service")
    assert event.detail == {"why": "The buyer called: found it at home."}
    again = await api.service("POST", way)
    assert (again.status_code, again.json()["reason"]) == (409, "cancellation_already_requested")


async def test_customer_service_changes_the_payment(api: Api, scene: Scene) -> None:
    key = await scene.pay_with("fail-always")
    await scene.work()
    changed = await api.service("PUT", f"/service/orders/{key.order_id}/payment", {"payment_token": "approve"})
    assert changed.status_code == 204, changed.text
    await scene.work()
    assert await scene.acts(key) == ["place", "fail_payment", "change_payment", "approve"]
    event = (await scene.events(key))[-2]
    assert event.party == "customer_service"
    assert event.actor.startswith("key_")


async def test_an_operator_may_do_what_customer_service_does(api: Api, scene: Scene) -> None:
    key = await scene.place()
    assert (await api.operator("GET", f"/service/orders/{key.order_id}")).status_code == 200
    assert (await api.operator("POST", f"/service/orders/{key.order_id}/cancel")).status_code == 204
    assert (await scene.events(key))[-1].party == "customer_service"


async def test_what_customer_service_may_not_is_refused_by_name(api: Api, scene: Scene) -> None:
    unshipped, held = await scene.to_states([State.UNSHIPPED, State.HELD])
    for scope in (Scope.CUSTOMER_SERVICE, Scope.OPERATOR):
        await api.key(scope)
    bad: list[tuple[str, OrderKey | str, str, Any, int, str]] = [
        ("POST", unshipped, "/cancel", None, 409, "hold_is_over"),
        ("PUT", unshipped, "/payment", {"payment_token": "approve"}, 409, "verification_is_over"),
        ("POST", held, "/cancellation-request", {"why": "x"}, 409, "order_is_pending"),
        ("POST", unshipped, "/cancellation-request", {"why": "x" * 501}, 422, "why"),
        ("POST", unshipped, "/cancellation-request", {"why": "\0"}, 422, "why"),
        ("PUT", held, "/payment", {}, 422, "payment_token"),
        ("PUT", held, "/payment", {"payment_token": "\0"}, 422, "payment_token"),
        ("PUT", held, "/payment", {"payment_token": "x" * 201}, 422, "payment_token"),
        ("GET", NOWHERE, "", None, 404, "order_not_found"),
        ("POST", NOWHERE, "/cancel", None, 404, "order_not_found"),
        ("POST", NOWHERE, "/cancellation-request", None, 404, "order_not_found"),
        ("PUT", NOWHERE, "/payment", {"payment_token": "x"}, 404, "order_not_found"),
        ("GET", "%00", "", None, 404, "order_not_found"),
        ("POST", "%00", "/cancel", None, 404, "order_not_found"),
    ]
    before = await scene.dump()
    for method, key, path, body, status, told in bad:
        order_id = key if isinstance(key, str) else key.order_id
        answer = await api.service(method, f"/service/orders/{order_id}{path}", body)
        assert (answer.status_code, told in answer.text) == (status, True), (method, path, body, answer.text)
    assert (await api.operator("GET", f"/operator/orders/{NOWHERE}")).status_code == 404
    assert (await api.operator("GET", "/operator/orders/%00")).status_code == 404
    assert await scene.dump() == before
