"""What an operator watches of the whole marketplace: how many orders stand where, and what waits.

Each question is asked every now and then, whatever the size of the marketplace. What is open or waits is found through
partial indexes and costs by its own number; only the finished orders are counted one by one.
"""

from typing import NamedTuple

from tradepost.ground.database import Transaction


class Waiting(NamedTuple):
    """What waits. `deadline_lag` is the business time, in seconds, since the oldest deadline that nobody has fired."""

    deadline_lag: float
    notices: dict[str, int]  # by status: queued and undeliverable
    webhook_messages: dict[str, int]
    notifications: dict[str, int]


async def open_orders(tx: Transaction) -> dict[str, int]:
    """How many orders stand in each of the states that an order leaves again."""
    rows = await tx.fetch("SELECT state, count(*) FROM orders WHERE wakes_at IS NOT NULL GROUP BY state")
    return dict(map(tuple, rows))


async def finished_orders(tx: Transaction) -> dict[str, int]:
    """How many orders stand in each of the final states. Reads the whole table."""
    rows = await tx.fetch("SELECT state, count(*) FROM orders WHERE wakes_at IS NULL GROUP BY state")
    return dict(map(tuple, rows))


async def waiting(tx: Transaction) -> Waiting:
    """What waits to happen, and to be told."""
    row = await tx.row(
        """
        SELECT (SELECT min(wakes_at) FROM orders WHERE wakes_at IS NOT NULL)              AS oldest,
               (SELECT count(*) FROM notices WHERE status = 'queued')                     AS notices,
               (SELECT count(*) FROM notices WHERE status = 'undeliverable')              AS notices_given_up,
               (SELECT count(*) FROM webhook_messages WHERE status = 'queued')            AS messages,
               (SELECT count(*) FROM webhook_messages WHERE status = 'undeliverable')     AS messages_given_up,
               (SELECT count(*) FROM notifications WHERE status = 'queued')               AS notifications,
               (SELECT count(*) FROM notifications WHERE status = 'undeliverable')        AS notifications_given_up
        """
    )
    assert row is not None
    lag = (tx.now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
    return Waiting(
        max(lag, 0.0),
        {"queued": row["notices"], "undeliverable": row["notices_given_up"]},
        {"queued": row["messages"], "undeliverable": row["messages_given_up"]},
        {"queued": row["notifications"], "undeliverable": row["notifications_given_up"]},
    )
