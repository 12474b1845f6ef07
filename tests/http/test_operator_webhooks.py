"""The operator's own webhook endpoints, and everybody's: what could not be delivered is listed and sent again."""

import pytest

from tests.http.conftest import Api
from tests.scene import LAMP, PRO, SOLO, Scene
from tests.webhooks.receiver import Hooks, receiving
from tradepost.access.keys import Scope

URL = {"url": "https://example.com/hooks"}


async def test_the_operators_endpoint_hears_of_all_sellers(
    api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_WEBHOOKS_PRIVATE", "yes")
    async with receiving() as receiver:
        endpoint = await api.operator("POST", "/operator/webhooks", {"url": receiver.url, "acts": ["place", "approve"]})
        assert endpoint.status_code == 201, endpoint.text
        receiver.secret = endpoint.json()["secret"]
        keys = [await scene.place(items={LAMP: 1}), await scene.place(items={"MUG": 1})]
        approved = await api.operator("POST", f"/operator/verification/{keys[0].order_id}/approve", {"note": "Known."})
        assert approved.status_code == 204
        await Hooks(scene).deliver()
        assert sorted(receiver.heard) == sorted([(keys[0].order_id, 1), (keys[0].order_id, 2), (keys[1].order_id, 1)])
        log = await api.operator("GET", f"/operator/webhooks/{endpoint.json()['endpoint_id']}/messages")
        assert {one["seller_id"] for one in log.json()["items"]} == {PRO, SOLO}


async def test_everybodys_endpoints_are_listed_without_their_secrets(api: Api) -> None:
    mine = (await api.operator("POST", "/operator/webhooks", URL)).json()
    theirs = (await api.seller(PRO, "POST", "/seller/webhooks", URL)).json()
    found, after = [], None
    while not found or after:
        params = {"limit": 1} | ({"after": after} if after else {})
        answer = await api.operator("GET", "/operator/all-webhooks", params=params)
        found += answer.json()["items"]
        after = answer.json()["next"]
        assert mine["secret"] not in answer.text
        assert theirs["secret"] not in answer.text
    assert [(one["seller_id"], one["endpoint_id"]) for one in found] == [
        ("", mine["endpoint_id"]), (PRO, theirs["endpoint_id"]),
    ]  # fmt: skip


async def test_what_could_not_be_delivered_anywhere_is_listed_and_sent_again(api: Api, scene: Scene) -> None:
    endpoints = [
        (await api.operator("POST", "/operator/webhooks", URL)).json()["endpoint_id"],
        (await api.seller(PRO, "POST", "/seller/webhooks", URL)).json()["endpoint_id"],
    ]
    key = await scene.place(items={LAMP: 1})
    await Hooks(scene).say("UPDATE webhook_messages SET status = 'undeliverable', last_error = 'Gone.'")
    found, after = [], None
    while not found or after:
        params = {"limit": 1} | ({"after": after} if after else {})
        page = (await api.operator("GET", "/operator/all-webhooks/undeliverable", params=params)).json()
        found += page["items"]
        after = page["next"]
    assert sorted(one["endpoint_id"] for one in found) == sorted(endpoints)
    assert {(one["order_id"], one["number"], one["last_error"]) for one in found} == {(key.order_id, 1, "Gone.")}
    names = ("endpoint_id", "seller_id", "order_id", "number")
    named = {"messages": [{name: one[name] for name in names} for one in found]}
    for queued in (2, 0):
        answer = await api.operator("POST", "/operator/all-webhooks/resend", named)
        assert (answer.status_code, answer.json()) == (200, {"queued": queued})
    empty = await api.operator("GET", "/operator/all-webhooks/undeliverable")
    assert empty.json() == {"items": [], "next": None}


async def test_messages_that_cannot_be_named_get_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    one = {"endpoint_id": "x", "seller_id": PRO, "order_id": "x", "number": 1}
    for bad, told in (
        ({"messages": []}, "messages"),
        ({"messages": [one | {"number": 0}]}, "messages[0].number"),
        ({"messages": [one | {"number": 2**31}]}, "messages[0].number"),
        ({"messages": [one | {"endpoint_id": "\0"}]}, "endpoint_id"),
        ({}, "messages"),
    ):
        answer = await api.operator("POST", "/operator/all-webhooks/resend", bad)
        assert (answer.status_code, told in answer.text) == (422, True), answer.text
    assert (await api.operator("POST", "/operator/all-webhooks/resend", {"messages": [one]})).json() == {"queued": 0}
    assert await scene.dump() == before
