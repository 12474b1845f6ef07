"""Verification: what the payment world answers, and how often, when and by whom it is asked."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.reports.explained import explained
from tests.scene import ADDRESS, BEA, BOB, LAMP, PRO, Scene
from tradepost import timekeeping
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.payments import records as payments
from tradepost.payments.gateway import Answer, SimulatedGateway, Verdict
from tradepost.payments.records import Means, Question
from tradepost.process.checkout.checkout import Cart, CartLine, place_orders
from tradepost.process.verification.asking import ask_due
from tradepost.process.verification.verdicts import Finding, record_verdicts
from tradepost.refusals import Reason, Refusal

HOLD = timedelta(minutes=30)
DAY = timedelta(days=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that waits here for the test to go on is no gateway that does not answer."""
    monkeypatch.setattr("tradepost.process.verification.asking._PATIENCE", timedelta(minutes=2))


def _reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


class Recording(SimulatedGateway):
    """The simulated gateway, with a list of what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, datetime]] = []

    async def authorize(self, question: Question) -> Answer:
        self.asked.append((question.token, question.attempt, question.due_at))
        return await super().authorize(question)


class Slow(Recording):
    """A gateway that does not answer before it may; `expects` questions make it busy."""

    def __init__(self, expects: int = 1) -> None:
        super().__init__()
        self.busy, self.may_answer = asyncio.Event(), asyncio.Event()
        self._expects = expects

    async def authorize(self, question: Question) -> Answer:
        answer = await super().authorize(question)
        if len(self.asked) == self._expects:
            self.busy.set()
        await self.may_answer.wait()
        return answer


async def _history(scene: Scene, token: str, days: int = 22) -> list[tuple[str, timedelta]]:
    """What happens to an order with this token, and how long after it was placed."""
    key = await scene.place(token=token)
    placed = await scene.now()
    await scene.advance(days * DAY)
    return [(event.act, event.happened_at - placed) for event in await scene.events(key)][1:]


# --- every outcome


async def test_approved_at_once_an_order_is_released_when_its_hold_ends(scene: Scene) -> None:
    assert await _history(scene, "approve", days=1) == [("approve", timedelta(0)), ("release", HOLD)]


async def test_a_payment_that_fails_once_is_tried_again_after_five_minutes(scene: Scene) -> None:
    assert await _history(scene, "fail-once", days=1) == [
        ("fail_payment", timedelta(0)),
        ("approve", 5 * MINUTE),
        ("release", HOLD),
    ]


async def test_a_payment_that_always_fails_is_tried_with_growing_waits_until_the_21_days_end(scene: Scene) -> None:
    first = [("fail_payment", timedelta(0)), ("fail_payment", 5 * MINUTE), ("end_hold", HOLD)]
    later = [("fail_payment", 65 * MINUTE), ("fail_payment", 7 * HOUR + 5 * MINUTE)]
    at_last = [("fail_payment", 7 * HOUR + 5 * MINUTE + day * DAY) for day in range(1, 21, 3)]
    assert await _history(scene, "fail-always") == [*first, *later, *at_last, ("give_up_verifying", 21 * DAY)]


async def test_a_declined_payment_cancels_the_order_and_returns_its_stock(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 4}, "decline")
    await scene.work()
    order = await scene.order(key)
    assert (order.state, order.canceled_by, order.cancel_reason) == (State.CANCELED, "MARKETPLACE", "payment_declined")
    assert await scene.stock(PRO, LAMP) == 1000
    assert await scene.told(key) == [("buyer", "order_canceled")]


async def test_fraud_cancels_the_order_and_returns_its_stock(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 4}, "fraud")
    await scene.work()
    order = await scene.order(key)
    assert (order.state, order.canceled_by, order.cancel_reason) == (State.CANCELED, "MARKETPLACE", "fraud")
    assert await scene.stock(PRO, LAMP) == 1000


async def test_a_token_that_the_gateway_does_not_know_is_declined(scene: Scene) -> None:
    assert await _history(scene, "no such token", days=1) == [("decline", timedelta(0))]


async def test_a_deferred_payment_is_not_asked_for_again_and_the_gateway_calls(scene: Scene) -> None:
    key = await scene.pay_with("defer")
    gateway = Recording()
    scene.gateways = [gateway]
    await scene.advance(10 * DAY)
    assert len(gateway.asked) == 1
    assert await scene.acts(key) == ["place", "defer", "end_hold"]
    assert await scene.approve(key) is None
    assert await scene.acts(key) == ["place", "defer", "end_hold", "approve", "release"]


async def test_a_deferred_payment_that_nobody_calls_about_ends_with_the_21_days(scene: Scene) -> None:
    assert await _history(scene, "defer") == [
        ("defer", timedelta(0)),
        ("end_hold", HOLD),
        ("give_up_verifying", 21 * DAY),
    ]


async def test_a_silent_gateway_leaves_no_event_and_is_asked_ever_less_often(scene: Scene) -> None:
    key = await scene.pay_with("silent")
    placed = await scene.now()
    gateway = Recording()
    scene.gateways = [gateway]
    await scene.advance(22 * DAY)
    assert await scene.acts(key) == ["place", "end_hold", "give_up_verifying"]
    asked = [due - placed for _, _, due in gateway.asked]
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert asked[0] == timedelta(0)
    assert waits[:5] == [5 * MINUTE] * 5
    assert waits == sorted(waits)
    assert waits[-1] == 6 * HOUR
    assert {attempt for _, attempt, _ in gateway.asked} == {1}, "the same question until it is answered"
    assert await scene.stock(PRO, LAMP) == 1000


async def test_the_buyer_is_told_of_every_payment_that_failed(scene: Scene) -> None:
    key = await scene.pay_with("fail-once")
    await scene.advance(HOLD)
    assert await scene.told(key) == [
        ("buyer", "payment_failed"),
        ("buyer", "order_confirmation"),
        ("seller", "sold_ship_now"),
    ]


# --- the buyer brings another payment


async def test_another_payment_is_asked_for_at_once_and_counted_anew(scene: Scene) -> None:
    key = await scene.pay_with("fail-always")
    gateway = Recording()
    scene.gateways = [gateway]
    await scene.advance(2 * HOUR)
    assert await scene.change_payment(key, "fail-once") is None
    await scene.work()
    assert gateway.asked[-1] == ("fail-once", 1, await scene.now())
    await scene.advance(5 * MINUTE)
    assert gateway.asked[-1][:2] == ("fail-once", 2)
    assert (await scene.acts(key))[-3:] == ["fail_payment", "approve", "release"]


async def test_only_the_buyer_of_an_order_brings_another_payment_for_it(scene: Scene) -> None:
    key = await scene.pay_with("fail-always")
    before = await scene.dump()
    assert _reason(await scene.change_payment(key, "approve", BOB)) is Reason.ORDER_NOT_FOUND
    assert await scene.dump() == before


async def test_an_order_placed_without_a_payment_may_get_one(scene: Scene) -> None:
    key = await scene.place()
    assert await scene.change_payment(key, "approve") is None
    await scene.work()
    assert await scene.state(key) is State.APPROVED


async def test_an_answer_about_a_payment_that_was_replaced_meanwhile_is_not_taken(scene: Scene) -> None:
    """A worker asked about the first token, the buyer brought another, and only then the first answer arrives."""
    key = await scene.pay_with("decline")
    slow = Slow()
    asking = asyncio.create_task(ask_due(scene.database, slow))
    await slow.busy.wait()
    assert await scene.change_payment(key, "fail-always") is None
    await ask_due(scene.database, SimulatedGateway())
    slow.may_answer.set()
    await asking
    assert await scene.acts(key) == ["place", "change_payment", "fail_payment"]
    assert await scene.state(key) is State.HELD


async def test_the_first_answer_does_not_pass_for_the_first_answer_about_the_new_payment(scene: Scene) -> None:
    """As above, but the worker's answer arrives before anyone asked about the new payment."""
    key = await scene.pay_with("decline")
    slow = Slow()
    asking = asyncio.create_task(ask_due(scene.database, slow))
    await slow.busy.wait()
    assert await scene.change_payment(key, "approve") is None
    slow.may_answer.set()
    await asking
    assert await scene.state(key) is State.HELD
    await scene.work()
    assert await scene.state(key) is State.APPROVED


async def test_the_same_payment_may_be_tried_again_before_its_time(scene: Scene) -> None:
    """It is a new question to the gateway, and the buyer need not wait for the next retry."""
    key = await scene.pay_with("fail-once")
    gateway = Recording()
    scene.gateways = [gateway]
    await scene.work()
    assert await scene.change_payment(key, "fail-once") is None
    await scene.work()
    assert [attempt for _, attempt, _ in gateway.asked] == [1, 2]
    assert await scene.state(key) is State.APPROVED


# --- workers


async def test_the_same_answer_twice_counts_once(scene: Scene) -> None:
    key = await scene.pay_with("fail-always")
    assert await scene.verdict(key, Verdict.FAILED, attempt=1) is None
    before = await scene.dump()
    assert _reason(await scene.verdict(key, Verdict.FAILED, attempt=1)) is Reason.VERIFICATION_IS_OVER
    assert await scene.dump() == before


async def test_two_workers_ask_each_question_once(scene: Scene) -> None:
    keys = [await scene.pay_with("approve") for _ in range(6)]
    first, second = Recording(), Recording()
    asked = await asyncio.gather(ask_due(scene.database, first), ask_due(scene.database, second))
    assert sum(asked) == len(first.asked) + len(second.asked) == 6
    assert [await scene.acts(key) for key in keys] == [["place", "approve"]] * 6


async def test_a_worker_takes_the_questions_that_another_is_not_just_taking(scene: Scene) -> None:
    keys = {await scene.pay_with("approve") for _ in range(6)}
    now, lease_ends = machine_now(), machine_now() + timedelta(minutes=2)

    async def claim(tx: Transaction, limit: int) -> set[OrderKey]:
        return {one.key for one in await payments.claim(tx, "simulated", tx.now, limit, now, lease_ends)}

    async with scene.database.transaction() as first, scene.database.transaction() as second:
        some = await claim(first, 4)
        others = await asyncio.wait_for(claim(second, 4), timeout=120)  # it does not wait for the first one
    assert (len(some), len(others)) == (4, 2)
    assert some | others == keys


MAKE_THE_FIRST_CLAIM_WAIT = """
    CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN new; END $$;
    CREATE TRIGGER wait_here BEFORE UPDATE OF asked_until ON payments FOR EACH ROW
    WHEN (new.asked_until IS NOT NULL) EXECUTE FUNCTION wait_here();"""
ROW_BY_ROW = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"


async def test_a_question_answered_while_a_worker_is_taking_questions_is_not_asked_again(scene: Scene) -> None:
    """The second order's payment fails between the moment that the claim looks and the moment that it takes."""
    keys = []
    for _ in range(2):
        keys.append(await scene.pay_with("fail-once"))
        await scene.set_clock(await scene.now() + timedelta(seconds=1))
    await scene.database.pool.execute(MAKE_THE_FIRST_CLAIM_WAIT)

    async def claim(tx: Transaction) -> list[OrderKey]:
        await tx.execute(ROW_BY_ROW)
        now = machine_now()
        return [one.key for one in await payments.claim(tx, "simulated", tx.now, 10, now, now + timedelta(minutes=2))]

    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    async with asyncio.timeout(120), scene.database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(1)")
        claiming = asyncio.create_task(scene.database.run(claim))
        while not await scene.database.pool.fetchval(waiting):
            assert not claiming.done(), await claiming
        assert await scene.verdict(keys[1], Verdict.FAILED, 1) is None
    assert await claiming == keys[:1]


async def test_while_one_worker_asks_another_finds_nothing_to_ask(scene: Scene) -> None:
    await scene.pay_with("approve")
    slow = Slow()
    asking = asyncio.create_task(ask_due(scene.database, slow))
    await slow.busy.wait()
    other = Recording()
    assert await ask_due(scene.database, other) == 0
    slow.may_answer.set()
    assert await asking == 1


async def test_a_worker_that_died_between_question_and_answer_is_replaced_when_its_lease_ends(scene: Scene) -> None:
    key = await scene.pay_with("approve")
    lease_ends = machine_now() + timedelta(minutes=2)

    async def claim(at: datetime) -> Sequence[Question]:
        now = await scene.now()
        async with scene.database.transaction() as tx:
            return await payments.claim(tx, "simulated", now, 10, at, lease_ends)

    (question,) = await claim(machine_now())  # and the worker is gone
    assert await claim(lease_ends - timedelta(seconds=1)) == []
    assert await scene.state(key) is State.HELD
    (again,) = await claim(lease_ends)
    assert again == question, "the same question: the gateway knows it and gives the same answer"


async def test_the_clock_leaps_while_a_worker_asks_and_the_order_is_asked_for_all_the_same(scene: Scene) -> None:
    key = await scene.pay_with("approve")
    slow = Slow()
    asking = asyncio.create_task(ask_due(scene.database, slow))
    await slow.busy.wait()
    await scene.advance(22 * DAY)
    slow.may_answer.set()
    await asking
    assert await scene.acts(key) == ["place", "approve", "release"]


async def test_a_gateway_answers_the_same_question_with_the_same_words(scene: Scene) -> None:
    key = await scene.pay_with("fail-once")
    question = Question(key, "fail-once", 2, 1990, "USD", await scene.now())
    gateway = SimulatedGateway()
    assert await gateway.authorize(question) == await gateway.authorize(question)


@pytest.mark.parametrize("gateways", [[], [SimulatedGateway()]], ids=["no worker asked", "a worker asked"])
async def test_an_approval_and_the_buyers_cancellation_meet_and_one_of_them_wins(
    scene: Scene, gateways: Sequence[SimulatedGateway]
) -> None:
    """A buyer may cancel an approved order inside the hold; nobody may approve a canceled one."""
    key = await scene.pay_with("approve")
    await timekeeping.turn(scene.database, gateways)
    assert await scene.cancel_by_buyer(key) is None
    assert _reason(await scene.approve(key)) is Reason.ORDER_IS_CANCELED
    await scene.work()
    assert await scene.state(key) is State.CANCELED


async def test_verdicts_of_one_batch_are_taken_each_by_itself(scene: Scene) -> None:
    first, second = await scene.place(), await scene.place()
    now = await scene.now()
    findings = [
        Finding(first, Verdict.APPROVED, now, "reviewer"),
        Finding(first, Verdict.DECLINED, now, "reviewer"),
        Finding(second, Verdict.DECLINED, now, "reviewer"),
    ]
    one, two, three = await scene.database.run(lambda tx: record_verdicts(tx, findings))
    assert one is None
    assert _reason(two) is Reason.ALREADY_APPROVED
    assert three is None
    assert (await scene.state(first), await scene.state(second)) == (State.APPROVED, State.CANCELED)


async def test_the_order_keeps_the_gateways_reference_of_its_approval(scene: Scene) -> None:
    key = await scene.pay_with("approve")
    await scene.work()
    ((reference,),) = await scene.rows("SELECT reference FROM payments WHERE order_id = $1", key.order_id)
    assert reference == f"simulated-{key.order_id}"


# --- what asking costs


async def test_who_asks_for_a_few_does_not_look_at_all_that_wait(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        at, lines, means = tx.now, (CartLine(PRO, LAMP, 1),), Means("simulated", "approve")
        await place_orders(tx, [Cart(BEA, at, lines, ADDRESS, payment=means) for _ in range(1000)])
    async with explained(scene.database, "orders") as tx:
        assert len(await payments.claim(tx, "simulated", tx.now, 10, machine_now(), machine_now())) == 10
    assert "Sort" not in tx.cost.nodes
