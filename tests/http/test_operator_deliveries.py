"""Deliveries that carriers report, and the mail that could not be delivered."""

from datetime import timedelta
from uuid import UUID

from tests.http.conftest import Api
from tests.scene import LAMP, PRO, SOLO, VASE, Scene
from tradepost.access.keys import Scope
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import State
from tradepost.notices import records as notices
from tradepost.notices.records import Result


async def test_many_deliveries_are_taken_at_once_and_each_is_answered_by_itself(api: Api, scene: Scene) -> None:
    shipped, partly, unshipped = await scene.to_states([State.SHIPPED, State.PARTIALLY_SHIPPED, State.UNSHIPPED])
    wanted = [
        {"seller_id": key.seller_id, "order_id": key.order_id, "carrier": "UPS"} for key in (shipped, partly, unshipped)
    ]
    wanted += [
        {"seller_id": PRO, "order_id": "nowhere"},
        {"seller_id": "\0", "order_id": shipped.order_id},
        {"seller_id": SOLO, "order_id": shipped.order_id},
        {"seller_id": PRO, "order_id": partly.order_id},
    ]
    answer = await api.operator("POST", "/operator/deliveries", {"deliveries": wanted}, once="d")
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["outcomes"]
    assert [one["order_id"] for one in outcomes] == [one["order_id"] for one in wanted]
    assert [one["recorded"] for one in outcomes] == [True, True, *[False] * 5]
    assert [one["reason"] for one in outcomes[2:]] == [
        "nothing_shipped", "order_not_found", "order_not_found", "order_not_found", "already_delivered",
    ]  # fmt: skip
    assert all(one["detail"] for one in outcomes[2:])
    assert (await scene.order(shipped)).delivered_at == await scene.now()
    assert ((await scene.events(shipped))[-1].party, (await scene.events(shipped))[-1].actor) == ("carrier", "UPS")
    again = await api.operator("POST", "/operator/deliveries", {"deliveries": wanted}, once="d")
    assert again.content == answer.content


async def test_deliveries_that_cannot_be_get_a_sentence(api: Api) -> None:
    one = {"seller_id": PRO, "order_id": "123-1234567-1234567"}
    for body, told in (
        ({"deliveries": []}, "deliveries"),
        ({"deliveries": [one] * 1001}, "deliveries"),
        ({"deliveries": [one | {"carrier": ""}]}, "deliveries[0].carrier"),
        ({"deliveries": [{"seller_id": PRO}]}, "order_id"),
        ({}, "deliveries"),
    ):
        answer = await api.operator("POST", "/operator/deliveries", body)
        assert (answer.status_code, told in answer.text) == (422, True), answer.text


async def test_a_carrier_with_a_name_that_no_text_has_is_refused_by_itself(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.SHIPPED)
    wanted = {"seller_id": PRO, "order_id": key.order_id}
    body = {"deliveries": [wanted | {"carrier": "U\0"}, wanted]}
    outcomes = (await api.operator("POST", "/operator/deliveries", body)).json()["outcomes"]
    assert [one["reason"] for one in outcomes] == ["invalid_value", None]


async def test_mail_that_was_given_up_is_listed_and_sent_again(api: Api, scene: Scene) -> None:
    for sku in (LAMP, VASE, "MUG"):
        key = await scene.place(items={sku: 1})
        await scene.approve(key)
    await scene.advance(timedelta(minutes=30))
    given_up = await _give_all_up(scene)
    assert len(given_up) == 6
    backlog = await api.operator("GET", "/operator/notices")
    assert backlog.json() == {"waiting": 0, "in_trouble": 0, "last_error": None}

    found, after = [], None
    while not found or after:
        params = {"limit": 4} | ({"after": after} if after else {})
        page = (await api.operator("GET", "/operator/notices/undeliverable", params=params)).json()
        found += page["items"]
        after = page["next"]
    assert {(one["seller_id"], UUID(one["notice_id"])) for one in found} == given_up
    assert {(one["attempts"], one["last_error"]) for one in found} == {(1, "Nobody is there.")}

    named = [{"seller_id": one["seller_id"], "notice_id": one["notice_id"]} for one in found[:4]]
    sent = await api.operator("POST", "/operator/notices/resend", {"notices": [*named, *named]}, once="r")
    assert sent.json() == {"queued": 4}
    assert (await api.operator("POST", "/operator/notices/resend", {"notices": [*named, *named]}, once="r")).json() == {
        "queued": 4
    }
    assert (await api.operator("POST", "/operator/notices/resend", {"notices": named})).json() == {"queued": 0}
    assert (await api.operator("GET", "/operator/notices")).json()["waiting"] == 4


async def _give_all_up(scene: Scene) -> set[tuple[str, UUID]]:
    """What a worker does whom every receiver turned away."""
    async with scene.database.transaction() as tx:
        now = machine_now()
        claimed = await notices.claim(tx, now, now + timedelta(minutes=1), 100)
        fate = "undeliverable", 1, now, None, "Nobody is there."
        await notices.record(tx, [Result(one.seller_id, one.notice_id, one.leased_until, *fate) for one in claimed])
    return {(one.seller_id, one.notice_id) for one in claimed}


async def test_mail_that_cannot_be_named_gets_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    nowhere = {"seller_id": PRO, "notice_id": str(UUID(int=1))}
    for body, told in (
        ({"notices": []}, "notices"),
        ({"notices": [nowhere | {"notice_id": "x"}]}, "notices[0].notice_id"),
        ({"notices": [nowhere | {"seller_id": "\0"}]}, "seller_id"),
        ({"notices": [nowhere] * 1001}, "notices"),
    ):
        answer = await api.operator("POST", "/operator/notices/resend", body)
        assert (answer.status_code, told in answer.text) == (422, True), answer.text
    for after in ("x", "WyJhIiwiYiJd", "WyJcdTAwMDAiLCIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiXQ"):
        answer = await api.operator("GET", "/operator/notices/undeliverable", params={"after": after})
        assert (answer.status_code, answer.json()["field"]) == (422, "after")
    assert await scene.dump() == before
