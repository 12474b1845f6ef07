"""Where the result of a command goes: the standard output, or a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tradepost.doors.cli.mistakes import Mistake


@contextmanager
def result_file(out: Path | None) -> Iterator[TextIO]:
    """The standard output, or a file that takes its place when it is complete. Addresses are for its owner only.

    Opened before the work is begun, it is known that the result will find its place.
    """
    if out is None:
        yield sys.stdout
        return
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        if out.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Mistake(f"{out} cannot be written ({error.strerror}): choose another place.") from error
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
            yield file
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
