"""POST /api/v1/seller/packages by both ways, and the editing of packages."""

from typing import Any

import pytest

from tests.http.conftest import Api
from tests.scene import LAMP, PRO, SOLO, VASE, Scene
from tradepost.doors.serving import app
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

WAY = "/seller/packages"
TRACKING = "1Z999AA10123456784"


@pytest.fixture(params=["short", "framework"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the same act answer alike."""
    if request.param == "framework":
        monkeypatch.setattr(app, "SHORT_WAYS", {})


def shipment(key: OrderKey, **more: Any) -> dict[str, Any]:
    return {"order_id": key.order_id, "carrier_code": "UPS", "tracking": TRACKING} | more


async def packages(api: Api, key: OrderKey) -> Any:
    return (await api.seller(key.seller_id, "GET", f"/seller/orders/{key.order_id}")).json()["packages"]


async def test_all_that_is_left_goes_into_one_package(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    answer = await api.seller(PRO, "POST", WAY, shipment(key))
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"order_id": key.order_id, "reference": 1, "status": "Shipped", "warnings": []}
    assert await scene.state(key) is State.SHIPPED
    again = await api.seller(PRO, "POST", WAY, shipment(key))
    assert (again.status_code, again.json()["reason"]) == (409, "order_is_shipped")


async def test_items_are_named_by_sku_or_item_number_and_go_into_packages_of_their_own(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    vase = (await scene.order(key)).lines[2].item_id
    more = {"ship_method": "Ground", "shipped_on": "2026-03-02T09:00:00+08:00"}
    first = await api.seller(PRO, "POST", WAY, shipment(key, items=[{"item": LAMP, "quantity": 1}], **more))
    assert (first.json()["reference"], first.json()["status"]) == (1, "PartiallyShipped")
    items = [{"item": LAMP}, {"item": vase, "quantity": 1}]
    other = {"carrier_code": "Other", "carrier_name": "Pony Express", "tracking": None}
    second = await api.seller(PRO, "POST", WAY, shipment(key, items=items, **other))
    assert (second.json()["reference"], second.json()["status"]) == (2, "Shipped")
    one, two = await packages(api, key)
    assert (one["ship_method"], one["shipped_on"]) == ("Ground", "2026-03-02T01:00:00Z")
    assert (two["carrier_code"], two["carrier_name"], two["tracking"]) == ("Other", "Pony Express", None)
    assert sorted(item["quantity"] for item in two["items"]) == [1, 1]


@pytest.mark.parametrize(("language", "begins"), [("en", "tracking: The tracking number"), ("zh-CN", "tracking：追踪")])
async def test_a_tracking_number_that_looks_wrong_is_accepted_with_a_warning(
    api: Api, scene: Scene, language: str, begins: str
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    answer = await api.seller(
        PRO, "POST", WAY, shipment(key, tracking="NOT ONE OF THEIRS"), headers={"Accept-Language": language}
    )
    (warning,) = answer.json()["warnings"]
    assert (answer.status_code, warning["warning"]) == (201, "tracking_looks_wrong")
    assert warning["detail"].startswith(begins)


async def test_a_confirmation_is_done_once_for_an_idempotency_key(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    one_lamp = shipment(key, items=[{"item": LAMP, "quantity": 1}])
    first = await api.seller(PRO, "POST", WAY, one_lamp, once="one")
    again = await api.seller(PRO, "POST", WAY, one_lamp, once="one")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(await packages(api, key)) == 1
    other = await api.seller(PRO, "POST", WAY, shipment(key), once="one")
    assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"carrier_code": None}, 422, "carrier_needed"),
        ({"carrier_code": ""}, 422, "carrier_needed"),
        ({"carrier_code": "Other"}, 422, "carrier_name_needed"),
        ({"carrier_code": "x" * 51}, 422, "invalid_value"),
        ({"tracking": "a\0b"}, 422, "invalid_value"),
        ({"tracking": "x" * 101}, 422, "invalid_value"),
        ({"items": []}, 422, "invalid_value"),
        ({"items": [{"item": LAMP, "quantity": 0}]}, 422, "invalid_value"),
        ({"items": [{"item": LAMP, "quantity": 2**70}]}, 422, "invalid_value"),
        ({"items": [{"item": LAMP, "quantity": 3}]}, 422, "quantity_too_large"),
        ({"items": [{"item": "a\0b"}]}, 404, "line_not_found"),
        ({"items": [{"item": "NO SUCH"}]}, 404, "line_not_found"),
        ({"shipped_on": "2026-03-02T10:00:00"}, 422, "invalid_value"),
        ({"shipped_on": "9999-12-31T23:59:59-14:00"}, 422, "ship_date_in_future"),
        ({"shipped_on": "0001-01-01T00:00:00+14:00"}, 422, "ship_date_before_order"),
        ({"surprise": 1}, 422, "invalid_value"),
        ({"order_id": "a\0b"}, 404, "order_not_found"),
        ({"order_id": "nonsense"}, 404, "order_not_found"),
        ({"order_id": 5}, 422, "invalid_value"),
    ],
)
async def test_what_cannot_be_a_shipment_is_refused_by_name(
    api: Api, scene: Scene, changes: dict[str, Any], status: int, reason: str
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    answer = await api.seller(PRO, "POST", WAY, shipment(key) | changes)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    assert await scene.state(key) is State.UNSHIPPED


async def test_a_pending_order_is_not_shipped(api: Api, scene: Scene) -> None:
    key = await scene.place()
    answer = await api.seller(PRO, "POST", WAY, shipment(key))
    assert (answer.status_code, answer.json()["reason"]) == (409, "order_is_pending")


async def test_a_package_is_corrected_afterwards(api: Api, scene: Scene) -> None:
    key = await scene.to_state(State.SHIPPED)
    way = f"/seller/orders/{key.order_id}/packages/1"
    edited = await api.seller(PRO, "PATCH", way, {"carrier_code": "DHL", "tracking": "1234567890"})
    assert edited.status_code == 200, edited.text
    assert edited.json() == {"order_id": key.order_id, "reference": 1, "status": "Shipped", "warnings": []}
    (package,) = await packages(api, key)
    assert (package["carrier_code"], package["tracking"]) == ("DHL", "1234567890")
    assert (await scene.acts(key))[-1] == "edit_package"
    assert (await api.seller(PRO, "PATCH", way, {"tracking": ""})).status_code == 200
    events = len(await scene.events(key))
    assert (await api.seller(PRO, "PATCH", way, {})).status_code == 200
    (package,) = await packages(api, key)
    assert (package["carrier_code"], package["tracking"], len(await scene.events(key))) == ("DHL", None, events)


@pytest.mark.parametrize("reference", ["2", "0", "99999999999999999999", "9" * 5000, "x"])
async def test_an_edit_makes_no_new_package(api: Api, scene: Scene, reference: str) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    answer = await api.seller(PRO, "PATCH", f"/seller/orders/{key.order_id}/packages/{reference}", {"tracking": "1"})
    assert answer.status_code == 404, answer.text
    assert len(await packages(api, key)) == 1


async def test_an_individual_seller_confirms_one_by_one(api: Api, scene: Scene) -> None:
    key = await scene.place(items={"MUG": 1})
    await scene.approve(key)
    await scene.advance(to=(await scene.order(key)).wakes_at)
    assert (await api.seller(SOLO, "POST", WAY, shipment(key))).status_code == 201
    assert VASE not in str(await packages(api, key))
