"""Commands as people type them: in this process, or in one of their own where signals, pipes or a terminal matter."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import NamedTuple

import pytest

from tradepost.doors.cli.app import answer


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs commands in this process, with all that they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def __call__(self, *arguments: object) -> Done:
        self._capsys.readouterr()
        code = await answer([str(argument) for argument in arguments])
        return Done(code, *self._capsys.readouterr())


async def start(*arguments: object, **environment: str) -> Process:
    """Start a command in a process of its own, without settings but those given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    words = [str(argument) for argument in arguments]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradepost.doors.cli.app", *words, stdin=PIPE, stdout=PIPE, stderr=PIPE,
        env=clean | environment, preexec_fn=_heed_interrupts,
    )  # fmt: skip


def _heed_interrupts() -> None:
    """Tests that a shell runs in the background ignore Ctrl-C, and so would what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def ended(process: Process) -> Done:
    """Wait until a started command ends."""
    out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def run(*arguments: object, **environment: str) -> Done:
    """Run a command in a process of its own."""
    return await ended(await start(*arguments, **environment))


def one_sentence(done: Done) -> str:
    """What a command that could not do its work said: one line on stderr, and nothing on stdout."""
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("tradepost: ")
    assert line.endswith(".")
    return line.removeprefix("tradepost: ")


def history(file: Path, *rows: str) -> Path:
    """A history file with these rows."""
    header = "at,event,order,seller,buyer,sku,quantity,price,detail"
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return file
