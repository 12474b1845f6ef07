"""Counts the tests of every suite, lists what was skipped, and fails when something was that could have run here.

python .ci/count_tests.py FOLDER SUITE...    (FOLDER holds SUITE.xml of every suite, as pytest writes it)
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True)
class Allowed:
    """A reason to skip that is good on a machine of which `holds` is true."""

    reason: str  # a regular expression
    holds: Callable[[], bool]
    why: str


ALLOWED = (
    Allowed(r"^\.\./shared/", lambda: not SHARED.is_dir(), "../shared is not beside this checkout"),
    Allowed(r"one processor", lambda: len(os.sched_getaffinity(0)) == 1, "two processes have to share it"),
    Allowed(r"only root", lambda: os.geteuid() != 0, "only root's server runs under another user"),
    Allowed(r"that nobody may run", lambda: not open_to_all(), "this checkout or this Python lies in a closed folder"),
)


def open_to_all() -> bool:
    """Whether any user may walk to this checkout and to the Python that runs it."""
    places = Path(__file__).resolve(), Path(sys.executable).resolve()
    return all(folder.stat().st_mode & 0o001 for place in places for folder in place.parents)


def main(folder: Path, suites: list[str]) -> int:
    bad = 0
    for suite in suites:
        bad += count(suite, folder / f"{suite}.xml")
    return 1 if bad else 0


def count(suite: str, file: Path) -> int:
    """Print a line on one suite; how much of it is wrong."""
    if not file.exists():
        print(f"{suite}: did NOT RUN")
        return 1
    cases = list(ElementTree.parse(file).getroot().iter("testcase"))  # noqa: S314 (pytest has just written it)
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = Counter(reason for case in cases if (reason := skip_reason(case)) is not None)
    passed = len(cases) - failed - skipped.total()
    print(f"{suite}: {passed} passed, {failed} failed, {skipped.total()} skipped")
    bad = failed + (not passed)
    for reason, number in sorted(skipped.items()):
        why = allowed(reason)
        print(f"    {number} skipped: {reason} ({'allowed: ' + why if why else 'NOT allowed'})")
        bad += not why
    return bad


def skip_reason(case: ElementTree.Element) -> str | None:
    found = case.find("skipped")
    return None if found is None else (found.get("message") or found.text or "without a reason").strip()


def allowed(reason: str) -> str | None:
    return next((one.why for one in ALLOWED if re.search(one.reason, reason) and one.holds()), None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
