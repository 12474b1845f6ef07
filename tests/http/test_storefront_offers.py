"""Browsing the offers on sale."""

import pytest

from tests.http.conftest import Api
from tests.scene import BEA, LAMP, LAST, MUG, PRO, SOLO, Scene

IN_ORDER = [LAMP, LAST, MUG, "VASE"]  # by product


async def test_buyers_and_those_who_run_the_marketplace_browse_page_by_page(api: Api) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await api.buyer(BEA, "GET", "/offers", params={"limit": 3, "after": after})).json()
        seen += [offer["sku"] for offer in page["items"]]
        after = page["next"]
    assert seen == IN_ORDER
    for answer in (await api.operator("GET", "/offers"), await api.service("GET", "/offers")):
        assert [offer["sku"] for offer in answer.json()["items"]] == IN_ORDER


async def test_an_offer_says_what_it_costs_and_when_it_comes_but_not_how_many_there_are(api: Api) -> None:
    answer = await api.buyer(BEA, "GET", f"/offers/{PRO}/{LAMP}")
    assert answer.json() == {
        "seller_id": PRO,
        "seller_name": "Acme Inc.",
        "sku": LAMP,
        "product_id": "P-LAMP",
        "title": "Red lamp",
        "price": 1990,
        "currency": "USD",
        "available": 10,
        "marketplace_id": "MARKET",
        "handling_days": 1,
        "estimated_delivery_from": "2026-03-06T00:00:00Z",
        "estimated_delivery_by": "2026-03-10T23:59:59Z",
    }
    faster = await api.buyer(BEA, "GET", f"/offers/{PRO}/{LAMP}", params={"service": "NextDay"})
    assert faster.json()["estimated_delivery_by"] < answer.json()["estimated_delivery_by"]


async def test_words_find_titles_and_odd_signs_find_nothing(api: Api, scene: Scene) -> None:
    async def found(words: str) -> list[str]:
        answer = await api.buyer(BEA, "GET", "/offers", params={"search": words})
        assert answer.status_code == 200, answer.text
        return [offer["sku"] for offer in answer.json()["items"]]

    assert await found("lamp red") == [LAMP]
    assert await found("la") == [LAMP, LAST]
    await scene.list_offer(PRO, "TEA", title="龙井茶叶")
    assert await found("井茶") == ["TEA"]
    assert await found(" ") == [LAMP, LAST, MUG, "TEA", "VASE"]
    for odd in ("'", "\\", "a & !b", ":*", "((", "<->", "🦜", "%", "zebra"):
        assert await found(odd) in ([], [LAMP, LAST, MUG, "TEA", "VASE"]), odd


async def test_the_sellers_of_a_product_come_cheapest_first_without_those_who_have_none(api: Api, scene: Scene) -> None:
    await scene.list_offer(SOLO, LAMP, price=1500)
    await scene.list_offer(PRO, "SAME", price=1)
    path = f"/products/P-{LAMP}/offers"
    first = (await api.buyer(BEA, "GET", path, params={"limit": 1})).json()
    second = (await api.buyer(BEA, "GET", path, params={"limit": 1, "after": first["next"]})).json()
    assert [page["items"][0]["seller_id"] for page in (first, second)] == [SOLO, PRO]
    assert second["next"] is None
    await scene.close_offer(SOLO, LAMP)
    by_query = await api.buyer(BEA, "GET", "/offers", params={"product": f"P-{LAMP}"})
    assert [offer["seller_id"] for offer in by_query.json()["items"]] == [PRO]
    assert (await api.buyer(BEA, "GET", "/products/nothing/offers")).json() == {"items": [], "next": None}
    both = await api.buyer(BEA, "GET", "/offers", params={"product": "P-LAMP", "search": "lamp"})
    assert (both.status_code, both.json()["field"]) == (422, "product")


@pytest.mark.parametrize("sku", ["A/B", "100% wool", "ü ?#"])
async def test_an_offer_is_found_whatever_its_sku_is_made_of(api: Api, scene: Scene, sku: str) -> None:
    assert await scene.list_offer(PRO, sku) is None
    # The client would take `?` and `#` for its own.
    quoted = sku.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    assert (await api.buyer(BEA, "GET", f"/offers/{PRO}/{quoted}")).json()["sku"] == sku


async def test_what_cannot_be_bought_now_is_not_there(api: Api, scene: Scene) -> None:
    await scene.set_stock(PRO, LAST, 0)
    await scene.close_offer(SOLO, MUG)
    answers = [
        await api.buyer(BEA, "GET", f"/offers/{seller}/{sku}")
        for seller, sku in ((PRO, LAST), (SOLO, MUG), (PRO, "NEVER"), ("nobody", LAMP))
    ]
    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [(404, "offer_not_found")] * 4
    assert [offer["sku"] for offer in (await api.buyer(BEA, "GET", "/offers")).json()["items"]] == [LAMP, "VASE"]
