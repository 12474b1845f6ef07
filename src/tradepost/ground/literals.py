"""Arrays as PostgreSQL writes them, such as {1,2,NULL} and {"one","another"}.

The driver encodes an array element by element, and asks of each whether it is an array itself. To join texts, and to
let PostgreSQL take them apart, costs both sides less.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from types import NoneType
from typing import Any
from uuid import UUID

import msgspec


def literal(values: Sequence[object]) -> str:
    """An array of texts, numbers, truths, moments, days, times, UUIDs, bytes, JSON documents (dict) and nulls, as one
    text."""
    kinds = set(map(type, values))
    if kinds <= _MOMENTS_AND_NULLS:
        return f"{{{','.join(_each_once(values))}}}"
    if len(kinds) == 1:
        (kind,) = kinds
        if kind is int:
            return f"{{{','.join(map(str, values))}}}"
        if issubclass(kind, str):
            texts: Any = values
            joined = '","'.join(texts)
            if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
                return f'{{"{joined}"}}'
    return f"{{{','.join(map(_element, values))}}}"


_MOMENTS_AND_NULLS = {datetime, NoneType}


def _each_once(values: Sequence[object]) -> Iterator[str]:
    """Elements of which many are the same, such as the moments of a batch: to find one is faster than to write it."""
    written = {value: _element(value) for value in set(values)}
    return map(written.__getitem__, values)


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        text = str.__str__(value)
    elif isinstance(value, (datetime, date, time, UUID)):
        return f'"{value}"'
    else:
        text = msgspec.json.encode(value).decode()
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
