"""`tradepost sandbox exec` as a command: what the program is given, its end, signals, and what is left."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.peer import Peer, serving_peer
from tradepost.doors.cli.app import answer
from tradepost.doors.diversion.certificates import make_identity
from tradepost.doors.diversion.environment import environment
from tradepost.doors.diversion.hosts import Endpoint
from tradepost.doors.diversion.proxy import Ports
from tradepost.doors.diversion.trust import FILE_VARIABLES, write_trust
from tradepost.ground.clock import machine_now

LONGEST_SECONDS = 180
EXEC = (sys.executable, "-m", "tradepost.doors.cli.app", "sandbox", "exec")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A thread waits for them: a handler would not run where one comes just before the read of a line begins.
TELLING = """
    import os, signal, sys, threading
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    def tell():
        while True:
            os.write(1, f"{signal.Signals(signal.sigwait(numbers)).name}\\n".encode())
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    threading.Thread(target=tell, daemon=True).start()
    os.write(1, b"ready\\n")
    sys.stdin.readline()
"""


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving_peer() as peer:
        yield peer


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        (("sh", "-c", "exit 7"), 7, ""),
        (("sh", "-c", "kill -KILL $$"), 137, ""),
        (("no-such-program",), 127, "tradepost: no-such-program cannot be found: is it installed, and in the PATH?\n"),
        (("/",), 126, "tradepost: / cannot be run: Permission denied.\n"),
    ],
)
async def test_the_exit_code_is_the_programs_own(
    program: tuple[str, ...], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await answer(["sandbox", "exec", "--endpoint", "http://127.0.0.1:9", "--", *program]) == code
    assert capfd.readouterr().err == said


async def test_options_after_the_dashes_are_the_programs(capfd: pytest.CaptureFixture[str]) -> None:
    program = ("sh", "-c", 'echo "$@"', "sh", "--help", "--endpoint", "--", "-x")
    assert await answer(["sandbox", "exec", "--endpoint", "http://127.0.0.1:9", "--", *program]) == 0
    assert capfd.readouterr().out == "--help --endpoint -- -x\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--endpoint", "http://x"), "Which program?"),
        (("--endpoint", "nowhere", "--", "true"), "nowhere is no endpoint"),
        (("--endpoint", "http://x", "--credentials", "y", "--", "true"), "not both"),
        (("--credentials", "/no/such/file", "--", "true"), "No sandbox has written /no/such/file: start one with"),
        (("--credentials", __file__, "--", "true"), "is no file of credentials"),
    ],
)
async def test_without_a_sandbox_nothing_is_run(
    words: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await answer(["sandbox", "exec", *words]) == 2
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("named", [True, False])
async def test_the_endpoint_stands_in_the_credentials(
    named: bool, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the file that is named, or in the one in the data folder."""
    (tmp_path / "sandbox.json").write_text(json.dumps({"endpoint": peer.url, "sellers": []}))
    monkeypatch.setenv("TRADEPOST_DATA", str(tmp_path))
    program = "import urllib.request as u; u.urlopen('https://api.amazon.com/x')"
    words = ("--credentials", str(tmp_path / "sandbox.json")) if named else ()
    assert await answer(["sandbox", "exec", *words, "--", sys.executable, "-c", program]) == 0
    assert [asked.host for asked in peer.asked] == ["api.amazon.com"]


async def test_nothing_is_left_and_no_private_key_ever_lies_there(capfd: pytest.CaptureFixture[str]) -> None:
    program = """
        import json, os
        from pathlib import Path
        folder = Path(os.environ["SSL_CERT_FILE"]).parent
        files = [file for file in folder.rglob("*") if file.is_file()]
        keys = [str(file) for file in files if b"PRIVATE KEY" in file.read_bytes()]
        print(json.dumps([str(folder), folder.stat().st_mode & 0o777, len(files), keys]))
    """
    words = ("--endpoint", "http://127.0.0.1:9", "--", sys.executable, "-c", dedent(program))
    assert await answer(["sandbox", "exec", *words]) == 0
    folder, mode, files, keys = json.loads(capfd.readouterr().out)
    assert (mode, keys) == (0o700, [])
    assert files > 0
    assert not Path(folder).exists()


async def test_signals_reach_the_program() -> None:
    process = await telling(stdin=PIPE, stdout=PIPE, start_new_session=True)
    for number in SIGNALS:
        process.send_signal(number)
        assert await line(process) == number.name
    await process.communicate(b"\n")
    assert process.returncode == 0


async def test_a_signal_that_comes_before_the_program_is_there_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start = asyncio.create_subprocess_exec

    async def told_to_go(*words: str, **how: Any) -> Process:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        return await start(*words, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", told_to_go)
    sleeper = ("--endpoint", "http://127.0.0.1:9", "--", sys.executable, "-c", "import time; time.sleep(60)")
    with keeping(signal.SIGTERM):
        assert await answer(["sandbox", "exec", *sleeper]) == 128 + signal.SIGTERM


@contextmanager
def keeping(number: signal.Signals) -> Iterator[None]:
    """Whoever does not listen for this signal does not end by it here."""
    before = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(number, before)


async def test_ctrl_c_at_a_terminal_reaches_the_program_once() -> None:
    """Its own terminal has told it already; a second one would be heard before the next signal."""
    ours, theirs = pty.openpty()
    try:
        process = await telling(stdin=theirs, stdout=PIPE, preexec_fn=take_terminal)
        os.write(ours, b"\x03")
        assert await line(process) == "SIGINT"
        process.send_signal(signal.SIGTERM)
        assert await line(process) == "SIGTERM"
        os.write(ours, b"\n")
        await process.communicate()
        assert process.returncode == 0
    finally:
        os.close(ours)
        os.close(theirs)


def take_terminal() -> None:
    """In a session of its own, the standard input is its terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def telling(**how: Any) -> Process:
    """A program, ready to tell which signals it hears until it is sent a line."""
    words = (*EXEC, "--endpoint", "http://127.0.0.1:9", "--", sys.executable, "-c", dedent(TELLING))
    process = await asyncio.create_subprocess_exec(*words, **how)
    assert await line(process) == "ready"
    return process


async def line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(LONGEST_SECONDS):
        return (await process.stdout.readline()).decode().strip()


async def test_no_other_command_waits_for_cryptography_to_be_imported() -> None:
    program = "import sys, tradepost.doors.cli.app; sys.exit('cryptography' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


def told(before: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What a program is told where the environment was this one before."""
    identity = make_identity(["example.com"], machine_now(), folder)
    trust = write_trust(folder, identity.authority, before)
    return environment(before, Endpoint.of("http://10.0.0.7:8000"), Ports(1, 2), trust)


def test_the_environment_is_kept_and_added_to(tmp_path: Path) -> None:
    before = {
        "HOME": "/nowhere",
        "JAVA_TOOL_OPTIONS": "-Xmx1g",
        "no_proxy": "intranet.example, *.amazon.com,.com,*,amazon.com",
        "https_proxy": "http://proxy.example",
    }
    after = told(before, tmp_path)
    assert after["HOME"] == "/nowhere"
    assert after["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Dhttps.proxyHost=127.0.0.1 ")
    assert after["no_proxy"] == after["NO_PROXY"] == "intranet.example,127.0.0.1,localhost,::1,10.0.0.7"
    assert after["https_proxy"] == after["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert after["PHP_INI_SCAN_DIR"] == f":{tmp_path / 'php'}"


def test_whoever_was_trusted_is_trusted_still(tmp_path: Path) -> None:
    """Whichever variable names them, and a file or a folder of files; what is no certificate is left out."""
    named = {}
    (tmp_path / "folder").mkdir()
    for name in (*FILE_VARIABLES, "SSL_CERT_DIR"):
        file = tmp_path / "folder" / f"{name}.pem" if name == "SSL_CERT_DIR" else tmp_path / f"{name}.pem"
        authority = make_identity([name], machine_now(), tmp_path).authority
        file.write_bytes(authority.public_bytes(Encoding.PEM))
        named[name] = (str(file.parent if name == "SSL_CERT_DIR" else file), authority)
    (tmp_path / "folder" / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    after = told({name: place for name, (place, _) in named.items()}, tmp_path)
    (bundle,) = {Path(after[name]) for name in FILE_VARIABLES}
    for name, (_, authority) in named.items():
        assert authority.public_bytes(Encoding.PEM) in bundle.read_bytes(), name
    assert "AAAA\n" not in bundle.read_text()
