"""All of the Selling Partner API: its operations, and the login of the applications that call them."""

from typing import Any

from litestar import Response

from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.selling_partner_api import (
    errors,
    feeds,
    listings,
    listings_reading,
    login,
    notifications,
    orders_2026,
    orders_v0,
    orders_v0_items,
    orders_v0_regulated,
    orders_v0_shipment,
    report_schedules,
    reports,
    restricted_tokens,
    sellers,
)
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
    *notifications.OPERATIONS,
    *reports.OPERATIONS,
    *report_schedules.OPERATIONS,
]

ROUTERS: list[Any] = [router(_OPERATIONS), *login.LOGIN]

_PATHS = ("/orders/", "/tokens/", "/sellers/", "/listings/", "/feeds/", "/reports/", "/notifications/", "/documents/")


def on_error(request: AnyRequest, error: Exception) -> Response[bytes] | None:
    """What is told where no operation was reached, as clients of this API understand it; None at other paths."""
    path = request.scope["path"]
    if path.startswith("/auth/"):
        return login.on_error(request, error)
    return errors.on_error(request, error) if path.startswith(_PATHS) else None
