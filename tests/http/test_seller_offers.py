"""A seller's inventory over HTTP: what is listed, listing, stock, off sale and on sale again; many at once."""

from typing import Any

import pytest

from tests.http.conftest import Api
from tests.scene import BEA, LAMP, LAST, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.reports import inventory

WAY = "/seller/offers"


def offer(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "product_id": f"P-{sku}", "title": "Thing", "price": 500, "quantity": 3} | more


async def listed(api: Api, query: str = "", seller: str = PRO) -> list[Any]:
    answer = await api.seller(seller, "GET", f"{WAY}{query}")
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def skus(api: Api, query: str = "", seller: str = PRO) -> list[str]:
    return [one["sku"] for one in await listed(api, query, seller)]


async def do(api: Api, method: str, what: str, body: Any, seller: str = PRO, **more: Any) -> list[str | None]:
    """Which reason each of the offers was refused for; None where it was not."""
    answer = await api.seller(seller, method, f"{WAY}{what}", body, **more)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    reasons = [one["problem"] and one["problem"]["reason"] for one in said["items"]]
    assert said["done"] == reasons.count(None)
    return reasons


async def test_the_inventory_holds_the_sold_out_and_the_closed_too(api: Api, scene: Scene) -> None:
    await scene.place(BEA, {LAST: 1})
    await scene.close_offer(PRO, VASE)
    items = {one["sku"]: one for one in await listed(api)}
    assert {sku: one["status"] for sku, one in items.items()} == {LAMP: "on_sale", LAST: "sold_out", VASE: "closed"}
    assert items[LAMP] == {
        "sku": LAMP, "product_id": "P-LAMP", "title": "Red lamp", "price": 1990, "currency": "USD", "available": 1000,
        "status": "on_sale", "handling_days": 1, "listed_at": f"{START:%FT%TZ}", "updated_at": f"{START:%FT%TZ}",
    }  # fmt: skip
    for status, found in (("on_sale", [LAMP]), ("sold_out", [LAST]), ("closed", [VASE])):
        assert await skus(api, f"?status={status}") == found
    assert await skus(api, seller=SOLO) == [MUG]


@pytest.mark.parametrize(
    ("search", "found"),
    [("lam", [LAMP]), ("BLUE V", [VASE]), ("la", [LAMP, LAST]), ("%25", []), ("红", []), ("\0", None)],
)
async def test_offers_are_found_by_a_part_of_sku_or_title(api: Api, search: str, found: list[str] | None) -> None:
    answer = await api.seller(PRO, "GET", WAY, params={"search": search} if search != "%25" else {"search": "%"})
    if found is None:
        assert (answer.status_code, answer.json()["field"]) == (422, "search")
    else:
        assert [one["sku"] for one in answer.json()["items"]] == found


@pytest.mark.parametrize("walked", [1, 2, 3, 5000])
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_lead_through_all_offers_however_far_one_page_looks(
    api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch, walked: int, limit: int
) -> None:
    monkeypatch.setattr(inventory, "MOST_WALKED", walked)
    monkeypatch.setattr(inventory, "_WALK", inventory._WALK.replace("5000", str(walked)))
    assert (
        await do(api, "PUT", "", {"offers": [offer(f"N{n}", title=f"Thing {n % 2}") for n in range(7)]}) == [None] * 7
    )
    for search, expected in (("", [LAMP, LAST, *(f"N{n}" for n in range(7)), VASE]), ("Thing 1", ["N1", "N3", "N5"])):
        found, after = [], ""
        for _ in range(20):
            answer = (await api.seller(PRO, "GET", f"{WAY}?limit={limit}&search={search}&after={after}")).json()
            assert len(answer["items"]) <= limit
            found += [one["sku"] for one in answer["items"]]
            after = answer["next"]
            if after is None:
                break
        assert found == expected


async def test_offers_are_listed_and_listed_again_each_for_itself(api: Api, scene: Scene) -> None:
    wanted = [offer("NEW"), offer("BAD", price=-1), offer(LAMP, title="Green lamp", price=1, quantity=0), offer("")]
    assert await do(api, "PUT", "", {"offers": wanted}) == [None, "invalid_value", None, "invalid_value"]
    items = {one["sku"]: one for one in await listed(api)}
    assert items["NEW"]["handling_days"] is None
    assert (items[LAMP]["title"], items[LAMP]["status"]) == ("Green lamp", "sold_out")
    assert "BAD" not in items


@pytest.mark.parametrize(
    "change",
    [
        {"sku": "a\0b"}, {"sku": "x" * 201}, {"sku": "a\nb"}, {"title": ""}, {"title": "x" * 501}, {"price": 2**62},
        {"price": 10**30}, {"quantity": -1}, {"quantity": 2**31}, {"quantity": 10**30}, {"handling_days": 61},
        {"handling_days": -(10**30)}, {"product_id": "a\0b"},
    ],
)  # fmt: skip
async def test_what_no_offer_can_be_is_refused_by_itself(api: Api, scene: Scene, change: dict[str, Any]) -> None:
    before = await scene.dump()
    answer = await api.seller(PRO, "PUT", WAY, {"offers": [offer("NEW") | change]})
    assert answer.status_code in (200, 422), answer.text
    refused = answer.json()["items"][0]["problem"] if answer.status_code == 200 else answer.json()
    assert refused["reason"] == "invalid_value"
    del before["access_keys"]
    after = await scene.dump()
    del after["access_keys"]
    assert after == before


@pytest.mark.parametrize(
    "body",
    [{}, [], {"offers": []}, {"offers": [{}]}, {"offers": [offer("A", price=1.5)]}, {"offers": [offer("A")] * 501},
     {"offers": [offer("A", product_id="x" * 201)]}, {"offers": [offer("A")], "more": 1}],
)  # fmt: skip
async def test_a_body_that_says_something_else_is_refused_as_a_whole(api: Api, body: Any) -> None:
    answer = await api.seller(PRO, "PUT", WAY, body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_value"), answer.text


async def test_stock_is_set_without_what_open_orders_hold(api: Api, scene: Scene) -> None:
    await scene.place(BEA, {LAMP: 2})
    wanted = [{"sku": LAMP, "quantity": 5}, {"sku": MUG, "quantity": 5}, {"sku": VASE, "quantity": -1}]
    reasons = await do(api, "PATCH", "/stock", {"offers": wanted})
    assert reasons == [None, "offer_not_found", "invalid_value"], "the mug is another seller's"
    assert [await scene.stock(PRO, LAMP), await scene.stock(SOLO, MUG)] == [5, 1000]


async def test_offers_are_taken_off_sale_and_put_on_it_again(api: Api, scene: Scene) -> None:
    some = {"skus": [LAMP, MUG, "a\0b", LAMP]}
    assert await do(api, "POST", "/close", some) == [None, "offer_not_found", "offer_not_found", None]
    assert await skus(api, "?status=closed") == [LAMP]
    assert not (await scene.offer(SOLO, MUG)).closed
    assert await do(api, "POST", "/open", {"skus": [LAMP]}) == [None]
    assert await skus(api, "?status=closed") == []


async def test_a_problem_speaks_the_callers_language(api: Api) -> None:
    body = {"skus": ["NONE"]}
    answer = await api.seller(PRO, "POST", f"{WAY}/close", body, headers={"Accept-Language": "zh"})
    (item,) = answer.json()["items"]
    assert item["problem"]["detail"] == "没有 SKU 为 NONE 的商品，请核对卖家和 SKU。"
