"""All of the Selling Partner API: its operations, and the login of the applications that call them."""

from typing import Any

from tradepost.doors.selling_partner_api import restricted_tokens
from tradepost.doors.selling_partner_api.login import LOGIN
from tradepost.doors.selling_partner_api.routes import router

ROUTERS: list[Any] = [router([*restricted_tokens.OPERATIONS]), *LOGIN]

PATHS = ("/orders/", "/tokens/", "/sellers/", "/listings/", "/feeds/", "/reports/", "/notifications/")
"""What its paths begin with: there, what does not exist is told as its clients understand it."""
