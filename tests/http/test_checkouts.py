"""POST /api/v1/checkouts, by the short way and by the framework's."""

import pytest

from tests.http.conftest import Api
from tests.scene import BEA, BOB, LAMP, LAST, PRO, Scene
from tradepost.doors.serving import app
from tradepost.notices import records as notices

BODY = {
    "lines": [{"seller_id": PRO, "sku": LAMP, "quantity": 2}],
    "address": {"name": "Bea Buyer", "line1": "1 Main St", "city": "Springfield", "state": "IL",
                "postal_code": "62701", "country": "US"},
    "payment_token": "approve",
}  # fmt: skip
WAY = "/checkouts"


@pytest.fixture(params=["short", "framework"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the same act answer alike."""
    if request.param == "framework":
        monkeypatch.setattr(app, "SHORT_WAYS", {})
    return


async def test_a_checkout_answers_with_its_orders(api: Api, scene: Scene) -> None:
    answer = await api.buyer(BEA, "POST", WAY, BODY)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    (order,) = said["orders"]
    assert said["hold_ends_at"] == "2026-03-02T10:30:00Z"
    assert (order["status"], order["units"], order["total"]) == ("Pending", 2, 2 * 1990)
    assert await scene.stock(PRO, LAMP) == 998


async def test_the_same_key_and_body_are_answered_alike_and_done_once(api: Api, scene: Scene) -> None:
    first = await api.buyer(BEA, "POST", WAY, BODY, once="one")
    again = await api.buyer(BEA, "POST", WAY, BODY, once="one")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await scene.stock(PRO, LAMP) == 998


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    await api.buyer(BEA, "POST", WAY, BODY, once="one")
    answer = await api.buyer(BEA, "POST", WAY, BODY | {"service": "Expedited"}, once="one")
    assert (answer.status_code, answer.json()["reason"]) == (422, "idempotency_key_reused")


async def test_two_buyers_may_choose_the_same_idempotency_key(api: Api, scene: Scene) -> None:
    assert (await api.buyer(BEA, "POST", WAY, BODY, once="one")).status_code == 201
    assert (await api.buyer(BOB, "POST", WAY, BODY, once="one")).status_code == 201
    assert await scene.stock(PRO, LAMP) == 996


async def test_a_refusal_is_a_problem_document_with_its_name_and_facts(api: Api) -> None:
    wanted = BODY | {"lines": [{"seller_id": PRO, "sku": LAST, "quantity": 2}]}
    answer = await api.buyer(BEA, "POST", WAY, wanted, headers={"Accept-Language": "zh-CN"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/api/v1/problems/out_of_stock",
        "title": "Out of stock",
        "status": 409,
        "detail": "SKU LAST 剩余 1 件，无法购买 2 件。",
        "reason": "out_of_stock",
        "sku": LAST,
        "available": 1,
        "wanted": 2,
    }


async def test_who_has_no_buyers_key_checks_nothing_out(api: Api) -> None:
    assert (await api.ask(None, None, "POST", WAY, BODY)).status_code == 401
    stranger = await api.ask(None, None, "POST", WAY, BODY, headers={"Authorization": "Bearer tp_buyer_nobody"})
    assert stranger.status_code == 401
    seller = await api.seller(PRO, "POST", WAY, BODY)
    assert (seller.status_code, seller.json()["reason"]) == (403, "scope_not_enough")


@pytest.mark.parametrize(
    ("content", "statuses", "where"),
    [
        (b"", (400, 422), None),
        (b"{", (400,), None),
        (b"\xff\xfe", (400,), None),
        (b"[" * 100_000, (400, 422), None),
        (b" " * (1 << 21), (413,), None),
        (b'{"lines":[{"seller_id":"acme","sku":"LAMP","quantity":0}],"address":{},"payment_token":"x"}', (422,),
         "lines[0].quantity"),
        (b'{"lines":[{"seller_id":"acme","sku":"LAMP","quantity":1e99}],"address":{},"payment_token":"x"}', (422,),
         "lines[0].quantity"),
        (b'{"lines":[{"seller_id":"acme","sku":"LA\\u0000MP","quantity":1}],"address_id":"x",'
         b'"payment_token":"x"}', (404,), None),
    ],
)  # fmt: skip
async def test_bad_bodies_get_a_sentence_and_no_order(
    api: Api, scene: Scene, content: bytes, statuses: tuple[int, ...], where: str | None
) -> None:
    answer = await api.buyer(BEA, "POST", WAY, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in statuses, answer.text
    assert where is None or answer.json()["field"] == where
    assert answer.json()["detail"]
    assert await scene.stock(PRO, LAMP) == 1000


async def test_every_answer_carries_a_request_id_the_callers_own_where_it_is_one(api: Api) -> None:
    given = await api.buyer(BEA, "POST", WAY, BODY, headers={"X-Request-Id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    bad = await api.buyer(BEA, "POST", WAY, {}, headers={"X-Request-Id": "no spaces please"})
    assert bad.status_code == 422
    assert len(bad.headers["x-request-id"]) == 20


@pytest.mark.parametrize(("said", "written"), [("zh", "zh"), (None, "en")])
async def test_the_buyer_is_written_to_in_the_language_of_the_checkout(
    api: Api, scene: Scene, said: str | None, written: str
) -> None:
    answer = await api.buyer(BEA, "POST", WAY, BODY | {"locale": said} if said else BODY)
    (order,) = answer.json()["orders"]
    async with scene.database.transaction() as tx:
        (about,) = await notices.orders_of(tx, [(PRO, order["order_id"])])
    assert about["buyer_locale"] == written
