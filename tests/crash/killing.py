"""Starting the program that is killed, and hearing what it says before its end."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE_SECONDS = 120
ROOT = Path(__file__).parents[2]


class Victim:
    """The running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self) -> list[str]:
        """Its next line, in words."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_SECONDS)
        assert line.endswith(b"\n"), line
        return line.decode().split()

    async def kill(self) -> list[list[str]]:
        """End it with SIGKILL; whole lines that it had said by then."""
        self._process.kill()
        assert self._process.stdout is not None
        rest = await self._process.stdout.read()
        await self._process.wait()
        return [line.decode().split() for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]


@asynccontextmanager
async def program(url: str, what: str) -> AsyncIterator[Victim]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("program.py")), url, what),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )
    victim = Victim(process)
    try:
        yield victim
    finally:
        if process.returncode is None:
            await victim.kill()
