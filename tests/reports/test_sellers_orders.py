"""One order as the seller API tells of it: everything of it, and of its buyer only what the seller may know."""

from datetime import timedelta

import pytest

from tests.reports.busy_market import open_busy_market
from tests.scene import ADDRESS, BEA, BOB, LAMP, MARKET, MUG, PRO, SOLO, VASE, Scene
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Confirmed
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.released_lines import alias
from tradepost.reports.sellers_orders import SellersOrder, many, one


async def told(scene: Scene, key: OrderKey, *, with_addresses: bool = False) -> SellersOrder:
    async with scene.database.transaction() as tx:
        order = await one(tx, key, with_addresses=with_addresses)
    assert order is not None
    return order


async def test_an_order_is_told_as_it_is_recorded(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    for key in orders.values():
        order, recorded = await told(scene, key), await scene.order(key)
        for name in set(SellersOrder.__dataclass_fields__) & set(type(recorded).__dataclass_fields__):
            assert getattr(order, name) == getattr(recorded, name), name
        assert order.key == key
        assert order.units_left == recorded.units_left
        assert order.last_update == max(event.recorded_at for event in await scene.events(key))
        assert [item[:3] + item[4:] for item in order.items] == [
            (line.line_no, line.item_id, line.sku, line.title, line.unit_price, line.quantity, line.shipped,
             line.canceled)
            for line in recorded.lines.values()
        ]  # fmt: skip
        assert {item.product_id for item in order.items} <= {f"P-{sku}" for sku in (LAMP, VASE, MUG)}
        assert sum(item.unit_price * item.quantity for item in order.items) == order.total
        assert order.price == order.total - sum(item.unit_price * item.canceled for item in order.items)
        assert [item.left for item in order.items] == [line.left for line in recorded.lines.values()]
        assert order.home[:5] == (MARKET, "Market", "US", "USD", "en")
        assert order.home.zone == "America/Sao_Paulo"


async def test_packages_are_told_with_what_is_in_them(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    first, second = (await told(scene, orders["packed"])).parcels
    assert (first.reference, dict(first.units)) == (1, {1: 1})
    assert (second.reference, dict(second.units)) == (2, {1: 1, 2: 1})
    (edited,) = (await told(scene, orders["corrected"])).parcels
    assert (edited.carrier_code, edited.tracking) == ("DHL", "1")
    assert edited.edited_at is not None
    assert edited.edited_at >= edited.confirmed_at
    assert (await told(scene, orders["open"])).parcels == ()


async def test_cancellations_say_who_canceled_what_and_why(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    short = await told(scene, orders["short"])
    assert [units[:4] for units in short.cancellations] == [
        (2, 1, "SELLER", "no_inventory"),
        (1, 1, "SELLER", "pricing_error"),
    ]
    by = {name: (await told(scene, orders[name])).cancellations for name in ("declined", "regretted", "half_forgotten")}
    assert {(units.canceled_by, units.reason) for units in by["declined"]} == {("MARKETPLACE", "payment_declined")}
    assert {(units.canceled_by, units.reason) for units in by["regretted"]} == {("BUYER", "buyer_canceled")}
    forgotten = await told(scene, orders["half_forgotten"])
    assert {units.at for units in forgotten.cancellations} == {forgotten.canceled_at}
    assert sum(units.quantity for units in forgotten.cancellations) == 2


async def test_the_buyers_wish_to_cancel_is_told_in_the_buyers_words(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    request = (await told(scene, orders["asked"])).request
    assert request is not None
    assert request == ((await scene.order(orders["asked"])).cancellation_requested_at, "Found it in the attic")
    silent = await scene.to_state(State.UNSHIPPED)
    assert await scene.request_cancellation(silent) is None
    request = (await told(scene, silent)).request
    assert request is not None
    assert request.why is None
    assert (await told(scene, orders["open"])).request is None


async def test_the_gateway_is_told_where_there_is_one(scene: Scene) -> None:
    assert (await told(scene, await scene.pay_with("approve"))).gateway == "simulated"
    assert (await told(scene, await scene.place())).gateway is None


async def test_the_buyer_and_the_address_are_told_of_released_orders_only(database: Database) -> None:
    scene, orders = await open_busy_market(database)
    for key in orders.values():
        order, addressed = await told(scene, key), await told(scene, key, with_addresses=True)
        assert order.ship_to is None
        assert addressed.buyer == order.buyer
        if order.state in WITH_ADDRESS:
            line1 = ADDRESS["line1"] if key != orders["cheaper"] else None  # which was placed without an address
            assert (addressed.ship_to and addressed.ship_to.line1) == line1
            assert order.buyer is not None
            assert order.buyer.name in ("Bea", "Bob")
            assert order.buyer.email == alias(MARKET, key.seller_id, order.buyer.buyer_id)
        else:
            assert (addressed.ship_to, addressed.buyer) == (None, None)
    assert {(await scene.state(key)) for key in orders.values()} >= {State.HELD, State.APPROVED, State.CANCELED}


async def test_many_are_told_in_the_order_in_which_they_are_named(scene: Scene) -> None:
    keys = [await scene.place() for _ in range(5)][::-1]
    named = [key.order_id for key in keys]
    async with scene.database.transaction() as tx:
        found = await many(tx, PRO, [*named[:2], "999-9999999-9999999", "\0", "no number", *named[2:]])
        statements = tx.statements
        assert [order.key for order in found] == keys
        await many(tx, PRO, named * 20)
        assert tx.statements - statements <= statements  # not one for each order


@pytest.mark.parametrize("with_addresses", [False, True])
async def test_no_seller_reads_another_ones_order(scene: Scene, with_addresses: bool) -> None:
    key = await scene.place(BOB, {MUG: 1})
    assert await scene.approve(key) is None
    await scene.advance(timedelta(minutes=30))
    assert isinstance(await scene.confirm(key), Confirmed)
    assert (await told(scene, key)).state is State.SHIPPED
    async with scene.database.transaction() as tx:
        assert await one(tx, OrderKey(PRO, key.order_id), with_addresses=with_addresses) is None
        assert await many(tx, PRO, [key.order_id], with_addresses=with_addresses) == []
        assert await many(tx, SOLO, [], with_addresses=with_addresses) == []


async def test_an_order_is_told_as_recorded_although_the_clock_says_more(scene: Scene) -> None:
    key = await scene.place(BEA)
    await scene.set_clock(await scene.now() + timedelta(days=22))
    assert (await told(scene, key)).state is State.HELD
    await scene.work()
    assert (await told(scene, key)).state is State.CANCELED
