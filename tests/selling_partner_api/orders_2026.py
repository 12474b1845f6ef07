"""Searches of Orders 2026-01-01, for tests."""

from datetime import datetime
from typing import Any

from tests.selling_partner_api.clients import Selling
from tradepost.numbers import OrderKey

ORDERS = "/orders/2026-01-01/orders"
EVER = "2026-03-01T00:00:00Z"  # before the scene begins


async def search(selling: Selling, **query: Any) -> dict[str, Any]:
    """What a search finds, by default among all orders."""
    answer = await selling.get(ORDERS, **({} if "lastUpdatedAfter" in query else {"createdAfter": EVER}) | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def numbers(selling: Selling, **query: Any) -> set[str]:
    """The orders that a search finds on its one page."""
    found = await search(selling, **query)
    assert "pagination" not in found
    return {order["orderId"] for order in found["orders"]}


def ids(*keys: OrderKey) -> set[str]:
    """The numbers of these orders."""
    return {key.order_id for key in keys}


def z(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")


async def refused(selling: Selling, **query: Any) -> str:
    """The sentence with which a search is refused."""
    answer = await selling.get(ORDERS, **query)
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert (error["code"], error["details"]) == ("InvalidInput", "invalid_value")
    return str(error["message"])
