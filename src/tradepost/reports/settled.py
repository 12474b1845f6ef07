"""The moment before which nothing more can be recorded: whoever has read up to it has read all that there will be.

Transactions do not commit in the order of their moments: one that began early may commit late, and what it writes then
stands in the past of those who have looked already. But a transaction takes its moment after it has begun, so nothing
that is still to come is older than the oldest transaction that is open now.
"""

from datetime import datetime, timedelta

from tradepost.ground.clock import machine_now
from tradepost.ground.database import TRADEPOST, Transaction

ALLOWANCE = timedelta(seconds=15)
"""How much older than the oldest open transaction what is still to come may be, by a real clock. Orders are written at
once there (Database.run_at_once), their moment is taken before any transaction begins, and what has not reached the
database after ten seconds is given up; and the clocks of several machines may lie apart. A simulated clock is kept from
moving by every transaction, and is for one machine."""

LONGEST_TRANSACTION = timedelta(hours=1)
"""What is taken for the oldest where the server does not tell."""

# Its own transaction is among them, and so nothing that begins after it is counted on. Those of other programs, such
# as a backup, record nothing.
_OLDEST_OPEN = """
SELECT min(xact_start)
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND starts_with(application_name, $1)
   AND backend_type = 'client backend'
"""


async def settled(tx: Transaction) -> datetime | None:
    """The business moment before which nothing more will be recorded; at that very moment something may.

    A frozen clock shows one moment to all transactions: it is that one. A clock that runs, simulated or real, is mapped
    from the machine's, and by a real one the answer lies at least the allowance before now. None when the server does
    not tell: its `track_activities` is off. All who write must be known to the database as one role, or others'
    transactions cannot be seen. What is read by a later statement of the same transaction holds all that is older.
    """
    clock = await tx.read_clock()
    oldest: datetime | None = await tx.value(_OLDEST_OPEN, TRADEPOST)
    return clock.at(oldest if clock.simulated else oldest - ALLOWANCE) if oldest else None


async def settled_orders(tx: Transaction, seller_id: str) -> datetime:
    """The business moment before which nothing more will happen to this seller's orders, as their acts are dated: what
    a deadline does is dated when it fell due, however late a sweep comes. `timekeeping.catch_up` comes before."""
    clock = await tx.read_clock()
    until = min(tx.now, await settled(tx) or clock.at(machine_now() - LONGEST_TRANSACTION))
    due = await tx.value("SELECT min(wakes_at) FROM orders WHERE seller_id = $1 AND wakes_at < $2", seller_id, until)
    return due or until
