"""What every operation is made with: who is admitted, and how often.

A handler names what it needs as its parameters: `partner` (who calls, for which seller), `desk` and `request`; `grant`
where an application may call by itself, for no seller.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from tradepost.access.tokens import Grant
from tradepost.access.usage import usage
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.selling_partner_api.errors import on_error
from tradepost.doors.selling_partner_api.usage_plans import SELLERS, Callers, callers_of, operation_of, plan_of
from tradepost.refusals import Reason, Refused

TOKEN = "x-amz-access-token"  # noqa: S105
_GRANT = "tradepost.grant"  # in a request's scope


class Partner(NamedTuple):
    """Who calls: an application, for a seller who authorized it."""

    seller_id: str
    grant: Grant

    def restricted_to(self, method: str, path: str, element: str | None = None) -> bool:
        """Whether the token is a restricted one for this call and, where an element is named, for data of that kind.

        `path` is that of the call; a token for `{orderId}` is for every order's.
        """
        path = path.rstrip("/")
        of_all = _ORDER.sub(r"\1{orderId}", path)
        return any(
            resource.method == method
            and resource.path.rstrip("/") in (path, of_all)
            and (element is None or element in resource.data_elements)
            for resource in self.grant.resources or ()
        )


_ORDER = re.compile(r"^(/orders/v0/orders/)[^/]+")

ThePartner = NamedDependency[Partner]
TheGrant = NamedDependency[Grant]


def router(handlers: Sequence[ControllerRouterHandler]) -> Router:
    """Operations for applications: for those that a seller has authorized, where they do not say otherwise."""
    return Router(
        "/",
        route_handlers=handlers,
        guards=[_admit],
        dependencies={"partner": Provide(_the_partner), "grant": Provide(_the_grant)},
        exception_handlers={Exception: on_error},
        include_in_schema=False,  # the models describe them
    )


async def grant_of(desk: Desk, token: str, method: str, path: str, callers: Callers = SELLERS) -> Grant:
    """What the token of this call allows; refuses one that is for other callers, and a restricted one that is for other
    calls."""
    grant = await desk.tokens.key(token) if token else None
    if grant is None:
        raise Refused(Reason.TOKEN_NEEDED)
    if grant.has_ended:
        raise Refused(Reason.TOKEN_HAS_ENDED)
    if problem := _problem_with(grant, method, path, callers):
        raise Refused(Reason.TOKEN_NOT_FOR_THIS, problem=problem)
    return grant


def _problem_with(grant: Grant, method: str, path: str, callers: Callers) -> str | None:
    """Why the call is not for the token; None: it is."""
    if grant.seller_id is None:
        if grant.scope == callers.scope:
            return None
        return f"its scope is not {callers.scope}" if callers.scope else "it acts for no seller"
    if not callers.sellers:
        return f"it acts for a seller, and this is for the application's own token of the scope {callers.scope}"
    partner = Partner(grant.seller_id, grant)
    if grant.resources is not None and not partner.restricted_to(method, path):
        return "it is restricted to other calls"
    return None


async def _admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    request = cast("AnyRequest", connection)
    plan = plan_of(request)
    if plan is None:  # the framework's own OPTIONS, which knows the methods of one of several handlers only
        (path,) = handler.paths
        there_are = connection.app.route_handler_method_map[path].keys() - {"OPTIONS"}
        raise MethodNotAllowedException(headers={"allow": ", ".join(sorted(there_are))})
    desk: Desk = connection.app.state.desk
    token, path = request.headers.get(TOKEN, ""), request.scope["path"]
    grant = await grant_of(desk, token, request.method, path, callers_of(handler))
    used = grant.client_id, grant.seller_id or "", operation_of(handler)
    await desk.database.run(lambda tx: usage.count(tx, *used, plan))
    cast("dict[str, Any]", connection.scope)[_GRANT] = grant


async def _the_grant(request: AnyRequest) -> Grant:
    return cast("dict[str, Any]", request.scope)[_GRANT]  # type: ignore[no-any-return]


async def _the_partner(request: AnyRequest) -> Partner:
    grant = await _the_grant(request)
    assert grant.seller_id is not None
    return Partner(grant.seller_id, grant)
