"""A buyer's orders: seeing them, canceling, asking to cancel, and paying with something else."""

from datetime import timedelta
from typing import Any

from tests.http.conftest import Api
from tests.scene import BEA, BOB, LAMP, MUG, PRO, VASE, Scene
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.policy import Policy

HOLD = Policy().hold


async def look(api: Api, key: OrderKey) -> dict[str, Any]:
    answer = await api.buyer(BEA, "GET", f"/orders/{key.order_id}")
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def reason(api: Api, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await api.buyer(BEA, method, path, body)
    return answer.status_code, answer.json()["reason"]


async def test_an_order_says_where_it_stands_and_what_may_be_done(api: Api, scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 2, VASE: 1}, "approve")
    order = await look(api, key)
    items = [line.pop("item_id") for line in order["lines"]]
    assert len(set(items)) == 2
    assert len(order.pop("checkout_id")) == 32
    assert order == {
        "order_id": key.order_id,
        "seller_id": "acme",
        "seller_name": "Acme Inc.",
        "placed_at": "2026-03-02T10:00:00Z",
        "hold_ends_at": "2026-03-02T10:30:00Z",
        "status": "Pending",
        "may": ["cancel", "payment"],
        "service": "Standard",
        "total": 5980,
        "currency": "USD",
        "estimated_delivery_from": "2026-03-06T00:00:00Z",
        "estimated_delivery_by": "2026-03-10T23:59:59Z",
        "delivered_at": None,
        "cancellation_requested_at": None,
        "canceled_at": None,
        "canceled_by": None,
        "cancel_reason": None,
        "lines": [
            {"sku": LAMP, "title": "Red lamp", "unit_price": 1990, "quantity": 2, "shipped": 0, "canceled": 0},
            {"sku": VASE, "title": "Blue vase", "unit_price": 2000, "quantity": 1, "shipped": 0, "canceled": 0},
        ],
        "packages": [],
    }


async def test_what_may_be_done_is_done_at_the_address_it_names(api: Api, scene: Scene) -> None:
    held, asked, paid = await scene.to_states([State.HELD, State.UNSHIPPED, State.HELD])
    for key, word in ((held, "cancel"), (asked, "cancellation-request"), (paid, "payment")):
        assert word in (await look(api, key))["may"]
        body = {"payment_token": "approve"} if word == "payment" else None
        answer = await api.buyer(BEA, "PUT" if body else "POST", f"/orders/{key.order_id}/{word}", body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await look(api, held))["status"] == "Canceled"
    assert (await look(api, held))["may"] == (await look(api, asked))["may"] == []


async def test_packages_and_their_tracking_are_shown_item_by_item(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    order = await look(api, key)
    assert order["status"] == "PartiallyShipped"
    assert [line["shipped"] for line in order["lines"]] == [1, 0]
    (package,) = order["packages"]
    assert (package["carrier"], package["tracking"]) == ("UPS", "1Z999AA10123456784")
    assert package["items"] == [{"item_id": order["lines"][0]["item_id"], "quantity": 1}]


async def test_orders_come_page_by_page_the_youngest_first(api: Api, scene: Scene) -> None:
    placed = []
    for cart in ({LAMP: 1}, {MUG: 1}, {VASE: 1}, {LAMP: 1}):
        placed.append((await scene.place(BEA, cart)).order_id)
        await scene.advance(timedelta(minutes=1))
    await scene.place(BOB)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await api.buyer(BEA, "GET", "/orders", params={"limit": 3, "after": after})).json()
        assert len(page["items"]) <= 3
        seen += [order["order_id"] for order in page["items"]]
        after = page["next"]
    assert seen == placed[::-1]


async def test_canceling_within_the_hold_brings_the_stock_back(api: Api, scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 2})
    path = f"/orders/{key.order_id}/cancel"
    assert (await api.buyer(BEA, "POST", path)).status_code == 204
    order = await look(api, key)
    assert (order["status"], order["canceled_by"], order["cancel_reason"]) == ("Canceled", "BUYER", "buyer_canceled")
    assert await scene.stock(PRO, LAMP) == 1000
    assert await reason(api, "POST", path) == (409, "order_is_canceled")


async def test_the_hold_ends_for_the_buyer_though_no_worker_has_come_by(api: Api, scene: Scene) -> None:
    key = await scene.place(BEA)
    await scene.set_clock(await scene.now() + HOLD)
    assert (await look(api, key))["may"] == ["payment"]
    assert await reason(api, "POST", f"/orders/{key.order_id}/cancel") == (409, "hold_is_over")
    (listed,) = (await api.buyer(BEA, "GET", "/orders")).json()["items"]
    assert listed == await look(api, key)


async def test_the_seller_is_asked_once_and_told_why(api: Api, scene: Scene) -> None:
    held, key = await scene.to_states([State.HELD, State.UNSHIPPED])
    assert await reason(api, "POST", f"/orders/{held.order_id}/cancellation-request") == (409, "order_is_pending")
    path = f"/orders/{key.order_id}/cancellation-request"
    asked = await api.buyer(BEA, "POST", path, {"why": "我不需要了"})
    assert asked.status_code == 204, asked.text
    assert (await scene.events(key))[-1].detail == {"why": "我不需要了"}
    assert (await look(api, key))["cancellation_requested_at"] is not None
    assert await reason(api, "POST", path) == (409, "cancellation_already_requested")


async def test_another_payment_is_asked_for_at_once_and_the_same_one_is_tried_again(api: Api, scene: Scene) -> None:
    key = await scene.pay_with("fail-always")
    await scene.work()
    path = f"/orders/{key.order_id}/payment"
    assert (await api.buyer(BEA, "PUT", path, {"payment_token": "fail-always"})).status_code == 204
    await scene.work()
    assert (await scene.acts(key))[-2:] == ["change_payment", "fail_payment"]
    assert (await api.buyer(BEA, "PUT", path, {"payment_token": "approve"})).status_code == 204
    await scene.work()
    assert await scene.state(key) is State.APPROVED
    assert await reason(api, "PUT", path, {"payment_token": "approve"}) == (409, "already_approved")
