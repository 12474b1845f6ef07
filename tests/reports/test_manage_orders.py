"""Manage Orders: which orders a seller sees under which tab, what of them, and that turning pages loses none."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.reports.busy_market import open_busy_market
from tests.scene import BEA, LAMP, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.ground.database import Database
from tradepost.lifecycle import PENDING, TO_SHIP, Act, State
from tradepost.numbers import OrderKey
from tradepost.refusals import Reason, Refused
from tradepost.reports.as_they_stand import After
from tradepost.reports.manage_orders import Page, Row, View, find_order, manage_orders

HOLD = timedelta(minutes=30)


async def page_of(
    scene: Scene, view: View = View.ALL, after: After | None = None, size: int = 100, seller: str = PRO
) -> Page:
    async with scene.database.transaction() as tx:
        return await manage_orders(tx, seller, tx.now, view, after, size)


async def all_pages(scene: Scene, view: View, size: int) -> list[str]:
    """The order numbers of a view, page after page."""
    found: list[str] = []
    after = None
    while True:
        page = await page_of(scene, view, after, size)
        found += [row.order_id for row in page.rows]
        if page.after is None:
            return found
        after = page.after


async def the_row(scene: Scene, key: OrderKey) -> Row:
    async with scene.database.transaction() as tx:
        row = await find_order(tx, key.seller_id, key.order_id, tx.now)
    assert row is not None
    return row


def recorded_in(view: View, state: State, requested: bool) -> bool:
    """What the tabs mean, said once more: by the state that is recorded."""
    return {
        View.ALL: True,
        View.PENDING: state in PENDING,
        View.UNSHIPPED: state in TO_SHIP,
        View.CANCELLATION_REQUESTED: state in TO_SHIP and requested,
        View.SHIPPED: state is State.SHIPPED,
        View.CANCELED: state is State.CANCELED,
    }[view]


async def test_every_order_is_under_its_tabs_once_however_long_the_pages_are(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    recorded = [await scene.order(key) for key in orders.values() if key.seller_id == PRO]
    for view in View:
        expected = sorted(
            (order.placed_at, order.order_id)
            for order in recorded
            if recorded_in(view, order.state, order.cancellation_requested_at is not None)
        )
        assert expected, f"nothing under {view}"
        for size in (1, 2, 3, 100):
            assert await all_pages(scene, view, size) == [order_id for _, order_id in reversed(expected)]


async def test_unswept_orders_are_under_the_tab_that_the_clock_puts_them_under(database: Database) -> None:
    """At any moment, pages before the sweep hold what pages after it hold."""
    scene, _ = await open_busy_market(database)
    before = await scene.now()
    for days in (0, 1, 22, 40):
        moment = before + timedelta(days=days, minutes=31)
        await scene.set_clock(moment)
        unswept = {view: await all_pages(scene, view, 2) for view in View}
        rows = (await page_of(scene)).rows
        await scene.advance(to=moment)
        assert unswept == {view: await all_pages(scene, view, 2) for view in View}
        assert rows == (await page_of(scene)).rows


async def test_orders_that_share_a_moment_are_on_one_page_each(scene: Scene) -> None:
    keys = await scene.place_all([{LAMP: 1}] * 7)
    assert await all_pages(scene, View.ALL, 3) == sorted((key.order_id for key in keys), reverse=True)


async def test_an_order_placed_meanwhile_moves_no_other_from_its_page(scene: Scene) -> None:
    keys = [await scene.place() for _ in range(4)]
    first = await page_of(scene, size=2)
    await scene.advance(timedelta(seconds=1))
    await scene.place()
    second = await page_of(scene, after=first.after, size=2)
    assert {row.order_id for row in (*first.rows, *second.rows)} == {key.order_id for key in keys}


async def test_a_page_reads_so_many_due_orders_and_leaves_the_others_to_the_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are released, and no sweep has come by: the Pending tab is empty, and each page looks at a few."""
    monkeypatch.setattr("tradepost.reports.manage_orders.MOST_READINGS", 2)
    for key in await scene.place_all([{LAMP: 1}] * 9):
        await scene.approve(key)
    await scene.set_clock(START + HOLD)
    first = await page_of(scene, View.PENDING, size=1)
    assert first.rows == []
    assert first.after is not None
    assert await all_pages(scene, View.PENDING, 1) == []
    assert len(await all_pages(scene, View.UNSHIPPED, 1)) == 9


async def test_a_pending_order_says_what_it_waits_for_and_nothing_of_its_buyer(scene: Scene) -> None:
    row = await the_row(scene, await scene.place(BEA, {LAMP: 2, VASE: 1}))
    assert (row.status, row.state, row.next_at, row.next_act) == ("Pending", State.HELD, START + HOLD, Act.END_HOLD)
    assert (row.buyer_name, row.confirm_until, row.reminded) == (None, None, False)
    assert (row.total, row.currency, row.ordered_units) == (2 * 1990 + 2000, "USD", 3)
    assert [(line.sku, line.title, line.quantity, line.unit_price) for line in row.lines] == [
        (LAMP, "Red lamp", 2, 1990),
        (VASE, "Blue vase", 1, 2000),
    ]


@pytest.mark.parametrize("state", State)
async def test_the_buyers_name_is_shown_with_released_orders_only(scene: Scene, state: State) -> None:
    row = await the_row(scene, await scene.to_state(state))
    released = state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
    assert row.buyer_name == ("Bea" if released else None)


async def test_an_order_to_ship_says_until_which_day_it_can_be_confirmed(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert (await the_row(scene, key)).confirm_until == datetime(2026, 4, 1, tzinfo=UTC).date()
    assert not (await the_row(scene, key)).reminded
    await scene.set_clock(datetime(2026, 3, 26, tzinfo=UTC))
    assert (await the_row(scene, key)).reminded
    await scene.confirm(key)
    assert (await the_row(scene, key)).confirm_until is None


async def test_lines_say_how_many_units_are_shipped_and_canceled(scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    await scene.cancel_by_seller(key, "no_inventory", [(VASE, 1)])
    row = await the_row(scene, key)
    assert [(line.shipped, line.canceled) for line in row.lines] == [(1, 0), (0, 1)]
    assert (row.shipped_units, row.canceled_units) == (1, 1)


async def test_a_seller_finds_and_sees_only_its_own_orders(scene: Scene) -> None:
    key = await scene.place(BEA, {MUG: 1})
    async with scene.database.transaction() as tx:
        assert await find_order(tx, PRO, key.order_id, tx.now) is None
        assert await find_order(tx, SOLO, "\0' OR true", tx.now) is None
    assert (await the_row(scene, key)).order_id == key.order_id
    assert (await page_of(scene)).rows == []
    assert [row.order_id for row in (await page_of(scene, seller=SOLO)).rows] == [key.order_id]


@pytest.mark.parametrize(
    ("after", "size", "field"), [(None, 0, "limit"), (None, 101, "limit"), (After(START, "\0"), 1, "after")]
)
async def test_a_page_that_there_cannot_be_is_refused(scene: Scene, after: After | None, size: int, field: str) -> None:
    with pytest.raises(Refused) as no:
        await page_of(scene, after=after, size=size)
    assert no.value.refusal.reason is Reason.INVALID_VALUE
    assert no.value.refusal.facts["field"] == field
