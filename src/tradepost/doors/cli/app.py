"""The command line. Every expected error is one sentence on stderr and an exit code; see mistakes.py."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path

from cyclopts import App, CycloptsError

from tradepost.doors.cli.applications import applications
from tradepost.doors.cli.clock import clock
from tradepost.doors.cli.confirm import confirm
from tradepost.doors.cli.databases import database
from tradepost.doors.cli.demo import demo
from tradepost.doors.cli.doctor import doctor
from tradepost.doors.cli.explain import explain
from tradepost.doors.cli.keys import keys
from tradepost.doors.cli.lifecycle_print import lifecycle
from tradepost.doors.cli.mistakes import BUG, IMPOSSIBLE, INTERRUPTED, NO, TERMINATED, explained
from tradepost.doors.cli.replay import replay
from tradepost.doors.cli.report import report
from tradepost.doors.cli.sandbox import sandbox
from tradepost.doors.cli.serve import serve
from tradepost.doors.cli.work import work
from tradepost.doors.serving import logs

app = App(
    name="tradepost",
    help="The order process of a marketplace, from checkout to shipped or canceled.",
    version=lambda: f"tradepost {version('tradepost')}",
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)
for _command in (
    demo,
    lifecycle,
    replay,
    explain,
    clock,
    report,
    confirm,
    serve,
    sandbox,
    keys,
    applications,
    work,
    doctor,
    database,
):
    app.command(_command)
for _position, _name in enumerate(
    [name for name in app if not name.startswith("-")]
):  # not by the alphabet: in the order of somebody new
    app[_name].sort_key = _position


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the program with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit code."""
    _open_closed_streams()
    _write_utf8()
    log_to_stderr()
    try:
        code = asyncio.run(_until_terminated(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except asyncio.CancelledError:
        code = TERMINATED
    except BrokenPipeError:
        code = NO
    return _all_written() or code


async def _until_terminated(arguments: Sequence[str]) -> int:
    """Let SIGTERM do what Ctrl-C does: whatever is open is closed in order."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await answer(arguments)


async def answer(arguments: Sequence[str]) -> int:
    """Run a command in this event loop; its exit code."""
    try:
        code = await app.run_async(list(arguments))
    except BrokenPipeError:
        raise
    except CycloptsError as error:
        command = " ".join((app.name[0], *(error.command_chain or ())))
        problem = " ".join(str(error).split()).replace(", ...", " and others")
        return _say(f"{problem.rstrip('.')}. See {command} --help.", IMPOSSIBLE)
    except Exception as error:
        said = explained(error)
        if said is None:
            traceback.print_exc()
            said = ("This is a bug in Tradepost: please report what stands above.", BUG)
        return _say(*said)
    return code if isinstance(code, int) else 0


def _all_written() -> int:
    """Write what the standard output holds back; 0, or the exit code when it takes no more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again, and complain
        if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
            return NO
        return _say(f"{error.strerror}.", IMPOSSIBLE)
    return 0


def _open_closed_streams() -> None:
    """Where a stream was closed (`>&-`), the next file to be opened would get its number, and what is written to it."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 (until the end)
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def _write_utf8() -> None:
    """Whatever the machine's locale: titles are in many scripts, and reports are UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def log_to_stderr() -> None:
    """The standard output belongs to what a command was asked for."""
    logs.to_stderr("text")


def _say(sentence: str, code: int) -> int:
    print(f"tradepost: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
