"""How much the attributes of a listing may say: what is patched again and again must not grow without end."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tradepost.ground.database import storable

MOST_ATTRIBUTES = 1_000
MOST_INSTANCES = 100  # of one attribute
MOST_BYTES = 200_000
MOST_DIGITS = 40
MOST_DEPTH = 30  # objects and arrays inside one another


def problem_of(attributes: Mapping[str, Any]) -> str | None:
    """Why there is too much of these attributes; None: there is not.

    Bytes are those of the text that PostgreSQL makes of jsonb, which writes exponents out: 1e30 has 31 digits.
    """
    if len(attributes) > MOST_ATTRIBUTES:
        return f"there may be {MOST_ATTRIBUTES} at most"
    for name, instances in attributes.items():
        if isinstance(instances, list) and len(instances) > MOST_INSTANCES:
            named = name[:100] if storable(name) else "an attribute"  # the sentence may be kept
            return f"{named} may have {MOST_INSTANCES} instances at most"
    size, left = 0, [(attributes, 0)]
    while left:
        value, depth = left.pop()
        if depth > MOST_DEPTH:
            return f"they may be nested {MOST_DEPTH} levels deep at most"
        if isinstance(value, (dict, list)):
            inside = [*value, *value.values()] if isinstance(value, dict) else value
            left += [(one, depth + 1) for one in inside]
            size += 2 + 2 * len(inside)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            plain = format(Decimal(str(value)), "f")
            if len(plain.strip("-").replace(".", "")) > MOST_DIGITS:
                return f"the number {str(value)[:32]} has more than {MOST_DIGITS} digits when it is written out"
            size += len(plain)
        else:
            size += len(msgspec.json.encode(value))
        if size > MOST_BYTES:
            return f"they may have {MOST_BYTES} bytes at most"
    return None
