"""`tradepost sandbox` as a command: what it says, and the file that it writes and takes away again."""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

PATIENCE_SECONDS = 120
NOBODY = "http://127.0.0.1:9"


class Ended(NamedTuple):
    """How a sandbox ended, or why it did not begin."""

    code: int | None
    said: str


class Running(NamedTuple):
    """A sandbox that serves, at the address that it has said."""

    process: Process
    url: str


async def start(folder: Path, *words: str) -> Process:
    """Start a sandbox in this folder."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradepost.doors.cli.app", "sandbox", "--port", "0", *words),
        cwd=folder,
        env=os.environ | {"TRADEPOST_DATA": str(folder / "data")},
        stderr=PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


async def tried(folder: Path, *words: str) -> Ended:
    """Start a sandbox that does not begin."""
    process = await start(folder, *words)
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, said = await process.communicate()
    return Ended(process.returncode, said.decode())


@asynccontextmanager
async def running(folder: Path, *words: str) -> AsyncIterator[Running]:
    """A sandbox that serves until the end of the block, or until it is stopped."""
    process = await start(folder, *words)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in process.stderr:
                if found := re.search(r"The sandbox is at (\S+); keys and tokens are in ", line.decode()):
                    break
            else:
                raise AssertionError("it did not begin")
        yield Running(process, found[1])
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


def credentials(endpoint: str) -> str:
    """A file as a sandbox writes it, as far as it matters."""
    return json.dumps({"endpoint": endpoint, "lwa_endpoint": f"{endpoint}/auth/o2/token", "operator_key": "tp_x"})


async def test_one_sandbox_and_another(tmp_path: Path) -> None:
    """A file that was left behind is written anew, but not while its sandbox runs; with Ctrl-C it is gone."""
    file = tmp_path / "mine" / "sandbox.json"
    file.parent.mkdir()
    file.write_text(credentials(NOBODY))
    async with running(tmp_path, "--credentials", "mine/sandbox.json") as first:
        written = file.read_bytes()
        assert json.loads(written)["endpoint"] == first.url
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            assert (await client.get(f"{first.url}/healthz")).status_code == 200
        second = await tried(tmp_path, "--credentials", str(file))
        assert second.code == 2
        assert f"{file} belongs to the sandbox that runs at {first.url}: choose another" in second.said
        assert file.read_bytes() == written
        first.process.send_signal(signal.SIGINT)
        assert await first.process.wait() == 0
    assert not file.exists()


async def test_what_somebody_else_has_written_meanwhile_is_left_there(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    async with running(tmp_path, "--credentials", "sandbox.json") as sandbox:
        file.write_text(credentials(NOBODY))
        sandbox.process.terminate()
        assert await sandbox.process.wait() == 0
    assert file.read_text() == credentials(NOBODY)


@pytest.mark.parametrize("content", ["# My notes", "", "{}", '{"endpoint": "http://127.0.0.1:9"}', b"\xff\xfe"])
async def test_a_file_that_no_sandbox_wrote_is_left_alone(content: str | bytes, tmp_path: Path) -> None:
    before = content if isinstance(content, bytes) else content.encode()
    file = tmp_path / "notes.json"
    file.write_bytes(before)
    refused = await tried(tmp_path, "--credentials", "notes.json")
    assert (refused.code, refused.said) == (
        2,
        f"tradepost: {file} exists, and no sandbox wrote it: choose another with --credentials.\n",
    )
    assert file.read_bytes() == before


async def test_neither_is_a_folder(tmp_path: Path) -> None:
    assert "no sandbox wrote it" in (await tried(tmp_path, "--credentials", ".")).said
