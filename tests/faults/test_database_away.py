"""The database goes away for a while: whoever asks meanwhile is told to come again, and all is well by itself after."""

import asyncio
from pathlib import Path

import httpx

from tests.faults.market import Market, all_is_well, market
from tests.faults.serving import LONG, Serving, Shopping, children, eventually, kill, serving, shop, stopped, until
from tests.scene import MUG, SOLO
from tradepost.doors.serving.app import PATIENCE_SECONDS
from tradepost.ground.server_keeper import State as ServerState

CHECKOUTS = 2000 if LONG else 300
AWAY_SECONDS = 30 if LONG else 3


async def test_a_database_that_is_gone(tmp_path: Path) -> None:
    """Its server is dead, and nobody starts another for a while."""
    async with market(tmp_path / "data", CHECKOUTS) as here, serving("--data", here.data) as program:
        shopping = Shopping()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(shop(program.url, here.wishes, shopping))
            await until(lambda: len(shopping.orders) >= CHECKOUTS // 4)
            running = ServerState.read(here.data)
            assert running is not None
            async with stopped([running.keeper_pid]):
                kill(running.postgres_pid)
                await eventually(lambda: _says(program, "/readyz", 503))
                assert await _says(program, "/healthz", 200)
                await asyncio.sleep(AWAY_SECONDS)
                assert await _says(program, "/readyz", 503)
                await program.until_logged("duty_failed")
                await until(lambda: "503" in shopping.trouble)
                assert len(shopping.orders) < CHECKOUTS
            await eventually(lambda: _says(program, "/readyz", 200))
        await all_is_well(here, shopping)
        await _the_worker_goes_on(here)
        assert program.logged("bug") == []
        assert await program.stop() == 0


async def test_a_database_that_keeps_silent(tmp_path: Path) -> None:
    """It takes connections and statements, and answers nothing for longer than anybody waits."""
    async with market(tmp_path / "data", CHECKOUTS) as here, serving("--data", here.data) as program:
        shopping = Shopping()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(shop(program.url, here.wishes, shopping))
            await until(lambda: len(shopping.orders) >= CHECKOUTS // 4)
            running = ServerState.read(here.data)
            assert running is not None
            async with stopped([running.postgres_pid, *children(running.postgres_pid)]):
                await asyncio.sleep(max(PATIENCE_SECONDS + 1, AWAY_SECONDS))
                assert await _says(program, "/healthz", 200)
                await until(lambda: "503" in shopping.trouble)
            await eventually(lambda: _says(program, "/readyz", 200))
        await all_is_well(here, shopping)
        await _the_worker_goes_on(here)
        assert program.logged("bug") == []
        assert await program.stop() == 0


async def _says(program: Serving, path: str, status: int) -> bool:
    async with httpx.AsyncClient(base_url=program.url, timeout=120) as client:
        answer = await client.get(path)
    assert (answer.status_code == 503) == ("retry-after" in answer.headers)
    return answer.status_code == status


async def _the_worker_goes_on(here: Market) -> None:
    """The payment gateway is asked for an order that is placed now."""
    order = await here.scene.place("shopper-0", {MUG: 1}, token="approve")  # noqa: S106
    assert order.seller_id == SOLO

    async def approved() -> bool:
        acts = "SELECT 1 FROM order_events WHERE order_id = $1 AND act = 'approve'"
        return bool(await here.scene.rows(acts, order.order_id))

    await eventually(approved)
