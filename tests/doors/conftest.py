"""For the doors: an embedded server that commands may use as their own."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import UNSAFE_AND_FAST
from tests.doors.command_line import CommandLine
from tradepost.ground import embedded


@pytest.fixture(scope="session")
async def data_folder() -> AsyncIterator[Path]:
    """The data folder of an embedded server that runs until the last test."""
    folder = Path(tempfile.mkdtemp(prefix="tradepost-doors-"))
    folder.chmod(0o755)
    async with embedded.lease(folder / "data", settings=UNSAFE_AND_FAST):
        yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tradepost(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, in a process without settings of its own."""
    for name in ("TRADEPOST_DATABASE_URL", "TRADEPOST_DATA", "TRADEPOST_SMTP_URL", "TRADEPOST_MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(capsys)
