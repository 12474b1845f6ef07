"""Cancellation: by the buyer inside the hold, by the seller before shipping, and at the buyer's request (A9, A32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import Act, Party
from tradepost.numbers import OrderKey
from tradepost.orders import batch, units
from tradepost.orders.journal import Actor, Journal
from tradepost.orders.units import Items
from tradepost.refusals import Reason, Refusal, Refused

SELLER_REASONS = (
    "no_inventory",
    "buyer_canceled",
    "pricing_error",
    "shipping_address_undeliverable",
    "customer_exchange",
    "general_adjustment",
)

MOST_WORDS = 500  # characters


@dataclass(frozen=True, slots=True)
class BuyerCancellation:
    """A buyer, or customer service on the buyer's word, cancels a whole order or asks for it."""

    key: OrderKey
    buyer_id: str
    at: datetime
    by: Actor | None = None  # None: the buyer
    why: str | None = None  # the buyer's words, for the seller

    @property
    def actor(self) -> Actor:
        """Who stands in the history."""
        return self.by or Actor(Party.BUYER, self.buyer_id)


@dataclass(frozen=True, slots=True)
class SellerCancellation:
    """A seller cancels units that are not shipped; no items: all that is left."""

    key: OrderKey
    at: datetime
    reason: str
    items: Items | None = None


async def cancel_by_buyers(tx: Transaction, wishes: Sequence[BuyerCancellation]) -> list[Refusal | None]:
    """Cancel orders inside their hold. Outcomes in the order of the wishes; None: canceled."""
    return await batch.each(tx, wishes, _cancel_by_buyer, lines=True)


async def request_cancellations(tx: Transaction, wishes: Sequence[BuyerCancellation]) -> list[Refusal | None]:
    """Ask sellers to cancel; the seller decides. Outcomes in the order of the wishes; None: asked."""
    return await batch.each(tx, wishes, _request)


async def cancel_by_sellers(tx: Transaction, wishes: Sequence[SellerCancellation]) -> list[Refusal | None]:
    """Cancel units for their sellers. Outcomes in the order of the wishes; None: canceled."""
    return await batch.each(tx, wishes, _cancel_by_seller, lines=True)


def _cancel_by_buyer(book: Journal, wish: BuyerCancellation) -> None:
    order = book.order(wish.key, wish.at, buyer_id=wish.buyer_id)
    book.record(order, Act.CANCEL_BY_BUYER, wish.actor, wish.at)


def _request(book: Journal, wish: BuyerCancellation) -> None:
    order = book.order(wish.key, wish.at, buyer_id=wish.buyer_id)
    if wish.why and (len(wish.why) > MOST_WORDS or not storable(wish.why)):
        raise Refused(Reason.INVALID_VALUE, field="why", problem=f"it may have {MOST_WORDS} characters of text at most")
    why = {"why": wish.why} if wish.why else None
    book.record(order, Act.REQUEST_CANCELLATION, wish.actor, wish.at, detail=why)


def _cancel_by_seller(book: Journal, wish: SellerCancellation) -> None:
    order = book.order(wish.key, wish.at)
    book.allow(order, Act.CANCEL_BY_SELLER, Party.SELLER)
    if wish.reason not in SELLER_REASONS:
        raise Refused(Reason.UNKNOWN_CANCEL_REASON, given=wish.reason, known=", ".join(SELLER_REASONS))
    meant = units.units_left(order, wish.items)
    seller = Actor(Party.SELLER, wish.key.seller_id)
    book.record(order, Act.CANCEL_BY_SELLER, seller, wish.at, units=meant, reason=wish.reason)
