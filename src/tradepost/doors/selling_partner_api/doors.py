"""All of the Selling Partner API: its operations, and the login of the applications that call them."""

from typing import Any

from tradepost.doors.selling_partner_api import (
    feeds,
    listings,
    listings_reading,
    orders_2026,
    orders_v0,
    orders_v0_items,
    orders_v0_regulated,
    orders_v0_shipment,
    restricted_tokens,
    sellers,
)
from tradepost.doors.selling_partner_api.login import LOGIN
from tradepost.doors.selling_partner_api.routes import router

_OPERATIONS: list[Any] = [
    *sellers.OPERATIONS,
    *listings.OPERATIONS,
    *listings_reading.OPERATIONS,
    *restricted_tokens.OPERATIONS,
    *orders_2026.OPERATIONS,
    *orders_v0.OPERATIONS,
    *orders_v0_items.OPERATIONS,
    *orders_v0_shipment.OPERATIONS,
    *orders_v0_regulated.OPERATIONS,
    *feeds.OPERATIONS,
]

ROUTERS: list[Any] = [router(_OPERATIONS), *LOGIN]

PATHS = ("/orders/", "/tokens/", "/sellers/", "/listings/", "/feeds/", "/reports/", "/notifications/", "/documents/")
"""What its paths begin with: there, what does not exist is told as its clients understand it."""
