"""A seller's webhook endpoints over HTTP: opened, called, looked into, changed, closed."""

import base64
import json
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.scene import BEA, LAMP, PRO, Scene
from tests.webhooks.receiver import Hooks, receiving
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.told_once import WithSecret, told_once
from tradepost.ground import answers
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction
from tradepost.webhooks.endpoints.endpoints import MOST_ENDPOINTS

WAY = "/seller/webhooks"
URL = {"url": "https://example.com/hooks"}


async def opened(api: Api, body: dict[str, Any] | None = None, **more: Any) -> Any:
    answer = await api.seller(PRO, "POST", WAY, body or URL, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_endpoint_is_told_what_happens_and_its_log_says_so(
    api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_WEBHOOKS_PRIVATE", "yes")
    async with receiving() as receiver:
        endpoint = await opened(api, {"url": receiver.url, "name": "mine", "acts": ["place", "approve"]})
        assert (endpoint["name"], endpoint["acts"], endpoint["status"]) == ("mine", ["place", "approve"], "enabled")
        receiver.secret = endpoint["secret"]
        key = await scene.place(BEA, {LAMP: 1})
        await scene.approve(key)
        await Hooks(scene).deliver()
        assert receiver.heard == [(key.order_id, 1), (key.order_id, 2)]

        way = f"{WAY}/{endpoint['endpoint_id']}/messages"
        log = (await api.seller(PRO, "GET", way)).json()
        assert {one["message_id"] for one in log["items"]} == set(receiver.ids)
        assert {(one["status"], one["attempts"], one["answer_code"]) for one in log["items"]} == {("delivered", 1, 204)}
        first = (await api.seller(PRO, "GET", f"{way}?limit=1")).json()
        second = (await api.seller(PRO, "GET", f"{way}?limit=1&after={first['next']}")).json()
        assert first["items"] + second["items"] == log["items"]
        assert second["next"] is None

        named = {"messages": [{"order_id": key.order_id, "number": 2}, {"order_id": key.order_id, "number": 99}]}
        for _ in range(2):
            queued = await api.seller(PRO, "POST", f"{way}/resend", named, once="again")
            assert (queued.status_code, queued.json()) == (200, {"queued": 1})
        await Hooks(scene).deliver()
        assert receiver.heard[2:] == [(key.order_id, 2)]


async def test_what_was_given_up_is_sent_once_more(api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_WEBHOOKS_PRIVATE", "yes")
    hooks = Hooks(scene)
    async with receiving() as receiver:
        endpoint = await opened(api, {"url": receiver.url})
        receiver.secret = endpoint["secret"]
        await scene.place(BEA, {LAMP: 1})
        await hooks.say("UPDATE webhook_messages SET status = 'undeliverable'")
        way = f"{WAY}/{endpoint['endpoint_id']}/messages"
        assert (await api.seller(PRO, "POST", f"{way}/resend", {})).json() == {"queued": 1}
        await hooks.deliver()
        assert len(receiver.heard) == 1


async def test_a_secret_is_told_once_and_never_kept(api: Api, scene: Scene) -> None:
    first = await opened(api, once="one")
    again = await opened(api, once="one")
    assert again == first | {"secret": None}
    way = f"{WAY}/{first['endpoint_id']}"
    rotated = (await api.seller(PRO, "POST", f"{way}/secret", once="two")).json()
    repeated = (await api.seller(PRO, "POST", f"{way}/secret", once="two")).json()
    assert repeated == rotated | {"secret": None}
    assert rotated["secret"] not in (None, first["secret"])
    assert rotated["old_secret_until"] is not None
    for answer in (await api.seller(PRO, "GET", way), await api.seller(PRO, "GET", WAY)):
        assert first["secret"] not in answer.text
        assert rotated["secret"] not in answer.text
    kept = await scene.rows("SELECT convert_from(body, 'UTF8') FROM kept_answers")
    assert not [row for row in kept if first["secret"] in row[0] or rotated["secret"] in row[0]]


async def test_no_secret_is_told_of_what_was_taken_back(scene: Scene) -> None:
    """Another process does the same at the same moment, and is first."""
    once = Once("seller:acme", "one", b"digest")

    async def work(tx: Transaction) -> WithSecret:
        async with scene.database.transaction() as other:
            await answers.keep(other, [(once, Answer(201, b"what the other one made"))])
        return WithSecret(Answer(201, b"a secret"), Answer(201, b"no secret"))

    answer = await told_once(Desk(scene.database), work, "en", once)
    assert answer.body == b"what the other one made"


async def test_an_endpoint_is_changed_stopped_called_again_and_closed(api: Api) -> None:
    endpoint = await opened(api)
    way = f"{WAY}/{endpoint['endpoint_id']}"
    changed = await api.seller(PRO, "PUT", way, {"url": "https://example.com/other", "name": "other"})
    assert (changed.status_code, changed.json()["url"]) == (200, "https://example.com/other")
    disabled = (await api.seller(PRO, "POST", f"{way}/disable")).json()
    assert (disabled["status"], disabled["disabled_why"]) == ("disabled", "by_hand")
    enabled = (await api.seller(PRO, "POST", f"{way}/enable")).json()
    assert (enabled["status"], enabled["disabled_why"]) == ("enabled", None)
    assert [one["endpoint_id"] for one in (await api.seller(PRO, "GET", WAY)).json()["items"]] == [
        endpoint["endpoint_id"]
    ]
    for _ in range(2):
        assert (await api.seller(PRO, "DELETE", way, once="one")).status_code == 204
    gone = await api.seller(PRO, "DELETE", way)
    assert (gone.status_code, gone.json()["reason"]) == (404, "endpoint_not_found")
    assert (await api.seller(PRO, "GET", WAY)).json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://example.com/hooks"}, "url"),
        ({"url": "https://127.0.0.1/hooks"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://user:pass@example.com/"}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://example.com/\0"}, "url"),
        ({"url": "https://example.com/" + "x" * 2001}, "url"),
        ({"url": ""}, "url"),
        (URL | {"name": "x" * 201}, "name"),
        (URL | {"name": "a\0b"}, "name"),
        (URL | {"acts": []}, "acts"),
        (URL | {"acts": ["dance"]}, "acts"),
        (URL | {"secret": "mine"}, "body"),
        ({}, "body"),
    ],
)
async def test_what_no_endpoint_can_be_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    endpoint = await opened(api)
    for method, way in (("POST", WAY), ("PUT", f"{WAY}/{endpoint['endpoint_id']}")):
        answer = await api.seller(PRO, method, way, body)
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value"), answer.text
        assert answer.json()["field"] == field or field == "body"
    assert len((await api.seller(PRO, "GET", WAY)).json()["items"]) == 1


async def test_a_seller_has_so_many_endpoints_and_no_more(api: Api) -> None:
    for _ in range(MOST_ENDPOINTS):
        await opened(api)
    answer = await api.seller(PRO, "POST", WAY, URL)
    assert (answer.status_code, answer.json()["reason"]) == (409, "too_many_endpoints")


@pytest.mark.parametrize(
    "place",
    [["0001-01-01T00:00:00+14:00", "acme", "x", 1], ["2026-01-01T00:00:00", "acme", "x", 1], ["2026-01-01T00:00:00Z"],
     ["2026-01-01T00:00:00Z", "a\0b", "x", 1], ["2026-01-01T00:00:00Z", "acme", "x", 2**40], {}, 5],
)  # fmt: skip
async def test_a_place_in_the_log_that_no_page_named_is_refused(api: Api, place: Any) -> None:
    endpoint = await opened(api)
    after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    answer = await api.seller(PRO, "GET", f"{WAY}/{endpoint['endpoint_id']}/messages?after={after}")
    assert (answer.status_code, answer.json()["field"]) == (422, "after"), answer.text
