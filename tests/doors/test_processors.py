"""Where the processes of a server run: what was chosen for the server holds, and what is refused costs nothing."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.serving import serving
from tests.scene import Scene
from tradepost.doors.serving import processors

CHOSEN = """
import os
from tradepost.doors.serving.processors import let_others_finish
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
let_others_finish()
assert os.sched_getscheduler(0) == os.SCHED_IDLE
"""


@pytest.fixture
def one_processor() -> Iterator[int]:
    """The only processor that whoever is started here may use."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    yield min(everywhere)
    os.sched_setaffinity(0, everywhere)


async def test_there_are_as_many_processes_as_processors_that_may_be_used(
    scene: Scene, database_url: str, one_processor: int
) -> None:
    assert processors.available() == {one_processor}
    async with serving("--worker", "apart", "--database", database_url, processes=None) as program:
        assert len(program.answering) == 1


def test_no_processor_is_offered_where_there_are_more_of_them_or_fewer(tmp_path: Path) -> None:
    here = processors.available()
    for processes in (len(here) - 1, len(here) + 1):
        processors.share_out(tmp_path, processes)
        assert list(tmp_path.iterdir()) == []
    processors.share_out(tmp_path, len(here))
    assert len(list(tmp_path.iterdir())) == len(here)


def test_a_folder_that_knows_no_locks_keeps_nobody_to_a_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    before = processors.available()
    processors.share_out(tmp_path, len(before))
    processors.keep_to_one(tmp_path)
    assert processors.available() == before


def test_who_chose_how_the_server_is_scheduled_has_what_they_chose() -> None:
    subprocess.run([sys.executable, "-c", CHOSEN], check=True)
