"""One order that something is wrong with does not stop the clock, or the payments, for the others."""

from datetime import timedelta

import pytest

from tests.scene import BEA, LAMP, START, Scene
from tradepost import timekeeping
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Answer, SimulatedGateway
from tradepost.payments.records import Question

BREAKS = (
    "UPDATE orders SET policy_version = 99 WHERE order_id = $1",  # there is no such policy
    "UPDATE orders SET last_event = 2147483647 WHERE order_id = $1",  # the next number is one that no column takes
)


async def _break(scene: Scene, how: str, key: OrderKey) -> None:
    async with scene.database.transaction() as tx:
        await tx.execute(how, key.order_id)


@pytest.mark.parametrize("how", BREAKS)
async def test_a_sweep_that_fails_for_one_order_is_done_for_all_others(scene: Scene, how: str) -> None:
    keys = [await scene.place(BEA, {LAMP: 1}) for _ in range(7)]
    await _break(scene, how, keys[3])
    await scene.set_clock(START + timedelta(hours=1))

    assert (await timekeeping.turn(scene.database, [])).orders == 6
    states = [await scene.state(key) for key in keys]
    assert states == [State.VERIFYING] * 3 + [State.HELD] + [State.VERIFYING] * 3
    assert (await timekeeping.turn(scene.database, [])).idle


@pytest.mark.parametrize("how", BREAKS)
async def test_a_verdict_that_cannot_be_recorded_for_one_order_is_recorded_for_all_others(
    scene: Scene, how: str
) -> None:
    keys = [await scene.pay_with("approve") for _ in range(5)]
    await _break(scene, how, keys[2])
    await timekeeping.turn(scene.database, [SimulatedGateway()])
    assert [await scene.state(key) for key in keys] == [State.APPROVED] * 2 + [State.HELD] + [State.APPROVED] * 2


async def test_a_gateway_that_breaks_on_one_question_answers_the_others(scene: Scene) -> None:
    keys = [await scene.pay_with("approve") for _ in range(3)]

    class Broken(SimulatedGateway):
        async def authorize(self, question: Question) -> Answer:
            if question.key == keys[1]:
                raise ZeroDivisionError
            return await super().authorize(question)

    await timekeeping.turn(scene.database, [Broken()])
    assert [await scene.state(key) for key in keys] == [State.APPROVED, State.HELD, State.APPROVED]
    again = (await scene.order(keys[1])).verify_at
    assert again is not None
    assert again > START, "it is asked again, with patience"
