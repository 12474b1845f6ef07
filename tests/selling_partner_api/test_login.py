"""Login with Amazon: an access token for a refresh token, as clients ask for it; and every reason why there is none."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.scene import PRO, SOLO, Scene
from tests.selling_partner_api.clients import TOKENS, Application, Selling, ValidatingClient, login
from tests.selling_partner_api.conftest import Authorize
from tradepost.access import applications, ring, tokens
from tradepost.doors.serving import app
from tradepost.ground.clock import machine_now
from tradepost.ground.database import connect

LOGIN = "/auth/o2/token"
EXPIRED = "The access token you provided has expired."
WANTED = {"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo"]}]}


def words(application: Application, **changes: str | None) -> dict[str, Any]:
    """What a client sends to log in; None leaves a field out."""
    said = {name: value for name, value in vars(application).items() if name != "seller_id"}
    return {
        name: value for name, value in ({"grant_type": "refresh_token"} | said | changes).items() if value is not None
    }


async def opens(selling: Selling, token: str) -> httpx.Response:
    return await selling.with_token(token).post(TOKENS, WANTED)


async def test_a_form_and_json_are_answered_alike(
    partner_client: ValidatingClient, selling: Selling, application: Application
) -> None:
    as_json = words(application) | {"scope": None, "expires_in": 3600, "more": {"of": ["theirs"]}}
    for request in (
        {"data": words(application)},
        {"json": as_json},
        {"content": urlencode(words(application))},
        {"json": as_json, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": words(application, more="theirs"), "headers": {"Authorization": "AWS4-HMAC-SHA256 whatever"}},
    ):
        answer = await partner_client.post(LOGIN, **request)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        token = said.pop("access_token")
        assert token.startswith("Atza|")
        assert said == {"token_type": "bearer", "expires_in": 3600, "refresh_token": application.refresh_token}
        assert answer.headers["cache-control"] == "no-store"
        assert (await opens(selling, token)).status_code == 200


async def test_an_application_of_its_own_gets_a_token_that_opens_no_sellers_data(
    partner_client: ValidatingClient, selling: Selling, application: Application
) -> None:
    for scope in ("sellingpartnerapi::notifications", "sellingpartnerapi::client_credential:rotation"):
        mine = words(application, grant_type="client_credentials", scope=scope, refresh_token=None)
        answer = await partner_client.post(LOGIN, data=mine)
        said = answer.json()
        token = said.pop("access_token")
        assert said == {"token_type": "bearer", "expires_in": 3600, "scope": scope}
        refused = await opens(selling, token)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "Unauthorized")


REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"client_id": "amzn1.application-oa2-client.nobody"}, 401, "invalid_client"),
    ({"client_secret": "amzn1.oa2-cs.v1.guessed"}, 401, "invalid_client"),
    ({"client_secret": "guessed", "refresh_token": "Atzr|guessed"}, 401, "invalid_client"),
    ({"refresh_token": "Atzr|guessed"}, 400, "invalid_grant"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
    ({"grant_type": "client_credentials", "scope": "orders"}, 400, "invalid_scope"),
    ({"grant_type": "client_credentials"}, 400, "invalid_request"),
    ({"grant_type": None}, 400, "invalid_request"),
    ({"client_id": None}, 400, "invalid_request"),
    ({"client_secret": ""}, 400, "invalid_request"),
    ({"refresh_token": None}, 400, "invalid_request"),
    ({"refresh_token": "\0"}, 400, "invalid_request"),
    ({"client_id": "x" * 5000}, 400, "invalid_request"),
]
BODIES = [
    b"", b"{", b"{}", b"[]", b"[1]", b"nonsense", b"\xff\xfe", b"grant_type=%ff&client_id=%00", b"&" * 100,
    b"a=1&" * 100,
    b'{"grant_type": "\\ud800"}', b'{"grant_type": ["refresh_token"]}', b'{"a":' * 5000, b"grant_type", b"=", b"%",
]  # fmt: skip


async def test_every_no_is_one_of_oauths(
    partner_client: ValidatingClient, application: Application, authorize: Authorize, scene: Scene
) -> None:
    solos = await authorize(SOLO)
    foreign: tuple[dict[str, str | None], int, str] = ({"refresh_token": solos.refresh_token}, 400, "invalid_grant")
    before = await scene.dump()
    for changes, status, error in [*REFUSED, foreign]:
        for form in ("data", "json"):
            answer = await partner_client.post(LOGIN, **{form: words(application, **changes)})
            said = answer.json()
            assert (answer.status_code, said["error"]) == (status, error), (changes, said)
            assert set(said) == {"error", "error_description"}
            assert answer.headers["cache-control"] == "no-store"
            for secret in (application.client_secret, application.refresh_token):
                assert secret not in answer.text
    for body in BODIES:
        for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            answer = await partner_client.post(LOGIN, content=body, headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), (body, answer.text)
    large = await partner_client.post(LOGIN, content=b"a=" + b"b" * (1 << 21))
    assert (large.status_code, large.json()["error"]) == (413, "invalid_request")
    assert await scene.dump() == before


async def test_where_there_is_no_login_the_answer_is_oauths_too(partner_client: ValidatingClient) -> None:
    for method, path, status in (("PUT", LOGIN, 405), ("GET", LOGIN, 405), ("POST", "/auth/o2/nothing", 404)):
        answer = await partner_client.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request"), (method, path)
        assert set(answer.json()) == {"error", "error_description"}
        assert ("POST" in answer.headers.get("allow", "")) is (status == 405)


async def test_a_login_that_fails_asks_for_no_other_kind_of_login(
    partner_client: ValidatingClient, application: Application
) -> None:
    answer = await partner_client.post(LOGIN, data=words(application, client_secret="guessed"))  # noqa: S106
    assert answer.status_code == 401
    assert "www-authenticate" not in answer.headers


async def test_while_the_database_is_away_the_login_says_so() -> None:
    async with connect("postgresql://nobody@127.0.0.1:1/nowhere", at_once=False) as away:
        transport = httpx.ASGITransport(app.of_database(away), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://tradepost.test") as client:
            answer = await client.post(LOGIN, data=words(Application(PRO, "id", "secret", "token")))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "nobody" not in answer.text


async def test_an_access_token_ends_after_an_hour_and_says_so_as_clients_expect_it(
    selling: Selling, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await opens(selling, selling.token)).status_code == 200
    almost, later = (machine_now() + timedelta(minutes=minutes) for minutes in (59, 60))
    monkeypatch.setattr(tokens, "machine_now", lambda: almost)
    assert (await opens(selling, selling.token)).status_code == 200
    monkeypatch.setattr(tokens, "machine_now", lambda: later)
    refused = await opens(selling, selling.token)
    assert refused.status_code == 403
    (error,) = refused.json()["errors"]
    assert (error["code"], error["details"]) == ("Unauthorized", EXPIRED)
    fresh = await login(selling.client, application)
    assert (await opens(selling, fresh["access_token"])).status_code == 200


async def test_an_authorization_that_ended_is_noticed_by_a_process_that_knows_its_token(
    selling: Selling, application: Application, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await opens(selling, selling.token)).status_code == 200
    async with scene.database.transaction() as tx:
        await applications.end_authorization(tx, application.client_id, PRO)
    refused = await selling.client.post(LOGIN, data=words(application))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    later = ring.machine_seconds() + ring.CACHE_SECONDS + 1
    monkeypatch.setattr(ring, "machine_seconds", lambda: later)
    answer = await opens(selling, selling.token)
    assert (answer.status_code, answer.json()["errors"][0]["details"]) == (403, "token_needed")


async def test_after_a_rotation_both_secrets_log_in(
    partner_client: ValidatingClient, application: Application, scene: Scene
) -> None:
    _, secret = await scene.database.run(lambda tx: applications.rotate_secret(tx, application.client_id))
    for shown in (secret, application.client_secret):
        assert (await partner_client.post(LOGIN, data=words(application, client_secret=shown))).status_code == 200


async def test_tokens_that_are_none_open_nothing(selling: Selling, application: Application) -> None:
    for token in ("Atza|guessed", application.refresh_token, application.client_secret, "x" * 5000, "é", "Bearer x"):
        headers = {"x-amz-access-token": token.encode("latin-1")}
        answer = await selling.with_token("").ask("POST", TOKENS, WANTED, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "Unauthorized"), token
