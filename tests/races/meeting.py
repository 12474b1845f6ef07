"""Two or more transactions that want the same rows: all of them wait at one door, and it opens for all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tests.scene import Scene
from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey

T = TypeVar("T")
WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"""


async def all_at_once(*acts: Callable[[], Awaitable[T]]) -> list[T]:
    """Start them together; their answers, in order. What one raises is raised."""
    return list(await asyncio.gather(*(act() for act in acts)))


async def meet_at_orders(market: Scene, keys: Sequence[OrderKey], *acts: Callable[[], Awaitable[T]]) -> list[T]:
    """Let the acts run up against these locked orders one after the other, then let go.

    Two pass in that order. Of more only the first one is certain: the others may overtake each other.
    """
    lock = """SELECT 1 FROM orders JOIN unnest($1::text[], $2::text[]) AS n (seller_id, order_id)
               USING (seller_id, order_id) ORDER BY seller_id, order_id FOR UPDATE OF orders"""

    async def hold(tx: Transaction) -> None:
        await tx.execute(lock, *zip(*keys, strict=True))

    return await _meet(market, hold, acts)


async def meet_at_offers(market: Scene, *acts: Callable[[], Awaitable[T]]) -> list[T]:
    """The same for all offers."""

    async def hold(tx: Transaction) -> None:
        await tx.execute("SELECT 1 FROM offers ORDER BY seller_id, sku FOR UPDATE")

    return await _meet(market, hold, acts)


async def meet_at_applications(market: Scene, *acts: Callable[[], Awaitable[T]]) -> list[T]:
    """The same for all applications."""

    async def hold(tx: Transaction) -> None:
        await tx.execute("SELECT 1 FROM applications ORDER BY client_id FOR NO KEY UPDATE")

    return await _meet(market, hold, acts)


async def _meet(
    market: Scene, hold: Callable[[Transaction], Awaitable[None]], acts: Sequence[Callable[[], Awaitable[T]]]
) -> list[T]:
    started: list[asyncio.Task[T]] = []
    async with asyncio.timeout(120), market.database.transaction() as tx:
        await hold(tx)
        for act in acts:
            started.append(asyncio.ensure_future(act()))
            while await market.database.pool.fetchval(WAITING) < len(started):
                assert not started[-1].done(), await started[-1]
    return list(await asyncio.gather(*started))


async def deadlocks(market: Scene) -> int:
    """How often the database had to break a ring of waiting transactions."""
    async with market.database.pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        return int(
            await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
