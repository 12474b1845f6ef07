"""What may stand in a body at a place of few words: whoever wrote another word is told them."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")  # into a list or the values of a mapping, or to a field


def choices(kind: Any, place: str) -> list[str]:
    """The words among which a body of this kind has to choose at a place, such as `lines[0].service` or, for the whole
    of it, nothing at all; none where any other thing may stand there."""
    found = list(_alternatives(msgspec.inspect.type_info(kind)))
    for step in _STEP.findall(place):
        found = [inner for outer in found for inside in _inside(outer, step) for inner in _alternatives(inside)]
    words: list[str] = []
    for one in found:
        if isinstance(one, msgspec.inspect.EnumType):
            words += [str(member.value) for member in one.cls]
        elif isinstance(one, msgspec.inspect.LiteralType):
            words += map(str, one.values)
    return words


def _alternatives(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    if isinstance(kind, msgspec.inspect.Metadata):
        yield from _alternatives(kind.type)
    elif isinstance(kind, msgspec.inspect.UnionType):
        for one in kind.types:
            yield from _alternatives(one)
    else:
        yield kind


def _inside(kind: msgspec.inspect.Type, step: str) -> Iterator[msgspec.inspect.Type]:
    if step.startswith("["):
        inner = getattr(kind, "item_type", getattr(kind, "value_type", None))
        if inner is not None:
            yield inner
    for field in getattr(kind, "fields", ()):
        if field.encode_name == step:
            yield field.type
