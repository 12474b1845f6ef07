"""The review of orders that wait for verification: a person approves or rejects what no gateway has decided."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.desk import Desk
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.operator_api.acts import act, name_of, whose
from tradepost.ground.answers import Once
from tradepost.payments.gateway import Verdict
from tradepost.process.verification.verdicts import MOST_WORDS, Finding, record_verdicts
from tradepost.reports import verification_review
from tradepost.reports.verification_review import ToReview

Note = Annotated[str, Meta(max_length=MOST_WORDS)]


class ReviewedLine(Struct, frozen=True):
    """One offer of an order; `unit_price` in minor units of the order's currency."""

    item_id: str
    sku: str
    title: str
    unit_price: int
    quantity: int


class OrderToReview(Struct, frozen=True):
    """An order that waits for verification; `total` in minor units of `currency`.

    `state` is held while the buyer may still cancel, and then verifying. `gateway` was asked `attempts` times and is
    asked next at `verify_at`; null: it is not asked by itself. `wakes_at` is when the hold ends, or when the
    verification is given up.
    """

    order_id: str
    seller_id: str
    buyer_id: str
    marketplace_id: str
    state: str
    placed_at: datetime
    currency: str
    total: int
    ordered_units: int
    gateway: str | None
    attempts: int
    verify_at: datetime | None
    wakes_at: datetime | None
    lines: list[ReviewedLine]


class OrdersToReview(Struct, frozen=True):
    """Some orders; a page may hold fewer than `limit`. `next` is the `after` of the page that follows; null: these were
    the last."""

    items: list[OrderToReview]
    next: str | None


class Approval(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for others who run the marketplace; neither buyer nor seller reads it."""

    note: Note | None = None


class Rejected(StrEnum):
    """Why an order is rejected."""

    FRAUD = "fraud"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_FAILED = "payment_failed"


class Rejection(Struct, frozen=True, forbid_unknown_fields=True):
    """`fraud` and `payment_declined` cancel the order; after `payment_failed` it waits for another payment, and the
    buyer is told. `note` is for others who run the marketplace; neither buyer nor seller reads it."""

    reason: Rejected
    note: Note | None = None


_VERDICTS = {
    Rejected.FRAUD: Verdict.FRAUD,
    Rejected.PAYMENT_DECLINED: Verdict.DECLINED,
    Rejected.PAYMENT_FAILED: Verdict.FAILED,
}


@get("/verification", summary="List the orders that wait for verification")
async def list_orders_to_review(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> OrdersToReview:
    """Orders to review, those first whose time runs out first."""
    place = uncursor(after, verification_review.After)
    async with desk.database.transaction() as tx:
        page = await verification_review.orders_to_review(tx, tx.now, place, limit)
    return OrdersToReview([_shown(one) for one in page.orders], cursor(page.after))


@post("/verification/{order_id:str}/approve", summary="Approve an order", status_code=204)
async def approve(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[Approval | None] = None,
) -> Response[None]:
    """Find payment and order in order. It is released as soon as its hold is over."""
    return await _record(desk, who, order_id, Verdict.APPROVED, data.note if data else None, language, once)


@post("/verification/{order_id:str}/reject", summary="Reject an order", status_code=204)
async def reject(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[Rejection],
) -> Response[None]:
    """Find something wrong with an order. A canceled one gives its stock back; the buyer is told, the seller is not."""
    return await _record(desk, who, order_id, _VERDICTS[data.reason], data.note, language, once)


async def _record(
    desk: Desk, who: Caller, order_id: str, verdict: Verdict, note: str | None, language: str, once: Once | None
) -> Response[None]:
    key, by = (await whose(desk, order_id)).key, name_of(who)
    return await act(desk, record_verdicts, lambda at: Finding(key, verdict, at, by, note=note), language, once)


def _shown(one: ToReview) -> OrderToReview:
    lines = [shown(ReviewedLine, line) for line in one.order.lines.values()]
    return shown(OrderToReview, one.order, gateway=one.gateway, attempts=one.attempts, lines=lines)


VERIFICATION: list[Any] = [list_orders_to_review, approve, reject]
