"""Orders v0: confirming shipments and correcting packages, and all that confirmShipment says no to."""

from datetime import timedelta
from typing import Any

from tests.scene import LAMP, MARKET, SOLO, START, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.test_orders_v0 import NO_ORDER, ORDERS, told
from tradepost.lifecycle import PENDING, State
from tradepost.numbers import OrderKey
from tradepost.reports.order_details import Package, order_details

TRACKING = "1Z999AA10123456784"


def package(items: dict[str, Any], reference: Any = "1", **more: Any) -> dict[str, Any]:
    """The body of a confirmation."""
    detail = {
        "packageReferenceId": reference,
        "carrierCode": "UPS",
        "trackingNumber": TRACKING,
        "shipDate": "2026-03-02T10:30:00Z",
        "orderItems": [{"orderItemId": item, "quantity": quantity} for item, quantity in items.items()],
    }
    return {"marketplaceId": MARKET, "packageDetail": {k: v for k, v in (detail | more).items() if v is not None}}


async def confirm(selling: Selling, key: OrderKey, body: Any) -> Any:
    """Confirm a package; nothing, or the error."""
    answer = await selling.post(f"{ORDERS}/{key.order_id}/shipmentConfirmation", body)
    if answer.status_code == 204:
        assert not answer.content
        return None
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["message"], error["details"]


async def items_of(scene: Scene, key: OrderKey) -> dict[str, str]:
    """The item numbers by SKU."""
    return {line.sku: line.item_id for line in (await scene.order(key)).lines.values()}


async def packages(scene: Scene, key: OrderKey) -> list[Package]:
    """The packages of an order."""
    async with scene.database.transaction() as tx:
        details = await order_details(tx, key.order_id, tx.now, seller_id=key.seller_id)
    assert details
    return list(details.packages)


async def test_one_package_then_the_rest_then_an_edit(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    ids = await items_of(scene, key)
    assert await confirm(selling, key, package({ids[LAMP]: 1})) is None
    assert (await told(selling, key))["OrderStatus"] == "PartiallyShipped"
    assert await confirm(selling, key, package({ids[LAMP]: 1, ids[VASE]: 1}, "2")) is None
    assert (await told(selling, key))["OrderStatus"] == "Shipped"

    await scene.advance(timedelta(hours=1))
    edited = package({ids[LAMP]: 1}, carrierCode="Other", carrierName="Swift Sled", trackingNumber="S-1")
    assert await confirm(selling, key, edited) is None
    first, second = await packages(scene, key)
    assert (first.carrier_code, first.carrier_name, first.tracking) == ("Other", "Swift Sled", "S-1")
    assert (second.reference, second.tracking) == (2, TRACKING)
    assert (await told(selling, key))["LastUpdateDate"] == "2026-03-02T11:30:00Z"
    shipped = {i["SellerSKU"]: i["QuantityShipped"] for i in (await told(selling, key, "/orderItems"))["OrderItems"]}
    assert shipped == {LAMP: 2, VASE: 1}


async def test_a_confirmation_that_is_sent_again_changes_nothing(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    body = package({(await items_of(scene, key))[LAMP]: 2}, shippingMethod="Ground")
    assert await confirm(selling, key, body) is None
    acts = await scene.acts(key)
    assert await confirm(selling, key, body) is None
    assert await scene.acts(key) == acts


async def test_a_ship_date_is_written_in_many_ways(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    for date, kept in (
        ("2026-03-02T10:30:00.000Z", "2026-03-02T10:30:00+00:00"),
        ("2026-03-02T11:40:00+01:00", "2026-03-02T10:40:00+00:00"),
        ("2026-03-02T10:30:00", "2026-03-02T10:30:00+00:00"),
        ("2026-03-02", "2026-03-02T00:00:00+00:00"),
    ):
        assert await confirm(selling, key, package({lamp: 2}, shipDate=date)) is None
        (one,) = await packages(scene, key)
        assert one.shipped_on
        assert one.shipped_on.isoformat() == kept


async def test_beside_a_simulated_clock_a_date_of_another_clock_is_passed_over(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    assert await confirm(selling, key, package({lamp: 1}, shipDate="2025-01-01T00:00:00Z")) is None
    assert await confirm(selling, key, package({lamp: 1}, packageReferenceId="2", shipDate="2031-01-01")) is None
    assert [package.shipped_on for package in await packages(scene, key)] == [None, None]


async def test_a_client_that_writes_null_for_what_it_does_not_say(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    body = package({lamp: 1}, carrierName=None, shippingMethod=None, shipFromSupplySourceId=None)
    body["packageDetail"]["orderItems"][0]["transparencyCodes"] = None
    body["codCollectionMethod"] = None
    assert await confirm(selling, key, body) is None


async def test_a_package_may_be_called_by_a_moment(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    assert await confirm(selling, key, package({lamp: 1}, packageReferenceId="1795421234567")) is None
    assert [package.reference for package in await packages(scene, key)] == [1795421234567]


async def test_an_empty_tracking_number_takes_none_away(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    assert await confirm(selling, key, package({lamp: 1})) is None
    assert await confirm(selling, key, package({lamp: 1}, trackingNumber="", shippingMethod="Ground")) is None
    assert [package.tracking for package in await packages(scene, key)] == [TRACKING]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"packageReferenceId": 1}, "packageDetail.packageReferenceId"),
    ({"packageReferenceId": None}, "packageReferenceId"),
    ({"packageReferenceId": "0"}, "packageDetail.packageReferenceId"),
    ({"packageReferenceId": "-1"}, "packageDetail.packageReferenceId"),
    ({"packageReferenceId": "PKG-1"}, "packageDetail.packageReferenceId"),
    ({"packageReferenceId": "9007199254740992"}, "packageDetail.packageReferenceId"),
    ({"packageReferenceId": "١"}, "packageDetail.packageReferenceId"),
    ({"carrierCode": None}, "carrierCode"),
    ({"carrierCode": ""}, "packageDetail.carrierCode"),
    ({"carrierCode": "U" * 51}, "packageDetail.carrierCode"),
    ({"carrierCode": "Other"}, "carrier-name"),
    ({"carrierCode": "U\u0000PS"}, "carrier-code"),
    ({"trackingNumber": None}, "trackingNumber"),
    ({"trackingNumber": 12345}, "packageDetail.trackingNumber"),
    ({"trackingNumber": "1\u0000"}, "tracking-number"),
    ({"shipDate": None}, "shipDate"),
    ({"shipDate": "02/21/2022"}, "packageDetail.shipDate"),
    ({"shipDate": "0001-01-01T00:00:00+23:00"}, "packageDetail.shipDate"),
    ({"orderItems": None}, "orderItems"),
    ({"orderItems": []}, "packageDetail.orderItems"),
    ({"orderItems": [{"orderItemId": "1"}]}, "quantity"),
    ({"orderItems": [{"orderItemId": "1", "quantity": "1"}]}, "packageDetail.orderItems[0].quantity"),
    ({"orderItems": [{"orderItemId": "1", "quantity": 1}]}, "packageDetail.orderItems[0].orderItemId"),
    ({"orderItems": [{"orderItemId": LAMP, "quantity": 1}]}, "packageDetail.orderItems[0].orderItemId"),
]


async def test_what_is_wrong_with_a_package_is_said_by_its_field(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    acts = await scene.acts(key)
    for change, named in WRONG:
        status, code, message, _ = await confirm(selling, key, package({lamp: 1}, **change))
        assert (status, code) == (400, "InvalidInput")
        assert named in message, change
    assert await scene.acts(key) == acts


async def test_quantities_are_those_that_are_left(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    lamp = (await items_of(scene, key))[LAMP]
    for quantity, details in (
        (3, "quantity_too_large"),
        (10**30, "quantity_too_large"),
        (0, "quantity_not_positive"),
        (-1, "quantity_not_positive"),
    ):
        assert (await confirm(selling, key, package({lamp: quantity})))[::3] == (400, details)


async def test_an_edit_cannot_change_what_is_in_the_package(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    ids = await items_of(scene, key)
    assert await confirm(selling, key, package({ids[LAMP]: 1})) is None
    refused = await confirm(selling, key, package({ids[LAMP]: 2}))
    assert refused[::3] == (400, "package_quantities_fixed")


async def test_all_that_is_shipped_leaves_nothing_for_another_package(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.SHIPPED)
    refused = await confirm(selling, key, package({(await items_of(scene, key))[LAMP]: 1}, "7"))
    assert refused[::3] == (400, "order_is_shipped")


async def test_nothing_is_shipped_of_an_order_that_is_not_released(selling: Selling, scene: Scene) -> None:
    states = [*sorted(PENDING), State.CANCELED]
    for state, key in zip(states, await scene.to_states(states), strict=True):
        refused = await confirm(selling, key, package({(await items_of(scene, key))[LAMP]: 1}))
        assert refused[::3] == (400, "order_is_pending" if state in PENDING else "order_is_canceled")


async def test_the_marketplace_is_the_orders(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    body = package({(await items_of(scene, key))[LAMP]: 1}) | {"marketplaceId": "ATVPDKIKX0DER"}
    refused = await confirm(selling, key, body)
    assert refused[0] == 400
    assert "marketplaceId" in refused[2]


async def test_a_stranger_ships_nothing(selling: Selling, scene: Scene, authorize: Authorize) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    body = package({(await items_of(scene, key))[LAMP]: 1})
    solo = await selling.of(await authorize(SOLO))
    anothers = await confirm(solo, key, body)
    assert anothers[:2] == (404, "NotFound")
    assert anothers == await confirm(solo, OrderKey(SOLO, NO_ORDER), body)
    assert await scene.state(key) is State.UNSHIPPED
    assert (await confirm(selling.with_token(""), key, body))[:2] == (403, "Unauthorized")


async def test_an_individual_seller_ships_one_by_one(selling: Selling, scene: Scene, authorize: Authorize) -> None:
    (key,) = await scene.to_states([State.UNSHIPPED], [{"MUG": 1}])
    solo = await selling.of(await authorize(SOLO))
    assert await confirm(solo, key, package({(await items_of(scene, key))["MUG"]: 1})) is None
    assert (await told(solo, key))["OrderStatus"] == "Shipped"


async def test_a_body_that_is_no_confirmation(selling: Selling) -> None:
    for body in (None, b"", b"{", b"[]", b"null", b"\xff", b'{"packageDetail": 1}', b"[" * 100_000):
        answer = await selling.ask("POST", f"{ORDERS}/{NO_ORDER}/shipmentConfirmation", content=body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "InvalidInput"


async def test_a_body_that_is_too_large(selling: Selling) -> None:
    answer = await selling.ask("POST", f"{ORDERS}/{NO_ORDER}/shipmentConfirmation", content=b" " * (2 << 20))
    assert answer.status_code == 400  # the model knows no 413 here
    huge = await selling.ask("POST", f"{ORDERS}/{NO_ORDER}/shipment", content=b" " * (2 << 20))
    assert huge.status_code == 413


async def test_no_order_is_picked_up_in_a_store(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    for body, said in (
        ({"marketplaceId": MARKET, "shipmentStatus": "ReadyForPickup"}, "not picked up in a store"),
        ({"marketplaceId": "1", "shipmentStatus": "PickedUp"}, "marketplaceId"),
        ({"marketplaceId": MARKET, "shipmentStatus": "Lost"}, "shipmentStatus"),
        ({"marketplaceId": MARKET}, "shipmentStatus"),
        ({"shipmentStatus": "PickedUp"}, "marketplaceId"),
    ):
        answer = await selling.post(f"{ORDERS}/{key.order_id}/shipment", body)
        assert answer.status_code == 400
        assert said in answer.json()["errors"][0]["message"]


async def test_pickup_of_an_order_that_is_not_there(selling: Selling) -> None:
    body = {"marketplaceId": MARKET, "shipmentStatus": "PickedUp", "orderItems": [{"orderItemId": "1", "quantity": 1}]}
    assert (await selling.post(f"{ORDERS}/{NO_ORDER}/shipment", body)).status_code == 404


async def test_the_thirty_days_end_without_a_confirmation(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    ids = await items_of(scene, key)
    await scene.advance(to=START + timedelta(days=40))
    order = await told(selling, key)
    assert (order["OrderStatus"], order["NumberOfItemsUnshipped"]) == ("Shipped", 0)
    refused = await confirm(selling, key, package({ids[VASE]: 1}, "2"))
    assert refused[0] == 400
