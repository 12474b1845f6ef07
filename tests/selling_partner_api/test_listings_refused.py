"""Listings Items: what cannot be done is said by name, as an issue of the listing or as an error of the call."""

from typing import Any

import pytest

from tests.scene import BEA, LAMP, MARKET, PRO, SOLO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.listing_words import (
    HERE,
    ITEMS,
    accepted,
    change,
    delete,
    faults,
    look,
    name,
    patch,
    path_of,
    price,
    put,
    put_body,
    shown,
    stock,
    whole,
)
from tradepost.listings import product_ids

ELSEWHERE = {"marketplace_id": "ELSEWHERE"}


@pytest.mark.parametrize(
    ("said", "about"),
    [
        (name(""), "item_name"),
        (name("x" * 501), "item_name"),
        (name("two\nlines"), "item_name"),
        ({"item_name": "Chair"}, "item_name"),
        ({"item_name": [{"value": 3}]}, "item_name"),
        ({"item_name": [{"value": "Chair", **ELSEWHERE}]}, "item_name"),
        (price(-1), "purchasable_offer"),
        (price(1.999), "purchasable_offer"),
        (price(1e30), "purchasable_offer"),
        (price(10**30), "purchasable_offer"),
        (price("cheap"), "purchasable_offer"),
        (price(True), "purchasable_offer"),
        (price(None), "purchasable_offer"),
        (price(5, "EUR"), "purchasable_offer"),
        ({"purchasable_offer": [{"our_price": 5}]}, "purchasable_offer"),
        ({"purchasable_offer": [{"audience": "B2B", "our_price": []}]}, "purchasable_offer"),
        (stock(-1), "fulfillment_availability"),
        (stock(10**9 + 1), "fulfillment_availability"),
        (stock("7"), "fulfillment_availability"),
        (stock(1.5), "fulfillment_availability"),
        (stock(True), "fulfillment_availability"),
        (stock(1, 61), "fulfillment_availability"),
        (stock(1, "soon"), "fulfillment_availability"),
        ({"condition_type": [{"value": "as_new"}]}, "condition_type"),
        ({"condition_type": [{"value": {}}]}, "condition_type"),
        ({"merchant_suggested_asin": [{"value": ""}]}, "merchant_suggested_asin"),
        ({"externally_assigned_product_identifier": [{"value": "1"}]}, "externally_assigned_product_identifier"),
        ({"list_price": [{"currency": "USD", "value_with_tax": "much"}]}, "list_price"),
        ({"list_price": [{"currency": "EUR", "value_with_tax": 5}]}, "list_price"),
    ],
)
async def test_an_attribute_that_cannot_be_is_an_issue(selling: Selling, said: dict[str, Any], about: str) -> None:
    answer = await put(selling, "CHAIR-1", whole() | said)
    (issue,) = answer.json()["issues"]
    assert (issue["code"], issue["severity"], issue["attributeNames"]) == ("90000900", "ERROR", [about])
    assert issue["categories"] == ["INVALID_PRICE" if about.endswith(("offer", "price")) else "INVALID_ATTRIBUTE"]
    assert issue["message"].startswith(f"{about} is not valid: ")
    assert answer.json()["status"] == "INVALID"
    assert (await look(selling, "CHAIR-1")).status_code == 404


@pytest.mark.parametrize(
    ("amount", "units"), [(19.9, 1990), ("19.90", 1990), (20, 2000), (0.1, 10), (0, 0), (1e3, 100000)]
)
async def test_a_price_is_a_number_however_it_is_written(
    selling: Selling, scene: Scene, amount: object, units: int
) -> None:
    assert accepted(await put(selling, "CHAIR-1", whole(amount=amount)))
    assert await scene.rows("SELECT price FROM offers WHERE sku = 'CHAIR-1'") == [(units,)]


async def test_what_a_listing_needs_is_named(selling: Selling) -> None:
    answer = await put(selling, "CHAIR-1", {})
    assert faults(answer) == [("90220", ["purchasable_offer"]), ("90220", ["item_name"])]
    assert {issue["categories"][0] for issue in answer.json()["issues"]} == {"MISSING_ATTRIBUTE"}
    assert faults(await put(selling, "CHAIR-1", {}, requirements="LISTING_PRODUCT_ONLY")) == [("90220", ["item_name"])]
    assert faults(await change(selling, LAMP, patch("delete", "item_name"))) == [("90220", ["item_name"])]
    assert (await shown(selling, LAMP, "attributes"))["item_name"][0]["value"] == "Red lamp"


async def test_stock_that_others_ship_is_only_kept(selling: Selling) -> None:
    theirs = {"fulfillment_availability": [{"fulfillment_channel_code": "AMAZON_NA", "quantity": 9}]}
    answer = await put(selling, "CHAIR-1", whole() | theirs)
    assert accepted(answer)
    (issue,) = answer.json()["issues"]
    assert (issue["code"], issue["severity"]) == ("90000901", "WARNING")
    assert (await shown(selling, "CHAIR-1", "attributes"))["fulfillment_availability"] == [
        *theirs["fulfillment_availability"]
    ]
    assert (await shown(selling, "CHAIR-1", "summaries"))[0]["status"] == ["DISCOVERABLE"]


async def test_issues_speak_the_language_that_is_asked_for(selling: Selling) -> None:
    for locale, beginning in (("zh_CN", "商品信息缺少"), ("fr_FR", "The listing needs")):
        answer = await put(selling, "CHAIR-1", name("Chair"), issueLocale=locale)
        assert answer.json()["issues"][0]["message"].startswith(beginning)


async def test_issues_are_left_out_where_only_identifiers_are_wanted(selling: Selling) -> None:
    more = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers"}
    assert "issues" not in (await put(selling, "CHAIR-1", **more)).json()
    answer = await put(selling, "CHAIR-1", includedData="identifiers")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize("more", [{"mode": "TRY"}, {"includedData": "summaries"}])
async def test_words_that_nobody_knows_are_errors(selling: Selling, more: dict[str, str]) -> None:
    assert (await put(selling, "CHAIR-1", **more)).status_code == 400
    assert (await change(selling, LAMP, patch("delete", "color"), **more)).status_code == 400
    assert accepted(await delete(selling, LAMP, **more))  # it knows neither


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"attributes": {}}, "body"),
        ({"productType": "", "attributes": {}}, "productType"),
        ({"productType": "A\0", "attributes": {}}, "productType"),
        ({"productType": "A", "attributes": []}, "attributes"),
        ({"productType": "A", "attributes": {"color": [{"value": "\0"}]}}, "attributes"),
        ({"productType": "A", "attributes": {}, "requirements": "NONE"}, "requirements"),
    ],
)
async def test_a_put_that_cannot_be_read_is_an_error(selling: Selling, body: Any, field: str) -> None:
    answer = await selling.put(path_of("CHAIR-1"), body, marketplaceIds=MARKET)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith(f"{field} is not valid: ")


@pytest.mark.parametrize(
    ("change_of", "field"),
    [
        ({"op": "move", "path": "/attributes/color", "value": []}, "patches[0].op"),
        ({"op": "add", "path": "/attributes/color"}, "patches[0].value"),
        ({"op": "add", "path": "/attributes/color", "value": {"value": "red"}}, "patches[0].value"),
        ({"op": "add", "path": "/attributes/color/0", "value": [{}]}, "patches[0].path"),
        ({"op": "add", "path": "color", "value": [{}]}, "patches[0].path"),
        ({"op": "add", "path": "/attributes/\0", "value": [{}]}, "attributes"),
    ],
)
async def test_a_patch_that_cannot_be_read_is_an_error(selling: Selling, change_of: Any, field: str) -> None:
    answer = await change(selling, LAMP, change_of)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith(f"{field} is not valid: ")


async def test_a_body_without_patches_or_that_is_no_json_is_an_error(selling: Selling) -> None:
    assert (await change(selling, LAMP)).status_code == 400
    for method, content in (("PUT", b"{"), ("PATCH", b"\xff"), ("PATCH", b"[" * 100_000)):
        answer = await selling.ask(method, path_of(LAMP), query={"marketplaceIds": MARKET}, content=content)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")
    big = b'{"productType": "' + b"x" * (1 << 20) + b'"}'
    assert (await selling.ask("PUT", path_of(LAMP), query={"marketplaceIds": MARKET}, content=big)).status_code == 413


@pytest.mark.parametrize("sku", ["x" * 201, "a\nb", "\0", "a\u2028b"])
async def test_what_is_no_sku_is_listed_nowhere(selling: Selling, sku: str) -> None:
    assert (await put(selling, sku)).status_code == 400
    assert (await look(selling, sku)).status_code == 404
    assert faults(await delete(selling, sku)) == [("13013", [])]


@pytest.mark.parametrize(
    "path",
    [
        f"/listings//2021-08-01/items/{PRO}/{LAMP}",
        f"/listings/2021-08-01/items/{PRO}//{LAMP}",
        f"/listings/2021-08-01/items/{PRO}/{LAMP}/",
        f"/listings/2021-08-01/items/{PRO}/{LAMP}//A",
        f"/listings/2021-08-01/items/{PRO}%2F{LAMP}",
        f"/listings%2F2021-08-01/items/{PRO}/{LAMP}/A",
    ],
)
async def test_a_path_that_says_more_than_what_is_routed_is_an_error(selling: Selling, scene: Scene, path: str) -> None:
    before = await scene.rows("SELECT sku, title FROM offers ORDER BY sku")
    answer = await selling.put(path, put_body(whole()), marketplaceIds=MARKET)
    assert answer.status_code == 400
    assert "written as %2F" in answer.json()["errors"][0]["message"]
    assert await scene.rows("SELECT sku, title FROM offers ORDER BY sku") == before


async def test_what_a_stranger_took_off_sale_is_not_called_by_its_title(
    selling: Selling, authorize: Authorize, scene: Scene
) -> None:
    """Nor is a product that only the other seller knows, whose id can be guessed from their SKU."""
    solo = await selling.of(await authorize(SOLO))

    async def offered(asin: str) -> list[tuple[str, list[str]]]:
        body = put_body(price(1) | {"merchant_suggested_asin": [{"value": asin}]}, "LISTING_OFFER_ONLY")
        return faults(await solo.put(path_of("MINE", SOLO), body, marketplaceIds=MARKET, mode="VALIDATION_PREVIEW"))

    assert await offered("P-VASE") == await offered("P-LAMP") == []
    await scene.close_offer(PRO, VASE)
    await delete(selling, LAMP)
    assert await offered("P-VASE") == await offered("P-LAMP") == [("90220", ["item_name"])]
    await put(selling, "CHAIR-1")
    asin = product_ids.of_sku(PRO, "CHAIR-1")
    assert (await shown(selling, "CHAIR-1", "summaries"))[0]["asin"] == asin
    assert await offered(asin) == [("90220", ["item_name"]), ("90000900", ["merchant_suggested_asin"])]
    answer = await selling.put(
        path_of("USED"), put_body(whole() | {"merchant_suggested_asin": [{"value": asin}]}), marketplaceIds=MARKET
    )
    assert accepted(answer)


async def test_a_path_that_is_no_text_is_an_error(selling: Selling) -> None:
    answer = await selling.get(f"{ITEMS}/{PRO}/%FF", marketplaceIds=MARKET)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_every_call_names_the_sellers_marketplace(selling: Selling, method: str) -> None:
    body = {"PUT": put_body(whole()), "PATCH": {"productType": "A", "patches": [patch("delete", "color")]}}.get(method)
    for named, status in (("", 400), ("ELSEWHERE", 403)):
        answer = await selling.ask(method, path_of(VASE), body, query={"marketplaceIds": named})
        assert answer.status_code == status
    query = {"marketplaceIds": f"ELSEWHERE,{MARKET}"}
    answer = await selling.ask(method, path_of(VASE), body, query=query)
    assert answer.status_code == (400 if method in ("PUT", "DELETE") else 200)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_nobody_comes_near_another_sellers_listings(
    selling: Selling, authorize: Authorize, scene: Scene, method: str
) -> None:
    """Neither by the other's id nor by the other's SKU."""
    await put(selling, "CHAIR-1")
    solo = await selling.of(await authorize(SOLO))
    body = {"PUT": put_body(whole()), "PATCH": {"productType": "A", "patches": [patch("delete", "color")]}}.get(method)
    answer = await solo.ask(method, path_of("CHAIR-1"), body, query={"marketplaceIds": MARKET})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "Unauthorized")
    before = await scene.rows("SELECT * FROM offers WHERE seller_id = 'acme' ORDER BY sku")
    answer = await solo.ask(method, path_of("CHAIR-1", SOLO), body, query={"marketplaceIds": MARKET})
    assert answer.status_code == (404 if method == "GET" else 200)
    assert await scene.rows("SELECT * FROM offers WHERE seller_id = 'acme' ORDER BY sku") == before
    answer = await selling.with_token("").ask(method, path_of("CHAIR-1"), body, query={"marketplaceIds": MARKET})
    assert answer.status_code == 403


async def test_what_was_ordered_is_gone_from_the_quantity_already(selling: Selling, scene: Scene) -> None:
    await put(selling, "CHAIR-1", whole(quantity=10))
    scene.sellers["CHAIR-1"] = PRO
    key = await scene.place(BEA, {"CHAIR-1": 4})
    assert await shown(selling, "CHAIR-1", "fulfillmentAvailability") == [
        {"fulfillmentChannelCode": "DEFAULT", "quantity": 6}
    ]
    await change(selling, "CHAIR-1", patch("replace", "fulfillment_availability", {"quantity": 20, **HERE}))
    await scene.cancel_by_buyer(key)
    assert await scene.stock(PRO, "CHAIR-1") == 24
