"""What those who run the marketplace do: operators everything, customer service what a buyer asks for."""

from tradepost.access.keys import Scope
from tradepost.doors.http.routes import router
from tradepost.doors.http.webhooks import webhook_routes
from tradepost.doors.operator_api.accounts import ACCOUNTS
from tradepost.doors.operator_api.applications import APPLICATIONS
from tradepost.doors.operator_api.clock import CLOCK
from tradepost.doors.operator_api.customer_service import CUSTOMER_SERVICE
from tradepost.doors.operator_api.deliveries import DELIVERIES
from tradepost.doors.operator_api.keys import KEYS
from tradepost.doors.operator_api.marketplaces import MARKETPLACES
from tradepost.doors.operator_api.notices import NOTICES
from tradepost.doors.operator_api.notifications import NOTIFICATIONS
from tradepost.doors.operator_api.orders import ORDERS
from tradepost.doors.operator_api.verification import VERIFICATION
from tradepost.doors.operator_api.webhooks import ALL_WEBHOOKS
from tradepost.webhooks.endpoints.endpoints import OPERATOR

OPERATORS_ROUTES = [
    *MARKETPLACES, *ACCOUNTS, *KEYS, *APPLICATIONS, *VERIFICATION, *ORDERS, *DELIVERIES, *CLOCK, *NOTICES,
    *webhook_routes(lambda who: OPERATOR), *ALL_WEBHOOKS, *NOTIFICATIONS,
]  # fmt: skip

ROUTERS = [
    router("/api/v1/operator", (Scope.OPERATOR,), OPERATORS_ROUTES, tag="Operator"),
    router("/api/v1/service", (Scope.CUSTOMER_SERVICE, Scope.OPERATOR), CUSTOMER_SERVICE, tag="Customer service"),
]
