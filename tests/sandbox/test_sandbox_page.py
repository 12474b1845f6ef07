"""docs/sandbox.md is true: its commands and programs run here as they stand, against a sandbox as it starts there."""

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.serving import free_port
from tests.sandbox.programs import node_modules
from tradepost.doors.sandbox.recipes import RECIPES

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
PATIENCE_SECONDS = 120
ORDER = r"\d{3}-\d{7}-\d{7}"
PACKAGES = ("amazon-sp-api", "@amazon-sp-api-release/amazon-sp-api-sdk-js")


class Block(NamedTuple):
    """A piece of the page: commands, or a program that is named in its first line."""

    language: str
    text: str

    @property
    def file(self) -> str:
        return self.text.splitlines()[0].split()[-1]


BLOCKS = [Block(*found) for found in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)]
FIRST, *COMMANDS = [block for block in BLOCKS if block.language == "sh"]
PROGRAMS = [block for block in BLOCKS if block.language != "sh"]
TOLD = [program for program in PROGRAMS if not any(program.file in block.text for block in COMMANDS)]
"""Programs that are told where the sandbox is, and run without its help."""


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[int]:
    """The sandbox of the page, with its file in this folder; the port that it has."""
    port = free_port()
    command = FIRST.text.split()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradepost.doors.cli.app", *command[1:], "--port", str(port)),
        cwd=folder,
        env=os.environ | {"TRADEPOST_DATA": str(folder / "data")},
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in process.stderr:
                if b"The sandbox is at" in line:
                    break
            else:
                raise AssertionError("it did not begin")
        yield port
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(folder: Path, port: int, *command: str) -> str:
    """What a command of the page says; it has to end well."""
    here = Path(sys.executable).parent
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "TRADEPOST_DATA": str(folder / "data")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode(errors="replace")
    return out.decode()


async def test_the_page_from_top_to_bottom(tmp_path: Path) -> None:
    with_node = await node_modules(tmp_path, *PACKAGES) if shutil.which("node") else False
    for program in PROGRAMS:
        (tmp_path / program.file).write_text(program.text, encoding="utf-8")
    async with sandbox(tmp_path) as port:
        blocks = [block.text for block in COMMANDS if with_node or "node" not in block.text]
        script = "set -eu\n" + "\n".join(blocks).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        script = re.sub(r"\bcurl ", "curl -sS --fail-with-body ", script)
        said = await run(tmp_path, port, "bash", "-c", script)
        assert '"act":"release"' in said
        assert '"hold_ends_at"' in said
        assert said.count("Unshipped") >= 2
        assert "There is no offer with SKU P-99" in said
        assert "P-01\tB0SANDBX01\t26.50\t40\n" in said
        assert re.search(rf"^{ORDER}\t\d+\t.*\tSam Sandbox\t", said, re.MULTILINE), said
        sample, *told = re.findall(rf"^({ORDER}) is (\w+)$", said, re.MULTILINE)
        assert sample == ("903-0000000-0000000", "Unshipped")
        assert [status for _, status in told] == ["Pending", "Unshipped"]
        assert told[0][0] == told[1][0]
        for program in TOLD:
            if program.language == "python":
                assert await run(tmp_path, port, sys.executable, program.file)
            elif with_node:
                assert await run(tmp_path, port, "node", program.file)
        assert oct((tmp_path / "sandbox.json").stat().st_mode & 0o777) == "0o600"
        assert json.loads((tmp_path / "sandbox.json").read_text())["lwa_endpoint"].endswith("/auth/o2/token")
    assert not (tmp_path / "sandbox.json").exists()
    if not with_node:
        pytest.skip("Node, or a registry of its packages, is not here: the programs in JavaScript were not run")


def test_the_page_names_every_state() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| ([A-Z].*) \|$", PAGE, re.MULTILINE))
    assert told == {str(wanted): recipe.meaning for wanted, recipe in RECIPES.items()}
