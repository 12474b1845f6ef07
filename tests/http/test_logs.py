"""The log of a server: several processes write it into one place."""

import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from tradepost.doors.serving import logs


class Writes:
    """Takes the place of stderr, and keeps what was written at once."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, text: str) -> None:
        self.texts.append(text)

    def flush(self) -> None:
        """What is written is there."""


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writes]:
    before = structlog.get_config()
    writes = Writes()
    monkeypatch.setattr(sys, "stderr", writes)
    logs.to_stderr("json")
    yield writes
    structlog.configure(**before)


def test_a_line_is_written_at_once_so_that_no_other_process_writes_into_it(writes: Writes) -> None:
    structlog.get_logger().info("one", path="/a\nb", name="\u202e")
    structlog.get_logger().warning("two")
    assert [json.loads(text)["event"] for text in writes.texts] == ["one", "two"]
    assert [text.count("\n") for text in writes.texts] == [1, 1]
    assert all(text.endswith("\n") for text in writes.texts)
