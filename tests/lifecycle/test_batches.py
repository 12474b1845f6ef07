"""Batch-first is real: what an act costs in statements does not grow with the number of its orders."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from tests.conftest import TestServer
from tests.scene import BEA, LAMP, MARKET, MUG, PARCEL, PRO, SOLO, VASE, Scene, open_market
from tradepost import timekeeping
from tradepost.ground.database import Transaction, connect
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.orders import sweep
from tradepost.payments.gateway import Verdict
from tradepost.payments.records import Means
from tradepost.people.accounts import change_policy
from tradepost.process.cancellation.cancellations import (
    BuyerCancellation,
    SellerCancellation,
    cancel_by_buyers,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.shipment.confirmations import Confirmation, Confirmed, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, record_verdicts

FEW, MANY = 10, 10_000

HOLD, DAY = timedelta(minutes=30), timedelta(days=1)

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")


@pytest.fixture(scope="module")
async def costs(server: TestServer) -> dict[str, tuple[int, int]]:
    """Every kind of batch, of few orders and of many: the statements that each took."""
    few, many = await _costs(server, FEW), await _costs(server, MANY)
    assert few.keys() == many.keys()
    return {act: (few[act], many[act]) for act in few}


async def _costs(server: TestServer, count: int) -> dict[str, int]:
    """The statements of each batch of `count` orders, walked through the process together."""
    url = await server.make()
    async with connect(url) as database:
        scene = await open_market(database)
        for sku, seller in ((LAMP, PRO), (VASE, PRO), (MUG, SOLO)):
            assert await scene.set_stock(seller, sku, 20 * MANY) is None
        batch = _Counter(scene)
        await _long_way(batch, count)
        fewer = min(count, MANY // 10)  # of these, a thousand say enough
        await _to_shipped(batch, fewer)
        await _to_canceled(batch, fewer)
    await server.drop(url)
    return batch.statements


class _Counter:
    """Runs batches of orders, each in one transaction, and counts their statements."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.statements: dict[str, int] = {}

    async def counted(self, act: str, work: Callable[[Transaction], Awaitable[OutcomeT]]) -> OutcomeT:
        """What `work` did in a transaction that began without anything remembered from earlier ones."""
        async with self.scene.database.transaction() as tx:
            tx.remembered.clear()
            done = await work(tx)
            self.statements[act] = tx.statements
        return done

    async def placed(self, act: str, count: int, *, means: Means | None = None) -> list[OrderKey]:
        """Carts of two sellers each, checked out in one batch: so many orders, half of them each seller's."""
        lines = (CartLine(PRO, LAMP, 2), CartLine(PRO, VASE, 1), CartLine(SOLO, MUG, 2))
        outcomes = await self.counted(
            act, lambda tx: place_orders(tx, [Cart(BEA, tx.now, lines, payment=means)] * (count // 2))
        )
        keys = [key for one in outcomes if isinstance(one, Placed) for key in one.orders]
        assert len(keys) == count
        return keys

    async def every(
        self,
        act: str,
        keys: Sequence[OrderKey],
        room: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[object]]],
        item: Callable[[OrderKey, datetime], ItemT],
    ) -> None:
        """The same act on all these orders; all of it is granted."""
        outcomes = await self.counted(act, lambda tx: room(tx, [item(key, tx.now) for key in keys]))
        assert len(outcomes) == len(keys)
        assert all(outcome is None or isinstance(outcome, Confirmed) for outcome in outcomes)

    async def swept(self, act: str, count: int, after: timedelta) -> None:
        """Time passes, and a worker finds so many orders due."""
        await self.scene.set_clock(await self.scene.now() + after)
        swept = await self.counted(act, lambda tx: sweep.fire_due(tx, tx.now, limit=count))
        assert swept == count

    async def stand(self, keys: Sequence[OrderKey], state: State) -> None:
        rows = await self.scene.rows("SELECT order_id FROM orders WHERE state = $1", state)
        assert {key.order_id for key in keys} <= {row[0] for row in rows}


async def _long_way(batch: _Counter, count: int) -> None:
    """Orders that are verified late, shipped in part, and canceled when their time is up."""
    keys = await batch.placed("placing", count, means=Means("simulated", "defer"))
    await batch.swept("ending holds", count, HOLD)
    await batch.stand(keys, State.VERIFYING)
    await batch.every("approving late", keys, record_verdicts, lambda key, at: Finding(key, Verdict.APPROVED, at, "g"))
    await batch.stand(keys, State.UNSHIPPED)
    one = {PRO: [(LAMP, 1)], SOLO: [(MUG, 1)]}
    await batch.every(
        "confirming parts", keys, confirm_shipments, lambda key, at: Confirmation(key, at, PARCEL, one[key.seller_id])
    )
    await batch.stand(keys, State.PARTIALLY_SHIPPED)
    await batch.swept("reminding", count, 24 * DAY)
    await batch.swept("canceling what is overdue", count, 7 * DAY)
    await batch.stand(keys, State.SHIPPED)


async def _to_shipped(batch: _Counter, count: int) -> None:
    keys = await batch.placed("placing without payments", count)
    await batch.every("deferring", keys, record_verdicts, lambda key, at: Finding(key, Verdict.DEFERRED, at, "g"))
    await batch.every("approving", keys, record_verdicts, lambda key, at: Finding(key, Verdict.APPROVED, at, "g"))
    await batch.swept("releasing", count, HOLD)
    await batch.every("requesting", keys, request_cancellations, lambda key, at: BuyerCancellation(key, BEA, at))
    await batch.every("confirming", keys, confirm_shipments, lambda key, at: Confirmation(key, at, PARCEL))
    await batch.stand(keys, State.SHIPPED)
    other = Parcel("DHL", "1234567890")
    await batch.every("editing", keys, confirm_shipments, lambda key, at: Confirmation(key, at, other, reference=1))
    await batch.every("delivering", keys, record_deliveries, lambda key, at: Delivery(key, at))


async def _to_canceled(batch: _Counter, count: int) -> None:
    keys = await batch.placed("placing what buyers cancel", count)
    await batch.every("canceling by buyers", keys, cancel_by_buyers, lambda key, at: BuyerCancellation(key, BEA, at))
    await batch.stand(keys, State.CANCELED)
    keys = await batch.placed("placing what sellers cancel", count)
    await batch.every("approving", keys, record_verdicts, lambda key, at: Finding(key, Verdict.APPROVED, at, "g"))
    await batch.swept("releasing", count, HOLD)
    await batch.every(
        "canceling by sellers",
        keys,
        cancel_by_sellers,
        lambda key, at: SellerCancellation(key, at, "pricing_error"),
    )
    await batch.stand(keys, State.CANCELED)
    keys = await batch.placed("placing what is never verified", count)
    await batch.swept("hold and verification ending in one leap", count, 21 * DAY)
    await batch.stand(keys, State.CANCELED)
    await batch.scene.database.run(lambda tx: change_policy(tx, MARKET, unverified_units=100 * MANY))
    await batch.placed("placing under a limit for unverified units", count)


ACTS = (
    "placing",
    "placing without payments",
    "placing under a limit for unverified units",
    "canceling by buyers",
    "deferring",
    "approving",
    "approving late",
    "ending holds",
    "hold and verification ending in one leap",
    "releasing",
    "confirming",
    "confirming parts",
    "editing",
    "canceling by sellers",
    "requesting",
    "delivering",
    "reminding",
    "canceling what is overdue",
)


@pytest.mark.parametrize("act", ACTS)
def test_a_batch_of_thousands_takes_as_many_statements_as_one_of_ten(
    costs: dict[str, tuple[int, int]], act: str
) -> None:
    few, many = costs[act]
    assert many == few
    assert few <= 15, "a handful"


async def test_a_turn_takes_batches_side_by_side_and_writes_each_order_its_own(scene: Scene) -> None:
    """Some orders of a batch are released and others wait on: each keeps the columns that only the others changed."""
    assert await scene.set_stock(PRO, LAMP, MANY) is None
    batch = _Counter(scene)
    at_once = timekeeping.SIDE_BY_SIDE * sweep.BATCH
    async with scene.database.transaction() as tx:
        placed = await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),))] * (at_once + 1))
    keys = [one.orders[0] for one in placed if isinstance(one, Placed)]
    approved = keys[::3]
    await batch.every("approving", approved, record_verdicts, lambda key, at: Finding(key, Verdict.APPROVED, at, "g"))
    ends = await scene.now() + HOLD
    await scene.set_clock(ends)
    turns = [(await timekeeping.turn(scene.database, [])).orders for _ in range(3)]
    assert turns == [at_once, 1, 0]
    rows = await scene.rows("SELECT order_id, state, released_at, updated_at, last_event FROM orders")
    released = {key.order_id for key in approved}
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        key.order_id: (State.UNSHIPPED, ends, ends, 3) if key.order_id in released else (State.VERIFYING, None, ends, 2)
        for key in keys
    }
