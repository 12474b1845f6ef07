"""Manage Orders, one order in full, and canceling by the seller, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.scene import ADDRESS, BEA, LAMP, MUG, PRO, SOLO, VASE, Scene
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey
from tradepost.policy import Policy

SECRETS = (str(ADDRESS["line1"]), "Bea", "bea")


async def page(api: Api, query: str = "", seller: str = PRO) -> Any:
    answer = await api.seller(seller, "GET", f"/seller/orders{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def look(api: Api, key: OrderKey) -> Any:
    answer = await api.seller(key.seller_id, "GET", f"/seller/orders/{key.order_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_tabs_of_manage_orders_hold_what_their_names_say(api: Api, scene: Scene) -> None:
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    await scene.request_cancellation(keys[State.PARTIALLY_SHIPPED])
    expected = {
        "all": set(State),
        "pending": {State.HELD, State.APPROVED, State.VERIFYING},
        "unshipped": {State.UNSHIPPED, State.PARTIALLY_SHIPPED},
        "cancellation_requested": {State.PARTIALLY_SHIPPED},
        "shipped": {State.SHIPPED},
        "canceled": {State.CANCELED},
    }
    for view, states in expected.items():
        items = (await page(api, f"?view={view}"))["items"]
        assert {one["order_id"] for one in items} == {keys[state].order_id for state in states}, view
    assert (await page(api, seller=SOLO))["items"] == []


async def test_pages_lead_from_one_to_the_next_until_the_last(api: Api, scene: Scene) -> None:
    keys = await scene.place_all([{LAMP: 1}] * 5)
    found, query = [], "?limit=2"
    while True:
        answer = await page(api, query)
        found += [one["order_id"] for one in answer["items"]]
        if answer["next"] is None:
            break
        query = f"?limit=2&after={answer['next']}"
    assert sorted(found) == sorted(key.order_id for key in keys)


async def test_an_order_is_found_by_its_number_and_only_by_its_seller(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    (item,) = (await page(api, f"?order_id={key.order_id}"))["items"]
    assert (item["order_id"], item["status"], item["buyer_name"]) == (key.order_id, "Unshipped", "Bea")
    assert item["confirm_until"] == "2026-04-01"
    assert [(line["sku"], line["quantity"], line["left"]) for line in item["lines"]] == [(LAMP, 2, 2), (VASE, 1, 1)]
    for seller, number in ((SOLO, key.order_id), (PRO, "000-0000000-0000000"), (PRO, "nonsense")):
        assert await page(api, f"?order_id={number}", seller) == {"items": [], "next": None}


async def test_an_order_in_full_tells_all_that_its_seller_needs(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 1)])
    await scene.cancel_by_seller(key, "no_inventory", [(VASE, 1)])
    await scene.request_cancellation(key, why="I found a better one")
    order = await look(api, key)
    lamp, vase = order["lines"]
    assert (order["status"], order["state"]) == ("PartiallyShipped", "partially_shipped")
    assert (lamp["shipped"], lamp["left"], vase["canceled"]) == (1, 1, 1)
    (package,) = order["packages"]
    assert (package["reference"], package["carrier_code"]) == (1, "UPS")
    assert package["items"] == [{"item_id": lamp["item_id"], "quantity": 1}]
    (canceled,) = order["cancellations"]
    assert canceled["item_id"] == vase["item_id"]
    assert (canceled["canceled_by"], canceled["reason"], canceled["returned"]) == ("SELLER", "no_inventory", False)
    assert [event["act"] for event in order["events"]] == await scene.acts(key)
    assert order["events"][-1]["detail"] == {"why": "I found a better one"}
    assert order["next"]["act"] == Act.REMIND
    assert "April 1, 2026" in order["next"]["sentence"]
    assert (order["confirm_until"], order["reminded"]) == ("2026-04-01", False)
    assert order["ship_to"]["line1"] == ADDRESS["line1"]
    assert order["buyer_email"].endswith("@market.marketplace.invalid")


@pytest.mark.parametrize("state", State)
async def test_who_buys_and_where_it_goes_is_told_of_released_orders_only(api: Api, scene: Scene, state: State) -> None:
    key = await scene.to_state(state)
    order = await look(api, key)
    released = state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
    assert (order["ship_to"] is not None, order["buyer_email"] is not None) == (released, released)
    assert order["status"] == state.status
    assert "bea@example.com" not in str(order)
    if not released:
        for said in (order, await page(api), await page(api, f"?order_id={key.order_id}")):
            assert not [secret for secret in SECRETS if secret in str(said)]


async def test_what_the_clock_says_is_shown_although_no_sweep_has_run(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.APPROVED)
    await scene.set_clock((await scene.now()) + Policy().hold)
    assert [one["order_id"] for one in (await page(api, "?view=unshipped"))["items"]] == [key.order_id]
    order = await look(api, key)
    assert (order["status"], order["ship_to"]["line1"]) == ("Unshipped", ADDRESS["line1"])

    late = await scene.place(BEA, {LAMP: 1})
    await scene.set_clock((await scene.now()) + timedelta(days=60))
    assert (await look(api, late))["status"] == "Canceled"
    unswept = await look(api, key)
    assert (unswept["status"], unswept["ship_to"], unswept["buyer_email"]) == ("Canceled", None, None)


async def test_the_seller_cancels_what_cannot_be_shipped(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    way = f"/seller/orders/{key.order_id}/cancel"
    some = {"reason": "general_adjustment", "items": [{"item": LAMP, "quantity": 1}]}
    stock = await scene.stock(PRO, LAMP)
    for _ in range(2):
        answer = await api.seller(PRO, "POST", way, some, once="one")
        assert (answer.status_code, answer.content) == (204, b"")
    assert await scene.stock(PRO, LAMP) == stock + 1
    assert (await api.seller(PRO, "POST", way, {"reason": "no_inventory"})).status_code == 204
    assert await scene.state(key) is State.CANCELED
    assert await scene.stock(PRO, LAMP) == stock + 1
    again = await api.seller(PRO, "POST", way, {"reason": "no_inventory"})
    assert (again.status_code, again.json()["reason"]) == (409, "order_is_canceled")


async def test_a_pending_order_is_not_the_sellers_to_cancel(api: Api, scene: Scene) -> None:
    key = await scene.place()
    answer = await api.seller(PRO, "POST", f"/seller/orders/{key.order_id}/cancel", {"reason": "no_inventory"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "order_is_pending")
    unknown = await api.seller(PRO, "POST", f"/seller/orders/{key.order_id}/cancel", {"reason": "mood"})
    assert unknown.status_code == 409, "what the order does not allow comes first"


async def test_the_account_is_the_sellers_own(api: Api, scene: Scene) -> None:
    pro, solo = [(await api.seller(seller, "GET", "/seller/account")).json() for seller in (PRO, SOLO)]
    assert (pro["seller_id"], pro["plan"], pro["email"]) == (PRO, "professional", "acme@example.com")
    assert (solo["seller_id"], solo["plan"], solo["locale"]) == (SOLO, "individual", "zh")
    assert pro["marketplace"] == {
        "marketplace_id": "MARKET", "name": "Market", "country": "US", "currency": "USD", "zone": "UTC",
    }  # fmt: skip
    assert (pro["handling_days"], pro["cut_off"]) == (1, "14:00:00")


async def test_orders_of_one_cart_are_shown_to_their_sellers_each(api: Api, scene: Scene) -> None:
    await scene.check_out(BEA, {LAMP: 1, MUG: 1})
    (of_pro,) = (await page(api))["items"]
    (of_solo,) = (await page(api, seller=SOLO))["items"]
    assert (of_pro["lines"][0]["sku"], of_solo["lines"][0]["sku"]) == (LAMP, MUG)
