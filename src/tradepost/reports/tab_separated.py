"""The cells of tab-separated files, so that every program that reads one sees the same columns, and no surprise.

The files quote nothing, as sellers' tools expect: what would break a column is taken out of a value instead.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime

from tradepost.calendar_days import local_time

_OPENS_A_QUOTATION = '"'
_OPENS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_A_NUMBER = re.compile(r"[+-]?[0-9 ().-]*")


def row(cells: Iterable[str]) -> str:
    """One line of a file, its end included. The cells are made by the functions below, or hold nothing to mind."""
    return "\t".join(cells) + "\n"


def plain(value: str) -> str:
    """A name that programs look things up by, such as a SKU, in one line.

    It stays as it is, but for what would break the file: a reader may take a quotation mark at its beginning for one
    that ends cells further on, so that an apostrophe comes before it.
    """
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in value)
    return f"'{line}" if line.startswith(_OPENS_A_QUOTATION) else line


def text(value: str) -> str:
    """Words of people, in one line. What a spreadsheet would take for a formula gets an apostrophe in front, too; a
    telephone number does not."""
    line = plain(value.strip())
    return f"'{line}" if line.startswith(_OPENS_A_FORMULA) and not _A_NUMBER.fullmatch(line) else line


def moment(value: datetime | None, zone: str) -> str:
    """A moment in whole seconds with the zone's offset (2026-03-02T07:30:00-03:00); empty for what never happened."""
    return "" if value is None else local_time(value, zone).isoformat(timespec="seconds")


def truth(value: object) -> str:
    """true or false."""
    return "true" if value else "false"


def days_past(day: date, promised: date) -> str:
    """How many days the promise is past; negative while some are left."""
    return str((day - promised).days)
