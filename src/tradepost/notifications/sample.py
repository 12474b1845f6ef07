"""Test notifications: made up from nothing, and sent the way of all others, so that a destination can be tried out."""

from typing import Any
from uuid import uuid4

from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, State
from tradepost.notifications import payloads
from tradepost.notifications.kinds import Kind
from tradepost.notifications.queueing import records
from tradepost.notifications.subscribed.records import Subscription
from tradepost.notifications.told.records import OrderThen

_ORDER, _ITEM, _SKU = "903-0000000-0000000", "00000000000000", "TEST-SKU"
_DONE = {"processingStatus": "DONE"}


async def queue_test(tx: Transaction, subscription: Subscription) -> None:
    """Queue a test notification for this subscription. Nothing that it names exists."""
    kind = Kind(subscription.kind)
    subject = f"test-{uuid4()}"  # of its own: it waits for no other, and stands in for none
    told = _told(tx, subscription.seller_id, kind)
    await records.whole(tx, subscription.seller_id, kind, subject, tx.now, told, subscription.subscription_id)


def _told(tx: Transaction, seller_id: str, kind: Kind) -> dict[str, Any]:
    whose = {"sellerId": seller_id, "accountId": seller_id}
    match kind:
        case Kind.ORDER_CHANGE:
            return payloads.order_change(_order(tx, seller_id))
        case Kind.QUANTITY_CHANGE:
            return payloads.quantity_change(seller_id, _SKU, 1)
        case Kind.FEED_FINISHED:
            told = {**whose, "feedId": "0", "feedType": "JSON_LISTINGS_FEED", **_DONE}
            return {"feedProcessingFinishedNotification": told}
        case Kind.REPORT_FINISHED:
            told = {**whose, "reportId": "0", "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", **_DONE}
            return {"reportProcessingFinishedNotification": told}


def _order(tx: Transaction, seller_id: str) -> OrderThen:
    """An order of one unit, just released."""
    return OrderThen(
        seller_id=seller_id,
        order_id=_ORDER,
        number=2,
        marketplace_id="TEST",
        placed_at=tx.now,
        ship_earliest=tx.now,
        ship_latest=tx.now,
        deliver_earliest=tx.now,
        deliver_latest=tx.now,
        act=Act.RELEASE,
        state=State.UNSHIPPED,
        happened_at=tx.now,
        postal_code=None,
        lines=[(1, _ITEM, _SKU, 1)],
        history=[(Act.PLACE, None), (Act.RELEASE, None)],
    )
