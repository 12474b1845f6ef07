"""What a page for the seller API costs, in rows and blocks of the very statements: the same in a big marketplace."""

from collections.abc import AsyncIterator

import pytest

from bench.getorders import BEGINNING, fill, place_before
from bench.page import PAGE, SELLER
from tests.conftest import TestServer
from tests.reports.explained import Cost, explained, nodes_of
from tradepost.ground.database import Database, connect
from tradepost.lifecycle import State
from tradepost.reports.orders_in_window import (
    ANYTHING,
    FIRST_READING,
    MOST_READINGS,
    Filters,
    Kind,
    Page,
    Place,
    Window,
    page,
)

ORDERS, THEIRS = 30_000, 5_000
FEW = 500  # of the seller's in the small marketplace: five pages, where the big one has fifty
TABLES = "(?:orders|order_events)"  # each statement of a page reads one of them
LOOKED_AT = FIRST_READING * (2**MOST_READINGS - 1)  # rows of an index at most


@pytest.fixture(scope="module")
async def marketplaces(server: TestServer) -> AsyncIterator[tuple[Database, Database]]:
    """A marketplace of 30,000 orders, and one that is a small part of it."""
    urls = [await server.make(), await server.make()]
    await fill(urls[0], ORDERS, THEIRS)
    await fill(urls[1], FEW, FEW)
    async with connect(urls[0]) as big, connect(urls[1]) as small:
        yield big, small
    for url in urls:
        await server.drop(url)


async def cost_of(
    database: Database, kind: Kind, place: Place | None, filters: Filters = ANYTHING, *, generic: bool = False
) -> tuple[Cost, Page]:
    """What all statements of a page cost, and the page; none of them reads a whole table, if it is not a tiny one."""
    async with explained(database, TABLES, generic=generic) as tx:
        found = await page(tx, SELLER, Window(kind, BEGINNING), filters, place, PAGE)
    nodes = [node for plan in tx.plans for node in nodes_of(plan)]
    read_whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert read_whole <= {"marketplaces", "cancellations"}
    return tx.cost, found


@pytest.mark.parametrize("generic", [False, True])
@pytest.mark.parametrize("kind", Kind)
async def test_the_fortieth_page_costs_what_the_first_one_costs(
    marketplaces: tuple[Database, Database], kind: Kind, generic: bool
) -> None:
    big, small = marketplaces
    reference, _ = await cost_of(small, kind, None, generic=generic)
    for place in (None, await place_before(big, kind, 40)):
        cost, found = await cost_of(big, kind, place, generic=generic)
        assert len(found.orders) == PAGE
        assert not {"Bitmap Heap Scan", "Hash Join", "Merge Join"} & cost.nodes
        assert cost.rows <= 1.3 * reference.rows
        # The same number of ways from root to leaf, each through one block more at most, and rows farther apart.
        assert cost.blocks <= 2 * reference.blocks


async def test_a_filter_that_nothing_passes_does_not_read_a_whole_history_for_one_page(
    marketplaces: tuple[Database, Database],
) -> None:
    big, _ = marketplaces
    assert 4 * THEIRS > LOOKED_AT
    cost, found = await cost_of(big, Kind.UPDATED, None, Filters(states=frozenset({State.HELD})))
    assert found.orders == []
    assert found.next is not None
    assert cost.rows <= 4 * LOOKED_AT  # each with an event before it or with its order


async def test_named_orders_are_found_without_a_walk(marketplaces: tuple[Database, Database]) -> None:
    big, _ = marketplaces
    last = await place_before(big, Kind.CREATED, 50)
    assert last is not None
    for kind in Kind:
        cost, found = await cost_of(big, kind, None, Filters(order_ids=frozenset({last.order_id})))
        assert [order.key.order_id for order in found.orders] == [last.order_id]
        assert cost.rows <= 50
