"""Shipment: whole or in parts, in packages with carrier and tracking number, and corrected afterwards."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scene import LAMP, PRO, VASE, Scene
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import MOST_REFERENCE, Confirmation, Confirmed, Parcel, confirm_shipments
from tradepost.refusals import Reason, Refusal

UPS = Parcel("UPS", "1Z999AA10123456784")
DHL = Parcel("DHL", "1234567890")


def _reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


async def _packages(scene: Scene, key: OrderKey) -> list[tuple[Any, ...]]:
    """Reference, carrier, tracking number, and what lies in it: quantities by line."""
    rows = await scene.rows(
        """
        SELECT reference, carrier_code, tracking, jsonb_object_agg(line_no, quantity)
          FROM packages JOIN package_items USING (seller_id, order_id, reference)
         WHERE seller_id = $1 AND order_id = $2
         GROUP BY seller_id, order_id, reference ORDER BY reference
        """,
        *key,
    )
    return [(*row[:3], {int(line): quantity for line, quantity in row[3].items()}) for row in rows]


@pytest.fixture
async def key(scene: Scene) -> OrderKey:
    """An order of two lamps and a vase, to be shipped."""
    return await scene.to_state(State.UNSHIPPED)


# --- what is shipped


async def test_without_items_everything_left_is_shipped(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key) == Confirmed(reference=1)
    order = await scene.order(key)
    assert (order.state, order.shipped_units, order.shipped_at) == (State.SHIPPED, 3, await scene.now())
    assert await _packages(scene, key) == [(1, "UPS", "1Z999AA10123456784", {1: 2, 2: 1})]
    assert (await scene.told(key))[-1] == ("buyer", "shipment_confirmation")


async def test_an_order_leaves_in_parts_and_every_part_is_told(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, [(LAMP, 1)], parcel=UPS) == Confirmed(1)
    assert await scene.state(key) is State.PARTIALLY_SHIPPED
    assert await scene.confirm(key, [(VASE, 1)], parcel=DHL) == Confirmed(2)
    assert await scene.state(key) is State.PARTIALLY_SHIPPED
    assert await scene.confirm(key) == Confirmed(3)
    assert await scene.state(key) is State.SHIPPED
    assert await _packages(scene, key) == [
        (1, "UPS", UPS.tracking, {1: 1}),
        (2, "DHL", DHL.tracking, {2: 1}),
        (3, "UPS", UPS.tracking, {1: 1}),
    ]
    assert [kind for _, kind in await scene.told(key)].count("shipment_confirmation") == 3


async def test_an_item_without_a_quantity_is_all_that_is_left_of_it(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, [(LAMP, None)]) == Confirmed(1)
    assert [line.left for line in (await scene.order(key)).lines.values()] == [0, 1]


async def test_shipping_does_not_touch_the_stock(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key)
    assert await scene.stock(PRO, LAMP) == 998


@pytest.mark.parametrize("quantity", [0, -1])
async def test_nothing_cannot_be_shipped(scene: Scene, key: OrderKey, quantity: int) -> None:
    assert _reason(await scene.confirm(key, [(LAMP, quantity)])) is Reason.QUANTITY_NOT_POSITIVE


async def test_no_more_is_shipped_than_is_left(scene: Scene, key: OrderKey) -> None:
    assert _reason(await scene.confirm(key, [(LAMP, 3)])) is Reason.QUANTITY_TOO_LARGE
    assert _reason(await scene.confirm(key, [(LAMP, 2), (LAMP, 1)])) is Reason.NOTHING_LEFT
    await scene.confirm(key, [(LAMP, 2)])
    assert _reason(await scene.confirm(key, [(LAMP, 1)])) is Reason.NOTHING_LEFT
    assert [line.left for line in (await scene.order(key)).lines.values()] == [0, 1]


async def test_canceled_units_are_not_left_to_ship(scene: Scene, key: OrderKey) -> None:
    await scene.cancel_by_seller(key, items=[(LAMP, 1)])
    assert _reason(await scene.confirm(key, [(LAMP, 2)])) is Reason.QUANTITY_TOO_LARGE
    await scene.confirm(key)
    order = await scene.order(key)
    assert (order.state, order.shipped_units, order.canceled_units) == (State.SHIPPED, 2, 1)


async def test_an_item_that_the_order_does_not_have_is_refused(scene: Scene, key: OrderKey) -> None:
    assert _reason(await scene.confirm(key, [("MUG", 1)])) is Reason.LINE_NOT_FOUND


async def test_an_empty_list_of_items_is_not_everything(scene: Scene, key: OrderKey) -> None:
    assert _reason(await scene.confirm(key, [])) is Reason.INVALID_VALUE
    assert await scene.state(key) is State.UNSHIPPED


async def test_two_packages_of_one_order_in_one_batch(scene: Scene, key: OrderKey) -> None:
    now = await scene.now()
    wishes = [Confirmation(key, now, UPS, [(LAMP, 1)]), Confirmation(key, now, DHL), Confirmation(key, now, DHL)]
    first, second, third = await scene.database.run(lambda tx: confirm_shipments(tx, wishes))
    assert (first, second) == (Confirmed(1), Confirmed(2))
    assert _reason(third) is Reason.ORDER_IS_SHIPPED


# --- references


async def test_a_seller_gives_packages_references_of_its_own(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, [(LAMP, 1)], reference=700) == Confirmed(700)
    assert await scene.confirm(key) == Confirmed(701)
    assert [package[0] for package in await _packages(scene, key)] == [700, 701]


@pytest.mark.parametrize("reference", [0, -1, MOST_REFERENCE + 1])
async def test_a_reference_is_a_positive_number(scene: Scene, key: OrderKey, reference: int) -> None:
    before = await scene.dump()
    assert _reason(await scene.confirm(key, reference=reference)) is Reason.INVALID_VALUE
    assert await scene.dump() == before


# --- correcting a package


async def test_a_package_is_corrected_by_its_reference(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, parcel=UPS)
    told = await scene.told(key)
    await scene.advance(timedelta(hours=1))
    assert await scene.confirm(key, parcel=DHL, reference=1) == Confirmed(1, edited=True)
    assert await _packages(scene, key) == [(1, "DHL", "1234567890", {1: 2, 2: 1})]
    last = (await scene.events(key))[-1]
    assert (last.act, last.state) == ("edit_package", "shipped")
    assert last.detail == {"was": {"package": 1, "carrier": "UPS", "tracking": "1Z999AA10123456784"}}
    assert await scene.told(key) == told, "a correction is not a shipment"


async def test_the_same_data_again_changes_nothing(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, parcel=UPS)
    await scene.advance(timedelta(hours=1))
    before = await scene.dump()
    assert await scene.confirm(key, parcel=UPS, reference=1) == Confirmed(1, edited=True, changed=False)
    assert await scene.dump() == before


async def test_what_an_edit_does_not_name_stays_as_it_is(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, parcel=Parcel("UPS", UPS.tracking, ship_method="Ground"))
    assert await scene.confirm(key, parcel=Parcel(None, "1Z999AA10123456776"), reference=1)
    ((code, tracking, method),) = await scene.rows("SELECT carrier_code, tracking, ship_method FROM packages")
    assert (code, tracking, method) == ("UPS", "1Z999AA10123456776", "Ground")


async def test_an_edit_may_clear_the_tracking_number(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key)
    assert await scene.confirm(key, parcel=Parcel(None, ""), reference=1) == Confirmed(1, edited=True)
    assert (await _packages(scene, key))[0][2] is None


async def test_the_units_of_a_package_cannot_be_edited(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, [(LAMP, 1)])
    for items in ([(LAMP, 2)], [(VASE, 1)]):
        assert _reason(await scene.confirm(key, items, reference=1)) is Reason.PACKAGE_QUANTITIES_FIXED
    assert isinstance(await scene.confirm(key, [(LAMP, 1)], parcel=DHL, reference=1), Confirmed)


async def test_units_that_one_package_holds_name_it_where_editing_is_meant(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, [(LAMP, 2)])
    await scene.confirm(key, [(VASE, 1)])
    assert await scene.confirm(key, [(VASE, 1)], parcel=DHL, may_edit=True) == Confirmed(2, edited=True)


async def test_units_in_several_packages_do_not_say_which_one_is_meant(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, [(LAMP, 1)])
    await scene.confirm(key, [(LAMP, 1)])
    assert _reason(await scene.confirm(key, [(LAMP, None)], parcel=DHL, may_edit=True)) is Reason.SEVERAL_PACKAGES


# --- carrier and tracking number


async def test_a_number_that_is_none_of_the_carriers_is_accepted_with_a_warning(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, parcel=Parcel("UPS", "NOT ONE OF THEIRS")) == Confirmed(
        1, tracking_looks_wrong=True
    )
    assert await scene.state(key) is State.SHIPPED


async def test_tracking_is_not_demanded(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, parcel=Parcel("USPS")) == Confirmed(1)


async def test_a_carrier_is_known_by_its_other_names(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, parcel=Parcel("united parcel service", UPS.tracking))
    assert (await _packages(scene, key))[0][1] == "UPS"


async def test_a_carrier_outside_the_list_is_taken_as_it_is_written(scene: Scene, key: OrderKey) -> None:
    assert await scene.confirm(key, parcel=Parcel("Pony Express", "ANYTHING")) == Confirmed(1)
    assert (await _packages(scene, key))[0][1] == "Pony Express"


@pytest.mark.parametrize("parcel", [Parcel(None, "1Z"), Parcel("", "1Z")])
async def test_the_carrier_must_be_named(scene: Scene, key: OrderKey, parcel: Parcel) -> None:
    assert _reason(await scene.confirm(key, parcel=parcel)) is Reason.CARRIER_NEEDED


async def test_other_needs_a_name(scene: Scene, key: OrderKey) -> None:
    assert _reason(await scene.confirm(key, parcel=Parcel("Other", "X1"))) is Reason.CARRIER_NAME_NEEDED
    assert await scene.confirm(key, parcel=Parcel("other", "X1", "Pony Express")) == Confirmed(1)


@pytest.mark.parametrize(
    "parcel",
    [
        Parcel("C" * 51),
        Parcel("Other", carrier_name="C" * 51),
        Parcel("UPS", "1" * 101),
        Parcel("UPS", ship_method="M" * 101),
        Parcel("UPS\n"),
        Parcel("UPS", "1Z\0"),
    ],
)
async def test_texts_of_a_parcel_are_short_and_printable(scene: Scene, key: OrderKey, parcel: Parcel) -> None:
    before = await scene.dump()
    assert _reason(await scene.confirm(key, parcel=parcel)) is Reason.INVALID_VALUE
    assert await scene.dump() == before


# --- delivery


async def test_a_delivery_is_recorded_once(scene: Scene, key: OrderKey) -> None:
    await scene.confirm(key, [(LAMP, 1)])
    await scene.advance(timedelta(days=2))
    assert await scene.deliver(key) is None
    assert (await scene.order(key)).delivered_at == await scene.now()
    assert _reason(await scene.deliver(key)) is Reason.ALREADY_DELIVERED
