"""Notifications that applications were not told: operators see why, and send them again."""

from tests.http.conftest import Api
from tests.notifications.listening import Listening
from tests.scene import LAMP, PRO, VASE, Scene
from tradepost.access.keys import Scope
from tradepost.notifications.kinds import Kind


async def test_what_could_not_be_delivered_is_listed_and_sent_again(api: Api, scene: Scene) -> None:
    listening = Listening(scene, None)
    for name in ("one", "other"):
        await listening.subscribe(f"arn:aws:sqs:us-east-1:123456789012:{name}", Kind.QUANTITY_CHANGE)
    await scene.place(items={LAMP: 1, VASE: 1})
    await listening.say("UPDATE notifications SET status = 'undeliverable', last_error = 'SQS refused it.'")
    found, after = [], None
    while not found or after:
        params = {"limit": 3} | ({"after": after} if after else {})
        page = (await api.operator("GET", "/operator/notifications/undeliverable", params=params)).json()
        found += page["items"]
        after = page["next"]
    assert sorted(one["subject"] for one in found) == [LAMP, LAMP, VASE, VASE]
    assert {(one["seller_id"], one["kind"], one["last_error"]) for one in found} == {
        (PRO, Kind.QUANTITY_CHANGE, "SQS refused it.")
    }
    assert len({(one["destination_id"], one["number"]) for one in found}) == 4
    named = [{name: one[name] for name in ("seller_id", "subscription_id", "subject", "number")} for one in found]
    for queued in (4, 0):
        answer = await api.operator("POST", "/operator/notifications/resend", {"notifications": named})
        assert (answer.status_code, answer.json()) == (200, {"queued": queued})
    empty = await api.operator("GET", "/operator/notifications/undeliverable")
    assert empty.json() == {"items": [], "next": None}


async def test_notifications_that_cannot_be_named_get_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    one = {"seller_id": PRO, "subscription_id": "x", "subject": "x", "number": 1}
    for bad in ([], [one | {"number": 0}], [one | {"number": 2**63}], [{}], [one] * 1001):
        answer = await api.operator("POST", "/operator/notifications/resend", {"notifications": bad})
        assert (answer.status_code, "notifications" in answer.text) == (422, True), answer.text
    for unknown in (one, one | {"subscription_id": "\0"}):
        answer = await api.operator("POST", "/operator/notifications/resend", {"notifications": [unknown]})
        assert answer.json() == {"queued": 0}
    assert await scene.dump() == before
