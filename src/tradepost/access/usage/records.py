"""The SQL of the buckets of usage plans."""

from datetime import datetime

from tradepost.ground.database import Transaction


async def take(
    tx: Transaction, client_id: str, seller_id: str, operation: str, rate: float, burst: int, at: datetime
) -> bool:
    """Take one out of a bucket, which has filled up since the last time; False when there is none in it.

    The clocks of several machines differ a little: what one of them has filled up, no other fills up again.
    """
    taken = await tx.value(
        """
        INSERT INTO usage_plans AS u (client_id, seller_id, operation, left_over, at)
        VALUES ($1, $2, $3, $5::float8 - 1, $6)
        ON CONFLICT (client_id, seller_id, operation) DO UPDATE
           SET left_over = least($5, u.left_over + $4 * greatest(extract(epoch FROM $6 - u.at), 0)) - 1,
               at = greatest(u.at, $6)
         WHERE least($5, u.left_over + $4 * greatest(extract(epoch FROM $6 - u.at), 0)) >= 1
        RETURNING true
        """,
        client_id, seller_id, operation, rate, float(burst), at,
    )  # fmt: skip
    return bool(taken)


async def forget_buckets(tx: Transaction, before: datetime, limit: int) -> int:
    """Remove so many buckets that nothing was taken out of since then; how many."""
    done = await tx.execute(
        """
        DELETE FROM usage_plans
         WHERE (client_id, seller_id, operation) IN (
               SELECT client_id, seller_id, operation FROM usage_plans WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        before, limit,
    )  # fmt: skip
    return int(done.split()[-1])
