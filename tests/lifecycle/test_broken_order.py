"""One order that something is wrong with does not stop the clock for the others."""

from datetime import timedelta

from tests.scene import BEA, LAMP, START, open_market
from tradepost import timekeeping
from tradepost.ground.database import Database
from tradepost.lifecycle import State


async def test_a_sweep_that_fails_for_one_order_is_done_for_all_others(database: Database) -> None:
    scene = await open_market(database)
    keys = [await scene.place(BEA, {LAMP: 1}) for _ in range(7)]
    async with database.transaction() as tx:
        await tx.execute("UPDATE orders SET policy_version = 99 WHERE order_id = $1", keys[3].order_id)
    await scene.set_clock(START + timedelta(hours=1))

    assert (await timekeeping.turn(database, [])).orders == 6
    states = [await scene.state(key) for key in keys]
    assert states == [State.VERIFYING] * 3 + [State.HELD] + [State.VERIFYING] * 3
    assert (await timekeeping.turn(database, [])).idle
