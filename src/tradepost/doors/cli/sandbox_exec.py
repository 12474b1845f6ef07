"""`tradepost sandbox exec`: run an unmodified program with Tradepost in the place of Amazon's Selling Partner API."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
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
            try:
                process = await asyncio.create_subprocess_exec(*command, env=environment)
            except FileNotFoundError:
                return _refused(command[0], "cannot be found: is it installed, and in the PATH?", NOT_FOUND)
            except OSError as error:
                return _refused(command[0], f"cannot be run: {error.strerror}.", CANNOT_RUN)
            try:
                with _passing_on_signals(process):
                    code = await process.wait()
            finally:
                if process.returncode is None:  # we were broken off: a program without its diversion would meet Amazon
                    process.kill()
                    await process.wait()
    except InvalidEndpoint as error:
        raise Mistake(str(error)) from error
    return SIGNALLED - code if code < 0 else code


@contextmanager
def _passing_on_signals(process: Process) -> Iterator[None]:
    """What is meant for us is meant for the program."""
    loop = asyncio.get_running_loop()

    def pass_on(number: signal.Signals) -> None:
        if number == signal.SIGINT and _terminal_is_ours():
            return  # Ctrl-C has reached the program already, and two of them mean more than one
        with suppress(ProcessLookupError):
            process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, pass_on, number)
    try:
        yield
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
