"""The command line as a whole: help, wrong arguments, broken pipes, and bugs."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from functools import reduce
from inspect import getdoc

import pytest
from cyclopts import App

from tests.doors.command_line import CommandLine, one_sentence, run
from tradepost.doors.cli.app import app
from tradepost.doors.cli.mistakes import explained
from tradepost.doors.cli.report import REPORTS

COMMANDS = [
    ("demo",), ("lifecycle",), ("replay",), ("explain",), ("clock", "show"), ("clock", "advance"), ("clock", "next"),
    ("clock", "simulate"), *(("report", name) for name in REPORTS), ("confirm",), ("work",), ("doctor",),
    ("database", "upgrade"), ("database", "backup"), ("database", "restore"), ("database", "where"),
    ("serve",), ("sandbox", "exec"), ("applications", "register"), ("applications", "authorize"),
    ("applications", "rotate"), ("applications", "list"), ("applications", "end"), ("keys", "make"), ("keys", "list"),
    ("keys", "rotate"), ("keys", "end"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
async def test_help_tells_what_a_command_does(command: tuple[str, ...], tradepost: CommandLine) -> None:
    done = await tradepost(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: tradepost {' '.join(command)}")
    assert ("--database" in done.out) == (command not in (("lifecycle",), ("sandbox", "exec")))
    if command != ("lifecycle",):
        assert "Exit code" in done.out


@pytest.mark.parametrize("command", COMMANDS)
async def test_help_keeps_its_lines_on_a_narrow_terminal(command: tuple[str, ...], tradepost: CommandLine) -> None:
    """Behind the summary, a line too long for 80 columns would leave its last words on a line of their own."""
    shown = (await tradepost(*command, "--help")).out.partition("╭")[0].splitlines()
    _, *written = getdoc(reduce(App.__getitem__, command, app).default_command).splitlines()  # type: ignore[union-attr]
    prose = [line.strip() for line in written[: written.index("Parameters") if "Parameters" in written else None]]
    assert [line for line in prose if line and line not in map(str.strip, shown)] == []


def test_every_command_is_tried() -> None:
    found = []
    for name in app:
        if not name.startswith("-"):
            below = [(name, inner) for inner in app[name] if not inner.startswith("-")]
            found += below or [(name,)]
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("fly",), 'Unknown command "fly"'),
        (("clock", "fly"), 'Unknown command "fly"'),
        (("replay", "history.csv"), "--out"),
        (("replay",), "HISTORY"),
        (("report", "orders"), "--seller"),
        (("report", "nothing"), "all-by-update, listings, active-listings and others. See tradepost report --help."),
        (("report", "open-listings", "--seller", "acme", "--since", "2026-03-01"), "--since"),
        (("doctor", "--speed", "9"), "--speed"),
        (("doctor", "extra"), "extra"),
        (("lifecycle", "--format", "pdf"), "pdf"),
        (("demo", "--pace", "fast"), "fast"),
        (("demo", "--pace", "nan"), "The pace is a number of seconds"),
        (("demo", "--pace", "-1"), "The pace is a number of seconds"),
        (("doctor", "--data", "here", "--database", "there"), "not both"),
    ],
)
async def test_wrong_arguments(words: tuple[str, ...], problem: str, tradepost: CommandLine) -> None:
    done = await tradepost(*words)
    assert done.code == 2
    assert problem in one_sentence(done)


async def test_version_and_no_arguments(tradepost: CommandLine) -> None:
    assert (await tradepost("--version")).out.startswith("tradepost ")
    done = await tradepost()
    assert done.code == 0
    assert done.out.startswith("Usage: tradepost COMMAND")


async def test_a_reader_that_has_seen_enough() -> None:
    ours, theirs = os.pipe()
    os.close(ours)  # before anything can be written
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradepost.doors.cli.app", "lifecycle", stdin=DEVNULL, stdout=theirs, stderr=PIPE
    )
    os.close(theirs)
    assert await process.communicate() == (None, b"")
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">/dev/full", 2, "tradepost: No space left on device.\n"),
        (">&-", 0, ""),
        (">/dev/null 2>&-", 0, ""),
    ],
)
async def test_an_output_that_takes_nothing(redirection: str, code: int, said: str) -> None:
    command = f'exec "{sys.executable}" -m tradepost.doors.cli.app database where {redirection}'
    process = await asyncio.create_subprocess_shell(command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    assert await process.communicate() == (b"", said.encode())
    assert process.returncode == code


async def test_no_command_waits_for_alembic() -> None:
    """It takes longer to import than most commands take to run; only an upgrade needs it."""
    asked = "import sys, tradepost.doors.cli.app; print('alembic' in sys.modules, 'sqlalchemy' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", asked, stdin=DEVNULL, stdout=PIPE)
    assert await process.communicate() == (b"False False\n", None)


async def test_a_bug_is_not_hidden(tradepost: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.doors.cli.lifecycle_print.diagram", None)
    done = await tradepost("lifecycle")
    assert done.code == 70
    assert "Traceback" in done.err
    assert done.err.endswith("tradepost: This is a bug in Tradepost: please report what stands above.\n")


def test_what_is_expected_is_one_sentence() -> None:
    assert explained(FileNotFoundError(2, "No such file", "here")) == ("here: No such file.", 2)
    assert explained(TimeoutError()) == ("TimeoutError.", 2)
    assert explained(RuntimeError("ours")) is None
    assert explained(AssertionError()) is None


async def test_main_ends_the_program() -> None:
    assert (await run("--version")).code == 0
    assert (await run("fly")).code == 2
