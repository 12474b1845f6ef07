"""cancelOrder of 2026-01-01, which Amazon has withdrawn: here it cancels, and says that it is an extension."""

from typing import Any

import httpx
import pytest

from tests.scene import LAMP, PRO, SOLO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.orders_2026 import ORDERS
from tradepost.doors.http.requests import MOST_BODY
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

CODES = {
    "NO_INVENTORY": "no_inventory",
    "BUYER_CANCELLED": "buyer_canceled",
    "SHIPPING_ADDRESS_UNDELIVERABLE": "shipping_address_undeliverable",
    "CUSTOMER_EXCHANGE": "customer_exchange",
    "PRICING_ERROR": "pricing_error",
}
REASON = {"cancelReasonCode": "PRICING_ERROR"}


async def cancel(selling: Selling, key: OrderKey, body: Any = REASON, **more: Any) -> httpx.Response:
    return await selling.ask("PUT", f"{ORDERS}/{key.order_id}/cancellation", body, **more)


@pytest.mark.parametrize(("code", "reason"), CODES.items())
async def test_an_order_is_canceled_for_a_reason(scene: Scene, selling: Selling, code: str, reason: str) -> None:
    in_stock = await scene.stock(PRO, LAMP)
    key = await scene.to_state(State.UNSHIPPED)
    answer = await cancel(selling, key, {"cancelReasonCode": code})
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["x-tradepost-extension"] == "cancelOrder"
    order = await scene.order(key)
    assert (order.state, order.canceled_by, order.cancel_reason) == (State.CANCELED, "SELLER", reason)
    kept = 2 if code == "NO_INVENTORY" else 0  # what the seller does not have does not come back
    assert await scene.stock(PRO, LAMP) == in_stock - kept
    shown = (await selling.get(f"{ORDERS}/{key.order_id}", includedData="CANCELLATION,FULFILLMENT")).json()["order"]
    assert shown["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    executed = {"cancelledBy": "MERCHANT", "cancelReason": code}
    assert [item["cancellation"] for item in shown["orderItems"]] == [{"cancellationExecution": executed}] * 2


async def test_what_is_shipped_of_an_order_stays_so(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    assert (await cancel(selling, key)).status_code == 202
    order = await scene.order(key)
    assert (order.state, order.shipped_units, order.canceled_units) == (State.SHIPPED, 1, 2)


async def test_orders_that_cannot_be_canceled(scene: Scene, selling: Selling) -> None:
    why = {
        State.HELD: "order_is_pending",
        State.APPROVED: "order_is_pending",
        State.VERIFYING: "order_is_pending",
        State.SHIPPED: "order_is_shipped",
        State.CANCELED: "order_is_canceled",
    }
    keys = await scene.to_states(list(why))
    before = await scene.dump()
    for key, details in zip(keys, why.values(), strict=True):
        answer = await cancel(selling, key)
        assert answer.status_code == 400
        assert answer.headers["x-tradepost-extension"] == "cancelOrder"
        (error,) = answer.json()["errors"]
        assert (error["code"], error["details"]) == ("InvalidInput", details)
    after = await scene.dump()
    assert {name for name in before if before[name] != after[name]} == {"usage_plans"}


async def test_twice_is_once(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert (await cancel(selling, key)).status_code == 202
    again = await cancel(selling, key)
    assert (again.status_code, again.json()["errors"][0]["details"]) == (400, "order_is_canceled")


async def test_bodies_that_say_no_reason(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    for content, said in {
        b'{"cancelReasonCode": "GENERAL_ADJUSTMENT"}': "'GENERAL_ADJUSTMENT' is none of NO_INVENTORY",
        b'{"cancelReasonCode": "no_inventory"}': "is none of",
        b'{"cancelReasonCode": ""}': "cancelReasonCode",
        b'{"cancelReasonCode": "\\u0000"}': "cancelReasonCode",
        b'{"cancelReasonCode": null}': "cancelReasonCode",
        b'{"cancelReasonCode": 1}': "cancelReasonCode",
        b"{}": "cancelReasonCode",
        b"[]": "body",
        b"": "body is not valid: it is missing",
        b"{": "JSON",
        b"\xff": "JSON",
        b'{"more": ' + b"[" * 100_000: "nested",
    }.items():
        answer = await cancel(selling, key, None, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert said in answer.json()["errors"][0]["message"]
    assert await scene.state(key) == State.UNSHIPPED


async def test_fields_that_nobody_knows_are_passed_over(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert (await cancel(selling, key, REASON | {"marketplaceIds": ["X"], "path": ORDERS})).status_code == 202


async def test_a_body_that_is_too_large(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    answer = await cancel(selling, key, REASON | {"more": "x" * MOST_BODY})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "RequestTooLarge")


async def test_a_stranger_cancels_nothing(scene: Scene, selling: Selling, authorize: Authorize) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    solo = await selling.of(await authorize(SOLO))
    answer = await cancel(solo, key)
    nothing = await cancel(solo, OrderKey(SOLO, "000-0000000-0000000"))
    assert (answer.status_code, answer.json()) == (nothing.status_code, nothing.json()) == (404, nothing.json())
    assert await scene.state(key) == State.UNSHIPPED


async def test_numbers_and_tokens_that_are_none(scene: Scene, selling: Selling) -> None:
    assert (await cancel(selling, OrderKey(PRO, "TEST_CASE_400"))).status_code == 400
    key = await scene.to_state(State.UNSHIPPED)
    assert (await cancel(selling.with_token(""), key)).status_code == 403
    assert await scene.state(key) == State.UNSHIPPED


async def test_units_that_the_buyer_no_longer_wants(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.request_cancellation(key, why="too late")
    assert (await cancel(selling, key, {"cancelReasonCode": "BUYER_CANCELLED"})).status_code == 202
    assert ("buyer", "order_canceled") in await scene.told(key)
    assert await scene.stock(PRO, VASE) == 1000
