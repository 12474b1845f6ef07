"""The usage plan of every operation, as the models publish it: requests a second, and how many at once.

Generous terms put one plan for tests in the place of all: a client that follows `x-amzn-RateLimit-Limit` then waits for
nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from litestar import Request
from litestar.handlers import BaseRouteHandler

from tradepost.access.usage.usage import Plan
from tradepost.doors.selling_partner_api.terms import terms_of

GENEROUS = Plan(1000, 10_000)
_PLAN = "plan"
_OPERATION = "operation"
_UNLISTED = "unlisted"
_CALLERS = "callers"


class Callers(NamedTuple):
    """Whose access tokens an operation is for: those for a seller, an application's own of a scope, or either."""

    sellers: bool = True
    scope: str | None = None


SELLERS = Callers()


def operation(
    name: str, rate: float, burst: int, *, unlisted: Collection[int] = (), callers: Callers = SELLERS
) -> dict[str, Any]:
    """What a route says of itself: which operation of the models it is, the plan there, and who may call it.

    `unlisted` are the statuses of refusals that the model does not list, though they may come: 400 is said instead.
    """
    return {_OPERATION: name, _PLAN: Plan(rate, burst), _UNLISTED: unlisted, _CALLERS: callers}


def operation_of(handler: BaseRouteHandler) -> str:
    """Which operation a route is."""
    return str(handler.opt[_OPERATION])


def callers_of(handler: BaseRouteHandler) -> Callers:
    """Whose tokens a route is for."""
    callers: Callers = handler.opt[_CALLERS]
    return callers


def plan_of(request: Request[Any, Any, Any]) -> Plan | None:
    """The plan of the operation that was called; None where none was."""
    plan: Plan | None = _said(request).get(_PLAN)
    return GENEROUS if plan and terms_of(request).generous_plans else plan


def listed(request: Request[Any, Any, Any], status: int) -> int:
    """The status with which the operation that was called says what others say with this one."""
    return 400 if status in _said(request).get(_UNLISTED, ()) else status


def _said(request: Request[Any, Any, Any]) -> Mapping[str, Any]:
    handler = request.scope.get("route_handler")
    return handler.opt if handler else {}
