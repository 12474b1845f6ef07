"""Offers: what sellers list, how much of it is there, and whether it is on sale."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.scene import BEA, LAMP, LAST, PRO, SOLO, Scene
from tradepost.ground.database import Transaction
from tradepost.listings.offers import MOST_SKU, MOST_STOCK, MOST_TITLE, list_offers, set_stock
from tradepost.listings.product_ids import of_sku
from tradepost.listings.records import Listing
from tradepost.money import MOST_MINOR_UNITS
from tradepost.refusals import Reason, Refusal

GOOD = Listing(PRO, "NEW", "P1", "New thing", 1000, 5, None)


def _reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


async def _list(scene: Scene, *listings: Listing) -> list[Refusal | None]:
    async def work(tx: Transaction) -> list[Refusal | None]:
        return await list_offers(tx, listings, tx.now)

    return await scene.database.run(work)


async def _supplied(scene: Scene, sku: str) -> int:
    ((supplied,),) = await scene.rows("SELECT supplied FROM offers WHERE sku = $1", sku)
    assert isinstance(supplied, int)
    return supplied


async def test_a_listed_offer_is_on_sale(scene: Scene) -> None:
    assert await _list(scene, GOOD) == [None]
    assert asdict(await scene.offer(PRO, "NEW")) == {
        "seller_id": PRO,
        "sku": "NEW",
        "product_id": "P1",
        "title": "New thing",
        "price": 1000,
        "available": 5,
        "closed": False,
        "handling_days": None,
    }


async def test_listing_again_sets_everything_anew_and_opens_the_offer(scene: Scene) -> None:
    await scene.close_offer(PRO, LAST)
    assert not (await scene.offer(PRO, LAST)).on_sale
    await _list(scene, Listing(PRO, LAST, "P9", "Not the last one", 1, 7, 2))
    offer = await scene.offer(PRO, LAST)
    assert (offer.title, offer.price, offer.available, offer.closed, offer.handling_days) == (
        "Not the last one",
        1,
        7,
        False,
        2,
    )


async def test_of_several_listings_of_one_sku_the_last_one_counts(scene: Scene) -> None:
    assert await _list(scene, GOOD, GOOD._replace(price=2), GOOD._replace(price=3)) == [None] * 3
    assert (await scene.offer(PRO, "NEW")).price == 3


async def test_two_sellers_may_use_the_same_sku(scene: Scene) -> None:
    await _list(scene, GOOD, GOOD._replace(seller_id=SOLO, quantity=9))
    assert (await scene.stock(PRO, "NEW"), await scene.stock(SOLO, "NEW")) == (5, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sku": ""},
        {"sku": "S" * (MOST_SKU + 1)},
        {"sku": "NUL\0"},
        {"sku": "two\nlines"},
        {"title": ""},
        {"title": "T" * (MOST_TITLE + 1)},
        {"title": "tab\t"},
        {"price": -1},
        {"price": MOST_MINOR_UNITS + 1},
        {"quantity": -1},
        {"quantity": MOST_STOCK + 1},
        {"handling_days": -1},
        {"handling_days": 61},
        {"product_id": of_sku(SOLO, "NEW")},
    ],
    ids=str,
)
async def test_a_listing_that_makes_no_sense_is_refused_and_the_others_are_taken(
    scene: Scene, wrong: dict[str, Any]
) -> None:
    bad, good = await _list(scene, GOOD._replace(**wrong), GOOD._replace(sku="GOOD"))
    assert _reason(bad) is Reason.INVALID_VALUE
    assert good is None
    rows = await scene.rows("SELECT sku FROM offers WHERE product_id = 'P1'")
    assert [row[0] for row in rows] == ["GOOD"]


@pytest.mark.parametrize("edge", [{"price": 0}, {"quantity": 0}, {"handling_days": 0}, {"handling_days": 60}], ids=str)
async def test_values_at_the_edge_are_taken(scene: Scene, edge: dict[str, Any]) -> None:
    assert await _list(scene, GOOD._replace(**edge)) == [None]


async def test_nobody_lists_for_a_seller_that_does_not_exist(scene: Scene) -> None:
    (refusal,) = await _list(scene, GOOD._replace(seller_id="nobody"))
    assert _reason(refusal) is Reason.SELLER_NOT_FOUND


async def test_stock_is_set_without_touching_what_orders_hold(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 10})
    assert await scene.set_stock(PRO, LAMP, 3) is None
    assert await scene.stock(PRO, LAMP) == 3
    await scene.cancel_by_buyer(key)
    assert await scene.stock(PRO, LAMP) == 13


async def test_what_was_supplied_less_what_was_sold_is_what_is_there(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 10})
    await scene.place(BEA, {LAMP: 5})
    await scene.set_stock(PRO, LAMP, 100)
    await scene.cancel_by_buyer(key)
    await scene.list_offer(PRO, LAMP, quantity=50)
    assert await scene.stock(PRO, LAMP) == await _supplied(scene, LAMP) - 5 == 50


async def test_of_several_quantities_for_one_offer_the_last_one_counts(scene: Scene) -> None:
    async def work(tx: Transaction) -> list[Refusal | None]:
        return await set_stock(tx, [(PRO, LAMP, 1), (PRO, LAMP, 2)], tx.now)

    assert await scene.database.run(work) == [None, None]
    assert await scene.stock(PRO, LAMP) == 2


@pytest.mark.parametrize("quantity", [-1, MOST_STOCK + 1, 2**63])
async def test_a_stock_out_of_range_is_refused(scene: Scene, quantity: int) -> None:
    assert _reason(await scene.set_stock(PRO, LAMP, quantity)) is Reason.INVALID_VALUE
    assert await scene.stock(PRO, LAMP) == 1000


async def test_an_offer_that_does_not_exist_has_no_stock_and_is_neither_closed_nor_opened(scene: Scene) -> None:
    before = await scene.dump()
    assert _reason(await scene.set_stock(PRO, "NO SUCH", 1)) is Reason.OFFER_NOT_FOUND
    assert _reason(await scene.set_stock(SOLO, LAMP, 1)) is Reason.OFFER_NOT_FOUND
    assert _reason(await scene.close_offer(SOLO, LAMP)) is Reason.OFFER_NOT_FOUND
    assert _reason(await scene.open_offer(SOLO, LAMP)) is Reason.OFFER_NOT_FOUND
    assert await scene.dump() == before


async def test_an_order_keeps_title_and_price_of_the_moment_it_was_placed(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 1})
    await scene.list_offer(PRO, LAMP, title="Green lamp", price=1)
    (line,) = (await scene.order(key)).lines.values()
    assert (line.title, line.unit_price) == ("Red lamp", 1990)
