"""The program is killed at any moment: what it has answered is there, once, and the next one goes on."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from tests.crash.killing import PATIENCE_SECONDS, program
from tests.races.soundness import violations
from tests.scene import BEA, BOB, LAMP, MUG, PRO, SOLO, VASE, Scene
from tradepost import timekeeping
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import Act, State
from tradepost.notices.delivery import deliver_due
from tradepost.notices.mailbox import Mailbox
from tradepost.payments.gateway import SimulatedGateway

ACTS = {"placed": Act.PLACE, "approve": Act.APPROVE, "cancel_by_buyer": Act.CANCEL_BY_BUYER}


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_a_random_moment(scene: Scene, database_url: str, seed: int) -> None:
    answered = []
    random = Random(seed)
    async with program(database_url, "live") as victim:
        answered = [await victim.says() for _ in range(random.randrange(20, 200))]
        await asyncio.sleep(random.random() / 100)
        answered += await victim.kill()
    await nobody_else_is_connected(scene)
    assert await violations(scene.database) == []
    rows = await scene.rows("SELECT act, seller_id, order_id, count(*) FROM order_events GROUP BY 1, 2, 3")
    recorded = {(act, seller, order): times for act, seller, order, times in rows}
    assert all(recorded.get((ACTS[act], seller, order)) == 1 for act, seller, order in answered)
    assert len(recorded) <= len(answered) + 3  # one act of each shopper, at most, was committed and not answered
    await goes_on(scene)


async def test_killed_before_the_commit_nothing_has_happened(scene: Scene, database_url: str) -> None:
    before = await scene.dump()
    async with program(database_url, "before_the_commit") as victim:
        assert await victim.says() == ["worked"]
        await victim.kill()
    await nobody_else_is_connected(scene)
    assert await scene.dump() == before
    assert await scene.stock(PRO, LAMP) == 1000  # and is not locked
    await goes_on(scene)


async def test_killed_after_the_commit_everything_has_happened_once(scene: Scene, database_url: str) -> None:
    async with program(database_url, "after_the_commit") as victim:
        assert await victim.says() == ["committed"]
        await victim.kill()
    assert await violations(scene.database) == []
    assert [await scene.stock(PRO, LAMP), await scene.stock(SOLO, MUG)] == [998, 999]
    orders = await scene.rows("SELECT seller_id FROM orders ORDER BY 1")
    assert [row[0] for row in orders] == [PRO, SOLO]
    await goes_on(scene)


async def test_killed_in_the_middle_of_a_leap_no_time_has_passed(scene: Scene, database_url: str) -> None:
    """All of the leap or nothing of it: deadlines were fired already when the gateway was asked."""
    await scene.place_all([{LAMP: 1}] * 50)
    await scene.advance(timedelta(minutes=10))
    paid = await scene.pay_with("approve")
    before, now = await scene.dump("asked_until"), await scene.now()
    async with program(database_url, "leap") as victim:
        assert await victim.says() == ["asked", paid.order_id]
        await victim.kill()
    await nobody_else_is_connected(scene)
    assert (await scene.dump("asked_until"), await scene.now()) == (before, now)
    await scene.advance(timedelta(days=40))
    acts = await scene.rows("SELECT act, count(*) FROM order_events GROUP BY act")
    assert Counter(dict(acts)) == {
        Act.PLACE: 51,
        Act.END_HOLD: 50,
        Act.GIVE_UP_VERIFYING: 50,
        Act.APPROVE: 1,
        Act.RELEASE: 1,
        Act.REMIND: 1,
        Act.CANCEL_UNCONFIRMED: 1,
    }
    assert await violations(scene.database) == []


async def test_killed_while_asking_the_question_is_asked_again(scene: Scene, database_url: str) -> None:
    paid = await scene.pay_with("approve")
    async with program(database_url, "ask") as victim:
        assert await victim.says() == ["asked", paid.order_id]
        await victim.kill()
    assert await scene.state(paid) is State.HELD
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await timekeeping.turn(scene.database, [SimulatedGateway()])).idle:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # until the lease of the dead ends
    assert await scene.acts(paid) == [Act.PLACE, Act.APPROVE]
    assert await violations(scene.database) == []


async def test_killed_while_delivering_every_letter_still_arrives(
    scene: Scene, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = await scene.place_all([{LAMP: 1}] * 5)
    for key in keys:
        await scene.cancel_by_buyer(key, BEA)
    async with program(database_url, "deliver") as victim:
        assert (await victim.says())[0] == "sent"
        await victim.kill()
    folder = tmp_path_factory.mktemp("mailbox")
    assert await deliver_due(scene.database, Mailbox(folder)) == 0  # the lease of the dead still holds
    await scene.rows("UPDATE notices SET try_at = $1", machine_now())  # and ends
    assert await deliver_due(scene.database, Mailbox(folder)) == 10
    assert len(list(folder.glob("*.eml"))) == 10
    rows = await scene.rows("SELECT status, attempts FROM notices")
    assert {(row[0], row[1]) for row in rows} == {("delivered", 2)}
    assert await deliver_due(scene.database, Mailbox(folder)) == 0
    assert await violations(scene.database) == []


async def nobody_else_is_connected(scene: Scene) -> None:
    """The server has noticed the death, and has taken back what was not committed."""
    ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await scene.database.pool.fetchval(ours) > scene.database.pool.get_size() - 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def goes_on(scene: Scene) -> None:
    """The whole way of one more order."""
    key = await scene.place(BOB, {VASE: 1})
    assert await scene.approve(key) is None
    await scene.advance(timedelta(minutes=30))
    await scene.confirm(key)
    assert await scene.state(key) is State.SHIPPED
    assert await violations(scene.database) == []
