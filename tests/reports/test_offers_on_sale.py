"""What buyers find: offers that can be bought, by words in any script, by product, page after page."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from tests.scene import BEA, LAMP, LAST, MARKET, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import SellerAccount
from tradepost.refusals import Reason, Refused
from tradepost.reports import offers_on_sale
from tradepost.reports.offers_on_sale import AfterOffer, AfterPrice, browse, offer_on_sale, sellers_of_product

ALL = [LAMP, LAST, MUG, VASE]  # by product


async def found(scene: Scene, words: str | None = None, **more: str) -> list[str]:
    async with scene.database.transaction() as tx:
        return [offer.sku for offer in (await browse(tx, tx.now, words=words, **more)).offers]


async def pages(scene: Scene, size: int, words: str | None = None) -> list[str]:
    skus: list[str] = []
    after: AfterOffer | None = None
    while True:
        async with scene.database.transaction() as tx:
            page = await browse(tx, tx.now, words=words, after=after, size=size)
        skus += [offer.sku for offer in page.offers]
        if page.after is None:
            return skus
        assert isinstance(page.after, AfterOffer)
        after = page.after


async def list_titles(scene: Scene, titles: Iterable[str]) -> None:
    for number, title in enumerate(titles):
        assert await scene.list_offer(PRO, f"T{number}", title=title) is None


async def test_what_is_on_sale_is_found(scene: Scene) -> None:
    assert await found(scene) == ALL


async def test_closed_and_sold_out_offers_are_not_on_sale(scene: Scene) -> None:
    """A4, A5: the last unit takes an offer off sale, and a unit that comes back brings it back."""
    await scene.close_offer(PRO, VASE)
    order = await scene.place(BEA, {LAST: 1})
    assert await found(scene) == [LAMP, MUG]
    assert await found(scene, "one") == []
    async with scene.database.transaction() as tx:
        assert await offer_on_sale(tx, PRO, LAST, tx.now) is None
        assert (await sellers_of_product(tx, f"P-{LAST}", tx.now)).offers == []
    await scene.cancel_by_buyer(order)
    await scene.open_offer(PRO, VASE)
    assert await found(scene) == ALL


@pytest.mark.parametrize("words", [None, "thing"])
async def test_pages_lose_and_repeat_none(scene: Scene, words: str | None) -> None:
    await list_titles(scene, [f"Thing {number}" for number in range(11)])
    await scene.close_offer(PRO, "T4")
    everything = await found(scene, words)
    assert len(everything) == (10 if words else 14)
    for size in (1, 2, 3, 10, 14):
        assert await pages(scene, size, words) == everything


@pytest.mark.parametrize("walked", [1, 2, 3, 7])
async def test_a_page_walks_past_so_many_offers_that_nobody_can_buy(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    await list_titles(scene, ["Thing"] * 9)
    for number in (0, 1, 2, 3, 6, 8):
        await scene.close_offer(PRO, f"T{number}")
    everything = await found(scene)
    monkeypatch.setattr(offers_on_sale, "_WALK", offers_on_sale._WALK.replace("2000", str(walked)))
    monkeypatch.setattr(offers_on_sale, "MOST_WALKED", walked)
    for size in (1, 2, 5):
        assert await pages(scene, size) == everything


SEARCHES = [
    ("red lamp", ["LED台灯 red-lamp", "Lamp, red", "A red reading LAMP"]),
    ("lam", ["LED台灯 red-lamp", "Lamp, red", "A red reading LAMP", "Lamb's wool"]),
    ("red lam", ["LED台灯 red-lamp", "Lamp, red", "A red reading LAMP"]),
    ("台灯", ["LED台灯 red-lamp", "红色台灯"]),
    ("色台", ["红色台灯"]),
    ("灯台", []),
    ("红 灯", ["红色台灯", "红灯笼"]),
    ("LED台", ["LED台灯 red-lamp"]),
    ("ランプ", ["読書ランプ"]),
    ("书", []),
    ("lamb's", ["Lamb's wool"]),
    ("it's & | ! ( ) : * \\ <->", []),
    ("\\'", []),
]


@pytest.mark.parametrize(("words", "expected"), SEARCHES)
async def test_words_find_titles_in_any_script(scene: Scene, words: str, expected: list[str]) -> None:
    titles = [
        "LED台灯 red-lamp", "Lamp, red", "A red reading LAMP", "Lamb's wool", "红色台灯", "红灯笼", "読書ランプ",
    ]  # fmt: skip
    for key in (LAMP, VASE, LAST):
        await scene.close_offer(PRO, key)
    await list_titles(scene, titles)
    assert [titles[int(sku[1:])] for sku in await found(scene, words)] == expected


async def test_only_the_last_word_may_be_the_beginning_of_one(scene: Scene) -> None:
    assert await found(scene, "red la") == [LAMP]
    assert await found(scene, "re lamp") == []


async def test_no_words_are_all_offers(scene: Scene) -> None:
    assert await found(scene, "  ") == ALL
    assert await found(scene, "!") == []


@pytest.mark.parametrize("words", ["a " * 11, "a" * 201, "a\0", "\ud800"])
async def test_a_search_for_what_no_title_can_hold_is_refused(scene: Scene, words: str) -> None:
    with pytest.raises(Refused) as no:
        await found(scene, words)
    assert no.value.refusal.reason is Reason.INVALID_VALUE
    assert no.value.refusal.facts["field"] == "search"


async def test_the_sellers_of_a_product_come_by_price_then_by_seller(scene: Scene) -> None:
    expected = [(1500, PRO, "P2"), (1500, SOLO, "S1"), (1990, PRO, "P1"), (1990, SOLO, "S2")]
    async with scene.database.transaction() as tx:
        listings = [
            Listing(seller, sku, "P-S", "Thing", price, 5, None)
            for price, seller, sku in [*expected, (900, SOLO, "S3")]
        ]
        assert await list_offers(tx, listings, tx.now) == [None] * 5
    await scene.close_offer(SOLO, "S3")
    for size in (1, 2, 3, 4, 100):
        skus: list[tuple[int, str, str]] = []
        after: AfterPrice | None = None
        while True:
            async with scene.database.transaction() as tx:
                page = await sellers_of_product(tx, "P-S", tx.now, after=after, size=size)
            skus += [(offer.price, offer.seller_id, offer.sku) for offer in page.offers]
            if page.after is None:
                break
            assert isinstance(page.after, AfterPrice)
            after = page.after
        assert skus == expected


async def test_an_offer_says_what_a_buyer_decides_by(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        offer = await offer_on_sale(tx, PRO, LAMP, tx.now)
        last = await offer_on_sale(tx, PRO, LAST, tx.now)
        none = await offer_on_sale(tx, PRO, "\0", tx.now)
    assert offer is not None
    assert last is not None
    assert none is None
    assert (offer.title, offer.price, offer.currency, offer.marketplace_id) == ("Red lamp", 1990, "USD", MARKET)
    assert (offer.seller_name, offer.handling_days) == ("Acme Inc.", 1)
    assert (offer.available, last.available) == (10, 1)


async def test_the_delivery_that_an_offer_names_is_that_of_an_order_placed_now(scene: Scene) -> None:
    for service in ("Standard", "NextDay"):
        async with scene.database.transaction() as tx:
            offer = await offer_on_sale(tx, PRO, LAMP, tx.now, service=service)
        order = await scene.order(await scene.place(BEA, {LAMP: 1}, service=service))
        assert offer is not None
        assert (offer.deliver_earliest, offer.deliver_latest) == (order.deliver_earliest, order.deliver_latest)
        await scene.advance(timedelta(days=3))


async def test_each_marketplace_has_its_own_offers(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("JP", "Japan", "JP", "JPY", "ja"))
        await people.put_sellers(tx, [SellerAccount("ken", "JP", "Ken", None, "ja", "individual")], START)
    assert await scene.list_offer("ken", "KETTLE", price=1200) is None
    assert await found(scene, marketplace_id="JP") == ["KETTLE"]
    assert await found(scene, "thing", marketplace_id="JP") == ["KETTLE"]
    assert await found(scene, marketplace_id=MARKET) == ALL
    async with scene.database.transaction() as tx:
        offer = await offer_on_sale(tx, "ken", "KETTLE", tx.now)
        assert (await sellers_of_product(tx, "P-KETTLE", tx.now, marketplace_id=MARKET)).offers == []
    assert offer is not None
    assert offer.currency == "JPY"


async def test_what_there_cannot_be_is_refused(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        for wrong in (
            browse(tx, tx.now, size=0),
            browse(tx, tx.now, after=AfterOffer("\0", "", "")),
            browse(tx, tx.now, marketplace_id="\0"),
            browse(tx, tx.now, service="Drone"),
            sellers_of_product(tx, "P", tx.now, size=101),
            sellers_of_product(tx, "P", tx.now, after=AfterPrice(2**64, "", "")),
        ):
            with pytest.raises(Refused) as no:
                await wrong
            assert no.value.refusal.reason is Reason.INVALID_VALUE
