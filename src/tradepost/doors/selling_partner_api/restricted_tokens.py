"""Tokens 2021-03-01: restricted data tokens, which alone show who bought something and where it goes (A40).

A path may be that of one order or, with `{orderId}` in it, that of all; `dataElements` say which data about the buyer
are wanted. It is the same token for all of its calls.
"""

import re
from typing import Annotated, Any, Literal

from litestar import Response, post
from msgspec import Meta, Struct, field

from tradepost.access import tokens
from tradepost.access.tokens import Resource
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import body_of
from tradepost.doors.selling_partner_api.routes import Partner, ThePartner
from tradepost.doors.selling_partner_api.terms import terms_of
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.refusals import Reason, Refused

MOST_RESOURCES = 50
BUYER_INFO = "buyerInfo"
SHIPPING_ADDRESS = "shippingAddress"
ELEMENTS = (BUYER_INFO, SHIPPING_ADDRESS, "buyerTaxInformation")

_NAME = r"[\w.-]{1,100}"
_RESTRICTED = re.compile(
    rf"GET /orders/v0/orders(?:/(?:\{{orderId\}}|{_NAME})"
    r"(?:/(?:buyerInfo|address|orderItems|orderItems/buyerInfo|regulatedInfo))?)?"
    rf"|GET /reports/2021-06-30/documents/{_NAME}"
    rf"|(?:GET|DELETE|POST|PUT) /mfn/v0/shipments(?:/(?:\{{shipmentId\}}|{_NAME}))?",
    re.ASCII,
)


class AskedResource(Struct, frozen=True, rename="camel"):
    """A call that is wanted, and the data about buyers in it."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: Annotated[str, Meta(max_length=200)]
    data_elements: list[str] = field(default_factory=list)


class TokenRequest(Struct, frozen=True, rename="camel"):
    """The calls for which a token is wanted."""

    restricted_resources: Annotated[list[AskedResource], Meta(min_length=1, max_length=MOST_RESOURCES)]
    target_application: str | None = None


class RestrictedDataToken(Struct, frozen=True, rename="camel"):
    """The token; `expires_in` is in seconds."""

    restricted_data_token: str
    expires_in: int


@post(
    "/tokens/2021-03-01/restrictedDataToken",
    status_code=200,
    opt=operation("createRestrictedDataToken", 1, 10, unlisted=(413,)),
)
async def create_restricted_data_token(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """Grant a token for calls about buyers."""
    asked = await body_of(request, TokenRequest)
    resources = [_checked(number, resource) for number, resource in enumerate(asked.restricted_resources)]
    made = await desk.database.run(lambda tx: tokens.restrict(tx, partner.grant, resources))
    return sent(request, RestrictedDataToken(made, int(tokens.LASTS.total_seconds())))


def may_see(request: AnyRequest, partner: Partner, element: str) -> bool:
    """Whether this call may show such data about the buyer, without being refused otherwise."""
    return not terms_of(request).restricted or partner.restricted_to(request.method, request.scope["path"], element)


def require(request: AnyRequest, partner: Partner) -> None:
    """Refuse a call that is for a restricted data token and has none."""
    path = request.scope["path"]
    if terms_of(request).restricted and not partner.restricted_to(request.method, path):
        raise Refused(Reason.TOKEN_NOT_FOR_THIS, problem=f"{request.method} {path} is for a restricted data token")


def _checked(number: int, asked: AskedResource) -> Resource:
    where = f"restrictedResources[{number}]"
    if not _RESTRICTED.fullmatch(f"{asked.method} {asked.path}"):
        problem = f"{asked.method} {asked.path!r} is no restricted operation"
        raise Refused(Reason.INVALID_VALUE, field=f"{where}.path", problem=problem)
    for element in asked.data_elements:
        if element not in ELEMENTS:
            problem = f"{element[:32]!r} is none of {', '.join(ELEMENTS)}"
            raise Refused(Reason.INVALID_VALUE, field=f"{where}.dataElements", problem=problem)
    return Resource(asked.method, asked.path, list(dict.fromkeys(asked.data_elements)))


OPERATIONS: list[Any] = [create_restricted_data_token]
