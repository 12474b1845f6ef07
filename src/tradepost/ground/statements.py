"""Statements by their text: what one does, and several as one."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from tradepost.ground.literals import literal

_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)")
_WRITES_OR_LOCKS = re.compile(r"\b(?:INSERT|UPDATE|DELETE|SHARE)\b", re.IGNORECASE)  # a lock is FOR UPDATE or FOR SHARE
_NUMBER = re.compile(r"\$(\d+)")
_PARAMETER = re.compile(r"\$(\d+)(?:::(\w+)\[\])?")  # its number, and of what it is an array, where that is said


@cache
def table_written(statement: str) -> str:
    """The table that a statement writes."""
    found = _WRITES.search(statement)
    assert found, statement
    return found[1]


@lru_cache(maxsize=256)
def only_reads(statement: str) -> bool:
    """Whether a statement neither writes nor locks."""
    return not _WRITES_OR_LOCKS.search(statement)


@lru_cache(maxsize=256)
def in_one(parts: tuple[tuple[str, str, int], ...]) -> str:
    """One statement out of several, (name, text as sent, number of parameters) each, the parameters counted on."""
    if len(parts) == 1:
        return parts[0][1]
    written, before = [], 0
    for name, text, count in parts:
        shifted = _NUMBER.sub(lambda found: f"${int(found[1]) + before}", text)  # noqa: B023
        written.append(f"written_{name} AS ({shifted}\n)")
        before += count
    return f"WITH {', '.join(written)} SELECT"


def as_sent(statement: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """A statement and its values as the driver is told them: where it says $1::text[], that array goes as a text."""
    text, arrays = _taking_texts(statement)
    if arrays:
        values = [literal(one) if place in arrays and one is not None else one for place, one in enumerate(values)]
    return text, values


@lru_cache(maxsize=1024)
def _taking_texts(statement: str) -> tuple[str, frozenset[int]]:
    """The statement with texts in the place of its arrays, and the places of those among its values."""
    kinds = {number: kind for number, kind in _PARAMETER.findall(statement) if kind}
    text = _PARAMETER.sub(
        lambda found: f"${found[1]}::text::{kinds[found[1]]}[]" if found[1] in kinds else found[0], statement
    )
    return text, frozenset(int(number) - 1 for number in kinds)
