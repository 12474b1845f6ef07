"""The operator's review of orders that wait for verification."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.scene import BEA, BOB, LAMP, PRO, SOLO, Scene
from tradepost.access.keys import Scope
from tradepost.lifecycle import State

NOWHERE = "999-9999999-9999999"


async def _to_review(api: Api, limit: int = 50) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        params = {"limit": limit} | ({"after": after} if after else {})
        answer = await api.operator("GET", "/operator/verification", params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            return found


async def test_the_list_holds_what_waits_for_verification_and_nothing_else(api: Api, scene: Scene) -> None:
    deferred = await scene.pay_with("defer")
    await scene.to_states([State.APPROVED, State.CANCELED, State.UNSHIPPED])
    await scene.pay_with("approve")
    held = await scene.place(BOB, {"MUG": 3})
    await scene.work()
    first, second = await _to_review(api)
    assert (first["order_id"], first["state"], first["seller_id"]) == (held.order_id, "held", SOLO)
    assert (first["gateway"], first["attempts"], first["total"]) == (None, 0, 2100)
    assert (second["order_id"], second["state"], second["gateway"]) == (deferred.order_id, "verifying", "simulated")
    assert (second["buyer_id"], second["lines"][0]["sku"], second["verify_at"]) == (BEA, LAMP, None)


async def test_pages_of_the_list_meet_every_order_once(api: Api, scene: Scene) -> None:
    keys = [await scene.pay_with("defer") for _ in range(5)]
    await scene.advance(timedelta(hours=1))
    keys += [await scene.pay_with("defer") for _ in range(2)]
    found = await _to_review(api, limit=2)
    assert sorted(one["order_id"] for one in found) == sorted(key.order_id for key in keys)
    assert [one["wakes_at"] for one in found] == sorted(one["wakes_at"] for one in found)


async def test_the_list_says_what_the_clock_says_when_nobody_sweeps(api: Api, scene: Scene) -> None:
    key = await scene.place()
    now = await scene.now()
    await scene.set_clock(now + timedelta(hours=1))
    (found,) = await _to_review(api)
    assert (found["order_id"], found["state"]) == (key.order_id, "verifying")
    await scene.set_clock(now + timedelta(days=22))
    assert await _to_review(api) == []


async def test_an_approved_order_is_released_and_the_history_says_by_whom_and_why(api: Api, scene: Scene) -> None:
    key = await scene.pay_with("defer")
    await scene.advance(timedelta(hours=1))
    approved = await api.operator(
        "POST", f"/operator/verification/{key.order_id}/approve", {"note": "Called the bank."}
    )
    assert (approved.status_code, approved.content) == (204, b"")
    assert await scene.state(key) is State.UNSHIPPED
    (event,) = [event for event in await scene.events(key) if event.act == "approve"]
    assert (event.party, event.detail) == ("verification", {"note": "Called the bank."})
    (mine,) = (await api.operator("GET", "/operator/keys", params={"scope": "operator"})).json()["items"]
    assert mine["key_id"] in event.actor
    assert await _to_review(api) == []


@pytest.mark.parametrize(
    ("reason", "state", "canceled"),
    [
        ("fraud", State.CANCELED, "fraud"),
        ("payment_declined", State.CANCELED, "payment_declined"),
        ("payment_failed", State.HELD, None),
    ],
)
async def test_a_rejected_order_stands_as_the_reason_says(
    api: Api, scene: Scene, reason: str, state: State, canceled: str | None
) -> None:
    key = await scene.place()
    rejected = await api.operator(
        "POST", f"/operator/verification/{key.order_id}/reject", {"reason": reason, "note": "No."}
    )
    assert rejected.status_code == 204, rejected.text
    order = await scene.order(key)
    assert (order.state, order.cancel_reason) == (state, canceled)
    assert ((await scene.events(key))[-1].detail or {})["note"] == "No."
    assert [who for who, _ in await scene.told(key)] == ["buyer"]
    assert await scene.stock(PRO, LAMP) == (1000 if canceled else 998)


async def test_neither_seller_nor_buyer_reads_the_note(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.HELD)
    await api.operator("POST", f"/operator/verification/{key.order_id}/approve", {"note": "Known to us."})
    await scene.advance(timedelta(hours=1))
    for answer in (
        await api.seller(PRO, "GET", f"/seller/orders/{key.order_id}"),
        await api.buyer(BEA, "GET", f"/orders/{key.order_id}"),
    ):
        assert answer.status_code == 200, answer.text
        assert "Known to us." not in answer.text
    assert "Known to us." in (await api.operator("GET", f"/operator/orders/{key.order_id}")).text


async def test_a_verdict_is_taken_once(api: Api, scene: Scene) -> None:
    key = await scene.place()
    way = f"/operator/verification/{key.order_id}/approve"
    assert [(await api.operator("POST", way, once="a")).status_code for _ in range(2)] == [204, 204]
    again = await api.operator("POST", way)
    assert (again.status_code, again.json()["reason"]) == (409, "already_approved")
    assert (await scene.acts(key)).count("approve") == 1


async def test_customer_service_reviews_nothing(api: Api, scene: Scene) -> None:
    key = await scene.place()
    for answer in (
        await api.service("GET", "/operator/verification"),
        await api.service("POST", f"/operator/verification/{key.order_id}/approve"),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (403, "scope_not_enough")


BAD: list[tuple[str, Any, int, str]] = [
    (f"/{NOWHERE}/approve", None, 404, "order_not_found"),
    (f"/{NOWHERE}/reject", {"reason": "fraud"}, 404, "order_not_found"),
    ("/%00/approve", None, 404, "order_not_found"),
    ("/{order}/reject", {"reason": "mood"}, 422, "reason"),
    ("/{order}/reject", {}, 422, "reason"),
    ("/{order}/reject", {"reason": "fraud", "note": "x" * 501}, 422, "note"),
    ("/{order}/reject", {"reason": "fraud", "note": "\0"}, 422, "note"),
    ("/{order}/approve", {"note": 1}, 422, "note"),
    ("/{order}/approve", {"because": "x"}, 422, "because"),
]


async def test_bad_verdicts_and_places_get_a_sentence(api: Api, scene: Scene) -> None:
    key = await scene.place()
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    for path, body, status, told in BAD:
        answer = await api.operator("POST", f"/operator/verification{path.format(order=key.order_id)}", body)
        assert (answer.status_code, told in answer.text) == (status, True), (path, body, answer.text)
    for after in ("x", "W10", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiYSIsImIiXQ"):  # nothing, too short, without a zone
        answer = await api.operator("GET", "/operator/verification", params={"after": after})
        assert (answer.status_code, answer.json()["field"]) == (422, "after")
    assert await scene.dump() == before
