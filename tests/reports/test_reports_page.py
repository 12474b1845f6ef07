"""The page for those who read reports says what there is, and as it is."""

import re
from pathlib import Path

from tradepost.report_requests.kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()
ROW = re.compile(r"^\| `(GET_\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_every_kind_of_report_stands_in_the_table_with_its_window_and_its_token() -> None:
    assert {name: (window, token) for name, window, token in ROW.findall(PAGE)} == {
        name: (f"{kind.usual.days} days" if kind.usual else "all", "yes" if kind.of_buyers else "no")
        for name, kind in KINDS.items()
    }


def test_it_names_no_other_kind() -> None:
    assert set(re.findall(r"GET_[A-Z_0-9]+", PAGE)) == set(KINDS)
