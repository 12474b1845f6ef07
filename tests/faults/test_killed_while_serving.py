"""Processes are killed amid many checkouts: every answer is true afterwards, and no order is there twice."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.faults.market import all_is_well, market
from tests.faults.serving import LONG, Shopping, free_port, kill, serving, shop, stopped, until
from tradepost.ground.server_keeper import State as ServerState

CHECKOUTS = 5000 if LONG else 600


async def test_processes_that_answer_are_killed(tmp_path: Path) -> None:
    async with market(tmp_path / "data", CHECKOUTS) as here, serving("--data", here.data) as program:
        shopping = Shopping()

        async def trouble() -> None:
            # One after the other: which of them has the clients' connections is the kernel's choice.
            doomed = program.answering
            for part, pid in enumerate(doomed, start=1):
                await until(lambda part=part: len(shopping.orders) >= CHECKOUTS * part // 4)
                kill(pid)
            await until(lambda: len(program.answering) == 2 and not {*doomed} & {*program.answering})

        await _both(shop(program.url, here.wishes, shopping), trouble())
        assert shopping.trouble
        await all_is_well(here, shopping)
        assert await program.stop() == 0


async def test_the_whole_program_is_killed_and_started_again(tmp_path: Path) -> None:
    port = free_port()
    async with market(tmp_path / "data", CHECKOUTS) as here:
        shopping = Shopping()

        async def trouble() -> None:
            async with serving("--data", here.data, port=port) as program:
                await until(lambda: len(shopping.orders) >= CHECKOUTS // 4)
                orphans = [program.server, *program.answering]
                kill(program.process.pid)
                await until(lambda: not any(map(_lives, orphans)))
            async with serving("--data", here.data, port=port) as program:
                await until(lambda: len(shopping.orders) == CHECKOUTS)
                assert await program.stop() == 0

        await _both(shop(f"http://127.0.0.1:{port}", here.wishes, shopping), trouble())
        assert shopping.trouble
        await all_is_well(here, shopping)


async def test_postgresql_is_killed(tmp_path: Path) -> None:
    async with market(tmp_path / "data", CHECKOUTS) as here, serving("--data", here.data) as program:
        shopping = Shopping()

        async def trouble() -> None:
            await until(lambda: len(shopping.orders) >= CHECKOUTS // 4)
            running = ServerState.read(here.data)
            assert running is not None
            async with stopped([running.keeper_pid]):  # or it might be there again before anybody has noticed
                kill(running.postgres_pid)
                await until(lambda: "503" in shopping.trouble)

        await _both(shop(program.url, here.wishes, shopping), trouble())
        await all_is_well(here, shopping)
        assert await program.stop() == 0
        assert program.logged("bug") == []


async def _both(shopping: Coroutine[Any, Any, None], trouble: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shopping)
        tasks.create_task(trouble)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
