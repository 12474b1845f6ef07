"""The usage plan of every operation, as the models publish it: requests a second, and how many at once.

Generous terms put one plan for tests in the place of all: a client that follows `x-amzn-RateLimit-Limit` then waits for
nothing.
"""

from typing import Any

from litestar import Request
from litestar.handlers import BaseRouteHandler

from tradepost.access.usage import Plan
from tradepost.doors.selling_partner_api.terms import terms_of

GENEROUS = Plan(1000, 10_000)
_PLAN = "plan"
_OPERATION = "operation"


def operation(name: str, rate: float, burst: int) -> dict[str, Any]:
    """What a route says of itself: which operation of the models it is, and the plan there."""
    return {_OPERATION: name, _PLAN: Plan(rate, burst)}


def operation_of(handler: BaseRouteHandler) -> str:
    """Which operation a route is."""
    return str(handler.opt[_OPERATION])


def plan_of(request: Request[Any, Any, Any]) -> Plan | None:
    """The plan of the operation that was called; None where none was."""
    handler = request.scope.get("route_handler")
    plan: Plan | None = handler.opt.get(_PLAN) if handler else None
    return GENEROUS if plan and terms_of(request).generous_plans else plan
