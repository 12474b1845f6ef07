"""Patches of a listing's attributes: JSON Patch as the seller API knows it, on whole attributes.

An operation is about the instances with the selectors that its values name. `add` and `replace` put the values in their
place, `merge` changes the fields that it names (null takes one away), `delete` takes them away. Other instances stay.
All of them are held against one another, so that a call may bring only so many.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tradepost.listings.items import limits
from tradepost.listings.items.attributes import selectors_of
from tradepost.people.records import Marketplace
from tradepost.refusals import Reason, Refused

OPERATIONS = ("add", "replace", "merge", "delete")
MOST_PATCHES = 100  # in one call
MOST_BROUGHT = 500  # instances in one call
_PATH = re.compile(r"/(?:attributes/)?(?P<attribute>[^/]+)")


class Patch(NamedTuple):
    """One operation; `path` is /attributes/ and a name. Without values `delete` takes every instance."""

    op: str
    path: str
    value: Sequence[dict[str, Any]] | None = None


def patched(attributes: Mapping[str, Any], patches: Sequence[Patch], market: Marketplace) -> dict[str, Any]:
    """The attributes after these patches, one after the other; refuses a patch that cannot be made, by its place."""
    names = [_attribute(number, patch) for number, patch in enumerate(patches)]
    brought: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name, patch in zip(names, patches, strict=True):
        brought[name] += patch.value or ()
    problem = limits.problem_of(brought)
    if sum(map(len, brought.values())) > MOST_BROUGHT:
        problem = f"they may bring {MOST_BROUGHT} instances at most"
    if problem:
        raise Refused(Reason.INVALID_VALUE, field="patches", problem=problem)
    result = dict(attributes)
    for name, patch in zip(names, patches, strict=True):
        instances = _patched(result.get(name), patch, market)
        if instances:
            result[name] = instances
        else:
            result.pop(name, None)
    return result


def _attribute(number: int, patch: Patch) -> str:
    if patch.op not in OPERATIONS:
        raise _refused(number, "op", f"it must be one of {', '.join(OPERATIONS)}")
    found = _PATH.fullmatch(patch.path)
    if found is None:
        raise _refused(
            number, "path", "it must be /attributes/ and the name of an attribute; no part of one is patched"
        )
    if patch.value is None and patch.op != "delete":
        raise _refused(number, "value", f"{patch.op} needs the instances of the attribute")
    return found["attribute"].replace("~1", "/").replace("~0", "~")


def _patched(before: Any, patch: Patch, market: Marketplace) -> list[dict[str, Any]]:
    instances = [one for one in before if isinstance(one, dict)] if isinstance(before, list) else []
    if patch.value is None:
        return []
    if patch.op == "merge":
        return _merged(instances, patch.value, market)
    named = [selectors_of(new, market) for new in patch.value]
    others = [one for one in instances if not any(map(selectors_of(one, market).meet, named))]
    return others if patch.op == "delete" else [*others, *patch.value]


def _merged(
    instances: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]], market: Marketplace
) -> list[dict[str, Any]]:
    result = list(instances)
    selectors = [selectors_of(one, market) for one in result]
    for change in changes:
        meant = selectors_of(change, market)
        same = [place for place, known in enumerate(selectors) if known.meet(meant)]
        if not same:
            same = [len(result)]
            result.append({})
            selectors.append(meant)
        for place in same:
            result[place] = _merge(result[place], change)
            selectors[place] = selectors_of(result[place], market)
    return result


def _merge(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of both, those of the change first; null is no field (RFC 7396, one level deep)."""
    return {name: value for name, value in {**before, **change}.items() if value is not None}


def _refused(number: int, field: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_VALUE, field=f"patches[{number}].{field}", problem=problem)
