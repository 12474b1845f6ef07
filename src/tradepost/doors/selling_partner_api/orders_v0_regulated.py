"""Orders v0: goods that are sold on prescription or proof only. There are none here, so no order has to be checked."""

from typing import Any, Literal

from litestar import Response, get, patch
from litestar.params import FromPath
from msgspec import Struct

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import body_of
from tradepost.doors.selling_partner_api.orders_v0 import Payload, found
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.refusals import Reason, Refused


class RegulatedInformation(Struct, frozen=True, rename="pascal"):
    """What a buyer had to say for such goods."""

    fields: list[str] = []


class VerificationStatus(Struct, frozen=True, rename="pascal"):
    """Whether what the buyer said was checked: there is nothing to check."""

    status: str = "Approved"
    requires_merchant_action: bool = False
    valid_rejection_reasons: list[str] = []


class OrderRegulatedInfo(Struct, frozen=True, rename="pascal"):
    """The answer of getOrderRegulatedInfo."""

    amazon_order_id: str
    regulated_information: RegulatedInformation = RegulatedInformation()
    requires_dosage_label: bool = False
    regulated_order_verification_status: VerificationStatus = VerificationStatus()


class Verification(Struct, frozen=True, rename="camel"):
    """What a seller found out about such an order."""

    external_reviewer_id: str
    status: Literal["Pending", "Approved", "Rejected", "Expired", "Cancelled"] | None = None
    rejection_reason_id: str | None = None
    verification_details: dict[str, Any] = {}


class UpdateVerificationStatusRequest(Struct, frozen=True, rename="camel"):
    """What updateVerificationStatus takes."""

    regulated_order_verification_status: Verification


@get("/orders/v0/orders/{order_id:str}/regulatedInfo", opt=operation("getOrderRegulatedInfo", 0.5, 30))
async def get_order_regulated_info(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """What of an order is regulated: nothing."""
    await found(desk, partner, order_id)
    return sent(request, Payload(OrderRegulatedInfo(order_id)))


@patch(
    "/orders/v0/orders/{order_id:str}/regulatedInfo",
    opt=operation("updateVerificationStatus", 0.5, 30),
)
async def update_verification_status(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Say what a check came to. No order here waits for one."""
    await body_of(request, UpdateVerificationStatusRequest)
    await found(desk, partner, order_id)
    problem = "the order has no regulated goods, and nothing of it is to be verified"
    raise Refused(Reason.INVALID_VALUE, field="orderId", problem=problem)


OPERATIONS: list[Any] = [get_order_regulated_info, update_verification_status]
