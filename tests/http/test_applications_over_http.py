"""Applications at the operator's and the sellers' door: registered, authorized, rotated, ended; secrets told once."""

from typing import Any

import pytest
import structlog

from tests.http.conftest import Api
from tests.scene import PRO, SOLO, Scene
from tradepost.access import tokens
from tradepost.access.keys import Scope
from tradepost.refusals import Refused

APPLICATIONS = "/operator/applications"
OF_PRO = f"/operator/sellers/{PRO}/authorizations"
MINE = "/seller/authorizations"


async def registered(api: Api, name: str = "Order Tool") -> dict[str, Any]:
    made = await api.operator("POST", APPLICATIONS, {"name": name})
    assert made.status_code == 201, made.text
    said: dict[str, Any] = made.json()
    return said


async def logs_in(scene: Scene, application: dict[str, Any], authorization: dict[str, Any]) -> bool:
    """Whether an access token comes of what was told."""
    async with scene.database.transaction() as tx:
        try:
            await tokens.refresh(
                tx, application["client_id"], application["client_secret"], authorization["refresh_token"]
            )
        except Refused:
            return False
    return True


async def test_an_application_is_registered_and_authorized_by_the_operator(api: Api, scene: Scene) -> None:
    application = await registered(api)
    wanted = {"client_id": application["client_id"]}
    first = await api.operator("POST", OF_PRO, wanted)
    assert first.status_code == 201, first.text
    assert (first.json()["client_id"], first.json()["seller_id"]) == (application["client_id"], PRO)
    assert await logs_in(scene, application, first.json())
    second = (await api.operator("POST", OF_PRO, wanted)).json()
    assert not await logs_in(scene, application, first.json()), "the new one takes its place"
    assert await logs_in(scene, application, second)
    (listed,) = (await api.operator("GET", OF_PRO)).json()["items"]
    assert (listed["client_id"], listed["name"], listed["seller_id"]) == (application["client_id"], "Order Tool", PRO)
    ended = await api.operator("DELETE", f"{OF_PRO}/{application['client_id']}")
    assert (ended.status_code, ended.content) == (204, b"")
    assert not await logs_in(scene, application, second)
    assert (await api.operator("GET", OF_PRO)).json() == {"items": []}
    assert (await api.operator("DELETE", f"{OF_PRO}/{application['client_id']}")).status_code == 404


async def test_a_seller_authorizes_sees_and_ends_what_acts_for_them(api: Api, scene: Scene) -> None:
    application, another = await registered(api), await registered(api, "Another tool")
    wanted = {"client_id": application["client_id"]}
    mine = await api.ask(Scope.SELLER, PRO, "POST", MINE, wanted)
    assert (mine.status_code, mine.json()["seller_id"]) == (201, PRO)
    solos = await api.ask(Scope.SELLER, SOLO, "POST", MINE, {"client_id": another["client_id"]})
    assert await logs_in(scene, application, mine.json())
    assert [one["name"] for one in (await api.ask(Scope.SELLER, PRO, "GET", MINE)).json()["items"]] == ["Order Tool"]
    path = f"{MINE}/{another['client_id']}"
    assert (await api.ask(Scope.SELLER, PRO, "DELETE", path)).status_code == 404, "another seller's"
    assert await logs_in(scene, another, solos.json())
    assert (await api.ask(Scope.SELLER, SOLO, "DELETE", path)).status_code == 204
    assert not await logs_in(scene, another, solos.json())
    assert await logs_in(scene, application, mine.json())
    refused = await api.ask(Scope.SELLER, PRO, "POST", APPLICATIONS, {"name": "Mine"})
    assert refused.status_code == 403


async def test_a_new_secret_leaves_the_old_one_a_week(api: Api, scene: Scene) -> None:
    application = await registered(api)
    authorization = (await api.operator("POST", OF_PRO, {"client_id": application["client_id"]})).json()
    path = f"{APPLICATIONS}/{application['client_id']}/rotate"
    rotated = await api.operator("POST", path, {})
    assert rotated.status_code == 200
    assert rotated.json()["client_id"] == application["client_id"]
    for secret in (application, rotated.json()):
        assert await logs_in(scene, secret, authorization)
    (listed,) = (await api.operator("GET", APPLICATIONS)).json()["items"]
    assert listed["name"] == "Order Tool"
    assert listed["old_secret_until"] > listed["made_at"]
    again = await api.operator("POST", path, {"grace_seconds": 60})
    assert (again.status_code, again.json()["reason"]) == (409, "old_secret_still_opens")
    assert await logs_in(scene, application, authorization), "nothing has changed"


async def test_after_a_leak_no_earlier_secret_opens(api: Api, scene: Scene) -> None:
    application = await registered(api)
    authorization = (await api.operator("POST", OF_PRO, {"client_id": application["client_id"]})).json()
    path = f"{APPLICATIONS}/{application['client_id']}/rotate"
    second = (await api.operator("POST", path, {})).json()
    third = (await api.operator("POST", path, {"grace_seconds": 0})).json()
    opening = [await logs_in(scene, secret, authorization) for secret in (application, second, third)]
    assert opening == [False, False, True]


async def test_applications_come_in_pages(api: Api) -> None:
    made = {(await registered(api))["client_id"] for _ in range(3)}
    found, after = [], None
    while not found or after:
        params = {"limit": 2} | ({"after": after} if after else {})
        page = (await api.operator("GET", APPLICATIONS, params=params)).json()
        found += [one["client_id"] for one in page["items"]]
        after = page["next"]
    assert found == sorted(made)


async def test_secrets_and_refresh_tokens_are_told_once_and_kept_nowhere(api: Api, scene: Scene) -> None:
    async def twice(method: str, path: str, body: Any, once: str, field: str, scope: Scope, subject: Any) -> str:
        first, again = [await api.ask(scope, subject, method, path, body, once=once) for _ in range(2)]
        assert first.status_code == again.status_code
        told: dict[str, str] = first.json()
        assert again.json() == told | {field: None}
        if field == "client_secret":
            clients.append(told["client_id"])
        return told[field]

    clients: list[str] = []
    operator = (Scope.OPERATOR, None)
    with structlog.testing.capture_logs() as log:
        secrets = [await twice("POST", APPLICATIONS, {"name": "Tool"}, "one", "client_secret", *operator)]
        wanted = {"client_id": clients[0]}
        secrets += [
            await twice("POST", f"{APPLICATIONS}/{clients[0]}/rotate", {}, "two", "client_secret", *operator),
            await twice("POST", OF_PRO, wanted, "three", "refresh_token", *operator),
            await twice("POST", MINE, wanted, "four", "refresh_token", Scope.SELLER, SOLO),
        ]
        lists = [await api.operator("GET", path) for path in (APPLICATIONS, OF_PRO)]
    kept = b"".join([row[0] for row in await scene.rows("SELECT body FROM kept_answers")]).decode()
    everything = str(await scene.dump()) + "".join(answer.text for answer in lists) + str(log) + kept
    assert clients[0] in kept
    for secret in secrets:
        assert len(secret) > 40
        assert secret.rpartition("|")[2] not in everything
    assert len(await scene.rows("SELECT 1 FROM applications")) == 1


BAD: list[tuple[str, str, Any, int, str]] = [
    ("POST", APPLICATIONS, {"name": ""}, 422, "name"),
    ("POST", APPLICATIONS, {"name": " "}, 422, "name"),
    ("POST", APPLICATIONS, {"name": "x" * 101}, 422, "name"),
    ("POST", APPLICATIONS, {"name": "x\0"}, 422, "name"),
    ("POST", APPLICATIONS, {"title": "x"}, 422, "title"),
    ("POST", f"{APPLICATIONS}/nobody/rotate", {}, 404, "application_not_found"),
    ("POST", f"{APPLICATIONS}/%00/rotate", {}, 404, "application_not_found"),
    ("POST", f"{APPLICATIONS}/nobody/rotate", {"grace_seconds": -1}, 422, "grace_seconds"),
    ("POST", f"{APPLICATIONS}/nobody/rotate", {"grace_seconds": 2592001}, 422, "grace_seconds"),
    ("POST", f"{APPLICATIONS}/nobody/rotate", {"grace": 0}, 422, "grace"),
    ("POST", OF_PRO, {"client_id": "nobody"}, 404, "application_not_found"),
    ("POST", OF_PRO, {"client_id": "\0"}, 404, "application_not_found"),
    ("POST", OF_PRO, {"client_id": "x" * 201}, 422, "client_id"),
    ("POST", "/operator/sellers/nobody/authorizations", {"client_id": "x"}, 404, "seller_not_found"),
    ("GET", "/operator/sellers/nobody/authorizations", None, 404, "seller_not_found"),
    ("GET", "/operator/sellers/%00/authorizations", None, 404, "seller_not_found"),
    ("DELETE", f"{OF_PRO}/nobody", None, 404, "application_not_found"),
    ("DELETE", f"{OF_PRO}/%00", None, 404, "application_not_found"),
    ("GET", f"{APPLICATIONS}?after=bm8", None, 422, "after"),
    ("GET", f"{APPLICATIONS}?limit=101", None, 422, "limit"),
]  # fmt: skip


async def test_bad_wishes_for_applications_get_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    for method, path, body, status, told in BAD:
        answer = await api.operator(method, path, body)
        assert (answer.status_code, told in answer.text) == (status, True), (method, path, body, answer.text)
    assert await scene.dump() == before


@pytest.mark.parametrize("scope", [Scope.BUYER, Scope.CUSTOMER_SERVICE])
async def test_applications_are_no_others_business(api: Api, scope: Scope) -> None:
    subject = "bea" if scope is Scope.BUYER else None
    for path in (APPLICATIONS, OF_PRO, MINE):
        assert (await api.ask(scope, subject, "GET", path)).status_code == 403
