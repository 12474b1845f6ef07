"""What a request may not be, wherever it goes: every route reads bodies alike, and says back no more than it must."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest

from tests.http.conftest import Api
from tests.scene import BEA, LAMP, PRO, SOLO, Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.doors.http import problems, requests
from tradepost.doors.http.desk import Desk, Wish
from tradepost.doors.http.routes import MOST_PATH, cursor
from tradepost.doors.serving import app, front
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.refusals import Reason, Refusal
from tradepost.reports.manage_orders import View

LINE = {"seller_id": PRO, "sku": LAMP, "quantity": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "/operator/sellers/acme", {"handling_days": "3"}, "handling_days"),
        ("PATCH", "/operator/sellers/acme", {"operating_weekdays": ["0"]}, "operating_weekdays[0]"),
        ("PATCH", "/operator/marketplaces/MARKET/policy", {"hold": "60"}, "hold"),
        ("PATCH", "/operator/marketplaces/MARKET/policy", {"individual_reports": 1}, "individual_reports"),
        ("POST", "/operator/clock/advance", {"to": 1900000000}, "to"),
        ("POST", "/operator/clock/advance", {"by": 5}, "by"),
        ("POST", "/operator/keys", {"scope": "operator", "ends_at": -1}, "ends_at"),
    ],
)
async def test_a_value_of_another_kind_is_not_guessed_at(
    api: Api, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await api.operator(method, path, body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value"), answer.text
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "choices"),
    [
        ("POST", "/operator/keys", {"scope": "king"}, "scope", "buyer, seller, operator, customer_service"),
        ("POST", "/operator/keys", {"scope": ["buyer"]}, "scope", None),
        (
            "POST",
            "/operator/verification/1/reject",
            {"reason": "mood"},
            "reason",
            "fraud, payment_declined, payment_failed",
        ),
    ],
)
async def test_who_says_another_word_is_told_which_there_are(
    api: Api, method: str, path: str, body: Any, field: str, choices: str | None
) -> None:
    answer = await api.operator(method, path, body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    if choices:
        assert answer.json()["problem"] == f"it must be one of {choices}"


async def test_who_asks_for_another_view_is_told_which_there_are(api: Api) -> None:
    answer = await api.seller(PRO, "GET", "/seller/orders?view=zz")
    assert (answer.status_code, answer.json()["field"]) == (422, "view"), answer.text
    assert answer.json()["problem"] == f"it must be one of {', '.join(View)}"


@pytest.mark.parametrize("content", [b"", b" \n"])
@pytest.mark.parametrize(("method", "path"), [("PUT", "/cart/lines"), ("POST", "/checkouts")])
async def test_a_body_that_is_missing_is_missed_everywhere_alike(
    api: Api, method: str, path: str, content: bytes
) -> None:
    answer = await api.buyer(BEA, method, path, content=content)
    assert (answer.status_code, answer.json()["field"]) == (422, "body"), answer.text
    assert answer.json()["problem"] == "it is missing"


@pytest.mark.parametrize("quantity", ["1", 1.0, "-0", True, "null"])
async def test_a_quantity_is_a_number(api: Api, quantity: Any) -> None:
    answer = await api.buyer(BEA, "PUT", "/cart/lines", LINE | {"quantity": quantity})
    assert (answer.status_code, answer.json()["field"]) == (422, "quantity")
    assert (await api.buyer(BEA, "GET", "/cart")).json()["lines"] == []


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"{} {}", b"NaN", b"[" * 90_000])
async def test_what_is_no_json_is_no_body_of_any_route(api: Api, content: bytes) -> None:
    answer = await api.buyer(BEA, "PUT", "/cart/lines", content=content)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"]


async def test_a_long_address_is_not_said_back(api: Api) -> None:
    answer = await api.ask(None, None, "GET", "/" + "x" * 60_000)
    assert answer.status_code == 404
    assert len(answer.json()["path"]) == MOST_PATH


async def test_a_host_that_cannot_be_is_named_as_what_is_wrong(api: Api) -> None:
    answer = await api.buyer(BEA, "GET", "/orders", headers={"Host": 'a b"'})
    assert (answer.status_code, answer.json()["field"]) == (422, "Host"), answer.text


async def test_a_parameter_is_named_as_in_the_request(api: Api) -> None:
    answer = await api.operator("GET", "/operator/keys?scope=king")
    assert (answer.status_code, answer.json()["field"]) == (422, "scope"), answer.text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/operator/sellers", ("\0",)),
        ("/operator/buyers", ("\0",)),
        ("/operator/keys", ("\0",)),
        ("/operator/notices/undeliverable", ("\0", "00000000-0000-0000-0000-000000000000")),
        ("/operator/all-webhooks", ("\0", "x")),
        ("/operator/all-webhooks/undeliverable", ("x", "\0", "x", 1)),
        ("/operator/all-webhooks/undeliverable", ("x", "x", "x", 2**31)),
        ("/operator/notifications/undeliverable", ("x", "x", "x", "\0", 1)),
        ("/operator/notifications/undeliverable", ("x", "x", "x", "x", 2**63)),
    ],
)
async def test_a_place_that_no_page_named_is_refused(api: Api, path: str, place: tuple[Any, ...]) -> None:
    answer = await api.operator("GET", path, params={"after": cursor(place)})
    assert (answer.status_code, answer.json()["field"]) == (422, "after"), answer.text


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"carrier_code": "x" * 51}, "carrier_code"),
        ({"carrier_code": "Other", "carrier_name": "x" * 51}, "carrier_name"),
        ({"carrier_code": "UPS", "ship_method": "x" * 101}, "ship_method"),
        ({"carrier_code": "UPS", "tracking": "x" * 101}, "tracking"),
    ],
)
async def test_a_refused_field_is_named_as_in_the_request(api: Api, said: dict[str, str], field: str) -> None:
    order = await api.scene.to_state(State.UNSHIPPED)
    answer = await api.seller(PRO, "POST", "/seller/packages", {"order_id": order.order_id, **said})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert field in answer.json()["detail"]


async def test_an_offers_refused_field_is_named_as_in_the_request(api: Api) -> None:
    wanted = {"sku": "S", "product_id": "P", "title": "T", "price": 1, "quantity": 1, "handling_days": 61}
    (item,) = (await api.seller(PRO, "PUT", "/seller/offers", {"offers": [wanted]})).json()["items"]
    assert item["problem"]["field"] == "handling_days"


async def test_anothers_webhook_is_not_there_for_anyone_else(api: Api) -> None:
    """Neither its messages, nor sending them again: an answer without messages would look the same."""
    opened = await api.seller(PRO, "POST", "/seller/webhooks", {"url": "https://example.com/hooks"})
    path = f"/seller/webhooks/{opened.json()['endpoint_id']}"
    await api.scene.to_state(State.UNSHIPPED)
    assert (await api.seller(PRO, "GET", f"{path}/messages")).json()["items"]
    for method, below, body in (
        ("GET", "", None), ("GET", "/messages", None), ("POST", "/messages/resend", {}), ("POST", "/secret", None),
        ("POST", "/disable", None), ("POST", "/enable", None), ("DELETE", "", None),
    ):  # fmt: skip
        for scope, subject in ((Scope.SELLER, SOLO), (Scope.OPERATOR, None)):
            other = path.replace("/seller/", "/operator/") if scope is Scope.OPERATOR else path
            answer = await api.ask(scope, subject, method, other + below, body)
            assert (answer.status_code, answer.json()["reason"]) == (404, "endpoint_not_found"), (scope, method, below)


async def test_who_has_no_key_is_told_what_kind_is_needed(api: Api) -> None:
    for method, path in (("GET", "/orders"), ("POST", "/checkouts")):
        answer = await api.ask(None, None, method, path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("asked", "told"),
    [(None, "en"), ("zh", "zh"), (" ZH-tw, en", "zh"), ("en, zh;q=0.5", "en"), ("x-zh", "en"), ("", "en")],
)
def test_chinese_is_for_who_asks_for_it_first(asked: str | None, told: str) -> None:
    assert requests.language(asked) == told


def test_no_fact_takes_the_place_of_what_every_problem_document_says() -> None:
    facts: dict[str, object] = {"status": 200, "type": "x", "title": "x", "detail": "x", "seller": "acme"}
    answer = problems.refused(Refusal(Reason.SELLER_NOT_FOUND, facts), "en")
    said = msgspec.json.decode(answer.body)
    assert (answer.status, said["status"], said["seller"]) == (404, 404, "acme")
    assert "x" not in (said["type"], said["title"], said["detail"])


async def test_two_of_one_key_are_never_in_one_batch(scene: Scene) -> None:
    """They would not see each other's answers, and their batch would begin anew until it is split."""
    sizes: list[int] = []
    desk = Desk(scene.database, observe=lambda act, size: sizes.append(size))

    async def nothing(tx: Transaction, moments: Sequence[datetime]) -> list[None]:
        return [None] * len(moments)

    once = Once("buyer:bea", "one", b"digest")
    wish: Wish[datetime, None] = Wish(lambda at: at, lambda _: Answer(204), "en", once)
    other: Wish[datetime, None] = wish._replace(once=once._replace(key="two"))
    answers = await asyncio.gather(*(desk.act(nothing, one) for one in (wish, other, wish, wish)))
    assert {answer.status for answer in answers} == {204}
    assert sizes == [2, 1, 1]


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"quantity":"1"}', b" " * (2 << 20)])
async def test_who_may_not_come_in_is_not_told_what_is_wrong_with_the_body(api: Api, content: bytes) -> None:
    for scope, subject, status in ((None, None, 401), (Scope.SELLER, PRO, 403)):
        answer = await api.ask(scope, subject, "PUT", "/cart/lines", content=content)
        assert answer.status_code == status, answer.text


async def test_a_body_that_is_here_is_taken_however_late_it_is_looked_at(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller has waited long enough for a database that is slow."""
    monkeypatch.setattr(front, "BODY_SECONDS", -1.0)
    answer = await api.ask(Scope.BUYER, BEA, "PUT", "/cart/lines", content=b"{")
    assert answer.status_code == 400, answer.text
    assert "did not arrive" not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/checkouts", "/api/v1/cart/lines"])
async def test_a_body_that_never_ends_is_not_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(front, "BODY_SECONDS", 0.05)
    api, sent = app.of_database(scene.database), []
    async with scene.database.transaction() as tx:
        (key,) = await make_keys(tx, [NewKey(Scope.BUYER, BEA)])
    assert isinstance(key, Made)
    first = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Any:
        return first.pop() if first else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {key.text}".encode()), (b"content-type", b"application/json")]
    method = "POST" if path.endswith("checkouts") else "PUT"
    request = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
               "headers": headers, "http_version": "1.1", "scheme": "http", "server": ("t", 80), "client": None,
               "root_path": "", "extensions": {}, "state": {}, "asgi": {"version": "3.0"}}  # fmt: skip
    async with asyncio.timeout(120):
        await api(request, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 400, sent
    assert b"did not arrive" in b"".join(message.get("body", b"") for message in sent[1:])
