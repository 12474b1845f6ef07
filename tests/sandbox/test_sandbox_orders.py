"""A test order stands where it is wanted, with the history of an order that came there by itself."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.races.soundness import violations
from tests.sandbox.test_sandbox_page import PAGE
from tests.scene import BEA, LAMP, MARKET, PRO
from tradepost.doors.sandbox.orders import place_test_order
from tradepost.doors.sandbox.recipes import RECIPES, Wanted
from tradepost.numbers import OrderKey

STANDS = {
    Wanted.HELD: ("Pending", "held"),
    Wanted.APPROVED: ("Pending", "approved"),
    Wanted.VERIFYING: ("Pending", "verifying"),
    Wanted.PAYMENT_FAILED: ("Pending", "verifying"),
    Wanted.UNSHIPPED: ("Unshipped", "unshipped"),
    Wanted.REMINDED: ("Unshipped", "unshipped"),
    Wanted.CANCELLATION_REQUESTED: ("Unshipped", "unshipped"),
    Wanted.PARTIALLY_SHIPPED: ("PartiallyShipped", "partially_shipped"),
    Wanted.SHIPPED: ("Shipped", "shipped"),
    Wanted.DELIVERED: ("Shipped", "shipped"),
    Wanted.CANCELED_BY_BUYER: ("Canceled", "canceled"),
    Wanted.CANCELED_BY_SELLER: ("Canceled", "canceled"),
    Wanted.DECLINED: ("Canceled", "canceled"),
    Wanted.VERIFICATION_EXPIRED: ("Canceled", "canceled"),
    Wanted.NOT_CONFIRMED: ("Canceled", "canceled"),
}
LAST_ACT = {
    Wanted.REMINDED: "remind",
    Wanted.PAYMENT_FAILED: "end_hold",
    Wanted.CANCELLATION_REQUESTED: "request_cancellation",
    Wanted.DELIVERED: "deliver",
    Wanted.CANCELED_BY_BUYER: "cancel_by_buyer",
    Wanted.CANCELED_BY_SELLER: "cancel_by_seller",
    Wanted.DECLINED: "decline",
    Wanted.VERIFICATION_EXPIRED: "give_up_verifying",
    Wanted.NOT_CONFIRMED: "cancel_unconfirmed",
}


async def placed(api: Api, state: str, **more: Any) -> dict[str, Any]:
    answer = await api.operator("POST", "/sandbox/orders", {"seller_id": PRO, "state": state, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("wanted", RECIPES)
async def test_an_order_stands_where_it_is_wanted(api: Api, wanted: Wanted) -> None:
    order = await placed(api, wanted)
    assert (order["status"], order["state"]) == STANDS[wanted]
    acts = await api.scene.acts(OrderKey(PRO, order["order_id"]))
    assert acts[-1] == LAST_ACT.get(wanted, acts[-1])
    await api.scene.work()  # the gateway, asked again, says the same
    assert (await api.scene.order(OrderKey(PRO, order["order_id"]))).state == STANDS[wanted][1]
    assert await violations(api.scene.database) == []


async def test_a_payment_that_failed_was_tried_whenever_that_was_due_and_no_more_is_now(api: Api) -> None:
    order = await placed(api, Wanted.PAYMENT_FAILED)
    key, now = OrderKey(PRO, order["order_id"]), await api.scene.now()
    acts = await api.scene.acts(key)
    assert acts == ["place", "fail_payment", "fail_payment", "end_hold"]
    assert datetime.fromisoformat(order["next_at"]) > now
    await api.scene.work()
    assert await api.scene.acts(key) == acts
    assert [tuple(row) for row in await api.scene.rows("SELECT attempts FROM payments")] == [(2,)]


async def test_other_orders_and_the_clock_stay_where_they_are(api: Api) -> None:
    waiting = await api.scene.place()
    before = await api.scene.now(), await api.scene.state(waiting)
    for wanted in RECIPES:
        await placed(api, wanted)
    assert (await api.scene.now(), await api.scene.state(waiting)) == before


async def test_lines_and_buyer_can_be_chosen(api: Api) -> None:
    offers = (await api.seller(PRO, "GET", "/seller/offers")).json()["items"]
    wanted = [{"sku": offer["sku"], "quantity": 1} for offer in offers if offer["available"]][:2]
    order = await placed(api, "unshipped", lines=wanted, buyer_id=BEA)
    mine = (await api.buyer(BEA, "GET", "/orders")).json()["items"]
    assert order["order_id"] in [one["order_id"] for one in mine]
    assert len(order["items"]) == len(wanted)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"state": "lost"}, 422, "invalid_value"),
        ({"seller_id": "nobody"}, 404, "seller_not_found"),
        ({"lines": [{"sku": "nothing"}]}, 404, "offer_not_found"),
        ({"buyer_id": "nobody"}, 404, "buyer_not_found"),
        ({"lines": []}, 422, "invalid_value"),
    ],
)
async def test_what_cannot_be_placed_is_refused(api: Api, changes: dict[str, Any], status: int, reason: str) -> None:
    answer = await api.operator("POST", "/sandbox/orders", {"seller_id": PRO, "state": "held", **changes})
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text


async def test_one_unit_cannot_be_shipped_in_part(api: Api) -> None:
    """It would be shipped whole. Nothing of it stays behind."""
    stock = await api.scene.stock(PRO, LAMP)
    wanted = {"seller_id": PRO, "state": "partially_shipped", "lines": [{"sku": LAMP}]}
    answer = await api.operator("POST", "/sandbox/orders", wanted)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value")
    assert "lines is not valid: to be shipped in part takes 2 units" in answer.text
    assert await api.scene.rows("SELECT 1 FROM orders") == []
    assert await api.scene.stock(PRO, LAMP) == stock


@pytest.mark.parametrize(
    ("wanted", "policy", "stands"),
    [
        ("held", {"hold": 0}, "verifying"),
        ("approved", {"hold": 0}, "unshipped"),
        ("reminded", {"remind_days": 0}, "canceled"),
    ],
)
async def test_where_the_policy_lets_no_order_stand_is_refused(
    wanted: str, policy: dict[str, int], stands: str, api: Api
) -> None:
    await api.operator("PATCH", f"/operator/marketplaces/{MARKET}/policy", policy)
    answer = await api.operator("POST", "/sandbox/orders", {"seller_id": PRO, "state": wanted})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value"), answer.text
    assert f"by this marketplace's policy such an order is {stands}" in answer.text
    assert await api.scene.rows("SELECT 1 FROM orders") == []


async def test_who_polls_by_creation_is_told_to_poll_by_updates(api: Api) -> None:
    """An order that is new now was created before the last time that somebody asked, but it was not recorded before."""
    asked = await api.scene.now()
    await api.scene.advance(timedelta(seconds=1))
    key = OrderKey(PRO, (await placed(api, "unshipped"))["order_id"])
    assert (await api.scene.order(key)).placed_at < asked
    assert all(event.recorded_at > asked for event in await api.scene.events(key))
    for told in (PAGE, str(place_test_order.fn.__doc__)):
        assert re.search(r"by\s+`?LastUpdatedAfter\b.{,20}always\s+sees it", told, re.DOTALL)


async def test_only_operators_may(api: Api) -> None:
    answer = await api.seller(PRO, "POST", "/sandbox/orders", {"seller_id": PRO, "state": "held"})
    assert answer.status_code == 403


async def test_what_comes_is_told_and_then_happens(api: Api) -> None:
    order = await placed(api, "approved")
    (coming,) = (await api.operator("GET", "/sandbox/next")).json()["acts"]
    assert (coming["order_id"], coming["act"]) == (order["order_id"], "release")
    came = (await api.operator("POST", "/sandbox/next")).json()
    assert [(one["order_id"], one["act"], one["state"]) for one in came["events"]] == [
        (order["order_id"], "release", "unshipped")
    ]
    assert came["now"] == order["next_at"]
    (reminder,) = (await api.operator("GET", "/sandbox/next")).json()["acts"]
    assert "confirm as shipped by" in reminder["sentence"]
    assert "{" not in reminder["sentence"]


async def test_one_step_after_a_checkout_ends_its_hold(api: Api) -> None:
    """Its payment is asked for at once: that is nothing to stop for."""
    key = await api.scene.pay_with("approve")
    came = (await api.operator("POST", "/sandbox/next")).json()
    assert [one["act"] for one in came["events"]] == ["approve", "release"]
    assert (await api.scene.order(key)).state == "unshipped"


async def test_questions_that_change_nothing_are_passed_over(api: Api) -> None:
    await api.scene.pay_with("silent")
    assert [one["act"] for one in (await api.operator("POST", "/sandbox/next")).json()["events"]] == ["end_hold"]
    came = (await api.operator("POST", "/sandbox/next")).json()
    assert [one["act"] for one in came["events"]] == ["give_up_verifying"]
    assert (await api.operator("POST", "/sandbox/next")).json()["events"] == []


async def test_what_was_due_long_ago_is_told_when_it_happens(api: Api) -> None:
    """Its moment is before the leap, which begins and ends now. What had happened already is not told again."""
    key = await api.scene.place()
    later = await api.scene.now() + timedelta(hours=1)
    await api.scene.set_clock(later)
    done = await placed(api, "shipped")
    came = (await api.operator("POST", "/sandbox/next")).json()
    assert [(one["order_id"], one["act"], one["at"]) for one in came["events"]] == [
        (key.order_id, "end_hold", "2026-03-02T10:30:00Z")
    ]
    assert (came["count"], datetime.fromisoformat(came["now"])) == (1, later)
    assert done["order_id"] != key.order_id


async def test_a_real_clock_has_no_test_orders(api: Api) -> None:
    await api.scene.rows("UPDATE business_clock SET simulated = false, ticking = true RETURNING true")
    answer = await api.operator("POST", "/sandbox/orders", {"seller_id": PRO, "state": "held"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "clock_is_real")
    assert (await api.operator("POST", "/sandbox/next")).json()["reason"] == "clock_is_real"
