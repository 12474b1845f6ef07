"""A clock that is real for good cannot be moved, and no transaction asks it again."""

import pytest

from tests.scene import ADDRESS, BEA, LAMP, MARKET, PRO, Scene
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction, connect
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.process.checkout.checkout import Cart, CartLine, place_orders
from tradepost.refusals import Reason, Refused
from tradepost.timekeeping import simulate

LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


async def locks(database: Database) -> int:
    """How many locks a transaction holds that has only begun."""
    async with database.transaction() as tx:
        return int(await tx.value(LOCKS))


async def order_one(tx: Transaction) -> None:
    await open_marketplace(tx, NewMarketplace(MARKET, "Market"))
    await people.put_sellers(tx, [SellerAccount(PRO, MARKET, "Acme", None, "en", "professional")], tx.now)
    await people.put_buyers(tx, [BuyerAccount(BEA, "Bea", None, "en")], tx.now)
    await list_offers(tx, [Listing(PRO, LAMP, "P", "Lamp", 100, 10, None)], tx.now)
    await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),), ADDRESS)])


async def test_a_real_clock_with_an_order_is_not_asked_again(database: Database, database_url: str) -> None:
    assert await locks(database) == 1, "as long as it could still be simulated"
    await database.run(order_one)
    assert await locks(database) == 1, "this one learns it"
    before = machine_now()
    async with database.transaction() as tx:
        assert before <= tx.now <= machine_now()
        assert await tx.value(LOCKS) == 0
    async with connect(database_url) as another:
        assert await locks(another) == 1, "another process has to learn it too"
        assert await locks(another) == 0
    with pytest.raises(Refused) as refused:
        await simulate(database, before, ticking=False)
    assert refused.value.refusal.reason is Reason.CLOCK_IS_IN_USE


async def test_a_simulated_clock_is_always_asked(scene: Scene) -> None:
    await scene.place()
    assert await locks(scene.database) == 1
    assert await locks(scene.database) == 1
