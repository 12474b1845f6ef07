"""The listings reports, of listings that their sellers made, as another program reads them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from received import Received, list_pins, received

from tests.scene import BEA, BOB, LAMP, LAST, MUG, PRO, SOLO, START, VASE, Scene, open_market
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.listings.items.submissions import Deletion, Requirements, Submission, Submitted, Whole, submit
from tradepost.listings.records import OfferKey
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refused
from tradepost.reports.merchant_listings_report import (
    active_listings_report,
    all_listings_report,
    inactive_listings_report,
)

AS_READ_BY_TOOLS = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url item-is-marketplace "
    "product-id-type zshop-shipping-fee item-note item-condition zshop-category1 zshop-browse-path "
    "zshop-storefront-feature asin1 asin2 asin3 will-ship-internationally expedited-shipping zshop-boldface product-id "
    "bid-for-featured-placement add-delete pending-quantity fulfillment-channel merchant-shipping-group status"
)
STATUSES = {LAMP: "Active", VASE: "Inactive", LAST: "Inactive", "DRAFT": "Incomplete"}


async def put(scene: Scene, sku: str, wish: Whole | Deletion) -> None:
    async with scene.database.transaction() as tx:
        (done,) = await submit(tx, [Submission(OfferKey(PRO, sku), tx.now, wish)])
    assert isinstance(done, Submitted)
    assert done.valid, done.issues


def whole(**attributes: Any) -> Whole:
    return Whole("LAMP", {"item_name": [{"value": "Draft lamp"}], **attributes})


def priced(price: float) -> list[dict[str, Any]]:
    return [{"our_price": [{"schedule": [{"value_with_tax": price}]}]}]


async def rows_by_sku(scene: Scene, report: Any = all_listings_report, seller: str = PRO) -> dict[str, dict[str, str]]:
    rows = (await received(scene.database, report, seller)).rows
    by_sku = {row["seller-sku"]: row for row in rows}
    assert len(by_sku) == len(rows)
    return by_sku


async def in_every_status(scene: Scene) -> None:
    """One listing on sale, one closed, one sold out and one without a price."""
    assert await scene.close_offer(PRO, VASE) is None
    await scene.place(BEA, {LAST: 1})
    await put(scene, "DRAFT", Whole("LAMP", {"item_name": [{"value": "Draft lamp"}]}, Requirements.PRODUCT_ONLY))


async def test_the_columns_are_those_of_the_interface(scene: Scene) -> None:
    header = AS_READ_BY_TOOLS.replace(" ", "\t")
    assert len(AS_READ_BY_TOOLS.split()) == 29
    for report, columns in (
        (all_listings_report, header),
        (active_listings_report, header.removesuffix("\tstatus")),
        (inactive_listings_report, header.removesuffix("\tstatus")),
    ):
        assert (await received(scene.database, report)).text.partition("\n")[0] == columns


async def test_a_seller_who_may_not_have_it_gets_none(database: Database) -> None:
    await open_market(database, policy=Policy(individual_reports=False))
    for report in (all_listings_report, active_listings_report, inactive_listings_report):
        for seller, reason in ((SOLO, Reason.PROFESSIONAL_PLAN_NEEDED), ("nobody", Reason.SELLER_NOT_FOUND)):
            with pytest.raises(Refused) as no:
                await received(database, report, seller)
            assert no.value.refusal.reason is reason


async def test_every_column_of_a_row(database: Database) -> None:
    scene = await open_market(database, zone="America/Los_Angeles")
    for _ in range(2):
        await scene.place(BEA, {LAMP: 3, VASE: 1})
    row = (await rows_by_sku(scene))[LAMP]
    assert row == dict.fromkeys(AS_READ_BY_TOOLS.split(), "") | {
        "item-name": "Red lamp",
        "listing-id": LAMP,
        "seller-sku": LAMP,
        "price": "19.90",
        "quantity": "994",
        "open-date": "2026-03-02 02:00:00 PST",
        "item-is-marketplace": "y",
        "product-id-type": "1",
        "item-condition": "11",
        "asin1": f"P-{LAMP}",
        "product-id": f"P-{LAMP}",
        "pending-quantity": "6",
        "fulfillment-channel": "DEFAULT",
        "status": "Active",
    }


async def test_the_status_says_what_can_be_bought(scene: Scene) -> None:
    await in_every_status(scene)
    rows = await rows_by_sku(scene)
    assert {sku: row["status"] for sku, row in rows.items()} == STATUSES
    assert (rows["DRAFT"]["item-name"], rows["DRAFT"]["price"], rows["DRAFT"]["quantity"]) == ("Draft lamp", "", "0")
    assert (rows[LAST]["quantity"], rows[LAST]["pending-quantity"]) == ("0", "1")


async def test_active_and_inactive_listings_together_are_all(scene: Scene) -> None:
    await in_every_status(scene)
    everything = {sku: {**row} for sku, row in (await rows_by_sku(scene)).items()}
    statuses = {sku: row.pop("status") for sku, row in everything.items()}
    active = await rows_by_sku(scene, active_listings_report)
    inactive = await rows_by_sku(scene, inactive_listings_report)
    assert active | inactive == everything
    assert {statuses[sku] for sku in active} == {"Active"}
    assert {statuses[sku] for sku in inactive} == {"Inactive", "Incomplete"}


async def test_deleted_listings_are_in_none(scene: Scene) -> None:
    await put(scene, VASE, Deletion())
    for report in (all_listings_report, active_listings_report, inactive_listings_report):
        assert VASE not in await rows_by_sku(scene, report)


async def test_a_seller_sees_only_its_own_listings(scene: Scene) -> None:
    """Not even of the same SKU, nor of what Pending orders hold of it."""
    assert await scene.list_offer(PRO, MUG, title="Other mug") is None
    scene.sellers[MUG] = SOLO
    await scene.place(BOB, {MUG: 2})
    theirs, own = await rows_by_sku(scene, seller=SOLO), await rows_by_sku(scene)
    assert list(theirs) == [MUG]
    assert (theirs[MUG]["item-name"], theirs[MUG]["pending-quantity"]) == ("Tea mug", "2")
    assert (own[MUG]["item-name"], own[MUG]["pending-quantity"]) == ("Other mug", "0")


async def test_released_and_canceled_orders_are_not_pending(scene: Scene) -> None:
    await scene.to_states(list(State), [{LAMP: 1}] * len(State))
    assert (await rows_by_sku(scene))[LAMP]["pending-quantity"] == "3"


@pytest.mark.parametrize(
    ("condition", "number"),
    [("new_new", "11"), ("used_good", "3"), ("refurbished_refurbished", "10"), ("new_open_box", "new_open_box")],
)
async def test_conditions_have_the_numbers_that_files_give_them(scene: Scene, condition: str, number: str) -> None:
    await put(scene, "USED", whole(condition_type=[{"value": condition}], purchasable_offer=priced(12.5)))
    row = (await rows_by_sku(scene))["USED"]
    assert (row["item-condition"], row["price"], row["status"]) == (number, "12.50", "Inactive")


@pytest.mark.parametrize(
    ("zone", "start", "shown"),
    [
        ("America/Los_Angeles", "2026-07-01T00:30:00+00:00", "2026-06-30 17:30:00 PDT"),
        ("Asia/Tokyo", "2026-07-01T20:30:00+00:00", "2026-07-02 05:30:00 JST"),
        ("America/Sao_Paulo", "2026-07-01T00:30:00+00:00", "2026-06-30 21:30:00 -03"),
    ],
)
async def test_dates_are_in_the_marketplace_s_zone(database: Database, zone: str, start: str, shown: str) -> None:
    scene = await open_market(database, zone=zone, start=datetime.fromisoformat(start))
    assert {row["open-date"] for row in (await rows_by_sku(scene)).values()} == {shown}


@pytest.mark.parametrize(
    ("given", "title", "sku"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)", "=HYPERLINK(1)"),
        ('"Best" of all', '\'"Best" of all', '\'"Best" of all'),
        ("5\" nail, 'n' more", "5\" nail, 'n' more", "5\" nail, 'n' more"),
        ("👩‍👩‍👧 张伟 ]]>", "👩‍👩‍👧 张伟 ]]>", "👩‍👩‍👧 张伟 ]]>"),
        ("x" * 200, "x" * 200, "x" * 200),
    ],
)
async def test_no_value_breaks_a_cell_or_becomes_a_formula(scene: Scene, given: str, title: str, sku: str) -> None:
    assert await scene.list_offer(PRO, given, title=given) is None
    row = (await rows_by_sku(scene))[sku]
    assert (row["item-name"], row["listing-id"]) == (title, sku)


async def test_the_window_says_nothing(scene: Scene) -> None:
    late = START + timedelta(days=300)
    found = await received(scene.database, all_listings_report, PRO, late, late)
    assert {row["seller-sku"] for row in found.rows} == {LAMP, VASE, LAST}


async def test_a_long_report_comes_in_pieces_for_as_many_statements(scene: Scene) -> None:
    async def read() -> Received:
        return await received(scene.database, all_listings_report)

    await read()  # a version of a policy is read once
    few = await read()
    await list_pins(scene, 2500)
    many = await read()
    assert many.written == few.written + 2500
    assert len(many.rows) == many.written
    assert many.statements == few.statements
    assert max(map(len, many.pieces)) < len(many.text) / 2
