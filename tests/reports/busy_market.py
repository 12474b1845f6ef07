"""A market in which everything that can happen to an order has happened to one, by real acts."""

from datetime import timedelta

from tests.scene import BEA, BOB, LAMP, MUG, PRO, VASE, Scene, open_market
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Verdict
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.shipment.confirmations import Confirmed, Parcel

ORDERS = (
    "expired", "forgotten", "half_forgotten", "late", "corrected", "cheaper", "short", "asked", "shipped", "packed",
    "open", "failing", "declined", "fraud", "held", "approved", "regretted", "paired", "paired_too",
)  # fmt: skip


async def open_busy_market(database: Database, zone: str = "America/Sao_Paulo") -> tuple[Scene, dict[str, OrderKey]]:
    """The scene, and its orders by what became of them. The clock stands 31 days and some hours after the start."""
    scene = await open_market(database, zone=zone)
    orders = await _long_ago(scene)
    await scene.advance(timedelta(days=31))
    orders |= await _yesterday(scene)
    await scene.advance(timedelta(hours=1))
    orders |= await _a_moment_ago(scene)
    assert orders.keys() == set(ORDERS)
    return scene, orders


async def _long_ago(scene: Scene) -> dict[str, OrderKey]:
    """Orders that nobody finished: the clock does."""
    orders = {"expired": await scene.place(BEA, None, "silent"), "late": await scene.place(BEA, None, "defer")}
    orders["forgotten"] = await scene.to_state(State.UNSHIPPED)
    orders["half_forgotten"] = await scene.to_state(State.PARTIALLY_SHIPPED)
    await scene.advance(timedelta(days=3))
    assert await scene.approve(orders["late"]) is None
    assert isinstance(await scene.confirm(orders["late"]), Confirmed)
    return orders


async def _yesterday(scene: Scene) -> dict[str, OrderKey]:
    orders = {
        "failing": await scene.place(BEA, None, "fail-always"),
        "declined": await scene.place(BEA, None, "decline"),
        "fraud": await scene.place(BOB, {MUG: 3}, "fraud"),
        "corrected": await scene.to_state(State.PARTIALLY_SHIPPED),
        "short": await scene.to_state(State.UNSHIPPED),
        "asked": await scene.to_state(State.UNSHIPPED),
        "shipped": await scene.to_state(State.SHIPPED),
        "open": await scene.to_state(State.UNSHIPPED),
        "packed": await scene.to_state(State.UNSHIPPED),
        "cheaper": await _at_two_prices(scene),
    }
    assert isinstance(await scene.confirm(orders["corrected"], parcel=Parcel("DHL", "1"), reference=1), Confirmed)
    assert await scene.deliver(orders["corrected"]) is None
    assert await scene.cancel_by_seller(orders["short"], "no_inventory", [(VASE, None)]) is None
    assert await scene.cancel_by_seller(orders["short"], "pricing_error", [(LAMP, 1)]) is None
    assert await scene.request_cancellation(orders["asked"], why="Found it in the attic") is None
    assert isinstance(await scene.confirm(orders["packed"], [(LAMP, 1)]), Confirmed)
    assert isinstance(await scene.confirm(orders["packed"], [(LAMP, 1), (VASE, 1)]), Confirmed)
    assert await scene.change_payment(orders["failing"], "fail-always") is None
    assert await scene.set_stock(PRO, LAMP, 400) is None
    return orders


async def _at_two_prices(scene: Scene) -> OrderKey:
    """One offer on two lines: two units at its price and one at another, of which the first two are shipped."""
    lines = (CartLine(PRO, LAMP, 2, 1990), CartLine(PRO, LAMP, 1, 1500))
    placed = await scene.do(place_orders, lambda at: Cart(BEA, at, lines))
    assert isinstance(placed, Placed)
    (key,) = placed.orders
    assert await scene.approve(key) is None
    await scene.advance(timedelta(minutes=30))
    assert isinstance(await scene.confirm(key, [(LAMP, 2)]), Confirmed)
    return key


async def _a_moment_ago(scene: Scene) -> dict[str, OrderKey]:
    orders = {
        "held": await scene.place(BEA, None, "defer"),
        "approved": await scene.place(BEA, None, "approve"),
        "regretted": await scene.to_state(State.CANCELED),
    }
    await scene.work()
    assert await scene.verdict(orders["held"], Verdict.DEFERRED) is None
    pair = await scene.check_out(BOB, {LAMP: 1, MUG: 2})
    assert isinstance(pair, Placed)
    orders["paired"], orders["paired_too"] = pair.orders
    return orders
