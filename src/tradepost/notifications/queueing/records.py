"""The SQL that fills the queue, in the transactions of what is to be told.

Where nobody listens, one look into the subscriptions of the sellers concerned is all that it costs. It goes together
with the writing that causes it, and costs no round trip of its own.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, columns
from tradepost.lifecycle import PENDING, Act
from tradepost.notifications.kinds import ChangeType, Kind
from tradepost.notifications.subscribed.records import AUTHORIZED


async def order_changes(tx: Transaction, sellers: Collection[str]) -> None:
    """Queue what the events of orders that are written together with this change for these sellers' applications.

    Each event counts that changes the status that the API shows, and the buyer's request to cancel. A new order counts:
    to be told that it is Pending is to be told that it is there.
    """
    await tx.later(
        f"""
        INSERT INTO notifications (seller_id, subscription_id, destination_id, kind, subject, sequence, happened_at,
                                   queued_at, try_at)
        SELECT s.seller_id, subscription_id, destination_id, kind, order_id, number, happened_at, $1, $1
          FROM notification_subscriptions s
          JOIN (SELECT w.*,
                       CASE WHEN act = '{Act.REQUEST_CANCELLATION}' THEN '{ChangeType.BUYER_REQUEST}'
                            WHEN before.state IS NULL
                              OR before.state <> w.state AND NOT (before.state = ANY($3) AND w.state = ANY($3))
                            THEN '{ChangeType.STATUS}' END AS change
                  FROM written_order_events w
                  LEFT JOIN LATERAL (
                       SELECT state FROM written_order_events e
                        WHERE e.seller_id = w.seller_id AND e.order_id = w.order_id AND e.number = w.number - 1
                        UNION ALL
                       SELECT state FROM order_events e
                        WHERE e.seller_id = w.seller_id AND e.order_id = w.order_id AND e.number = w.number - 1
                       ) AS before ON true
               ) AS happened USING (seller_id)
         WHERE s.kind = '{Kind.ORDER_CHANGE}' AND change IS NOT NULL
           AND (change_types IS NULL OR change = ANY(change_types))
           AND {AUTHORIZED}
           AND EXISTS (SELECT 1 FROM notification_subscriptions WHERE seller_id = ANY($2))
         ORDER BY s.seller_id, order_id, number
        """,
        machine_now(),
        sorted(sellers),
        sorted(PENDING),
    )


async def quantity_changes(tx: Transaction, changed: Iterable[tuple[str, str, datetime]]) -> None:
    """Queue that available quantities have changed: (seller, SKU, moment), each SKU once.

    One that no courier has had in hand yet will tell this change too, since it says the quantity as it is when it is
    sent. It is locked all the same: a courier that has taken it by then may have read the quantity before this change,
    and then it is queued anew. To be named before the offers that are written with it, so that it is done after them
    and no notification is locked without its offer.
    """
    rows = sorted(changed)
    await tx.later(
        f"""
        INSERT INTO notifications AS n (seller_id, subscription_id, destination_id, kind, subject, happened_at,
                                        queued_at, try_at)
        SELECT s.seller_id, subscription_id, destination_id, kind, sku, at, $1, $1
          FROM notification_subscriptions s
          JOIN unnest($3::text[], $4::text[], $5::timestamptz[]) AS changed (seller_id, sku, at) USING (seller_id)
         WHERE s.kind = '{Kind.QUANTITY_CHANGE}'
           AND {AUTHORIZED}
           AND EXISTS (SELECT 1 FROM notification_subscriptions WHERE seller_id = ANY($2))
         ORDER BY s.seller_id, sku, subscription_id
            ON CONFLICT (seller_id, subscription_id, subject) WHERE fresh AND kind = '{Kind.QUANTITY_CHANGE}'
            DO UPDATE SET happened_at = greatest(n.happened_at, excluded.happened_at)
        """,
        machine_now(),
        sorted({row[0] for row in rows}),
        *columns(rows, 3),
        name="quantity_changes",
    )


async def whole(
    tx: Transaction, seller_id: str, kind: Kind, subject: str, at: datetime, detail: dict[str, Any],
    subscription_id: str | None = None,
) -> None:  # fmt: skip
    """Queue something that is known whole for all who subscribe to its kind, or for one of them."""
    await tx.execute(
        f"""
        INSERT INTO notifications (seller_id, subscription_id, destination_id, kind, subject, happened_at, detail,
                                   queued_at, try_at)
        SELECT seller_id, subscription_id, destination_id, kind, $3, $4, $5, $6, $6
          FROM notification_subscriptions s
         WHERE seller_id = $1 AND kind = $2 AND ($7::text IS NULL OR subscription_id = $7) AND {AUTHORIZED}
        """,
        seller_id,
        kind,
        subject,
        at,
        detail,
        machine_now(),
        subscription_id,
    )
