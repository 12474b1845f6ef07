"""Listings Items by a client that others have written, over a real socket."""

import pytest

from tests.scene import BEA, LAMP, MARKET, PRO, Scene
from tests.selling_partner_api.clients import Application, blocking, python_amazon_sp_api
from tests.selling_partner_api.listing_words import name, patch, put_body, whole

SKU = "GARDEN/CHAIR 1"


async def test_a_client_lists_something_and_a_buyer_buys_it(
    running: str, application: Application, scene: Scene
) -> None:
    from sp_api.api import ListingsItems
    from sp_api.base import SellingApiNotFoundException

    api = ListingsItems(version="2021-08-01", **python_amazon_sp_api(running, application, MARKET))
    here = {"marketplaceIds": [MARKET]}
    preview = await blocking(
        api.put_listings_item, PRO, SKU, **here, mode="VALIDATION_PREVIEW", body=put_body(name("Chair"))
    )
    assert preview.payload["status"] == "INVALID"
    made = await blocking(api.put_listings_item, PRO, SKU, **here, body=put_body(whole("Garden chair", 49.9, 7)))
    assert (made.payload["sku"], made.payload["status"]) == (SKU, "ACCEPTED")
    scene.sellers[SKU] = PRO
    await scene.place(BEA, {SKU: 2})
    read = await blocking(
        api.get_listings_item, PRO, SKU, **here, includedData=["summaries", "fulfillmentAvailability"]
    )
    assert read.payload["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    assert read.payload["fulfillmentAvailability"][0]["quantity"] == 5
    body = {"productType": "PRODUCT", "patches": [patch("merge", "fulfillment_availability", {"quantity": 0})]}
    assert (await blocking(api.patch_listings_item, PRO, SKU, **here, body=body)).payload["status"] == "ACCEPTED"
    search = await blocking(api.search_listings_items, PRO, **here, withoutStatus=["BUYABLE"])
    assert [item["sku"] for item in search.payload["items"]] == [SKU]
    by_sku = here | {"sortBy": "sku", "sortOrder": "ASC", "pageSize": 1}
    first = await blocking(api.search_listings_items, PRO, **by_sku)
    assert (first.payload["numberOfResults"], first.payload["items"][0]["sku"]) == (4, SKU)
    assert first.next_token
    second = await blocking(api.search_listings_items, PRO, **by_sku, pageToken=first.next_token)
    assert second.payload["items"][0]["sku"] == LAMP
    assert (await blocking(api.delete_listings_item, PRO, SKU, **here)).payload["status"] == "ACCEPTED"
    with pytest.raises(SellingApiNotFoundException):
        await blocking(api.get_listings_item, PRO, SKU, **here)
    assert (await blocking(api.get_listings_item, PRO, LAMP, **here)).payload["sku"] == LAMP
