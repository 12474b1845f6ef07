"""Listings while they are sold and while others change them: nothing is sold twice, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest

from tests.races.meeting import meet_at_offers
from tests.races.soundness import violations
from tests.scene import BEA, BOB, LAMP, PRO, VASE, Scene, open_market
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.listing_words import accepted, change, delete, patch, price, put, shown, whole
from tradepost.ground.database import Database, Transaction, connect
from tradepost.listings.items.patches import Patch
from tradepost.listings.items.submissions import Changes, Deletion, Submission, Submitted, Whole, submit
from tradepost.listings.records import OfferKey
from tradepost.process.checkout.checkout import Placed
from tradepost.refusals import Reason, Refusal


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A connection for each of many at once."""
    async with connect(database_url, connections=16) as connected:
        yield connected


@pytest.fixture
async def scene(database: Database) -> AsyncIterator[Scene]:
    """The scene; the doctor looks at it in the end."""
    scene = await open_market(database)
    yield scene
    assert await violations(database) == []
    assert await deadlocks(database) == 0


async def deadlocks(database: Database) -> int:
    async with database.pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        statement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(await connection.fetchval(statement))


async def patch_stock(scene: Scene, quantity: int) -> Submitted | Refusal:
    wish = Changes("PRODUCT", [Patch("merge", "/attributes/fulfillment_availability", [{"quantity": quantity}])])

    async def work(tx: Transaction) -> list[Submitted | Refusal]:
        return await submit(tx, [Submission(OfferKey(PRO, LAMP), tx.now, wish)])

    return (await scene.database.run(work))[0]


async def test_a_quantity_is_set_while_units_are_sold(scene: Scene) -> None:
    """What is sold before it does not count against it, and what is sold after it does."""
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: scene.check_out(BEA, {LAMP: 3}),
        lambda: patch_stock(scene, 5),
    ]
    sold, _ = await meet_at_offers(scene, *acts)
    assert isinstance(sold, Placed)
    assert await scene.stock(PRO, LAMP) == 5
    _, sold = await meet_at_offers(scene, *acts[::-1])
    assert isinstance(sold, Placed)
    assert await scene.stock(PRO, LAMP) == 2


async def test_a_patch_of_something_else_takes_no_unit_back(scene: Scene) -> None:
    """It writes the whole offer, and what is sold beside it must stay sold."""
    wish = Changes("PRODUCT", [Patch("replace", "/item_name", [{"value": "Lamp"}])])

    async def work(tx: Transaction) -> object:
        return await submit(tx, [Submission(OfferKey(PRO, LAMP), tx.now, wish)])

    await meet_at_offers(scene, lambda: scene.check_out(BEA, {LAMP: 3}), lambda: scene.database.run(work))
    assert await scene.stock(PRO, LAMP) == 997


async def test_nothing_is_oversold_while_quantities_are_patched(selling: Selling, scene: Scene) -> None:
    async def sell(number: int) -> None:
        for _ in range(20):
            await scene.check_out((BEA, BOB)[number % 2], {LAMP: 1 + number % 3})

    async def restock(number: int) -> None:
        for step in range(10):
            own = {"quantity": (number + step) % 7}
            assert accepted(await change(selling, LAMP, patch("merge", "fulfillment_availability", own)))

    await asyncio.gather(*map(sell, range(6)), *map(restock, range(3)))
    assert await scene.stock(PRO, LAMP) >= 0


@pytest.mark.parametrize("seed", range(2))
async def test_all_doors_at_once_leave_a_sound_market(selling: Selling, scene: Scene, seed: int) -> None:
    async def live(task: int) -> None:
        random = Random(f"{seed} {task}")
        for _ in range(15):
            sku = random.choice((LAMP, VASE, "NEW"))
            acts: list[Callable[[], Awaitable[object]]] = [
                lambda sku=sku: put(selling, sku, whole(quantity=random.randrange(9))),
                lambda sku=sku: delete(selling, sku),
                lambda sku=sku: change(selling, sku, patch("merge", "fulfillment_availability", {"quantity": 3})),
                lambda sku=sku: change(selling, sku, patch("add", "purchasable_offer", *price(9)["purchasable_offer"])),
                lambda sku=sku: scene.list_offer(PRO, sku, quantity=5),
                lambda sku=sku: scene.set_stock(PRO, sku, 4),
                lambda sku=sku: scene.close_offer(PRO, sku),
                lambda sku=sku: scene.open_offer(PRO, sku),
                lambda sku=sku: scene.check_out(BEA, {sku: 1, LAMP if sku == VASE else VASE: 1}),
            ]  # fmt: skip
            await random.choice(acts)()

    await asyncio.gather(*map(live, range(8)))
    listed = await scene.rows("SELECT seller_id, sku FROM listings ORDER BY 1, 2")
    assert set(await scene.rows("SELECT seller_id, sku FROM offers")) <= set(listed)


async def test_a_batch_does_one_after_the_other(selling: Selling, scene: Scene) -> None:
    """Several submissions of one SKU in one transaction, as a file of them will be."""
    key, strange = OfferKey(PRO, "CHAIR-1"), OfferKey("nobody", "CHAIR-1")
    quantity = Patch("merge", "/attributes/fulfillment_availability", [{"quantity": 2}])
    path = Patch("add", "nowhere", [{}])

    async def work(tx: Transaction) -> list[Submitted | Refusal]:
        wishes = [
            (key, Changes("PRODUCT", [quantity])),
            (key, Whole("CHAIR", whole(quantity=9))),
            (key, Changes("PRODUCT", [quantity])),
            (key, Changes("PRODUCT", [path])),
            (OfferKey(PRO, LAMP), Deletion()),
            (OfferKey(PRO, LAMP), Deletion()),
            (strange, Deletion()),
        ]
        return await submit(tx, [Submission(key, tx.now, wish) for key, wish in wishes])

    outcomes = await scene.database.run(work)
    assert [one.reason if isinstance(one, Refusal) else one.valid for one in outcomes] == [
        False, True, True, Reason.INVALID_VALUE, True, False, Reason.SELLER_NOT_FOUND,
    ]  # fmt: skip
    assert await shown(selling, "CHAIR-1", "fulfillmentAvailability") == [
        {"fulfillmentChannelCode": "DEFAULT", "quantity": 2}
    ]
    async with scene.database.transaction() as tx:
        assert await submit(tx, []) == []
