"""`tradepost work`: what falls due is done, notices are delivered, and trouble with one duty stops no other."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from tests.conftest import TestServer
from tests.doors.command_line import CommandLine, ended, one_sentence, start
from tests.scene import Scene
from tradepost.doors.cli.app import log_to_stderr
from tradepost.doors.worker.work import work
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox
from tradepost.notices.post import Send
from tradepost.payments.gateway import Answer
from tradepost.payments.records import Question


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_work_until_interrupted(stop: signal.Signals, scene: Scene, database_url: str, tmp_path: Path) -> None:
    key = await scene.pay_with("approve")
    process = await start("work", "--database", database_url, TRADEPOST_DATA=str(tmp_path))
    await _until(scene, key.order_id, "approve")
    await scene.set_clock(await scene.now() + timedelta(minutes=30))
    while len(list((tmp_path / "mailbox").glob("*.eml"))) < 2:
        assert process.returncode is None
        await asyncio.sleep(0.05)
    assert await scene.state(key) is State.UNSHIPPED
    process.send_signal(stop)
    done = await ended(process)
    assert (done.code, done.out) == (0, "")
    assert "working" in done.err
    assert "stopped" in done.err
    assert "Traceback" not in done.err


async def test_a_database_that_goes_away_is_a_line_in_the_log(
    scene: Scene, database_url: str, server: TestServer, tmp_path: Path
) -> None:
    process = await start("work", "--database", database_url, TRADEPOST_DATA=str(tmp_path))
    assert process.stderr is not None
    assert b"working" in await process.stderr.readline()
    await server.drop(database_url)
    line = await process.stderr.readline()
    assert b"duty_failed" in line
    assert b"cause=" in line
    process.send_signal(signal.SIGTERM)
    done = await ended(process)
    assert done.code == 0
    assert "Traceback" not in done.err


class BrokenPost:
    """A post that has a bug, and something in its hand that is nobody's business."""

    def round(self) -> AbstractAsyncContextManager[Send]:
        password = "sesame"  # noqa: S105
        raise RuntimeError(f"out of order after {len(password)} characters")


async def test_a_bug_in_the_log_shows_no_values(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    await scene.to_state(State.UNSHIPPED)  # whose two notices wait
    stop = asyncio.Event()
    log_to_stderr()
    worker = asyncio.create_task(work(scene.database, scene.gateways, BrokenPost(), stop))
    said = ""
    while "out of order after 6 characters" not in said:
        assert not worker.done()
        await asyncio.sleep(0.02)
        said += capsys.readouterr().err
    stop.set()
    await worker
    structlog.reset_defaults()
    assert "Traceback" in said
    assert "sesame'" not in said


class BrokenGateway:
    """A gateway that breaks its word and raises."""

    name = "simulated"

    async def authorize(self, question: Question) -> Answer:
        raise RuntimeError("out of order")


async def test_trouble_with_payments_does_not_stop_the_notices(scene: Scene, tmp_path: Path) -> None:
    await scene.to_state(State.UNSHIPPED)  # whose two notices wait
    await scene.pay_with("approve")
    stop = asyncio.Event()
    mailbox = Mailbox(tmp_path / "mailbox")
    worker = asyncio.create_task(work(scene.database, [BrokenGateway()], mailbox, stop))
    while len(list(mailbox.folder.glob("*.eml"))) < 2:
        assert not worker.done()
        await asyncio.sleep(0.02)
    stop.set()
    await worker


async def test_trouble_with_the_mailbox_does_not_stop_the_clock(scene: Scene, tmp_path: Path) -> None:
    await scene.to_state(State.UNSHIPPED)
    key = await scene.pay_with("approve")
    blocked = tmp_path / "mailbox"
    blocked.write_text("a file where the folder should be")
    stop = asyncio.Event()
    worker = asyncio.create_task(work(scene.database, scene.gateways, Mailbox(blocked), stop))
    await _until(scene, key.order_id, "approve")
    stop.set()
    await worker
    assert await scene.rows("SELECT 1 FROM notices WHERE status <> 'queued'") == []


async def test_mail_settings_are_checked_first(
    database_url: str, tradepost: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_SMTP_URL", "smtp://localhost:25")
    done = await tradepost("work", "--database", database_url)
    assert done.code == 2
    assert "TRADEPOST_MAIL_FROM names no sender" in one_sentence(done)
    monkeypatch.setenv("TRADEPOST_MAIL_FROM", "nobody")
    done = await tradepost("work", "--database", database_url)
    assert done.code == 2
    assert "The sender of the notices is an address" in one_sentence(done)


async def _until(scene: Scene, order_id: str, act: str) -> None:
    """Wait until this has happened to the order."""
    while True:
        if await scene.rows("SELECT 1 FROM order_events WHERE order_id = $1 AND act = $2", order_id, act):
            return
        await asyncio.sleep(0.02)
