"""Packages told by files: split orders, several rows of one package, and corrections of what was told before."""

import pytest
from uploaded_files import packages, row, told, upload

from tests.scene import LAMP, VASE, Scene
from tradepost.lifecycle import Act, Notice, Party, State
from tradepost.numbers import OrderKey

T1, T2, T3 = "1Z999AA10123456784", "1Z879E930346834440", "1Z5R89390357567127"


@pytest.fixture
async def key(scene: Scene) -> OrderKey:
    """An order of two lamps and one vase, to be shipped."""
    return await scene.to_state(State.UNSHIPPED)


async def shipments(scene: Scene, key: OrderKey) -> int:
    """How often the buyer was told of a shipment."""
    return (await scene.told(key)).count((Party.BUYER, Notice.SHIPMENT_CONFIRMATION))


# --- one package, several rows


async def test_rows_with_the_same_parcel_are_one_package(scene: Scene, key: OrderKey) -> None:
    report = await upload(scene, row(key, LAMP, 2, tracking=T1), row(key, VASE, 1, tracking=T1))
    assert (report.records, report.successful) == (2, 2)
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 2, "2": 1})]
    assert (await scene.acts(key)).count(Act.CONFIRM_SHIPMENT) == await shipments(scene, key) == 1


async def test_they_need_not_stand_together(scene: Scene, key: OrderKey) -> None:
    other = await scene.to_state(State.UNSHIPPED)
    await upload(
        scene,
        row(key, LAMP, 1, tracking=T1),
        row(key, LAMP, 1, tracking=T2),
        row(other, tracking=T1),
        row(key, VASE, 1, tracking=T1),
    )
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 1, "2": 1}), (2, "UPS", T2, {"1": 1})]


async def test_a_bad_row_does_not_sink_the_package(scene: Scene, key: OrderKey) -> None:
    report = await upload(
        scene,
        row(key, LAMP, 1, tracking=T1),
        row(key, LAMP, 2, tracking=T1),
        row(key, "NONE", 1, tracking=T1),
        row(key, VASE, tracking=T1),
    )
    assert told(report) == [(2, 18021, "Error"), (3, 18028, "Error")]
    assert report.successful == 2
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 1, "2": 1})]
    assert await shipments(scene, key) == 1


@pytest.mark.parametrize(
    "difference", [{"carrier": "USPS"}, {"tracking": T2}, {"day": "2026-03-01"}, {"method": "Air"}]
)
async def test_another_parcel_is_another_package(scene: Scene, key: OrderKey, difference: dict[str, str]) -> None:
    await upload(scene, row(key, LAMP), row(key, VASE, **difference))
    assert [units for *_, units in await packages(scene, key)] == [{"1": 2}, {"2": 1}]


async def test_rows_of_one_item_add_up(scene: Scene, key: OrderKey) -> None:
    assert (await upload(scene, row(key, LAMP, 1), row(key, LAMP, 1))).successful == 2
    assert [units for *_, units in await packages(scene, key)] == [{"1": 2}]
    assert (await upload(scene, row(key, LAMP, 1, tracking=T2), row(key, LAMP, 1, tracking=T2))).successful == 2
    assert await packages(scene, key) == [(1, "UPS", T2, {"1": 2})]


@pytest.mark.parametrize("twice", [("", ""), (VASE, 1), (VASE, ""), (LAMP, 2)])
async def test_a_row_that_stands_twice_is_taken_once(scene: Scene, key: OrderKey, twice: tuple[str, object]) -> None:
    report = await upload(scene, row(key, *twice), row(key, *twice))
    assert (report.successful, report.errors) == (2, 0)
    assert len(await packages(scene, key)) == await shipments(scene, key) == 1
    assert Act.EDIT_PACKAGE not in await scene.acts(key)


# --- splits


async def test_an_order_in_two_packages_and_what_is_left(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, LAMP, 1, tracking=T1))
    assert await scene.state(key) is State.PARTIALLY_SHIPPED
    await upload(scene, row(key, tracking=T2))
    assert await scene.state(key) is State.SHIPPED
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 1}), (2, "UPS", T2, {"1": 1, "2": 1})]


async def test_rows_of_one_order_are_taken_in_the_order_of_the_file(scene: Scene) -> None:
    first, second = await scene.to_states([State.UNSHIPPED] * 2)
    await upload(scene, row(first, VASE, tracking=T1), row(first, tracking=T2))
    await upload(scene, row(second, tracking=T2), row(second, VASE, tracking=T1))
    assert await packages(scene, first) == [(1, "UPS", T1, {"2": 1}), (2, "UPS", T2, {"1": 2})]
    assert await packages(scene, second) == [(1, "UPS", T1, {"1": 2, "2": 1})]


async def test_the_later_word_counts(scene: Scene, key: OrderKey) -> None:
    await upload(scene, *(row(key, VASE, 1, tracking=tracking) for tracking in (T1, T2, T1)))
    assert await packages(scene, key) == [(1, "UPS", T1, {"2": 1})]
    assert (await scene.acts(key))[-3:] == [Act.CONFIRM_SHIPMENT, Act.EDIT_PACKAGE, Act.EDIT_PACKAGE]
    assert await shipments(scene, key) == 1


async def test_an_item_may_be_named_by_its_number(scene: Scene, key: OrderKey) -> None:
    lamps = (await scene.order(key)).lines[1]
    await upload(scene, row(key, lamps.item_id, 2))
    assert [units for *_, units in await packages(scene, key)] == [{"1": 2}]


async def test_the_quantity_of_a_whole_order(scene: Scene, key: OrderKey) -> None:
    """Where it is all that is left it says nothing new; where the order has one item it is that item's."""
    (single,) = await scene.to_states([State.UNSHIPPED], [{LAMP: 3}])
    report = await upload(scene, row(key, quantity=3), row(single, quantity=2), row(single, quantity=4))
    assert told(report) == [(3, 18021, "Error")]
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 2, "2": 1})]
    assert await packages(scene, single) == [(1, "UPS", T1, {"1": 2})]
    assert (await upload(scene, row(key, quantity=3, tracking=T2))).successful == 1
    assert told(await upload(scene, row(key, quantity=2, tracking=T3))) == [(1, 18028, "Error")]


async def test_what_the_seller_canceled_is_not_shipped(scene: Scene, key: OrderKey) -> None:
    await scene.cancel_by_seller(key, items=[(VASE, 1)])
    report = await upload(scene, row(key, VASE, 1), row(key, LAMP, 2), row(key, VASE))
    assert told(report) == [(1, 18021, "Error"), (3, 18021, "Error")]
    assert await scene.state(key) is State.SHIPPED


# --- corrections


@pytest.mark.parametrize("again", [("", ""), (VASE, 1), (VASE, ""), (LAMP, 2)])
async def test_a_row_for_units_of_one_package_corrects_it(
    scene: Scene, key: OrderKey, again: tuple[str, object]
) -> None:
    await upload(scene, row(key, tracking=T1, method="Ground"))
    report = await upload(scene, row(key, *again, carrier="", tracking=T2))
    assert (report.successful, report.entries) == (1, [])
    assert await packages(scene, key) == [(1, "UPS", T2, {"1": 2, "2": 1})]
    assert (await scene.rows("SELECT ship_method FROM packages"))[0][0] == "Ground"
    assert (await scene.acts(key))[-1] == Act.EDIT_PACKAGE
    assert await shipments(scene, key) == 1


async def test_two_rows_correct_their_package_once(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, tracking=T1))
    assert (await upload(scene, row(key, LAMP, 2, tracking=T2), row(key, VASE, 1, tracking=T2))).successful == 2
    assert (await scene.acts(key)).count(Act.EDIT_PACKAGE) == 1


async def test_two_rows_of_one_parcel_may_correct_one_package_and_fill_another(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, LAMP, 2, tracking=T1))
    assert (await upload(scene, row(key, LAMP, 2, tracking=T2), row(key, VASE, 1, tracking=T2))).successful == 2
    assert await packages(scene, key) == [(1, "UPS", T2, {"1": 2}), (2, "UPS", T2, {"2": 1})]


async def test_an_empty_cell_keeps_the_tracking_and_null_clears_it(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, tracking=T1))
    await upload(scene, row(key, tracking="", method="Air"))
    assert (await packages(scene, key))[0][2] == T1
    await upload(scene, row(key, tracking="NULL"))
    assert (await packages(scene, key))[0][2] is None


async def test_another_carrier_takes_its_name_along(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, carrier="Other", name="Bike & Sons", tracking=""))
    await upload(scene, row(key, carrier="UPS", tracking=""))
    assert [tuple(r) for r in await scene.rows("SELECT carrier_code, carrier_name FROM packages")] == [("UPS", None)]
    await upload(scene, row(key, carrier="", name="Bike & Sons", tracking=""))
    assert [tuple(r) for r in await scene.rows("SELECT carrier_code, carrier_name FROM packages")] == [
        ("Other", "Bike & Sons")
    ]
    await upload(scene, row(key, carrier="Other", tracking="5"))
    assert [tuple(r) for r in await scene.rows("SELECT carrier_name, tracking FROM packages")] == [("Bike & Sons", "5")]


async def test_what_the_package_says_already_changes_nothing(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, tracking=T1))
    before = await scene.dump()
    report = await upload(scene, row(key, tracking=T1), row(key, VASE, 1, tracking=T1))
    assert report.successful == 2
    after = await scene.dump()
    assert len(after.pop("confirmation_files")) == len(before.pop("confirmation_files")) + 1
    assert after == before


async def test_a_list_that_grows_ships_nothing_twice(scene: Scene, key: OrderKey) -> None:
    """The first lamp is told again, with its tracking number, beside the second one."""
    first = row(key, LAMP, 1, tracking=T1)
    await upload(scene, first)
    assert (await upload(scene, first, row(key, LAMP, 1, tracking=T2))).successful == 2
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 1}), (2, "UPS", T2, {"1": 1})]
    assert (await upload(scene, first, row(key, LAMP, 1, tracking=T2), row(key, VASE, tracking=T3))).successful == 3
    assert [tracking for _, _, tracking, _ in await packages(scene, key)] == [T1, T2, T3]


async def test_a_package_that_holds_just_these_units_is_meant_when_too_few_are_left(scene: Scene) -> None:
    (key,) = await scene.to_states([State.UNSHIPPED], [{LAMP: 5}])
    await upload(scene, row(key, LAMP, 3, tracking=T1))
    assert (await upload(scene, row(key, LAMP, 3, tracking=T2))).successful == 1
    report = await upload(scene, row(key, LAMP, 4, tracking=T3))
    assert told(report) == [(1, 18021, "Error")]
    assert await packages(scene, key) == [(1, "UPS", T2, {"1": 3})]


async def test_quantities_of_a_package_cannot_be_changed(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, tracking=T1))
    (entry,) = (await upload(scene, row(key, LAMP, 1, tracking=T2))).entries
    assert entry.message().startswith("quantity: Package 1 holds other quantities")


async def test_units_in_several_packages_are_refused_by_name(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key, LAMP, 1, tracking=T1), row(key, LAMP, 1, tracking=T2), row(key, VASE, tracking=T2))
    report = await upload(scene, row(key, LAMP, 2, tracking=T3), row(key, VASE, 1, tracking=T3), row(key, tracking=T3))
    assert [(entry.record, entry.message()) for entry in report.entries] == [
        (
            number,
            f"order-item-id: The units of item {item} lie in several packages; edit each one by its package reference.",
        )
        for number, item in ((1, LAMP), (3, key.order_id))
    ]
    assert await packages(scene, key) == [(1, "UPS", T1, {"1": 1}), (2, "UPS", T3, {"1": 1, "2": 1})]


async def test_an_impossible_date_is_no_correction_either(scene: Scene, key: OrderKey) -> None:
    await upload(scene, row(key))
    (entry,) = (await upload(scene, row(key, day="2026-03-09", tracking=T2))).entries
    assert entry.message().startswith("ship-date: The ship date 2026-03-09 lies in the future")


async def test_one_order_on_too_many_rows(scene: Scene, key: OrderKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.process.shipment.file_rows.MOST_ROWS_OF_ORDER", 2)
    report = await upload(scene, row(key, LAMP, 1), row(key, VASE), row(key, LAMP, 1))
    assert report.successful == 2
    assert [entry.message() for entry in report.entries] == [
        "order-id: More than 2 rows of the file name this order. Put what travels together into one row."
    ]
