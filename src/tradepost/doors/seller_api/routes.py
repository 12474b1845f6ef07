"""Tradepost's own seller API: what sellers' tools and the sellers themselves do."""

from typing import Any

from tradepost.access.keys import Scope
from tradepost.doors.http.routes import router
from tradepost.doors.http.webhooks import webhook_routes
from tradepost.doors.seller_api.account import ACCOUNT
from tradepost.doors.seller_api.applications import APPLICATIONS
from tradepost.doors.seller_api.files import FILES
from tradepost.doors.seller_api.offers import OFFERS
from tradepost.doors.seller_api.orders import ORDERS
from tradepost.doors.seller_api.packages import PACKAGES

WEBHOOKS: list[Any] = webhook_routes(lambda who: who.subject)
HANDLERS: list[Any] = [*ORDERS, *PACKAGES, *FILES, *OFFERS, *WEBHOOKS, *APPLICATIONS, *ACCOUNT]
ROUTERS = [router("/api/v1/seller", (Scope.SELLER,), HANDLERS, tag="Seller")]
