"""What finding an offer costs among many: neither a page nor a word is found by looking through all of them."""

import pytest

from tests.reports.explained import explained
from tests.scene import PRO, Scene
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.reports.offers_on_sale import AfterOffer, browse, sellers_of_product

OFFERS = 20_000


@pytest.fixture
async def shop(scene: Scene) -> Scene:
    """A seller of many things, each product offered ten times."""
    listings = [Listing(PRO, f"N{n}", f"P{n // 10}", f"Thing {n} 第{n}个红色东西", 100, 5, None) for n in range(OFFERS)]
    async with scene.database.transaction() as tx:
        assert set(await list_offers(tx, listings, tx.now)) == {None}
    await scene.database.pool.execute("VACUUM ANALYZE offers")
    return scene


@pytest.mark.parametrize("generic", [False, True])
async def test_a_page_of_offers_looks_at_that_page_only(shop: Scene, generic: bool) -> None:
    for after in (None, AfterOffer("P5", "", "")):
        async with explained(shop.database, "offers", generic=generic) as tx:
            page = await browse(tx, tx.now, after=after, size=50)
        assert len(page.offers) == 50
        assert "Sort" not in tx.cost.nodes
        assert tx.cost.rows <= 4 * 51


@pytest.mark.parametrize(("words", "found"), [("12345", 1), ("第12345个", 1), ("thing 1234", 11), ("drone", 0)])
async def test_words_are_found_through_the_index(shop: Scene, words: str, found: int) -> None:
    async with explained(shop.database, "offers") as tx:
        page = await browse(tx, tx.now, words=words, size=50)
    assert len(page.offers) == found
    assert "Bitmap Index Scan" in tx.cost.nodes
    assert tx.cost.rows <= 4 * found + 10


async def test_the_sellers_of_a_product_are_found_by_its_index(shop: Scene) -> None:
    async with explained(shop.database, "offers") as tx:
        page = await sellers_of_product(tx, "P100", tx.now)
    assert len(page.offers) == 10
    assert tx.cost.rows <= 40
