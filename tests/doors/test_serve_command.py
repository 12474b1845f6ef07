"""`tradepost serve`: it says where it listens, answers, stops in good order, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from tests.doors.command_line import CommandLine, one_sentence
from tests.faults.serving import (
    ADDRESS,
    PATIENCE_SECONDS,
    Serving,
    Wish,
    buyers_with_keys,
    eventually,
    kill,
    serving,
    until,
)
from tests.scene import LAMP, PRO, Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.ground.settings import Address


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command in this process sends the log to a stderr that is gone after the test."""
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_serve_until_interrupted(stop: signal.Signals, scene: Scene, database_url: str, tmp_path: Path) -> None:
    async with serving("--database", database_url, TRADEPOST_DATA=str(tmp_path)) as program:
        (line,) = program.logged("serving")
        assert (line["level"], line["processes"]) == ("info", 2)
        assert line["database"] == Address.of(database_url).url
        processes = [program.server, *program.answering]
        async with httpx.AsyncClient(base_url=program.url, timeout=PATIENCE_SECONDS) as client:
            for path in ("/healthz", "/readyz", "/api/v1/"):

                async def answers(path: str = path) -> bool:  # ready is who has heard of the database soon
                    return (await client.get(path)).status_code == 200

                await eventually(answers)
        program.process.send_signal(stop)
        assert await program.process.wait() == 0
        assert [pid for pid in processes if _lives(pid)] == []
    said = [line for line in program.log if line.get("path") != "/readyz"]  # which is told where it was not, at first
    assert [line["event"] for line in said] == ["serving", "stopping"]


async def test_a_request_under_way_is_answered_before_the_end(scene: Scene, database_url: str) -> None:
    (key,) = await buyers_with_keys(scene, 1)
    async with serving("--worker", "apart", "--database", database_url) as program:
        async with scene.database.transaction(alone=True):  # whoever acts meanwhile waits
            asking = asyncio.create_task(_check_out(program, key))
            await _somebody_waits(scene)
            program.process.terminate()
            await program.until_logged("stopping")
        answer = await asking
        assert answer.status_code == 201, answer.text
        assert await program.process.wait() == 0
    assert await scene.stock(PRO, LAMP) == 999


async def test_no_process_of_the_server_pushes_others_aside(scene: Scene, database_url: str) -> None:
    async with serving("--worker", "apart", "--database", database_url) as program:
        for pid in (program.server, *program.answering):
            threads = Path(f"/proc/{pid}/task").iterdir()
            assert {os.sched_getscheduler(int(thread.name)) for thread in threads} == {os.SCHED_BATCH}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


async def test_each_process_keeps_to_a_processor_of_its_own(scene: Scene, database_url: str) -> None:
    everywhere = os.sched_getaffinity(0)
    if len(everywhere) < 2:
        pytest.skip("this machine has one processor only")
    one, other = sorted(everywhere)[:2]
    os.sched_setaffinity(0, {one, other})  # for what is started here: as many as there are processes
    try:
        async with serving("--worker", "apart", "--database", database_url) as program:
            assert sorted(map(_processors, program.answering)) == [[one], [other]]
            dead, alive = program.answering
            left = _processors(dead)
            kill(dead)
            await until(lambda: len(set(program.answering) - {dead, alive}) == 1)
            (new,) = set(program.answering) - {dead, alive}
            await until(lambda: _processors(new) == left)
            assert _processors(alive) != left
    finally:
        os.sched_setaffinity(0, everywhere)


async def test_the_server_is_killed_and_the_program_says_so(scene: Scene, database_url: str, tmp_path: Path) -> None:
    async with serving("--database", database_url, TRADEPOST_DATA=str(tmp_path)) as program:
        orphans = program.answering
        kill(program.server)
        assert await program.process.wait() == 1
        await until(lambda: not any(map(_lives, orphans)))
    (line,) = program.logged("server_ended")
    assert (line["level"], line["code"]) == ("error", -signal.SIGKILL)


async def test_any_process_tells_the_counts_of_all(scene: Scene, database_url: str) -> None:
    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [NewKey(Scope.OPERATOR)])
    assert isinstance(made, Made)
    async with serving("--worker", "apart", "--database", database_url) as program:
        for _ in range(20):  # each over a connection of its own, which the kernel gives to either process
            async with httpx.AsyncClient(base_url=program.url, timeout=PATIENCE_SECONDS) as client:
                assert (await client.get("/api/v1/nowhere")).status_code == 404
        for _ in range(5):
            async with httpx.AsyncClient(base_url=program.url, timeout=PATIENCE_SECONDS) as client:
                answer = await client.get("/metrics", headers={"Authorization": f"Bearer {made.text}"})
            assert 'tradepost_refusals_total{reason="no_such_address"} 20.0' in answer.text


async def test_the_log_tells_of_requests_and_gives_no_secret_away(scene: Scene, database_url: str) -> None:
    (key,) = await buyers_with_keys(scene, 1)
    async with serving("--log-requests", "--worker", "apart", "--database", database_url) as program:
        assert (await _check_out(program, key, "mine-7")).status_code == 201
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=program.url, headers=headers, timeout=PATIENCE_SECONDS) as client:
            assert (await client.get("/api/v1/offers?search=secret+present")).status_code == 200
        await until(lambda: len([line for line in program.logged("request") if "/api" in line["path"]]) == 2)
        asked = [line for line in program.logged("request") if "/api" in line["path"]]
        checkout, search = sorted(asked, key=lambda line: str(line["path"]))  # two processes write when they come to it
        assert (checkout["request_id"], checkout["method"], checkout["status"]) == ("mine-7", "POST", 201)
        assert search["path"] == "/api/v1/offers"
        assert await program.stop() == 0
    for secret in (key, "secret", ADDRESS["line1"], "shopper-0@example.com"):
        assert secret not in str(program.log)


def _processors(pid: int) -> list[int]:
    return sorted(os.sched_getaffinity(pid))


async def test_a_port_that_somebody_has_is_one_sentence(tradepost: CommandLine, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = await tradepost("serve", "--port", taken.getsockname()[1], "--database", database_url)
    assert done.code == 2
    assert "choose another with --port" in one_sentence(done)


async def test_a_second_server_does_not_share_the_port_of_the_first(
    scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    async with serving("--worker", "apart", "--database", database_url) as program:
        done = await tradepost("serve", "--port", program.url.rpartition(":")[2], "--database", database_url)
    assert done.code == 2
    assert "Address already in use" in one_sentence(done)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300])
async def test_an_address_that_is_not_this_machines_is_one_sentence(
    tradepost: CommandLine, database_url: str, host: str
) -> None:
    done = await tradepost("serve", "--host", host, "--port", 0, "--database", database_url)
    assert done.code == 2
    assert one_sentence(done) == f"{host} is no address of this machine: choose another with --host."


async def _check_out(program: Serving, key: str, request_id: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", **({"X-Request-Id": request_id} if request_id else {})}
    async with httpx.AsyncClient(base_url=program.url, timeout=PATIENCE_SECONDS, headers=headers) as client:
        return await client.post("/api/v1/checkouts", json=Wish("", key, PRO, LAMP).body)


async def _somebody_waits(scene: Scene) -> None:
    count = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await scene.database.pool.fetchval(count):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_terms_that_cannot_be_are_told_before_anything_starts(
    tradepost: CommandLine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, wrong, sentence in (
        ("SETTLING", "two minutes", "is a number of seconds from 0 to 86400, not 'two minutes'."),
        ("PLANS", "lavish", "is production or generous, not 'lavish'."),
        ("RESTRICTED", "maybe", "is yes or no, not 'maybe'."),
    ):
        monkeypatch.setenv(f"TRADEPOST_SELLER_API_{name}", wrong)
        done = await tradepost("serve", "--port", 0, "--database", database_url)
        assert (done.code, done.out) == (2, "")
        assert one_sentence(done) == f"TRADEPOST_SELLER_API_{name} {sentence}"
        monkeypatch.delenv(f"TRADEPOST_SELLER_API_{name}")
