"""How an order comes to stand where a test wants it: the acts of the process, at moments that lie back far enough.

Nothing is set by hand. The order is placed some time ago, verified or not, then the clock does to this one order what
fell due since, and then buyer, seller and carrier act now. So the order has the history that such an order has.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tradepost.calendar_days import local_date
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.orders import records as orders
from tradepost.orders.order import Order
from tradepost.payments.gateway import Verdict
from tradepost.policy import Policy
from tradepost.process.cancellation.cancellations import (
    BuyerCancellation,
    SellerCancellation,
    cancel_by_buyers,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.process.shipment.confirmations import Confirmation, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, record_verdicts

MOST_ATTEMPTS = 20  # at a payment, where the policy has them follow each other fast
PARCEL = Parcel("UPS", "1Z999AA10123456784")

Act = Callable[[Transaction, Order, datetime], Awaitable[Sequence[object]]]
PlacedAt = Callable[[datetime, Policy], datetime]


class Wanted(StrEnum):
    """Where a test order is to stand."""

    HELD = "held"
    APPROVED = "approved"
    VERIFYING = "verifying"
    PAYMENT_FAILED = "payment_failed"
    UNSHIPPED = "unshipped"
    REMINDED = "reminded"
    CANCELLATION_REQUESTED = "cancellation_requested"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELED_BY_BUYER = "canceled_by_buyer"
    CANCELED_BY_SELLER = "canceled_by_seller"
    DECLINED = "declined"
    VERIFICATION_EXPIRED = "verification_expired"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True)
class Recipe:
    """When the order is placed, what verification says of it then, and what people do to it now; `state` is where it
    has to stand after that."""

    meaning: str
    state: State
    placed_at: PlacedAt
    verdict: Verdict = Verdict.APPROVED
    acts: tuple[Act, ...] = ()


def _now(now: datetime, policy: Policy) -> datetime:
    return now


def _a_hold_ago(now: datetime, policy: Policy) -> datetime:
    return now - policy.hold


def _too_long_ago_to_verify(now: datetime, policy: Policy) -> datetime:
    return now - policy.verification_limit


def _long_ago_enough_to_be_reminded(now: datetime, policy: Policy) -> datetime:
    return _noon(now, policy, policy.confirm_days + 1 - policy.remind_days)


def _too_long_ago_to_confirm(now: datetime, policy: Policy) -> datetime:
    return _noon(now, policy, policy.confirm_days + 1)


def _noon(now: datetime, policy: Policy, days_ago: int) -> datetime:
    day = local_date(now, policy.zone) - timedelta(days=days_ago)
    return datetime.combine(day, time(12), ZoneInfo(policy.zone))


async def _buyer_cancels(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    return await cancel_by_buyers(tx, [BuyerCancellation(_key(order), order.buyer_id, at)])


async def _buyer_asks(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    wish = BuyerCancellation(_key(order), order.buyer_id, at, why="Ordered by mistake")
    return await request_cancellations(tx, [wish])


async def _seller_cancels(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    return await cancel_by_sellers(tx, [SellerCancellation(_key(order), at, "no_inventory", None)])


async def _seller_ships_one(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    first = next(iter(order.lines.values()))
    return await confirm_shipments(tx, [Confirmation(_key(order), at, PARCEL, ((first.item_id, 1),))])


async def _seller_ships(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    return await confirm_shipments(tx, [Confirmation(_key(order), at, PARCEL)])


async def _carrier_delivers(tx: Transaction, order: Order, at: datetime) -> Sequence[object]:
    return await record_deliveries(tx, [Delivery(_key(order), at, PARCEL.carrier_code or "")])


RECIPES = {
    Wanted.HELD: Recipe("Pending, and the buyer may still cancel", State.HELD, _now, Verdict.DEFERRED),
    Wanted.APPROVED: Recipe("Pending, verified, and the hold goes on", State.APPROVED, _now),
    Wanted.VERIFYING: Recipe(
        "Pending, the hold is over, and verification is not through", State.VERIFYING, _a_hold_ago, Verdict.DEFERRED
    ),
    Wanted.PAYMENT_FAILED: Recipe(
        "Pending, and the payment did not go through", State.VERIFYING, _a_hold_ago, Verdict.FAILED
    ),
    Wanted.UNSHIPPED: Recipe("Unshipped, released just now", State.UNSHIPPED, _a_hold_ago),
    Wanted.REMINDED: Recipe(
        "Unshipped, and the seller has been reminded to confirm", State.UNSHIPPED, _long_ago_enough_to_be_reminded
    ),
    Wanted.CANCELLATION_REQUESTED: Recipe(
        "Unshipped, and the buyer wants it canceled", State.UNSHIPPED, _a_hold_ago, acts=(_buyer_asks,)
    ),
    Wanted.PARTIALLY_SHIPPED: Recipe(
        "Partially shipped: one unit is on its way", State.PARTIALLY_SHIPPED, _a_hold_ago, acts=(_seller_ships_one,)
    ),
    Wanted.SHIPPED: Recipe("Shipped in one package", State.SHIPPED, _a_hold_ago, acts=(_seller_ships,)),
    Wanted.DELIVERED: Recipe(
        "Shipped, and delivered", State.SHIPPED, _a_hold_ago, acts=(_seller_ships, _carrier_delivers)
    ),
    Wanted.CANCELED_BY_BUYER: Recipe(
        "Canceled by the buyer within the hold", State.CANCELED, _now, acts=(_buyer_cancels,)
    ),
    Wanted.CANCELED_BY_SELLER: Recipe(
        "Canceled by the seller, who has none left", State.CANCELED, _a_hold_ago, acts=(_seller_cancels,)
    ),
    Wanted.DECLINED: Recipe("Canceled, since the payment was declined", State.CANCELED, _now, Verdict.DECLINED),
    Wanted.VERIFICATION_EXPIRED: Recipe(
        "Canceled, never verified", State.CANCELED, _too_long_ago_to_verify, Verdict.DEFERRED
    ),
    Wanted.NOT_CONFIRMED: Recipe(
        "Canceled by the clock, never confirmed as shipped", State.CANCELED, _too_long_ago_to_confirm
    ),
}


TOKENS = {
    Verdict.APPROVED: "approve",
    Verdict.DEFERRED: "defer",
    Verdict.FAILED: "fail-always",
    Verdict.DECLINED: "decline",
}
"""What the order is paid with, so that the gateway says the same whenever it is asked again."""


async def verify(tx: Transaction, order: Order, recipe: Recipe) -> Sequence[object]:
    """Let verification say its word about the order when it was placed, and whenever it had to be asked again since."""
    due: datetime | None = order.placed_at
    outcomes: Sequence[object] = ()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        if due is None or due > tx.now:
            break
        outcomes = await record_verdicts(tx, [Finding(_key(order), recipe.verdict, due, "sandbox", attempt)])
        asked = await orders.read(tx, *_key(order))
        due = asked.verify_at if asked else None
    return outcomes


def _key(order: Order) -> OrderKey:
    return OrderKey(order.seller_id, order.order_id)
