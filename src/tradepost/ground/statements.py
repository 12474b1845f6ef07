"""Statements by their text: what one does, and several as one."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from tradepost.ground.literals import literal

_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)")
_WRITES_OR_LOCKS = re.compile(r"\b(?:INSERT|UPDATE|DELETE|SHARE)\b", re.IGNORECASE)  # a lock is FOR UPDATE or FOR SHARE
_PARAMETER = re.compile(r"\$(\d+)")
_ARRAY = re.compile(r"\$(\d+)::(\w+)\[\]")
_MAYBE_ARRAY = re.compile(r"\$(\d+)(::\w+\[\])?")


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
        shifted = _PARAMETER.sub(lambda found: f"${int(found[1]) + before}", text)  # noqa: B023
        written.append(f"written_{name} AS ({shifted}\n)")
        before += count
    return f"WITH {', '.join(written)} SELECT"


@lru_cache(maxsize=1024)
def as_sent(text: str) -> tuple[str, frozenset[int]]:
    """A statement that takes texts where it said arrays, such as $1::text[], and the places of those among its values
    (`values_as_sent`)."""
    kinds: dict[str, str] = dict(_ARRAY.findall(text))
    sent = _MAYBE_ARRAY.sub(
        lambda found: f"${found[1]}::text::{kinds[found[1]]}[]" if found[1] in kinds else found[0], text
    )
    return sent, frozenset(int(number) - 1 for number in kinds)


def values_as_sent(values: Sequence[Any], arrays: frozenset[int]) -> list[Any]:
    """The values of a statement, arrays as texts."""
    return [literal(value) if place in arrays and value is not None else value for place, value in enumerate(values)]
