"""The operator's keys: made for everybody, told once, rotated and ended."""

from datetime import timedelta
from typing import Any

import pytest
import structlog

from tests.http.conftest import Api
from tests.scene import BEA, PRO, Scene
from tradepost.access import keys, ring
from tradepost.access.keys import Scope
from tradepost.ground.clock import machine_now

MINE = {"scope": "seller", "subject": PRO, "name": "Shop tool"}


async def _opens(api: Api, text: str, path: str = "/operator/clock") -> int:
    answer = await api.ask(None, None, "GET", path, headers={"Authorization": f"Bearer {text}"})
    return answer.status_code


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that has ended is noticed at once."""
    monkeypatch.setattr(ring, "CACHE_SECONDS", 0.0)


async def test_a_key_opens_what_its_scope_says_until_it_is_ended(api: Api) -> None:
    made = await api.operator("POST", "/operator/keys", {"scope": "operator", "name": "Night shift"})
    assert made.status_code == 201, made.text
    said = made.json()
    assert await _opens(api, said["key"]) == 200
    shown = await api.operator("GET", f"/operator/keys/{said['key_id']}")
    assert shown.json() == {name: value for name, value in said.items() if name != "key"}
    ended = await api.operator("DELETE", f"/operator/keys/{said['key_id']}")
    assert (ended.status_code, ended.content) == (204, b"")
    assert await _opens(api, said["key"]) == 401


async def test_a_key_can_be_made_for_every_scope_and_subject(api: Api) -> None:
    for scope, subject in (("seller", PRO), ("buyer", BEA), ("customer_service", None)):
        made = await api.operator("POST", "/operator/keys", {"scope": scope, "subject": subject})
        assert made.status_code == 201, made.text
        assert await _opens(api, made.json()["key"]) == 403
    found = await api.operator("GET", "/operator/keys", params={"scope": "seller", "subject": PRO})
    assert [one["subject"] for one in found.json()["items"]] == [PRO]


async def test_keys_come_in_pages(api: Api) -> None:
    made = {(await api.operator("POST", "/operator/keys", MINE)).json()["key_id"] for _ in range(3)}
    found, after = [], None
    while not found or after:
        params = {"scope": "seller", "limit": 2} | ({"after": after} if after else {})
        page = (await api.operator("GET", "/operator/keys", params=params)).json()
        found += [one["key_id"] for one in page["items"]]
        after = page["next"]
    assert found == sorted(made)


async def test_a_rotated_key_goes_on_for_its_grace_and_the_new_one_is_like_it(api: Api) -> None:
    old = (await api.operator("POST", "/operator/keys", {"scope": "operator", "name": "Night shift"})).json()
    new = await api.operator("POST", f"/operator/keys/{old['key_id']}/rotate", {"grace_seconds": 600})
    assert new.status_code == 201
    assert (new.json()["name"], new.json()["scope"]) == ("Night shift", "operator")
    assert [await _opens(api, one) for one in (old["key"], new.json()["key"])] == [200, 200]
    newest = (await api.operator("POST", f"/operator/keys/{new.json()['key_id']}/rotate", {})).json()
    assert [await _opens(api, one) for one in (new.json()["key"], newest["key"])] == [401, 200]


async def test_a_key_is_told_once_and_kept_nowhere(api: Api, scene: Scene) -> None:
    """Neither in what is kept under an Idempotency-Key, nor in a list, nor in the log, nor anywhere in the database."""
    with structlog.testing.capture_logs() as log:
        made = (await api.operator("POST", "/operator/keys", MINE, once="mine")).json()
        rotated = await api.operator("POST", f"/operator/keys/{made['key_id']}/rotate", {}, once="turn")
        again = await api.operator("POST", "/operator/keys", MINE, once="mine")
        turned = await api.operator("POST", f"/operator/keys/{made['key_id']}/rotate", {}, once="turn")
        listed = await api.operator("GET", "/operator/keys")
    assert again.json() == made | {"key": None}
    assert turned.json() == rotated.json() | {"key": None}
    everything = str(await scene.dump()) + listed.text + str(log)
    kept = b"".join([row[0] for row in await scene.rows("SELECT body FROM kept_answers")]).decode()
    for secret in (made["key"], rotated.json()["key"]):
        assert len(secret) > 40
        assert secret not in everything + kept
    assert len(await scene.rows("SELECT 1 FROM access_keys WHERE scope = 'seller'")) == 2


async def test_a_key_that_is_to_end_ends(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = machine_now() + timedelta(hours=1)
    made = await api.operator("POST", "/operator/keys", {"scope": "operator", "ends_at": soon.isoformat()})
    assert made.status_code == 201
    assert await _opens(api, made.json()["key"]) == 200
    for reading in (keys, ring):
        monkeypatch.setattr(reading, "machine_now", lambda: soon)
    assert await _opens(api, made.json()["key"]) == 401
    past = await api.operator("POST", "/operator/keys", {"scope": "operator", "ends_at": soon.isoformat()})
    assert (past.status_code, past.json()["field"]) == (422, "ends_at")


BAD: list[tuple[str, str, Any, int, str]] = [
    ("POST", "", {"scope": "king"}, 422, "scope"),
    ("POST", "", {"scope": "seller"}, 422, "subject"),
    ("POST", "", {"scope": "operator", "subject": PRO}, 422, "subject"),
    ("POST", "", {"scope": "seller", "subject": "nobody"}, 404, "nobody"),
    ("POST", "", {"scope": "buyer", "subject": "nobody"}, 404, "nobody"),
    ("POST", "", {"scope": "buyer", "subject": "\0"}, 422, "invalid_value"),
    ("POST", "", {"scope": "operator", "name": "x" * 101}, 422, "name"),
    ("POST", "", {"scope": "operator", "name": "x\0"}, 422, "name"),
    ("POST", "", {"scope": "operator", "ends_at": "2030-01-01T00:00:00"}, 422, "ends_at"),
    ("POST", "", {"scope": "operator", "ends_at": "9999-12-31T23:59:59-12:00"}, 422, "ends_at"),
    ("POST", "/key_nobody/rotate", {}, 404, "key_nobody"),
    ("POST", "/key_nobody/rotate", {"grace_seconds": 10**12}, 422, "grace_seconds"),
    ("POST", "/key_nobody/rotate", {"grace_seconds": -1}, 422, "grace_seconds"),
    ("DELETE", "/key_nobody", None, 404, "key_nobody"),
    ("DELETE", "/%00", None, 404, "key_not_found"),
    ("GET", "/key_nobody", None, 404, "key_nobody"),
    ("GET", "?scope=king", None, 422, "scope"),
    ("GET", "?subject=%00", None, 200, "items"),
    ("GET", "?after=bm8", None, 422, "after"),
    ("GET", "?limit=101", None, 422, "limit"),
]  # fmt: skip


async def test_bad_wishes_for_keys_get_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    for method, path, body, status, told in BAD:
        answer = await api.operator(method, f"/operator/keys{path}", body)
        assert (answer.status_code, told in answer.text) == (status, True), (method, path, body, answer.text)
    assert await scene.dump() == before
