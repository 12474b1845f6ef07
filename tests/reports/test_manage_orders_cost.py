"""What a page of Manage Orders costs, in rows and blocks of the very statements: the same in a big marketplace."""

from collections.abc import AsyncIterator

import pytest

from bench.page import NOW, PAGE, SELLER, THEIRS, fill
from tests.conftest import TestServer
from tests.reports.explained import Cost, explained
from tradepost.ground.database import Database, connect
from tradepost.reports.as_they_stand import After
from tradepost.reports.buyer_orders import orders_of_buyer
from tradepost.reports.manage_orders import View, manage_orders

ORDERS = 100_000
FEW = 500  # of the seller's in the small marketplace: five pages, where the big one has a hundred


@pytest.fixture(scope="module")
async def marketplaces(server: TestServer) -> AsyncIterator[tuple[Database, Database]]:
    """A marketplace of 100,000 orders, and one that is a small part of it."""
    urls = [await server.make(), await server.make()]
    await fill(urls[0], ORDERS, THEIRS)
    await fill(urls[1], FEW, FEW)
    async with connect(urls[0]) as big, connect(urls[1]) as small:
        yield big, small
    for url in urls:
        await server.drop(url)


async def cost_of(
    database: Database, view: View, after: After | None, *, generic: bool = False
) -> tuple[Cost, After | None, int]:
    """What a page costs, the place of the next one, and how many rows it has."""
    async with explained(database, "orders", generic=generic) as tx:
        page = await manage_orders(tx, SELLER, NOW, view, after, PAGE)
        return tx.cost, page.after, len(page.rows)


async def last_full_page(database: Database, view: View) -> tuple[After | None, int]:
    """The place before the last page that is full, and the number of that page."""
    place, number = None, 1
    while True:
        _, after, _ = await cost_of(database, view, place)
        if after is None or (await cost_of(database, view, after))[2] < PAGE:
            return place, number
        place, number = after, number + 1


@pytest.mark.parametrize("generic", [False, True])
async def test_the_hundredth_page_costs_what_the_first_one_costs(
    marketplaces: tuple[Database, Database], generic: bool
) -> None:
    big, small = marketplaces
    reference, _, _ = await cost_of(small, View.ALL, None, generic=generic)
    place, number = await last_full_page(big, View.ALL)
    assert number == 100
    for after in (None, place):
        cost, _, rows = await cost_of(big, View.ALL, after, generic=generic)
        assert rows == PAGE
        assert not {"Seq Scan", "Sort", "Bitmap Heap Scan"} & cost.nodes
        assert cost.rows <= reference.rows
        # The same number of ways from root to leaf, each through one block more at most, and rows farther apart.
        assert cost.blocks <= 2 * reference.blocks


@pytest.mark.parametrize("view", [View.UNSHIPPED, View.SHIPPED, View.CANCELED])
async def test_a_tab_is_not_found_by_looking_through_all_orders(
    marketplaces: tuple[Database, Database], view: View
) -> None:
    """Of the seller's 10,000 orders, 950 are to be shipped and 500 canceled: no page looks at many more than these."""
    big, _ = marketplaces
    place, _ = await last_full_page(big, view)
    for after in (None, place):
        cost, _, _ = await cost_of(big, view, after)
        assert "Seq Scan" not in cost.nodes
        assert cost.rows <= 1_600


@pytest.mark.parametrize("view", [View.PENDING, View.CANCELLATION_REQUESTED])
async def test_an_empty_tab_looks_at_open_orders_only(marketplaces: tuple[Database, Database], view: View) -> None:
    cost, after, rows = await cost_of(marketplaces[0], view, None)
    assert (rows, after) == (0, None)
    assert "Seq Scan" not in cost.nodes
    assert cost.rows <= 2 * 950  # in the index and in the table


async def test_a_page_of_a_buyer_looks_at_that_page_only(marketplaces: tuple[Database, Database]) -> None:
    after = None
    for _ in range(4):
        async with explained(marketplaces[0], "orders") as tx:
            page = await orders_of_buyer(tx, "B7", NOW, after, 20)
        assert len(page.orders) == 20
        assert tx.cost.rows <= 3 * 21  # each with a line and a seller
        after = page.after
