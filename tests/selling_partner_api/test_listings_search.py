"""searchListingsItems: found by what, in which order, page by page forwards and backwards."""

from datetime import timedelta
from typing import Any

import pytest

from tests.reports.explained import explained
from tests.scene import LAMP, LAST, MARKET, MUG, PRO, SOLO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.listing_words import ITEMS, change, delete, look, name, patch, price, put, shown, whole
from tradepost.listings.items.issues import Severity
from tradepost.listings.items.submissions import Deletion, Submission, Submitted, submit
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing, OfferKey
from tradepost.reports import listings_search
from tradepost.reports.listings_search import MOST_FOUND, Search, SortBy
from tradepost.reports.sellers_listings import Status

MANY = 20_000
FIRST = [OfferKey(PRO, sku) for sku in (LAMP, LAST, VASE)]  # of the scene


async def page(selling: Selling, **query: Any) -> Any:
    answer = await selling.get(f"{ITEMS}/{PRO}", **{"marketplaceIds": MARKET} | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def found(selling: Selling, **query: Any) -> list[str]:
    """The SKUs of all pages, each of which says the same number."""
    told = await page(selling, **query)
    skus, total = [item["sku"] for item in told["items"]], told["numberOfResults"]
    while token := told.get("pagination", {}).get("nextToken"):
        told = await page(selling, **query, pageToken=token)
        assert told["numberOfResults"] == total
        skus += [item["sku"] for item in told["items"]]
    assert len(skus) == total
    return skus


@pytest.fixture
async def five(selling: Selling, scene: Scene) -> list[str]:
    """Five more listings of Acme's, one an hour after the other; the first one was changed last."""
    skus = ["C", "A", "E", "B", "D"]
    for sku in skus:
        await scene.advance(timedelta(hours=1))
        await put(selling, sku)
    await scene.advance(timedelta(hours=1))
    await change(selling, "C", patch("add", "color", {"value": "red"}))
    return skus


async def test_listings_come_in_the_order_that_is_asked_for(selling: Selling, five: list[str]) -> None:
    first = sorted([LAMP, LAST, VASE])
    assert await found(selling, sortBy="sku", sortOrder="ASC") == sorted([*five, *first])
    assert await found(selling, sortBy="sku", pageSize=2) == sorted([*five, *first], reverse=True)
    assert await found(selling, sortBy="createdDate", sortOrder="ASC", pageSize=3) == [*first, *five]
    assert await found(selling, pageSize=1) == ["C", "D", "B", "E", "A", *reversed(first)]


@pytest.mark.parametrize("sort_by", ["sku", "createdDate", "lastUpdatedDate"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_who_goes_back_comes_by_the_same_listings(
    selling: Selling, five: list[str], sort_by: str, order: str
) -> None:
    query = {"sortBy": sort_by, "sortOrder": order, "pageSize": 3}
    pages = [await page(selling, **query)]
    assert "previousToken" not in pages[0]["pagination"]
    while token := pages[-1]["pagination"].get("nextToken"):
        pages.append(await page(selling, **query, pageToken=token))
    assert [len(one["items"]) for one in pages] == [3, 3, 2]
    back = pages[-1]
    for before in reversed(pages[:-1]):
        back = await page(selling, **query, pageToken=back["pagination"]["previousToken"])
        assert back["items"] == before["items"]
        forth = await page(selling, **query, pageToken=back["pagination"]["nextToken"])
        assert forth["items"][0]["sku"] not in {item["sku"] for item in back["items"]}
    assert "previousToken" not in back["pagination"]


async def test_sales_move_no_listing_while_pages_are_turned(selling: Selling, scene: Scene, five: list[str]) -> None:
    query = {"pageSize": 4}
    first = await page(selling, **query)
    scene.sellers |= dict.fromkeys(five, PRO)
    await scene.place(items={"D": 1, "A": 1, LAMP: 1})
    rest = await page(selling, **query, pageToken=first["pagination"]["nextToken"])
    assert len({item["sku"] for one in (first, rest) for item in one["items"]}) == 8


async def test_listings_are_found_by_sku_and_by_product(selling: Selling) -> None:
    upc = {"externally_assigned_product_identifier": [{"type": "upc", "value": "012345678905"}]}
    asin = {"merchant_suggested_asin": [{"value": "P-VASE"}]}
    await put(selling, "A", whole() | upc)
    await put(selling, "B", name("Thing") | asin, requirements="LISTING_PRODUCT_ONLY")
    assert await found(selling, identifiersType="SKU", identifiers=[LAMP, "A", "NONE", MUG], sortBy="sku") == [
        LAMP,
        "A",
    ]
    assert await found(selling, identifiersType="ASIN", identifiers="P-VASE", sortBy="sku") == [VASE, "B"]
    assert await found(selling, identifiersType="UPC", identifiers="012345678905") == ["A"]
    assert await found(selling, identifiersType="EAN", identifiers="012345678905") == []
    assert await found(selling, variationParentSku="A") == []


async def test_a_sku_with_a_comma_is_found_where_the_parameter_is_named_again(selling: Selling) -> None:
    for sku in ("A,B", "A", "B"):
        await put(selling, sku)

    async def of(identifiers: str) -> list[str]:
        path = f"{ITEMS}/{PRO}?marketplaceIds={MARKET}&sortBy=sku&sortOrder=ASC&identifiersType=SKU&{identifiers}"
        return [item["sku"] for item in (await selling.get(path)).json()["items"]]

    assert await of("identifiers=A,B") == await of("identifiers=A%2CB") == ["A", "B"]
    assert await of("identifiers=A%2CB&identifiers=B") == ["A,B", "B"]
    assert await of("identifiers=A%2CB&identifiers=") == ["A,B"]
    assert await of("identifiers=A&identifiers=B") == ["A", "B"]


async def test_windows_hold_both_of_their_ends(selling: Selling, five: list[str]) -> None:
    hours = {f"{hour}": f"2026-03-02T{hour}:00:00Z" for hour in range(11, 17)}
    assert await found(selling, createdAfter=hours["12"], createdBefore=hours["14"]) == ["B", "E", "A"]
    assert await found(selling, lastUpdatedAfter=hours["14"], sortBy="sku") == ["D", "C", "B"]
    assert await found(selling, createdBefore=hours["11"], lastUpdatedAfter=hours["16"]) == ["C"]
    assert await found(selling, createdBefore="2026-03-02T09:59:59Z") == []


async def test_statuses_and_issues_choose(selling: Selling, scene: Scene) -> None:
    await put(selling, "DESK", name("Desk"), requirements="LISTING_PRODUCT_ONLY")
    await put(selling, "SOLD", name("Sold out") | price(1))
    await put(selling, "GONE")
    await delete(selling, "GONE")
    await scene.close_offer(PRO, VASE)
    query = {"sortBy": "sku", "sortOrder": "ASC"}
    assert await found(selling, withStatus="BUYABLE", **query) == [LAMP, LAST]
    assert await found(selling, withStatus="DISCOVERABLE", **query) == [LAMP, LAST, "SOLD"]
    assert await found(selling, withStatus="BUYABLE,DISCOVERABLE", **query) == [LAMP, LAST, "SOLD"]
    assert await found(selling, withoutStatus="BUYABLE", **query) == ["DESK", "SOLD", VASE]
    assert await found(selling, withoutStatus="DISCOVERABLE", **query) == ["DESK", VASE]
    assert await found(selling, withIssueSeverity="ERROR", **query) == ["DESK"]
    assert await found(selling, withIssueSeverity="WARNING", **query) == []
    assert await found(selling, withIssueSeverity="WARNING,ERROR", **query) == ["DESK"]


async def test_a_page_includes_what_is_asked_for(selling: Selling) -> None:
    told = await page(selling, includedData="offers,fulfillmentAvailability", identifiers=LAMP, identifiersType="SKU")
    assert told["items"] == [
        {"sku": LAMP, **{key: await shown(selling, LAMP, key) for key in ("offers", "fulfillmentAvailability")}}
    ]
    assert "pagination" not in told
    assert (await page(selling))["items"][0]["summaries"]


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": 0},
        {"pageSize": 21},
        {"sortBy": "price"},
        {"sortOrder": "UP"},
        {"withStatus": "SOLD"},
        {"withIssueSeverity": "INFO"},
        {"includedData": "secrets"},
        {"identifiers": "A"},
        {"identifiersType": "SKU"},
        {"identifiers": [str(n) for n in range(21)], "identifiersType": "SKU"},
        {"identifiers": "A", "identifiersType": "NAME"},
        {"identifiers": "A", "identifiersType": "SKU", "variationParentSku": "B"},
        {"variationParentSku": "A", "packageHierarchySku": "B"},
        {"createdAfter": "yesterday"},
        {"createdAfter": "2026-03-02T12:00:00Z", "createdBefore": "2026-03-02T11:00:00Z"},
        {"pageToken": "x"},
        {"marketplaceIds": ""},
    ],
)
async def test_a_search_that_cannot_be_read_is_an_error(selling: Selling, query: dict[str, Any]) -> None:
    answer = await selling.get(f"{ITEMS}/{PRO}", **{"marketplaceIds": MARKET} | query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")


async def test_a_token_goes_on_with_its_own_search_only(selling: Selling, authorize: Authorize) -> None:
    token = (await page(selling, pageSize=1))["pagination"]["nextToken"]
    answer = await selling.get(f"{ITEMS}/{PRO}", marketplaceIds=MARKET, pageToken=token, sortOrder="ASC")
    assert answer.status_code == 400
    assert (await page(selling, pageSize=2, pageToken=token))["items"]
    solo = await selling.of(await authorize(SOLO))
    assert (await solo.get(f"{ITEMS}/{SOLO}", marketplaceIds=MARKET, pageToken=token)).status_code == 400


async def test_a_seller_searches_among_their_own(selling: Selling, authorize: Authorize) -> None:
    solo = await selling.of(await authorize(SOLO))
    assert (await solo.get(f"{ITEMS}/{PRO}", marketplaceIds=MARKET)).status_code == 403
    assert (await selling.get(f"{ITEMS}/{PRO}", marketplaceIds="ELSEWHERE")).status_code == 403
    for query in (
        {},
        {"identifiersType": "SKU", "identifiers": LAMP},
        {"identifiersType": "ASIN", "identifiers": "P-LAMP"},
    ):
        told = (await solo.get(f"{ITEMS}/{SOLO}", marketplaceIds=MARKET, **query)).json()
        assert LAMP not in {item["sku"] for item in told["items"]}
    assert (await look(selling, LAMP)).status_code == 200


@pytest.fixture
async def shop(scene: Scene) -> Scene:
    """A seller of many things, half of them sold out."""
    listings = [Listing(PRO, f"N{n:05}", f"P{n // 4}", f"Thing {n}", 100, n % 2, None) for n in range(MANY)]
    async with scene.database.transaction() as tx:
        assert set(await list_offers(tx, listings, tx.now)) == {None}
    await scene.database.pool.execute("VACUUM ANALYZE offers, listings")
    return scene


async def test_a_search_ends_after_as_many_as_amazons(selling: Selling, shop: Scene) -> None:
    skus = await found(selling, sortBy="sku", sortOrder="ASC", pageSize=20)
    assert (len(skus), len(set(skus))) == (MOST_FOUND, MOST_FOUND)
    assert await found(selling, createdAfter="2026-03-03T00:00:00Z") == []


@pytest.mark.parametrize("generic", [False, True])
@pytest.mark.parametrize("sort_by", SortBy)
async def test_a_page_costs_the_same_however_many_there_are(shop: Scene, sort_by: SortBy, generic: bool) -> None:
    """The count looks at as many as it counts at most, and the page at those that it shows."""
    wanted, place = Search(sort_by, product_ids=None), None
    for _ in range(3):
        async with explained(shop.database, "listings", generic=generic) as tx:
            told = await listings_search.search(tx, PRO, wanted, place, 20)
        assert (len(told.items), told.found) == (20, MOST_FOUND)
        assert tx.cost.rows <= 6 * 21
        assert "Sort" not in tx.cost.nodes
        place = told.after


@pytest.mark.parametrize("generic", [False, True])
async def test_what_is_named_is_not_searched_for(shop: Scene, generic: bool) -> None:
    for wanted in (Search(skus=["N00007", "N19000"]), Search(product_ids=["P1200"])):
        async with explained(shop.database, "listings", generic=generic) as tx:
            told = await listings_search.search(tx, PRO, wanted, None, 20)
        assert told.found == len(told.items) == (2 if wanted.skus else 4)
        assert tx.cost.rows <= 100


@pytest.mark.parametrize("generic", [False, True])
async def test_what_is_deleted_is_not_walked_by(shop: Scene, generic: bool) -> None:
    """All but the listings in the middle of every order are deleted."""
    gone = [OfferKey(PRO, f"N{number:05}") for number in range(MANY) if not 10_000 <= number < 12_000]
    async with shop.database.transaction() as tx:
        deleted = await submit(tx, [Submission(key, tx.now, Deletion()) for key in [*gone, *FIRST]])
        assert all(isinstance(one, Submitted) and one.valid for one in deleted)
    await shop.database.pool.execute("VACUUM ANALYZE offers, listings")
    for sort_by in SortBy:
        for descending in (False, True):
            async with explained(shop.database, "listings", generic=generic) as tx:
                told = await listings_search.search(tx, PRO, Search(sort_by, descending), None, 20)
            assert (len(told.items), told.found) == (20, MOST_FOUND)
            assert tx.cost.rows <= 6 * 21
    async with shop.database.transaction() as tx:
        assert (await listings_search.search(tx, PRO, Search(product_ids=["P1"]), None, 20)).found == 0


async def test_what_hardly_occurs_is_looked_for_a_while(shop: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may be empty and lead on; nothing is passed over, and what is found is found by turning pages."""
    monkeypatch.setattr(listings_search, "MOST_WALKED", 3_000)
    async with shop.database.transaction() as tx:
        assert set(await list_offers(tx, [Listing(PRO, "N15000", "P", "Rare", 1, 1, None, True)], tx.now)) == {None}
        wanted, place, pages = Search(SortBy.SKU, False, without_status=[Status.DISCOVERABLE]), None, []
        while True:
            pages.append(await listings_search.search(tx, PRO, wanted, place, 20))
            if (place := pages[-1].after) is None:
                break
        assert [item.sku for one in pages for item in one.items] == ["N15000"]
        assert len(pages) == MANY // 3_000 + 1
        nothing = await listings_search.search(tx, PRO, Search(with_severity=[Severity.ERROR]), None, 20)
        assert (nothing.items, nothing.found) == ([], 0)
