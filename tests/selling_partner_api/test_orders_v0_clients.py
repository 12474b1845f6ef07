"""Orders v0 through the clients that sellers' tools are written with, over a socket."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scene import LAMP, MARKET, Scene
from tests.selling_partner_api.clients import (
    Application,
    JavaScript,
    JavaScriptError,
    amazons_sdk,
    blocking,
    python_amazon_sp_api,
)
from tests.selling_partner_api.test_orders_v0 import NO_ORDER, SINCE
from tests.selling_partner_api.test_orders_v0_shipment import packages
from tradepost.numbers import OrderKey

HOLD = timedelta(minutes=30)


async def released(scene: Scene, key: OrderKey) -> None:
    await scene.approve(key)
    await scene.advance(HOLD)


async def test_python_amazon_sp_api(running: str, application: Application, scene: Scene) -> None:
    from sp_api.api import Orders
    from sp_api.base.exceptions import (
        SellingApiBadRequestException,
        SellingApiForbiddenException,
        SellingApiNotFoundException,
    )

    key = await scene.place(items={LAMP: 3})
    number = key.order_id
    client = Orders(**python_amazon_sp_api(running, application, MARKET))

    async def call(name: str, *arguments: Any, **more: Any) -> Any:
        return (await blocking(getattr(client, name), *arguments, **more)).payload

    (pending,) = (await call("get_orders", CreatedAfter=SINCE))["Orders"]
    assert (pending["OrderStatus"], "OrderTotal" in pending) == ("Pending", False)
    await released(scene, key)
    unshipped = (await call("get_orders", CreatedAfter=SINCE, OrderStatuses=["Unshipped"]))["Orders"]
    assert [order["AmazonOrderId"] for order in unshipped] == [number]
    assert "ShippingAddress" not in unshipped[0]
    both = ["buyerInfo", "shippingAddress"]
    (seen,) = (await call("get_orders", CreatedAfter=SINCE, RestrictedResources=both))["Orders"]
    assert (seen["BuyerInfo"]["BuyerName"], seen["ShippingAddress"]["City"]) == ("Bea", "Springfield")
    assert (await call("get_order", number, RestrictedResources=both))["ShippingAddress"]["Name"] == "Bea Buyer"
    (item,) = (await call("get_order_items", number))["OrderItems"]
    assert item["ItemPrice"]["Amount"] == "59.70"
    with pytest.raises(SellingApiForbiddenException):
        await call("get_order_address", number)
    with pytest.raises(SellingApiNotFoundException):
        await call("get_order", NO_ORDER)
    with pytest.raises(SellingApiBadRequestException, match="CreatedAfter"):
        await call("get_orders")

    def package(reference: str, quantity: int, tracking: str) -> dict[str, Any]:
        return {
            "packageReferenceId": reference,
            "carrierCode": "UPS",
            "trackingNumber": tracking,
            "shipDate": "2026-03-02T10:30:00.000Z",
            "orderItems": [{"orderItemId": item["OrderItemId"], "quantity": quantity}],
        }

    for reference, quantity, tracking, status in (
        ("1", 1, "1Z1", "PartiallyShipped"),
        ("2", 2, "1Z2", "Shipped"),
        ("1", 1, "1Z3", "Shipped"),
    ):
        detail = package(reference, quantity, tracking)
        await call("confirm_shipment", number, marketplaceId=MARKET, packageDetail=detail)
        assert (await call("get_order", number))["OrderStatus"] == status
    assert [one.tracking for one in await packages(scene, key)] == ["1Z3", "1Z2"]
    assert (await call("get_order_regulated_info", number))["RegulatedInformation"] == {"Fields": []}


async def test_python_amazon_sp_api_loads_all_pages(running: str, application: Application, scene: Scene) -> None:
    from sp_api.api import Orders
    from sp_api.util import load_all_pages

    numbers = []
    for _ in range(5):
        numbers.append((await scene.place(items={LAMP: 1})).order_id)
        await scene.advance(timedelta(seconds=1))
    client = Orders(**python_amazon_sp_api(running, application, MARKET))
    pages = load_all_pages(throttle_by_seconds=0)(client.get_orders)

    def walk() -> list[list[str]]:
        return [
            [order["AmazonOrderId"] for order in page.payload["Orders"]]
            for page in pages(LastUpdatedAfter=SINCE, MaxResultsPerPage=2)
        ]

    assert await blocking(walk) == [numbers[:2], numbers[2:4], numbers[4:]]


async def test_amazons_own_sdk(running: str, application: Application, scene: Scene) -> None:
    from spapi.api.orders_v0.orders_v0_api import OrdersV0Api
    from spapi.api.orders_v0.shipment_api import ShipmentApi
    from spapi.models.orders_v0 import (
        ConfirmShipmentOrderItem,
        ConfirmShipmentRequest,
        PackageDetail,
        UpdateShipmentStatusRequest,
    )
    from spapi.rest import ApiException

    key = await scene.place(items={LAMP: 3})
    number = key.order_id
    client = await blocking(amazons_sdk, running, application)
    orders, shipment = OrdersV0Api(client), ShipmentApi(client)
    listed = await blocking(orders.get_orders, marketplace_ids=[MARKET], created_after=SINCE, max_results_per_page=1)
    assert [order.order_status for order in listed.payload.orders] == ["Pending"]
    await released(scene, key)
    items = await blocking(orders.get_order_items, number)
    (item,) = items.payload.order_items
    assert (item.quantity_ordered, item.is_gift, item.item_price.amount) == (3, "false", "59.70")
    for reference, quantity, status in (("1", 1, "PartiallyShipped"), ("2", 2, "Shipped")):
        detail = PackageDetail(
            package_reference_id=reference,
            carrier_code="UPS",
            tracking_number="1Z1",
            ship_date="2026-03-02T10:30:00Z",
            order_items=[ConfirmShipmentOrderItem(order_item_id=item.order_item_id, quantity=quantity)],
        )
        body = ConfirmShipmentRequest(marketplace_id=MARKET, package_detail=detail)
        await blocking(orders.confirm_shipment, number, body)
        assert (await blocking(orders.get_order, number)).payload.order_status == status
    pickup = UpdateShipmentStatusRequest(marketplace_id=MARKET, shipment_status="PickedUp")
    with pytest.raises(ApiException) as no:
        await blocking(shipment.update_shipment_status, number, pickup)
    assert no.value.status == 400
    with pytest.raises(ApiException) as no:
        await blocking(orders.get_order_buyer_info, number)
    assert no.value.status == 403


async def test_amazon_sp_api_for_node(
    running: str, application: Application, scene: Scene, javascript: JavaScript
) -> None:
    key = await scene.place(items={LAMP: 1})
    query = {"MarketplaceIds": [MARKET], "CreatedAfter": SINCE}
    snippet = "return await sp.callAPI({operation: 'orders.getOrders', query: given.query})"
    listed = await javascript.run(running, application, snippet, query=query)
    assert [order["OrderStatus"] for order in listed["Orders"]] == ["Pending"]
    await released(scene, key)
    (line,) = (await scene.order(key)).lines.values()
    body = {
        "marketplaceId": MARKET,
        "packageDetail": {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "trackingNumber": "1Z1",
            "shipDate": "2026-03-02T10:30:00Z",
            "orderItems": [{"orderItemId": line.item_id, "quantity": 1}],
        },
    }
    snippet = "return await sp.callAPI({operation: 'orders.confirmShipment', path: given.path, body: given.body})"
    await javascript.run(running, application, snippet, path={"orderId": key.order_id}, body=body)
    (shipped,) = await packages(scene, key)
    assert shipped.tracking == "1Z1"
    with pytest.raises(JavaScriptError) as no:
        await javascript.run(running, application, snippet, path={"orderId": NO_ORDER}, body=body)
    assert no.value.code == "NotFound"
