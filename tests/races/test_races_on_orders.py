"""Who acts on one order at the same time: one of them is first, and the other is told so by name."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tests.races.meeting import all_at_once, meet_at_orders
from tests.races.soundness import violations
from tests.scene import BEA, BOB, LAMP, MUG, PRO, SOLO, VASE, Scene
from tradepost import timekeeping
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, State
from tradepost.notices import records as notices
from tradepost.orders import records, sweep
from tradepost.payments.gateway import Answer, Verdict
from tradepost.payments.records import Question
from tradepost.policy import Policy
from tradepost.process.shipment.confirmations import Confirmed
from tradepost.process.verification.asking import ask_due
from tradepost.refusals import Reason, Refusal

POLICY = Policy()
TWO_LAMPS_AND_A_VASE = {LAMP: 2, VASE: 1}
KEPT_WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"""


@pytest.mark.parametrize("buyer_first", [True, False])
async def test_the_buyer_cancels_while_the_payment_is_approved(market: Scene, buyer_first: bool) -> None:
    key = await market.place()
    acts = [lambda: market.cancel_by_buyer(key, BEA), lambda: market.approve(key)]
    first, second = await meet_at_orders(market, [key], *(acts if buyer_first else acts[::-1]))
    assert first is None
    if buyer_first:
        assert second is not None
        assert second.reason is Reason.ORDER_IS_CANCELED
    else:
        assert second is None  # approved, and still inside the hold: the buyer may
    assert await market.state(key) is State.CANCELED
    assert await market.stock(PRO, LAMP) == 1000
    assert (await market.told(key)).count(("buyer", "order_canceled")) == 1


@pytest.mark.parametrize("verdict", [Verdict.DECLINED, Verdict.FRAUD])
async def test_the_buyer_cancels_while_the_payment_is_declined(market: Scene, verdict: Verdict) -> None:
    """Stock comes back once, whoever it was."""
    for _ in range(10):
        key = await market.place()
        outcomes = await asyncio.gather(market.cancel_by_buyer(key, BEA), market.verdict(key, verdict))
        assert sum(outcome is None for outcome in outcomes) == 1
        assert await market.stock(PRO, LAMP) == 1000


@pytest.mark.parametrize("seller_first", [True, False])
async def test_the_seller_ships_at_the_second_the_30_days_end(market: Scene, seller_first: bool) -> None:
    key = await market.to_state(State.UNSHIPPED)
    order = await market.order(key)
    await market.set_clock(POLICY.confirm_by(order.placed_at))
    acts = [lambda: market.confirm(key), market.work]
    outcomes = await meet_at_orders(market, [key], *(acts if seller_first else acts[::-1]))
    (answer,) = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert answer.reason is Reason.ORDER_IS_CANCELED
    assert (await market.acts(key)).count(Act.CANCEL_UNCONFIRMED) == 1
    assert (await market.order(key)).canceled_at == POLICY.confirm_by(order.placed_at)
    assert (await market.told(key)).count(("seller", "order_canceled")) == 1


@pytest.mark.parametrize("seller_first", [True, False])
async def test_the_seller_ships_a_second_before_the_30_days_end(market: Scene, seller_first: bool) -> None:
    key = await market.to_state(State.UNSHIPPED)
    order = await market.order(key)
    await market.set_clock(POLICY.confirm_by(order.placed_at) - timedelta(seconds=1))
    acts = [lambda: market.confirm(key), market.work]
    outcomes = await meet_at_orders(market, [key], *(acts if seller_first else acts[::-1]))
    assert any(isinstance(outcome, Confirmed) for outcome in outcomes)
    assert await market.state(key) is State.SHIPPED
    assert (await market.acts(key)).count(Act.REMIND) == 1


@pytest.mark.parametrize("workers", [2, 4])
async def test_several_workers_and_500_deadlines(market: Scene, workers: int) -> None:
    """Every event once and every notice once; and nobody comes away empty-handed while there is work."""
    keys = await market.place_all([TWO_LAMPS_AND_A_VASE] * 500)
    await market.set_clock(await market.now() + POLICY.verification_limit)
    all_have_looked = asyncio.Barrier(workers)

    async def begin(tx: Transaction) -> int:
        """As `fire_due`; one whose connection takes long to open does not come when all is done."""
        found = await records.due(tx, tx.now, 50, wait_for_gateways=False)
        await all_have_looked.wait()
        await sweep.fire(tx, found, tx.now)
        return len(found)

    async def worker() -> int:
        rounds, fired = 0, await market.database.run(begin)
        while fired:
            rounds += 1
            fired = await market.database.run(lambda tx: sweep.fire_due(tx, tx.now, limit=50))
        return rounds

    async with asyncio.timeout(120):
        rounds = await all_at_once(*[worker] * workers)
    assert min(rounds) > 0
    acts = await market.rows("SELECT act, count(*) FROM order_events GROUP BY act")
    assert dict(acts) == {Act.PLACE: 500, Act.END_HOLD: 500, Act.GIVE_UP_VERIFYING: 500}
    told = await market.rows("SELECT kind, receiver, count(*) FROM notices GROUP BY kind, receiver")
    assert [tuple(row) for row in told] == [("order_canceled", "buyer", len(keys))]
    assert await market.stock(PRO, LAMP) == 1000


async def test_two_workers_and_one_deadline(market: Scene) -> None:
    key = await market.place()
    await market.set_clock(await market.now() + POLICY.hold)
    await meet_at_orders(market, [key], *[lambda: timekeeping.turn(market.database, [])] * 2)
    assert await market.acts(key) == [Act.PLACE, Act.END_HOLD]


async def test_two_workers_ask_a_gateway_once(market: Scene) -> None:
    class Counting:
        name = "simulated"

        def __init__(self) -> None:
            self.asked: Counter[str] = Counter()

        async def authorize(self, question: Question) -> Answer:
            self.asked[question.key.order_id] += 1
            await asyncio.sleep(0)
            return Answer(Verdict.APPROVED, "paid")

    gateway = Counting()
    keys = [await market.place(token="approve") for _ in range(60)]  # noqa: S106
    await all_at_once(*[lambda: timekeeping.turn(market.database, [gateway])] * 4)
    assert set(gateway.asked.values()) == {1}
    assert len(gateway.asked) == len(keys)


@pytest.mark.parametrize("confirmed_first", [True, False])
async def test_confirmation_and_cancellation_by_the_seller_at_once(market: Scene, confirmed_first: bool) -> None:
    key = await market.to_state(State.UNSHIPPED)
    acts = [lambda: market.confirm(key), lambda: market.cancel_by_seller(key)]
    first, second = await meet_at_orders(market, [key], *(acts if confirmed_first else acts[::-1]))
    assert not isinstance(first, Refusal)
    assert isinstance(second, Refusal)
    assert second.reason is (Reason.ORDER_IS_SHIPPED if confirmed_first else Reason.ORDER_IS_CANCELED)


async def test_the_same_confirmation_five_times_at_once(market: Scene) -> None:
    key = await market.to_state(State.UNSHIPPED)
    outcomes = await meet_at_orders(market, [key], *[lambda: market.confirm(key)] * 5)
    assert sum(isinstance(outcome, Confirmed) for outcome in outcomes) == 1
    assert {no.reason for no in outcomes if isinstance(no, Refusal)} == {Reason.ORDER_IS_SHIPPED}
    assert (await market.told(key)).count(("buyer", "shipment_confirmation")) == 1


async def test_the_same_package_twice_at_once_is_one_package(market: Scene) -> None:
    key = await market.to_state(State.UNSHIPPED)
    outcomes = await meet_at_orders(market, [key], *[lambda: market.confirm(key, [(LAMP, 1)], reference=7)] * 2)
    assert [one.edited for one in outcomes if isinstance(one, Confirmed)] == [False, True]
    assert (await market.order(key)).shipped_units == 1


async def test_packages_of_one_order_at_once_get_references_of_their_own(market: Scene) -> None:
    key = await market.to_state(State.UNSHIPPED)
    parts = [lambda: market.confirm(key, [(LAMP, 1)]), lambda: market.confirm(key, [(VASE, 1)])]
    outcomes = await meet_at_orders(market, [key], *parts)
    assert {one.reference for one in outcomes if isinstance(one, Confirmed)} == {1, 2}


async def test_the_payment_changes_while_the_gateway_answers(market: Scene) -> None:
    """The answer to a question about the old payment counts for nothing."""
    key = await market.place(token="approve")  # noqa: S106

    class Overtaken:
        name = "simulated"

        async def authorize(self, question: Question) -> Answer:
            if question.token == "approve":  # noqa: S105
                assert await market.change_payment(key, "decline") is None
                return Answer(Verdict.APPROVED, "too late")
            return Answer(Verdict.DECLINED)

    gateway = Overtaken()
    await ask_due(market.database, gateway)
    first = await market.order(key)
    await ask_due(market.database, gateway)
    assert (first.state, await market.state(key)) == (State.HELD, State.CANCELED)


async def test_the_clock_moves_while_acts_run(market: Scene) -> None:
    """Each act sees one moment, and no event is older than one before it."""
    keys = await market.place_all([TWO_LAMPS_AND_A_VASE] * 20)

    async def approve_all() -> None:
        for key in keys:
            await market.approve(key)

    async def buy() -> None:
        for _ in range(20):
            await market.place(BOB, {MUG: 1})

    async def leap() -> None:
        for _ in range(12):
            await market.advance(timedelta(minutes=7))

    await all_at_once(approve_all, buy, leap)
    late = await market.rows(
        """
        SELECT * FROM order_events e JOIN order_events n USING (seller_id, order_id)
         WHERE n.number = e.number + 1 AND (n.happened_at < e.happened_at OR n.recorded_at < e.recorded_at)"""
    )
    assert late == []
    unswept = await market.rows(
        "SELECT 1 FROM order_events WHERE act IN ('end_hold', 'release') AND recorded_at <> happened_at LIMIT 1"
    )
    assert unswept  # leaps of seven minutes do not end where holds end


async def test_a_move_of_the_clock_waits_for_acts_and_acts_wait_for_it(market: Scene) -> None:
    key = await market.place()
    before = await market.now()
    async with market.database.transaction() as tx:
        move = asyncio.ensure_future(market.advance(POLICY.hold))
        while not await tx.value(KEPT_WAITING):
            assert not move.done()
        act = asyncio.ensure_future(market.cancel_by_buyer(key, BEA))
        while await tx.value(KEPT_WAITING) < 2:
            assert not act.done()
        assert (await tx.read_clock()).now() == before
    await move
    answer = await act
    assert answer is not None
    assert answer.reason is Reason.HOLD_IS_OVER


async def test_two_workers_claim_different_notices(market: Scene) -> None:
    keys = await market.place_all([TWO_LAMPS_AND_A_VASE] * 40)
    for key in keys:
        assert await market.cancel_by_buyer(key, BEA) is None
    now = (await market.rows("SELECT max(try_at) FROM notices"))[0][0]

    async def claim() -> list[notices.ClaimedNotice]:
        return await market.database.run(lambda tx: notices.claim(tx, now, now + timedelta(minutes=1), 30))

    claimed = [notice.notice_id for batch in await all_at_once(*[claim] * 4) for notice in batch]
    assert len(claimed) == len(set(claimed)) == 80


async def test_orders_of_two_sellers_are_not_in_each_others_way(market: Scene) -> None:
    """Whoever holds one seller's order holds nobody else's."""
    ours, theirs = await market.place(BEA, {LAMP: 1}), await market.place(BOB, {MUG: 1})
    assert (ours.seller_id, theirs.seller_id) == (PRO, SOLO)
    async with market.database.transaction() as tx:
        await tx.execute("SELECT 1 FROM orders WHERE order_id = $1 FOR UPDATE", ours.order_id)
        assert await market.approve(theirs) is None
    assert await violations(market.database) == []
