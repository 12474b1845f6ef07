"""Orders 2026-01-01 by real clients, over a socket: python-amazon-sp-api and Amazon's own SDK."""

from typing import Any

import pytest

from tests.scene import LAMP, MARKET, Scene
from tests.selling_partner_api.clients import Application, amazons_sdk, blocking, python_amazon_sp_api
from tests.selling_partner_api.orders_2026 import EVER
from tradepost.lifecycle import State

SETS = ["BUYER", "RECIPIENT", "PROCEEDS", "CANCELLATION", "FULFILLMENT", "PACKAGES"]


async def test_python_amazon_sp_api(scene: Scene, running: str, application: Application) -> None:
    from sp_api.api import Orders
    from sp_api.base import SellingApiBadRequestException, SellingApiNotFoundException

    pending, to_ship = await scene.to_states([State.HELD, State.UNSHIPPED])
    orders = Orders(version="2026-01-01", **python_amazon_sp_api(running, application, MARKET))

    async def search(**query: Any) -> Any:
        query = {"createdAfter": EVER, "maxResultsPerPage": 1, "includedData": SETS} | query
        return await blocking(orders.search_orders, **query)

    first = await search()
    second = await search(paginationToken=first.next_token)
    found = {order["orderId"]: order for page in (first, second) for order in page.payload["orders"]}
    assert found.keys() == {pending.order_id, to_ship.order_id}
    assert "recipient" not in found[pending.order_id]
    assert found[to_ship.order_id]["recipient"]["deliveryAddress"]["name"] == "Bea Buyer"

    await scene.confirm(to_ship)
    (shipped,) = (await search(fulfillmentStatuses=["SHIPPED"])).payload["orders"]
    assert shipped["packages"][0]["carrier"] == "UPS"
    one = await blocking(orders.get_order, to_ship.order_id, includedData=SETS)
    assert one.payload["order"] == shipped
    with pytest.raises(SellingApiNotFoundException):
        await blocking(orders.get_order, "123-1234567-1234567")
    with pytest.raises(SellingApiBadRequestException, match="InvalidInput"):
        await search(fulfillmentStatuses=["LOST"])


async def test_amazons_sdk(scene: Scene, running: str, application: Application) -> None:
    from spapi.api.orders_v2026_01_01.get_order_api import GetOrderApi
    from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi
    from spapi.rest import ApiException

    key, _ = await scene.to_states([State.PARTIALLY_SHIPPED, State.UNSHIPPED])
    client = amazons_sdk(running, application)
    found = await blocking(
        SearchOrdersApi(client).search_orders,
        last_updated_after=EVER,
        fulfillment_statuses=["PARTIALLY_SHIPPED"],
        marketplace_ids=[MARKET],
        included_data=SETS,
    )
    (order,) = found.orders
    assert found.last_updated_before is not None
    assert order.order_id == key.order_id
    assert order.buyer.buyer_name == "Bea"
    (item, _) = order.order_items
    assert item.product.seller_sku == LAMP
    assert (item.fulfillment.quantity_fulfilled, item.fulfillment.quantity_unfulfilled) == (1, 1)
    assert order.packages[0].package_status.status == "SHIPPED"
    one = await blocking(GetOrderApi(client).get_order, key.order_id, included_data=SETS)
    assert one.order == order
    with pytest.raises(ApiException) as no:
        await blocking(GetOrderApi(client).get_order, "123-1234567-1234567")
    assert no.value.status == 404
