"""Prices and quantities by file, as available now or as of a moment, and the inventory loader."""

import asyncio
from datetime import timedelta

import pytest

from tests.feeds.mill_race import Feeds, counts, table
from tests.rooms.uploaded_files import table as file_of
from tests.scene import BEA, BOB, LAMP, MUG, PRO, START, VASE, Scene
from tradepost.feeds import working
from tradepost.ground.database import Database

QUANTITIES, LOADER = "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA", "POST_FLAT_FILE_INVLOADER_DATA"
HEADINGS = "sku price minimum-seller-allowed-price maximum-seller-allowed-price quantity leadtime-to-ship"
LOADED = (
    "sku product-id product-id-type price minimum-seller-allowed-price maximum-seller-allowed-price item-condition "
    "quantity add-delete will-ship-internationally expedited-shipping standard-plus item-note fulfillment-center-id "
    "product-tax-code leadtime-to-ship merchant_shipping_group_name"
)


def quantities(*rows: tuple[object, ...], headings: str = HEADINGS) -> bytes:
    return file_of(((sku, price, "", "", quantity, days) for sku, price, quantity, days in rows), headings)


def loaded(*rows: dict[str, object]) -> bytes:
    return file_of(([row.get(name.replace("-", "_"), "") for name in LOADED.split()] for row in rows), LOADED)


async def test_prices_and_quantities_are_set_and_empty_cells_keep_what_is_there(feeds: Feeds, scene: Scene) -> None:
    status, report = await feeds.through(quantities((LAMP, "21.50", "", ""), (VASE, "", 7, 3)), QUANTITIES)
    assert (status, counts(report)) == ("DONE", (2, 2))
    lamp, vase = await scene.offer(PRO, LAMP), await scene.offer(PRO, VASE)
    assert (lamp.price, lamp.available, lamp.handling_days) == (2150, 1000, 1)
    assert (vase.price, vase.available, vase.handling_days) == (2000, 7, 3)


async def test_what_is_wrong_is_told_row_by_row(feeds: Feeds, scene: Scene) -> None:
    rows = [
        ("NOTHING", "1", "1", ""),
        (MUG, "1", "1", ""),  # another seller's
        (LAMP, "-1", "", ""),
        (LAMP, "1.999", "", ""),
        (LAMP, "", "-1", ""),
        (LAMP, "", "99999999999", ""),
        (LAMP, "", "", "61"),
        (LAMP, "", "", ""),
        ("", "1", "1", ""),
        ("x" * 201, "1", "1", ""),
        ("=1+1", "1", "", ""),
    ]
    before = await scene.offer(PRO, LAMP)
    status, report = await feeds.through(quantities(*rows), QUANTITIES)
    assert (status, counts(report)) == ("DONE", (11, 0))
    assert report.splitlines()[4] == "original-record-number\tsku\terror-code\terror-type\terror-message"
    told = table(report)
    assert [int(line[0]) for line in told] == list(range(1, 12))
    assert {line[2] for line in told} == {"13013", "18028"}
    assert await scene.offer(PRO, LAMP) == before


async def test_quantities_as_of_a_moment_leave_out_what_orders_took_since(
    feeds: Feeds, scene: Scene, database: Database
) -> None:
    await scene.place(BEA, {VASE: 50})
    await scene.advance(timedelta(hours=1))
    counted = await scene.now()
    await scene.advance(timedelta(minutes=1))
    await scene.place(BEA, {VASE: 3, LAMP: 1})
    returned = await scene.place(BOB, {VASE: 2})
    assert await scene.cancel_by_buyer(returned) is None
    lost = await scene.place(BOB, {VASE: 4})
    assert await scene.approve(lost) is None
    await scene.advance(timedelta(hours=1))
    assert await scene.cancel_by_seller(lost, "no_inventory") is None
    content = quantities((VASE, "", 100, ""), (LAMP, "", 0, ""))
    status, report = await feeds.through(content, QUANTITIES, quantitiesAsOf=counted.isoformat())
    assert (status, counts(report)) == ("DONE", (2, 2))
    assert await scene.stock(PRO, VASE) == 100 - 3 - 4
    assert await scene.stock(PRO, LAMP) == 0
    await feeds.through(content, QUANTITIES, quantitiesAsOf=counted.isoformat())
    assert await scene.stock(PRO, VASE) == 93
    await feeds.through(content, QUANTITIES)
    assert await scene.stock(PRO, VASE) == 100


async def test_no_unit_is_sold_twice_while_quantities_are_set(feeds: Feeds, scene: Scene, database: Database) -> None:
    """Orders come in while the same quantities as of the beginning are set again and again."""
    content = quantities((VASE, "", 500, ""))
    for _ in range(5):
        await feeds.create(content, QUANTITIES, quantitiesAsOf=START.isoformat())

    async def shop() -> None:
        for _ in range(20):
            await scene.place(BEA, {VASE: 1})

    async def set_them() -> None:
        while taken := await working.take(database):
            await working.go_on(database, feeds.storage, taken, asyncio.Event())

    await asyncio.gather(shop(), shop(), set_them(), shop())
    await feeds.through(content, QUANTITIES, quantitiesAsOf=START.isoformat())
    assert await scene.stock(PRO, VASE) == 500 - 60


async def test_the_inventory_loader_lists_changes_and_takes_away(feeds: Feeds, scene: Scene) -> None:
    lamp = await scene.offer(PRO, LAMP)
    new = {"sku": "SECOND-LAMP", "product_id": lamp.product_id, "product_id_type": 1, "item_condition": 11}
    status, report = await feeds.through(
        loaded(
            new | {"price": "18.00", "quantity": 5, "add_delete": "a"},
            {"sku": VASE, "quantity": 4},
            {"sku": "LAST", "add_delete": "x"},
            {"sku": LAMP, "product_id": lamp.product_id, "product_id_type": 1, "item_condition": 11, "quantity": 9},
        ),
        LOADER,
    )
    assert (status, counts(report)) == ("DONE", (4, 4)), report
    second = await scene.offer(PRO, "SECOND-LAMP")
    assert (second.title, second.price, second.available) == (lamp.title, 1800, 5)
    assert await scene.stock(PRO, VASE) == 4
    assert (await scene.offer(PRO, "LAST")).closed
    lamp_now = await scene.offer(PRO, LAMP)
    assert (lamp_now.price, lamp_now.available) == (lamp.price, 9)


async def test_what_the_loader_cannot_take_is_told(feeds: Feeds, scene: Scene) -> None:
    rows: list[dict[str, object]] = [
        {"sku": "A", "product_id": "B0", "product_id_type": 9, "price": 1},
        {"sku": "A", "product_id": "B0", "product_id_type": 1, "item_condition": 99, "price": 1},
        {"sku": "A", "add_delete": "z"},
        {"sku": "A", "product_id": "NOBODYS", "product_id_type": 1, "price": 1, "quantity": 1},
        {"sku": "A", "product_id": "P-LAMP", "product_id_type": 1, "quantity": 1},
        {"sku": "A", "quantity": 1},
        {"sku": "A", "add_delete": "d"},
    ]
    status, report = await feeds.through(loaded(*rows), LOADER)
    assert (status, counts(report)) == ("DONE", (7, 0))
    told = {int(line[0]): line[4].split(":")[0] for line in table(report)}
    assert list(told) == list(range(1, 8))
    assert [told[number] for number in (4, 5)] == ["product-id", "price"]


async def test_a_price_may_have_a_comma_where_people_write_one(feeds: Feeds, scene: Scene, database: Database) -> None:
    content = quantities((LAMP, "19,95", "", ""))
    assert counts((await feeds.through(content, QUANTITIES))[1]) == (1, 0)
    async with database.transaction() as tx:
        await tx.execute("UPDATE marketplaces SET country = 'DE'")
    assert counts((await feeds.through(content, QUANTITIES))[1]) == (1, 1)
    assert (await scene.offer(PRO, LAMP)).price == 1995


@pytest.mark.parametrize("kind", [QUANTITIES, LOADER])
@pytest.mark.parametrize("content", [b"", b"order-id\n1\n", b"sku\tprice\n", b"\0\0\0\0", b"sku\tsku\nA\tB\n"])
async def test_what_is_no_such_file_is_fatal(feeds: Feeds, kind: str, content: bytes) -> None:
    status, report = await feeds.through(content, kind)
    assert status == "FATAL"
    assert [line[3] for line in table(report)] == ["Fatal"]
