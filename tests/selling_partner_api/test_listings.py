"""Listings Items: what is put is there, for buyers and for every other door; what is listed elsewhere is here."""

import pytest

from tests.scene import BEA, LAMP, MARKET, PRO, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.listing_words import (
    HERE,
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
from tradepost.listings.records import Offer, OfferKey, lock
from tradepost.process.checkout.checkout import Placed

ALL = (
    "summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "procurement", "relationships",
    "productTypes",
)  # fmt: skip


async def offer(scene: Scene, sku: str, seller: str = PRO) -> Offer | None:
    async with scene.database.transaction() as tx:
        return (await lock(tx, [OfferKey(seller, sku)])).get(OfferKey(seller, sku))


async def test_what_is_put_can_be_bought(selling: Selling, scene: Scene) -> None:
    assert accepted(await put(selling, "CHAIR-1", whole("Green chair", 49.9, 7) | {"color": [{"value": "green"}]}))
    made = await offer(scene, "CHAIR-1")
    assert made is not None
    assert (made.title, made.price, made.available, made.closed, made.handling_days) == (
        "Green chair", 4990, 7, False, None,
    )  # fmt: skip
    assert isinstance(await scene.check_out(BEA, {"CHAIR-1": 3}), Placed)
    listed = (await look(selling, "CHAIR-1", *ALL)).json()
    assert listed["summaries"] == [
        {
            "marketplaceId": MARKET,
            "asin": made.product_id,
            "productType": "CHAIR",
            "conditionType": "new_new",
            "status": ["BUYABLE", "DISCOVERABLE"],
            "itemName": "Green chair",
            "createdDate": "2026-03-02T10:00:00Z",
            "lastUpdatedDate": "2026-03-02T10:00:00Z",
        }
    ]
    assert listed["offers"][0]["price"] == {"currencyCode": "USD", "amount": "49.90"}
    assert listed["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 4}]
    assert listed["attributes"] == whole("Green chair", 49.9, 4) | {"color": [{"value": "green"}]}
    assert listed["productTypes"] == [{"marketplaceId": MARKET, "productType": "CHAIR"}]
    assert (listed["issues"], listed["procurement"], listed["relationships"]) == ([], [], [])


async def test_only_what_is_asked_for_is_included(selling: Selling) -> None:
    assert set((await look(selling, LAMP)).json()) == {"sku", "summaries"}
    assert set((await look(selling, LAMP, "offers")).json()) == {"sku", "offers"}


async def test_an_offer_listed_elsewhere_is_a_listing_here(selling: Selling) -> None:
    assert await shown(selling, LAMP, "attributes") == {
        "item_name": [{"value": "Red lamp", "language_tag": "en_US", **HERE}],
        "purchasable_offer": [
            {"audience": "ALL", "currency": "USD", "our_price": [{"schedule": [{"value_with_tax": 19.9}]}], **HERE}
        ],
        "fulfillment_availability": [
            {"fulfillment_channel_code": "DEFAULT", "quantity": 1000, "lead_time_to_ship_max_days": 1, **HERE}
        ],
        "condition_type": [{"value": "new_new", **HERE}],
        "merchant_suggested_asin": [{"value": "P-LAMP", **HERE}],
    }
    assert (await shown(selling, LAMP, "summaries"))[0]["productType"] == "PRODUCT"


async def test_what_is_said_elsewhere_since_is_said_here(selling: Selling, scene: Scene) -> None:
    extra = {"color": [{"value": "green"}], "merchant_suggested_asin": [{"value": "B000CHAIR1"}]}
    await put(selling, "CHAIR-1", whole() | extra)
    await scene.list_offer(PRO, "CHAIR-1", title="Blue chair", price=5000, quantity=2, handling=3)
    attributes = await shown(selling, "CHAIR-1", "attributes")
    assert attributes["item_name"][0]["value"] == "Blue chair"
    assert attributes["purchasable_offer"][0]["our_price"][0]["schedule"][0]["value_with_tax"] == 50
    assert attributes["fulfillment_availability"][0] == {
        "fulfillment_channel_code": "DEFAULT", "quantity": 2, "lead_time_to_ship_max_days": 3,
    }  # fmt: skip
    assert attributes["merchant_suggested_asin"][0]["value"] == "P-CHAIR-1"
    assert attributes["color"] == extra["color"]
    assert await scene.close_offer(PRO, "CHAIR-1") is None
    assert (await shown(selling, "CHAIR-1", "summaries"))[0]["status"] == []
    assert await scene.open_offer(PRO, "CHAIR-1") is None
    assert await scene.set_stock(PRO, "CHAIR-1", 0) is None
    assert (await shown(selling, "CHAIR-1", "summaries"))[0]["status"] == ["DISCOVERABLE"]


async def test_a_patch_changes_what_it_names_and_nothing_else(selling: Selling, scene: Scene) -> None:
    assert accepted(await change(selling, LAMP, patch("merge", "fulfillment_availability", {"quantity": 5})))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert (lamp.available, lamp.handling_days, lamp.price, lamp.title) == (5, 1, 1990, "Red lamp")
    assert accepted(await change(selling, LAMP, patch("replace", "purchasable_offer", *price(21)["purchasable_offer"])))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert (lamp.available, lamp.price, lamp.product_id) == (5, 2100, "P-LAMP")
    assert accepted(await change(selling, LAMP, patch("add", "color", {"value": "red"}), product_type="LAMP"))
    assert (await shown(selling, LAMP, "summaries"))[0]["productType"] == "LAMP"
    assert (await shown(selling, LAMP, "attributes"))["color"] == [{"value": "red"}]


async def test_a_patch_opens_no_offer_that_was_closed(selling: Selling, scene: Scene) -> None:
    await scene.close_offer(PRO, LAMP)
    assert accepted(await change(selling, LAMP, patch("replace", "item_name", *name("Lamp")["item_name"])))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert (lamp.title, lamp.closed) == ("Lamp", True)
    assert accepted(await put(selling, LAMP))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert not lamp.closed


async def test_taking_the_price_away_closes_and_a_new_one_opens(selling: Selling, scene: Scene) -> None:
    assert accepted(await change(selling, LAMP, patch("delete", "purchasable_offer", HERE)))
    assert "purchasable_offer" not in await shown(selling, LAMP, "attributes")
    assert (await shown(selling, LAMP, "summaries"))[0]["status"] == []
    assert accepted(await change(selling, LAMP, patch("delete", "fulfillment_availability")))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert (lamp.closed, lamp.available) == (True, 0)
    new = [patch("add", attribute, *said) for attribute, said in (price(3) | stock(4)).items()]
    assert accepted(await change(selling, LAMP, *new))
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert (lamp.closed, lamp.price, lamp.available) == (False, 300, 4)


async def test_a_product_alone_is_listed_and_offered_later(selling: Selling, scene: Scene) -> None:
    assert accepted(await put(selling, "DESK", name("Oak desk"), requirements="LISTING_PRODUCT_ONLY"))
    assert await offer(scene, "DESK") is None
    listed = (await look(selling, "DESK", "summaries", "offers", "issues", "fulfillmentAvailability")).json()
    assert (listed["summaries"][0]["itemName"], listed["summaries"][0]["status"]) == ("Oak desk", [])
    assert (listed["offers"], listed["fulfillmentAvailability"]) == ([], [])
    assert [issue["attributeNames"] for issue in listed["issues"]] == [["purchasable_offer"]]
    assert accepted(await put(selling, "DESK", price(99) | stock(1), requirements="LISTING_OFFER_ONLY"))
    desk = await offer(scene, "DESK")
    assert desk is not None
    assert (desk.title, desk.price, desk.available) == ("Oak desk", 9900, 1)
    assert accepted(await put(selling, "DESK", name("Elm desk"), requirements="LISTING_PRODUCT_ONLY"))
    desk = await offer(scene, "DESK")
    assert desk is not None
    assert (desk.title, desk.price, desk.available, desk.closed) == ("Elm desk", 9900, 1, False)


async def test_an_offer_alone_is_for_a_product_that_somebody_lists(selling: Selling, scene: Scene) -> None:
    known = price(18) | stock(2) | {"merchant_suggested_asin": [{"value": "P-MUG"}]}
    assert accepted(await put(selling, "MY-MUG", known, requirements="LISTING_OFFER_ONLY"))
    mug = await offer(scene, "MY-MUG")
    assert mug is not None
    assert (mug.title, mug.product_id) == ("Tea mug", "P-MUG")
    assert (await shown(selling, "MY-MUG", "attributes"))["item_name"][0]["value"] == "Tea mug"
    unknown = known | {"merchant_suggested_asin": [{"value": "P-NOBODY"}]}
    answer = await put(selling, "MY-NONE", unknown, requirements="LISTING_OFFER_ONLY")
    assert faults(answer) == [("90220", ["item_name"])]
    answer = await put(selling, "MY-NONE", price(18), requirements="LISTING_OFFER_ONLY")
    assert faults(answer) == [("90220", ["merchant_suggested_asin"]), ("90220", ["item_name"])]


async def test_a_deleted_listing_is_gone_and_its_orders_stay(selling: Selling, scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 2})
    before = await offer(scene, LAMP)
    assert accepted(await delete(selling, LAMP))
    assert (await look(selling, LAMP)).status_code == 404
    after = await offer(scene, LAMP)
    assert before is not None
    assert after is not None
    assert (after.closed, after.available) == (True, before.available)
    assert (await scene.order(key)).ordered_units == 2
    assert faults(await delete(selling, LAMP)) == [("13013", [])]
    assert faults(await change(selling, LAMP, patch("delete", "color"))) == [("13013", [])]
    await scene.cancel_by_buyer(key)
    assert (await look(selling, LAMP)).status_code == 404
    assert accepted(await put(selling, LAMP, whole(quantity=1)))
    assert (await shown(selling, LAMP, "summaries"))[0]["status"] == ["BUYABLE", "DISCOVERABLE"]


@pytest.mark.parametrize("again", ["list", "open"])
async def test_a_deleted_listing_comes_back_through_other_doors(selling: Selling, scene: Scene, again: str) -> None:
    await change(selling, LAMP, patch("add", "color", {"value": "red"}))
    await delete(selling, LAMP)
    await scene.set_stock(PRO, LAMP, 3)
    assert (await look(selling, LAMP)).status_code == 404
    await (scene.list_offer(PRO, LAMP) if again == "list" else scene.open_offer(PRO, LAMP))
    assert ("color" in await shown(selling, LAMP, "attributes")) == (again == "open")


async def test_a_product_that_is_put_again_begins_with_what_is_put(selling: Selling, scene: Scene) -> None:
    await put(selling, "CHAIR-1", whole() | {"color": [{"value": "green"}]})
    await put(selling, "CHAIR-1", whole() | {"size": [{"value": "L"}]})
    attributes = await shown(selling, "CHAIR-1", "attributes")
    assert ("color" in attributes, "size" in attributes) == (False, True)
    assert accepted(await put(selling, "CHAIR-1", name("Chair") | price(1)))
    chair = await offer(scene, "CHAIR-1")
    assert chair is not None
    assert chair.available == 0


async def test_a_preview_writes_nothing(selling: Selling, scene: Scene) -> None:
    more = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers,issues"}
    asin = {"merchant_suggested_asin": [{"value": "B000CHAIR1"}]}
    answer = (await put(selling, "CHAIR-1", whole() | asin, **more)).json()
    assert (answer["status"], answer["identifiers"]) == ("VALID", [{"marketplaceId": MARKET, "asin": "B000CHAIR1"}])
    assert (await look(selling, "CHAIR-1")).status_code == 404
    answer = (await put(selling, "CHAIR-1", {}, **more)).json()
    assert (answer["status"], answer["identifiers"]) == ("INVALID", [])
    answer = (await change(selling, LAMP, patch("delete", "purchasable_offer"), **more)).json()
    assert answer["status"] == "VALID"
    lamp = await offer(scene, LAMP)
    assert lamp is not None
    assert not lamp.closed


@pytest.mark.parametrize(
    "sku", ["A/B", "/A", "A/", "a//b", "A B", "A+B", "50%", "é1", "红灯", "?#&=", "A,B", "../x", "%2F"]
)
async def test_a_sku_may_hold_any_sign(selling: Selling, scene: Scene, sku: str) -> None:
    answer = await put(selling, sku)
    assert accepted(answer)
    assert answer.json()["sku"] == sku
    assert await offer(scene, sku) is not None
    assert (await look(selling, sku)).json()["sku"] == sku
    assert accepted(await change(selling, sku, patch("merge", "fulfillment_availability", {"quantity": 1})))
    assert accepted(await delete(selling, sku))


async def test_one_product_of_two_sellers_has_one_asin(selling: Selling, authorize: Authorize) -> None:
    upc = {"externally_assigned_product_identifier": [{"type": "upc", "value": "012345678905", **HERE}]}
    solo = await selling.of(await authorize(SOLO))
    assert accepted(await put(selling, "ONE", whole() | upc))
    assert accepted(await solo.put(path_of("TWO", SOLO), put_body(whole() | upc), marketplaceIds=MARKET))
    theirs = await solo.get(path_of("TWO", SOLO), marketplaceIds=MARKET)
    asin = theirs.json()["summaries"][0]["asin"]
    assert (await shown(selling, "ONE", "summaries"))[0]["asin"] == asin
    await put(selling, "THREE")
    assert (await shown(selling, "THREE", "summaries"))[0]["asin"] != asin


async def test_a_listing_keeps_its_beginning_and_knows_its_last_change(selling: Selling, scene: Scene) -> None:
    began = await scene.now()
    await put(selling, "CHAIR-1")
    await scene.advance(to=began.replace(hour=12))
    await scene.check_out(BEA, {"CHAIR-1": 1})
    summary = (await shown(selling, "CHAIR-1", "summaries"))[0]
    assert summary["createdDate"] == summary["lastUpdatedDate"] == "2026-03-02T10:00:00Z"
    await change(selling, "CHAIR-1", patch("add", "color", {"value": "red"}))
    summary = (await shown(selling, "CHAIR-1", "summaries"))[0]
    assert (summary["createdDate"], summary["lastUpdatedDate"]) == ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")
