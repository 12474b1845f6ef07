"""Orders by the time of their placing or of their last update: what lies in a window, and what filters leave of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from tests.reports.busy_market import open_busy_market
from tests.scene import BEA, BOB, LAMP, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.ground.database import Database
from tradepost.lifecycle import PENDING, State
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Parcel
from tradepost.refusals import Reason, Refusal, Refused
from tradepost.reports import orders_in_window
from tradepost.reports.orders_in_window import ANYTHING, Filters, Kind, Page, Place, Span, Window, page
from tradepost.reports.released_lines import alias

MINUTE = timedelta(minutes=1)
CREATED = Window(Kind.CREATED, START)
UPDATED = Window(Kind.UPDATED, START)


async def page_of(
    scene: Scene,
    window: Window = UPDATED,
    filters: Filters = ANYTHING,
    place: Place | None = None,
    limit: int = 100,
    *,
    seller: str = PRO,
) -> Page:
    async with scene.database.transaction() as tx:
        return await page(tx, seller, window, filters, place, limit)


async def walk(
    scene: Scene,
    window: Window = UPDATED,
    filters: Filters = ANYTHING,
    limit: int = 100,
    *,
    seller: str = PRO,
    between: Callable[[], Awaitable[object]] | None = None,
) -> list[str]:
    """The order numbers of all pages; `between` happens after each of them."""
    found: list[str] = []
    place = None
    while True:
        one = await page_of(scene, window, filters, place, limit, seller=seller)
        assert len(one.orders) <= limit
        found += [order.key.order_id for order in one.orders]
        if between:
            await between()
        if (place := one.next) is None:
            return found


async def last_update(scene: Scene, key: OrderKey) -> datetime:
    return max(event.recorded_at for event in await scene.events(key))


async def three_in_a_row(scene: Scene) -> list[OrderKey]:
    """Orders that were placed a minute apart, the last one a minute ago."""
    keys = []
    for _ in range(3):
        keys.append(await scene.place())
        await scene.advance(MINUTE)
    return keys


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_every_order_is_met_once_however_long_the_pages_are(database: Database, kind: Kind, limit: int) -> None:
    scene, orders = await open_busy_market(database)
    for seller in (PRO, SOLO):
        found = await walk(scene, Window(kind, START), limit=limit, seller=seller)
        assert sorted(found) == sorted(key.order_id for key in orders.values() if key.seller_id == seller)


@pytest.mark.parametrize("kind", Kind)
async def test_a_window_holds_both_of_its_ends(scene: Scene, kind: Kind) -> None:
    one, two, three = [key.order_id for key in await three_in_a_row(scene)]
    microsecond = timedelta(microseconds=1)
    assert await walk(scene, Window(kind, START, START + 2 * MINUTE)) == [one, two, three]
    assert await walk(scene, Window(kind, START + MINUTE, START + MINUTE)) == [two]
    assert await walk(scene, Window(kind, START + microsecond, START + 2 * MINUTE - microsecond)) == [two]
    assert await walk(scene, Window(kind, START + MINUTE)) == [two, three]
    assert await walk(scene, Window(kind, START + MINUTE, START + 1000 * MINUTE)) == [two, three]
    assert await walk(scene, Window(kind, START + 4 * MINUTE)) == []


async def test_an_order_is_updated_in_the_window_of_its_last_update_alone(scene: Scene) -> None:
    """Of a window that is over, those are left out to which something happened after it: a later window has them."""
    one, two, three = await three_in_a_row(scene)
    assert await scene.approve(one) is None
    placed = Window(Kind.UPDATED, START, START + 2 * MINUTE)
    assert await walk(scene, placed) == [two.order_id, three.order_id]
    assert await walk(scene, Window(Kind.UPDATED, START + 3 * MINUTE)) == [one.order_id]
    assert await walk(scene, Window(Kind.CREATED, START, START)) == [one.order_id]
    for window in (placed, UPDATED):
        for order in (await page_of(scene, window)).orders:
            assert window.after <= order.last_update <= (window.before or await scene.now())


async def test_whatever_happens_is_an_update(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: scene.request_cancellation(key),
        lambda: scene.confirm(key, [(LAMP, 1)]),
        lambda: scene.confirm(key, [(LAMP, 1)], parcel=Parcel("DHL", "1"), reference=1),
        lambda: scene.cancel_by_seller(key, items=[(VASE, 1)]),
        lambda: scene.deliver(key),
    ]
    for act in acts:
        now = await scene.advance(MINUTE)
        assert await walk(scene, Window(Kind.UPDATED, now)) == []
        assert not isinstance(await act(), Refusal)
        assert await walk(scene, Window(Kind.UPDATED, now)) == [key.order_id]
        assert await last_update(scene, key) == now


@pytest.mark.parametrize("kind", Kind)
async def test_what_is_told_as_settled_is_now_on_a_clock_that_stands(scene: Scene, kind: Kind) -> None:
    await three_in_a_row(scene)
    now = await scene.now()
    assert (await page_of(scene, Window(kind, START))).settled_until == now
    assert (await page_of(scene, Window(kind, START, START + MINUTE))).settled_until == START + MINUTE
    first = await page_of(scene, Window(kind, START), limit=1)
    await scene.advance(MINUTE)
    second = await page_of(scene, Window(kind, START), place=first.next, limit=1)
    assert second.settled_until == first.settled_until == now


async def test_orders_that_change_during_a_walk_are_met_once(scene: Scene) -> None:
    """On the same moment, on which the clock stands, as later on: their places stay."""
    keys = [await scene.place() for _ in range(9)]
    await scene.advance(MINUTE)
    to_approve = iter(sorted(keys, key=lambda key: key.order_id, reverse=True))

    async def approve_two_and_wait() -> None:
        for _ in range(2):
            if key := next(to_approve, None):
                assert await scene.approve(key) is None
        await scene.advance(MINUTE / 2)

    found = await walk(scene, limit=2, between=approve_two_and_wait)
    assert sorted(found) == sorted(key.order_id for key in keys)


async def test_orders_that_change_again_and_again_at_one_moment_are_met_once(scene: Scene) -> None:
    keys = [await scene.place() for _ in range(6)]
    await scene.advance(timedelta(minutes=20))
    first = await page_of(scene, limit=2)
    for key in keys:
        assert await scene.approve(key) is None
        assert await scene.cancel_by_buyer(key) is None
    rest = await page_of(scene, place=first.next)
    found = [order.key.order_id for order in (*first.orders, *rest.orders)]
    assert sorted(found) == sorted(key.order_id for key in keys)
    assert {order.state for order in rest.orders} == {State.CANCELED}


async def test_filters_by_state_and_by_promise_leave_what_they_say(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    theirs = [await scene.order(key) for key in orders.values() if key.seller_id == PRO]
    for states in ({State.SHIPPED}, PENDING, {State.UNSHIPPED, State.PARTIALLY_SHIPPED}, set()):
        for limit in (2, 100):
            found = await walk(scene, CREATED, Filters(states=frozenset(states)), limit)
            assert sorted(found) == sorted(order.order_id for order in theirs if order.state in states)
    promised = sorted(order.deliver_latest for order in theirs)
    from_then, until_then = promised[3], promised[-3]
    found = await walk(scene, UPDATED, Filters(deliver_latest=Span(from_then, until_then)))
    assert sorted(found) == sorted(o.order_id for o in theirs if from_then <= o.deliver_latest <= until_then)
    earliest = sorted(order.deliver_earliest for order in theirs)[4]
    found = await walk(scene, UPDATED, Filters(deliver_earliest=Span(before=earliest)))
    assert sorted(found) == sorted(order.order_id for order in theirs if order.deliver_earliest <= earliest)


async def test_a_filter_by_mail_address_finds_released_orders_under_the_address_that_is_shown(scene: Scene) -> None:
    released, bobs = await scene.to_state(State.UNSHIPPED), await scene.place(BOB, {LAMP: 1})
    assert await scene.approve(bobs) is None
    await scene.advance(timedelta(minutes=30))
    await scene.place(BEA, {LAMP: 1})  # Pending: nobody is shown as its buyer
    (shown,) = [order.buyer for order in (await page_of(scene)).orders if order.key == released]
    assert shown is not None
    for kind in Kind:
        found = await walk(scene, Window(kind, START), Filters(buyer_email=shown.email.upper()))
        assert found == [released.order_id]
    for unknown in ("bea@example.com", alias("MARKET", SOLO, BEA), "", "\0"):
        assert await walk(scene, filters=Filters(buyer_email=unknown)) == []


@pytest.mark.parametrize("kind", Kind)
async def test_orders_that_are_named_must_lie_in_the_window_too(scene: Scene, kind: Kind) -> None:
    one, two, three = [key.order_id for key in await three_in_a_row(scene)]
    foreign = (await scene.place(BOB, {MUG: 1})).order_id
    named = Filters(order_ids=frozenset({three, one, foreign, "\0", "no number"}))
    assert await walk(scene, Window(kind, START), named) == [one, three]
    assert await walk(scene, Window(kind, START), named, limit=1) == [one, three]
    assert await walk(scene, Window(kind, START + MINUTE), named) == [three]
    assert await walk(scene, Window(kind, START), Filters(order_ids=frozenset())) == []
    assert await walk(scene, Window(kind, START), Filters(frozenset({State.SHIPPED}), frozenset({two}))) == []


async def test_a_page_that_filters_leave_empty_says_where_to_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_in_window, "MOST_READINGS", 1)
    monkeypatch.setattr(orders_in_window, "FIRST_READING", 4)
    await scene.place_all([{LAMP: 1}] * 10)
    found = (await scene.to_state(State.CANCELED)).order_id
    await scene.place_all([{LAMP: 1}] * 10)
    only_canceled = Filters(states=frozenset({State.CANCELED}))
    for kind in Kind:
        first = await page_of(scene, Window(kind, START), only_canceled)
        assert first.next is not None
        assert await walk(scene, Window(kind, START), only_canceled) == [found]


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_a_page_has_1_to_100_orders(scene: Scene, limit: int) -> None:
    with pytest.raises(Refused) as refused:
        await page_of(scene, limit=limit)
    assert refused.value.refusal.reason is Reason.INVALID_VALUE


async def test_at_most_50_orders_are_named_and_no_place_is_made_up(scene: Scene) -> None:
    too_many = Filters(order_ids=frozenset(f"111-1111111-{n:07}" for n in range(51)))
    for filters, place in ((too_many, None), (ANYTHING, Place(START, START, START, START, "\0"))):
        with pytest.raises(Refused) as refused:
            await page_of(scene, UPDATED, filters, place)
        assert refused.value.refusal.reason is Reason.INVALID_VALUE


async def test_no_seller_meets_another_ones_orders(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    theirs = Filters(order_ids=frozenset(key.order_id for key in orders.values() if key.seller_id == PRO))
    for kind in Kind:
        assert await walk(scene, Window(kind, START), theirs, seller=SOLO) == []
        assert await walk(scene, Window(kind, START), seller="nobody") == []
