"""What an endpoint is told of an event: the same bytes and the same id, however often it is sent.

The order's number and state, the act and its detail; never an address, a buyer's name or who in person it was.
"""

import json
from typing import Any, NamedTuple

from tradepost.lifecycle import STAFF_ONLY, State

Json = dict[str, Any]


class MessageKey(NamedTuple):
    """What names a message of an endpoint: an event, by its number in the history of an order."""

    seller_id: str
    order_id: str
    number: int


def message_id(endpoint_id: str, key: MessageKey) -> str:
    """The webhook-id, by which a receiver knows a repeat."""
    return f"msg_{endpoint_id}_{key.order_id}_{key.number}"


def body(key: MessageKey, act: str, state: str, party: str, happened_at: str, detail: Json | None) -> bytes:
    """The message; `happened_at` is business time in ISO 8601."""
    data: Json = {
        "seller_id": key.seller_id,
        "order_id": key.order_id,
        "number": key.number,
        "act": act,
        "state": state,
        "status": State(state).status,
        "party": party,
        "happened_at": happened_at,
    }
    if shown := {name: fact for name, fact in (detail or {}).items() if name != STAFF_ONLY}:
        data["detail"] = shown
    told = {"type": f"order.{act}", "timestamp": happened_at, "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
