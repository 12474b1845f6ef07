"""The measurements themselves, in small: that both sides write the same, and that the last units are sold once.

How fast they are is nobody's business here.
"""

import pytest

from bench import checkout, file, getorders, journey, mixed


async def test_a_checkout_and_its_reference_write_the_same_rows() -> None:
    measured = await checkout.spread(320)
    assert measured.more["rows_an_order"] == "1 orders, 1 order_lines, 1 order_events, 1 payments"
    assert measured.document["name"] == "checkout"


async def test_the_last_units_are_sold_exactly_once() -> None:
    measured = await checkout.last(300)
    assert (measured.ours, measured.reference, measured.more["exact"]) == (150, 150, True)


async def test_a_journey_and_its_reference_write_the_same_rows() -> None:
    measured = await journey.measure(128)
    assert measured.more["rows_an_order"] == (
        "1 orders, 1 order_lines, 4 order_events, 1 payments, 3 notices, 1 packages, 1 package_items"
    )


async def test_pages_of_getorders_are_found_in_both_marketplaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getorders, "ROUNDS", 2)
    monkeypatch.setattr(getorders, "LATER", 3)
    measured = await getorders.measure(12_000)
    assert measured.ratio == measured.ours / measured.reference
    assert set(measured.more) == {
        f"{name} page {kind}" for name in ("first", "fiftieth") for kind in ("created", "updated")
    }


async def test_a_file_and_its_reference_write_the_same_rows() -> None:
    measured = await file.measure(2_500)
    assert measured.more["rows_an_order"] == (
        "1 orders, 1 order_lines, 4 order_events, 3 notices, 1 packages, 1 package_items"
    )


async def test_checkouts_go_on_while_a_file_is_applied() -> None:
    measured = await mixed.measure(20_000)
    assert measured.ratio == measured.ours / measured.reference
    assert measured.more["rows_a_second"]
