"""A market on a server of its own, what people want of it, and what has to be true when they have it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.serving import Shopping, Wish, buyers_with_keys
from tests.races.soundness import violations
from tests.scene import PRO, Scene, open_market
from tradepost.ground import schema
from tradepost.ground.database import connect
from tradepost.ground.embedded import lease

SCARCE, PLENTY = "SCARCE", "PLENTY"
BUYERS = 100


class Market(NamedTuple):
    """A market whose database writes through to the disk. Half of the wishes are for what there is too little of."""

    data: Path
    scene: Scene
    wishes: list[Wish]


@asynccontextmanager
async def market(data: Path, checkouts: int) -> AsyncIterator[Market]:
    async with lease(data) as server:
        await schema.upgrade(server.url())
        async with connect(server.url()) as database:
            assert await database.pool.fetchval("SHOW fsync") == "on"
            scene = await open_market(database, start=None)  # checkouts go at once
            await scene.list_offer(PRO, SCARCE, quantity=checkouts // 3)
            await scene.list_offer(PRO, PLENTY, quantity=checkouts)
            keys = await buyers_with_keys(scene, BUYERS)
            numbers = range(checkouts)
            wishes = [Wish(f"wish-{n}", keys[n % BUYERS], PRO, (PLENTY, SCARCE)[n % 2]) for n in numbers]
            yield Market(data, scene, wishes)


async def all_is_well(here: Market, shopping: Shopping) -> None:
    """Every answer is true: each order that was acknowledged is there, no other is, and the stock is exact."""
    wanted = len(here.wishes)
    assert shopping.orders.keys() == {wish.name for wish in here.wishes}
    placed = shopping.placed
    assert len(placed) == len(set(placed)) == wanted // 3 + wanted // 2
    assert sorted(placed) == [row[0] for row in await here.scene.rows("SELECT order_id FROM orders ORDER BY 1")]
    assert await here.scene.stock(PRO, SCARCE) == 0
    assert await here.scene.stock(PRO, PLENTY) == wanted - wanted // 2
    assert await violations(here.scene.database) == []
