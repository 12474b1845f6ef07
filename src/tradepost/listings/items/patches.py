"""Patches of a listing's attributes: JSON Patch as the seller API knows it, on whole attributes.

An operation is about the instances with the selectors that its values name. `add` and `replace` put the values in their
place, `merge` changes the fields that it names (null takes one away), `delete` takes them away. Other instances stay.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tradepost.listings.items.attributes import same_instance
from tradepost.people.records import Marketplace
from tradepost.refusals import Reason, Refused

OPERATIONS = ("add", "replace", "merge", "delete")
_PATH = re.compile(r"/(?:attributes/)?(?P<attribute>[^/]+)")


class Patch(NamedTuple):
    """One operation; `path` is /attributes/ and a name. Without values `delete` takes every instance."""

    op: str
    path: str
    value: Sequence[dict[str, Any]] | None = None


def patched(attributes: Mapping[str, Any], patches: Sequence[Patch], market: Marketplace) -> dict[str, Any]:
    """The attributes after these patches, one after the other; refuses a patch that cannot be made, by its place."""
    result = dict(attributes)
    for number, patch in enumerate(patches):
        name = _attribute(number, patch)
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
    others = [one for one in instances if not any(same_instance(one, new, market) for new in patch.value)]
    return others if patch.op == "delete" else [*others, *patch.value]


def _merged(
    instances: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]], market: Marketplace
) -> list[dict[str, Any]]:
    result = list(instances)
    for change in changes:
        same = [place for place, one in enumerate(result) if same_instance(one, change, market)]
        for place in same:
            result[place] = _merge(result[place], change)
        if not same:
            result.append(_merge({}, change))
    return result


def _merge(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of both, those of the change first; null is no field (RFC 7396, one level deep)."""
    return {name: value for name, value in {**before, **change}.items() if value is not None}


def _refused(number: int, field: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_VALUE, field=f"patches[{number}].{field}", problem=problem)
