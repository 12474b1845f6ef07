"""The cells of tab-separated files, so that every program that reads one sees the same columns, and no surprise.

The files quote nothing, as sellers' tools expect: what would break a column is taken out of a value instead. The rules
are patterns that mean the same to Python and to PostgreSQL, which writes the long files; see cells_in_sql.py.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from tradepost.calendar_days import local_time

BREAKS_A_LINE = "[\x01-\x1f\x7f-\x9f\u2028\u2029]"  # PostgreSQL holds neither NUL nor half of a surrogate pair
OPENS_A_QUOTATION = '"'
NO_TELEPHONE_NUMBER = "[+-][0-9 ().-]*[^0-9 ().-]"
OPENS_A_FORMULA = f"[=@＝＋－＠]|{NO_TELEPHONE_NUMBER}"
WHITE = "".join(filter(str.isspace, map(chr, range(1 << 16))))
"""What `str.strip` takes from both ends."""

_BREAKS_A_LINE = re.compile(BREAKS_A_LINE)
_OPENS_WHAT_IT_SHOULD_NOT = re.compile(f"{OPENS_A_QUOTATION}|{OPENS_A_FORMULA}")


def row(cells: Iterable[str]) -> str:
    """One line of a file, its end included. The cells are made by the functions below, or hold nothing to mind."""
    return "\t".join(cells) + "\n"


def plain(value: str) -> str:
    """A name that programs look things up by, such as a SKU, in one line.

    It stays as it is, but for what would break the file: a reader may take a quotation mark at its beginning for one
    that ends cells further on, so that an apostrophe comes before it.
    """
    line = _BREAKS_A_LINE.sub(" ", value)
    return f"'{line}" if line.startswith(OPENS_A_QUOTATION) else line


def text(value: str) -> str:
    """Words of people, in one line. What a spreadsheet would take for a formula gets an apostrophe in front, too; a
    telephone number does not."""
    line = _BREAKS_A_LINE.sub(" ", value).strip()
    return f"'{line}" if _OPENS_WHAT_IT_SHOULD_NOT.match(line) else line


def moment(value: datetime | None, zone: str) -> str:
    """A moment in whole seconds with the zone's offset (2026-03-02T07:30:00-03:00); empty for what never happened."""
    return "" if value is None else local_time(value, zone).isoformat(timespec="seconds")
