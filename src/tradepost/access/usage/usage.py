"""How much of its usage plan an application has used: a bucket for each seller and operation.

The bucket lies in the database, so that all server processes count into the same one. It may be lost in a crash: then
everybody starts with a full one.
"""

from datetime import timedelta
from typing import NamedTuple

from tradepost.access.usage import records
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.refusals import Reason, Refused

IDLE = timedelta(days=1)  # in which a bucket of any plan fills up: the slowest ones take less than an hour
FORGOTTEN_AT_ONCE = 1000


class Plan(NamedTuple):
    """So many requests a second for ever, and so many at once when nothing came for a while."""

    rate: float
    burst: int


async def count(tx: Transaction, client_id: str, seller_id: str, operation: str, plan: Plan) -> None:
    """Count a request; refuses one that the plan has no room for. What is for no seller has the empty `seller_id`."""
    if not await records.take(tx, client_id, seller_id, operation, plan.rate, plan.burst, machine_now()):
        raise Refused(Reason.QUOTA_EXCEEDED, rate=f"{plan.rate:g}", burst=plan.burst)


async def forget(tx: Transaction) -> int:
    """Forget buckets that are full again, some at a time; how many."""
    return await records.forget_buckets(tx, machine_now() - IDLE, FORGOTTEN_AT_ONCE)
