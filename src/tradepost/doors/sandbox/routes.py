"""What a sandbox has beyond a marketplace: orders in any state on demand, and what time will bring."""

from tradepost.access.keys import Scope
from tradepost.doors.http.routes import router
from tradepost.doors.sandbox.clock import SANDBOX_CLOCK
from tradepost.doors.sandbox.orders import TEST_ORDERS

ROUTERS = [router("/api/v1/sandbox", (Scope.OPERATOR,), [*TEST_ORDERS, *SANDBOX_CLOCK], tag="Sandbox")]
