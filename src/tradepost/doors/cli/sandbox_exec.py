"""`tradepost sandbox exec`: run an unmodified program with Tradepost in the place of Amazon's Selling Partner API."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.sandbox_file import credentials_file, endpoint_in
from tradepost.doors.diversion.hosts import InvalidEndpoint

CANNOT_RUN, NOT_FOUND, SIGNALLED = 126, 127, 128

_TERMINAL = Path("/dev/tty")


async def exec_(
    *command: Annotated[str, Parameter(metavar="COMMAND", allow_leading_hyphen=True)],
    credentials: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    endpoint: Annotated[str | None, Parameter(metavar="URL")] = None,
) -> int:
    """Run a program written for Amazon's Selling Partner API, unmodified, here.

    While it runs, whatever it sends to Amazon's hosts for logging in and for the
    API goes to the sandbox instead, with a certificate that only this program
    trusts and that is thrown away at the end. Other hosts are reached as ever.
    Python and Node are diverted below their HTTP clients; Java, Go, .NET, PHP and
    curl by a proxy, if they heed their environment.

    For example:
      tradepost sandbox exec -- python app.py --since 2026-03-01
      tradepost sandbox exec -- npm test
      tradepost sandbox exec --endpoint http://127.0.0.1:8000 -- java -jar app.jar

    Exit codes: the program's own, or 128 and the number of the signal that ended
    it; 126 it cannot be run; 127 it cannot be found; 2 there is no sandbox.

    Parameters
    ----------
    command
        The program with its arguments, after --.
    credentials
        The file that `tradepost sandbox` has written; by default where it writes it.
    endpoint
        The server itself, where there is no such file.
    """
    if not command:
        raise Mistake("Which program? Name it after --, as in: tradepost sandbox exec -- python app.py.")
    if credentials and endpoint:
        raise Mistake("Name a file of credentials or an endpoint, not both.")
    return await run_diverted(command, endpoint or endpoint_in(credentials or credentials_file()))


async def run_diverted(command: Sequence[str], endpoint: str) -> int:
    """Run a program with the server at this address in Amazon's place; its exit code, as shells count."""
    from tradepost.doors.diversion.divert import diversion  # it imports cryptography, and no other command needs that

    try:
        async with diversion(endpoint, os.environ) as environment:
            with _signals() as pass_on:
                try:
                    process = await asyncio.create_subprocess_exec(*command, env=environment)
                except FileNotFoundError:
                    return _refused(command[0], "cannot be found: is it installed, and in the PATH?", NOT_FOUND)
                except OSError as error:
                    return _refused(command[0], f"cannot be run: {error.strerror}.", CANNOT_RUN)
                pass_on(process)
                try:
                    code = await process.wait()
                finally:
                    if process.returncode is None:  # broken off: a program without its diversion would meet Amazon
                        process.kill()
                        await process.wait()
    except InvalidEndpoint as error:
        raise Mistake(str(error)) from error
    return SIGNALLED - code if code < 0 else code


@contextmanager
def _signals() -> Iterator[Callable[[Process], None]]:
    """What is meant for us is meant for the program: what comes while it is being started waits for it."""
    loop = asyncio.get_running_loop()
    program: Process | None = None
    waiting: list[signal.Signals] = []

    def come(number: signal.Signals) -> None:
        if program is None:
            waiting.append(number)
        elif number != signal.SIGINT or not _terminal_is_ours():  # Ctrl-C is there already, and two mean more than one
            with suppress(ProcessLookupError):
                program.send_signal(number)

    def pass_on(started: Process) -> None:
        nonlocal program
        program = started
        for number in waiting:
            come(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, come, number)
    try:
        yield pass_on
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _terminal_is_ours() -> bool:
    """Whether what is typed at the terminal comes to this process, and to those it has started."""
    try:
        with _TERMINAL.open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _refused(program: str, why: str, code: int) -> int:
    print(f"tradepost: {program} {why}", file=sys.stderr)
    return code
