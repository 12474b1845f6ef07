"""Shipping Confirmation files that come in over HTTP, and the order reports that go out."""

import csv
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.http.conftest import Api
from tests.scene import ADDRESS, BEA, LAMP, PRO, SOLO, Scene
from tradepost.doors.http import requests
from tradepost.lifecycle import State
from tradepost.people.accounts import change_policy
from tradepost.policy import Policy

WAY = "/seller/confirmation-files"
HEADINGS = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method\n"


def file(*order_ids: str) -> bytes:
    rows = (f"{order_id}\t\t\t2026-03-02\tUPS\t\t1Z999AA10123456784\t\n" for order_id in order_ids)
    return (HEADINGS + "".join(rows)).encode()


async def upload(api: Api, content: bytes, seller: str = PRO, **more: Any) -> httpx.Response:
    headers = {"Content-Type": "text/tab-separated-values", **more.pop("headers", {})}
    return await api.seller(seller, "POST", WAY, content=content, headers=headers, **more)


async def rows(api: Api, name: str, query: str = "") -> list[dict[str, str]]:
    answer = await api.seller(PRO, "GET", f"/seller/reports/{name}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    return list(csv.DictReader(StringIO(answer.text, newline=""), dialect="excel-tab", strict=True))


async def test_good_rows_are_taken_and_bad_ones_explained(api: Api, scene: Scene) -> None:
    one, two = await scene.to_states([State.UNSHIPPED, State.UNSHIPPED])
    answer = await upload(api, file(one.order_id, "000-0000000-0000000", two.order_id))
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert {name: report[name] for name in ("records", "successful", "errors", "warnings")} == {
        "records": 3, "successful": 2, "errors": 1, "warnings": 0,
    }  # fmt: skip
    (entry,) = report["entries"]
    assert (entry["record"], entry["order_id"], entry["type"]) == (2, "000-0000000-0000000", "Error")
    assert entry["message"].startswith("order-id: There is no such order")
    assert [await scene.state(key) for key in (one, two)] == [State.SHIPPED, State.SHIPPED]


async def test_sellers_tools_get_the_report_as_they_read_it(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    answer = await upload(api, file(key.order_id, "nonsense"), headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.startswith("Feed Processing Summary:\n\tNumber of records processed\t\t2\n")
    chinese = await upload(api, b"nothing", headers={"Accept": "text/plain", "Accept-Language": "zh"})
    assert chinese.text.startswith("上传数据处理摘要：")


async def test_the_same_file_is_applied_once_and_an_idempotency_key_says_so_again(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = file(key.order_id)
    first = await upload(api, content, once="one")
    again = await upload(api, content, once="one")
    assert (first.status_code, again.content) == (200, first.content)
    without = await upload(api, content)
    assert (without.status_code, without.json()["reason"]) == (409, "file_already_applied")
    otherwise = await upload(api, content, once="one", headers={"Accept": "text/plain"})
    assert (otherwise.status_code, otherwise.json()["reason"]) == (422, "idempotency_key_reused")
    assert len([act for act in await scene.acts(key) if act == "confirm_shipment"]) == 1


async def test_a_text_report_is_said_again_as_text(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    first, again = [
        await upload(api, file(key.order_id), once="one", headers={"Accept": "text/plain"}) for _ in range(2)
    ]
    assert (again.headers["content-type"], again.content) == (first.headers["content-type"], first.content)


async def test_files_are_for_professional_accounts(api: Api, scene: Scene) -> None:
    answer = await upload(api, file("000-0000000-0000000"), SOLO)
    assert (answer.status_code, answer.json()["reason"]) == (403, "professional_plan_needed")


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xfe\x00\xd8", b"{}", b"\t" * 100_000, b"\n" * 100_000])
async def test_what_is_no_file_gets_a_report_that_says_so(api: Api, content: bytes) -> None:
    answer = await upload(api, content)
    assert (answer.status_code, answer.json()["successful"]) == (200, 0), answer.text
    assert answer.json()["entries"][0]["message"]


@pytest.mark.parametrize("once", [None, "one"])
async def test_a_file_that_is_too_large_is_to_be_split(api: Api, once: str | None) -> None:
    answer = await upload(api, b"x" * (requests.MOST_BODY + 1), once=once)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    assert answer.json()["detail"].startswith("The file is too large: the limit is 1 MiB; split it")


async def test_the_reports_hold_what_is_released_and_what_is_to_be_shipped(api: Api, scene: Scene) -> None:
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    orders = await rows(api, "orders")
    assert {row["order-id"] for row in orders} == {
        keys[state].order_id for state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
    }
    assert {row["ship-address-1"] for row in orders} == {ADDRESS["line1"]}
    unshipped = await rows(api, "unshipped-orders")
    assert {row["order-id"] for row in unshipped} == {
        keys[state].order_id for state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED)
    }


async def test_a_report_holds_what_no_sweep_has_released_yet(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.APPROVED)
    assert await rows(api, "orders") == []
    await scene.set_clock((await scene.now()) + Policy().hold)
    assert {row["order-id"] for row in await rows(api, "orders")} == {key.order_id}
    assert await rows(api, "orders", "?since=2026-03-02T10:31:00Z") == []
    assert await rows(api, "orders", "?until=2026-03-02T10:30:00Z") == []
    assert len(await rows(api, "orders", "?since=2026-03-02T18:30:00%2B08:00&until=2026-03-02T10:30:01Z")) == 2


async def test_a_long_report_comes_whole(api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.doors.seller_api.files.MOST_IN_MEMORY", 500)
    monkeypatch.setattr("tradepost.doors.seller_api.files.PIECE", 100)
    keys = await scene.to_states([State.UNSHIPPED] * 20, [{LAMP: 1}] * 20)
    assert {row["order-id"] for row in await rows(api, "unshipped-orders")} == {key.order_id for key in keys}


@pytest.mark.parametrize("name", ["orders", "unshipped-orders"])
async def test_where_the_policy_says_so_reports_are_for_professional_accounts(
    api: Api, scene: Scene, name: str
) -> None:
    assert (await api.seller(SOLO, "GET", f"/seller/reports/{name}")).status_code == 200
    await scene.database.run(lambda tx: change_policy(tx, "MARKET", individual_reports=False))
    answer = await api.seller(SOLO, "GET", f"/seller/reports/{name}")
    assert (answer.status_code, answer.json()["reason"]) == (403, "professional_plan_needed")


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-02", "2026-03-02T10:00:00", "0001-01-01T00:00:00%2B14:00"])
async def test_a_moment_that_is_none_is_refused(api: Api, moment: str) -> None:
    answer = await api.seller(PRO, "GET", f"/seller/reports/orders?since={moment}")
    assert (answer.status_code, answer.json()["field"]) == (422, "since"), answer.text


async def test_buyers_names_break_no_column(api: Api, scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 1}, address=ADDRESS | {"name": 'B\tea "\n=1+1'})
    await scene.approve(key)
    await scene.advance(Policy().hold)
    (row,) = await rows(api, "orders")
    assert row["order-id"] == key.order_id
    assert None not in row
