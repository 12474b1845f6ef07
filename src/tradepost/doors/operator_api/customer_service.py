"""Customer service: what may be done for a buyer, on the buyer's word (A15). The history names the key."""

from typing import Annotated, Any

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who
from tradepost.doors.operator_api.acts import act, name_of, whose
from tradepost.doors.operator_api.orders import OrderWithHistory, in_full
from tradepost.lifecycle import Party
from tradepost.orders.journal import Actor
from tradepost.payments.records import Means
from tradepost.process.cancellation.cancellations import (
    MOST_WORDS,
    BuyerCancellation,
    cancel_by_buyers,
    request_cancellations,
)
from tradepost.process.verification.verdicts import PaymentChange, change_payments


class BuyersRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the seller is asked; `why` are the buyer's words, and the seller reads them."""

    why: Annotated[str, Meta(max_length=MOST_WORDS)] | None = None


class BuyersPayment(Struct, frozen=True, forbid_unknown_fields=True):
    """With what the order is paid from now on; the same token again asks to try it once more."""

    payment_token: Annotated[str, Meta(min_length=1, max_length=200)]


@get("/orders/{order_id:str}", summary="Look at an order for its buyer")
async def look_at_order(who: Who, desk: TheDesk, order_id: FromPath[str]) -> OrderWithHistory:
    """An order with its whole history, by its number. Where it goes is not shown."""
    async with desk.database.transaction() as tx:
        return await in_full(tx, order_id)


@post("/orders/{order_id:str}/cancel", summary="Cancel an order for its buyer", status_code=204)
async def cancel(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, order_id: FromPath[str]
) -> Response[None]:
    """Cancel a whole order within its hold."""
    key, buyer_id = await whose(desk, order_id)
    by = _actor(who)
    return await act(desk, cancel_by_buyers, lambda at: BuyerCancellation(key, buyer_id, at, by), language, once)


@post("/orders/{order_id:str}/cancellation-request", summary="Ask the seller to cancel for the buyer", status_code=204)
async def request_cancellation(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[BuyersRequest | None] = None,
) -> Response[None]:
    """Ask the seller to cancel an order that is Unshipped. The seller decides."""
    key, buyer_id = await whose(desk, order_id)
    by, why = _actor(who), data.why if data else None
    return await act(
        desk, request_cancellations, lambda at: BuyerCancellation(key, buyer_id, at, by, why), language, once
    )


@put("/orders/{order_id:str}/payment", summary="Change or retry the payment for the buyer", status_code=204)
async def change_payment(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[BuyersPayment],
) -> Response[None]:
    """Pay a Pending order with something else, or let the same be tried again at once."""
    key, buyer_id = await whose(desk, order_id)
    means, by = Means(desk.gateways[0].name, data.payment_token), _actor(who)
    return await act(desk, change_payments, lambda at: PaymentChange(key, buyer_id, means, at, by), language, once)


def _actor(who: Caller) -> Actor:
    return Actor(Party.CUSTOMER_SERVICE, name_of(who))


CUSTOMER_SERVICE: list[Any] = [look_at_order, cancel, request_cancellation, change_payment]
