"""Changes of available quantities: each is told, none twice where once is enough, and never an old one last."""

import asyncio
from datetime import timedelta

import pytest

from tests.notifications.listening import Listening, Queue
from tests.scene import BEA, LAMP, LAST, PRO, VASE, open_market
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.lifecycle import State
from tradepost.listings import offers
from tradepost.notifications.delivery import _take
from tradepost.notifications.kinds import Kind
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders

QUANTITY = Kind.QUANTITY_CHANGE


@pytest.fixture
async def queue(listening: Listening) -> Queue:
    made = await listening.queue()
    await listening.subscribe(made, QUANTITY)
    return made


async def told(listening: Listening, queue: Queue) -> list[tuple[str, int]]:
    """SKUs and quantities, as they were told by now."""
    await listening.deliver()
    return [(one["Payload"]["Sku"], one["Payload"]["Quantity"]) for one in await queue.heard()]


async def test_each_change_is_told_whoever_caused_it(listening: Listening, queue: Queue) -> None:
    scene = listening.scene
    key = await scene.place(items={LAMP: 2})
    assert await told(listening, queue) == [(LAMP, 998)]
    await scene.cancel_by_buyer(key)
    assert await told(listening, queue) == [(LAMP, 1000)]
    await scene.set_stock(PRO, LAMP, 5)
    assert await told(listening, queue) == [(LAMP, 5)]
    await scene.list_offer(PRO, LAMP, quantity=6)
    await scene.list_offer(PRO, "NEW", quantity=3)
    assert sorted(await told(listening, queue)) == [(LAMP, 6), ("NEW", 3)]
    shipped = await scene.to_state(State.UNSHIPPED)
    await told(listening, queue)
    await scene.cancel_by_seller(shipped)
    assert sorted(await told(listening, queue)) == [(LAMP, 6), (VASE, 1000)]


async def test_what_sets_the_quantity_that_there_is_tells_nothing(listening: Listening, queue: Queue) -> None:
    scene = listening.scene
    await scene.set_stock(PRO, LAMP, 1000)
    await scene.list_offer(PRO, VASE, title="Green vase", quantity=1000)
    await scene.list_offer(PRO, "EMPTY", quantity=0)
    await scene.close_offer(PRO, LAMP)
    await scene.open_offer(PRO, LAMP)
    assert await listening.waiting() == []
    assert (await scene.offer(PRO, VASE)).title == "Green vase"


async def test_what_is_queued_and_not_sent_yet_is_not_queued_twice(listening: Listening, queue: Queue) -> None:
    scene = listening.scene
    for _ in range(3):
        await scene.place(items={LAMP: 1, VASE: 1})
    await scene.set_stock(PRO, LAMP, 7)
    assert await listening.waiting() == [(LAMP, "queued", 0), (VASE, "queued", 0)]
    assert await told(listening, queue) == [(LAMP, 7), (VASE, 997)]


async def test_all_of_a_batch_and_all_applications_are_told(listening: Listening, queue: Queue) -> None:
    other = await listening.queue("other")
    await listening.subscribe(other, QUANTITY)
    await listening.scene.place_all([{LAMP: 1}, {LAMP: 2, VASE: 1}, {LAST: 1}])
    first = await told(listening, queue)
    assert sorted(first) == [(LAMP, 997), (LAST, 0), (VASE, 999)]
    assert sorted(await told(listening, other)) == sorted(first)


async def test_a_change_after_the_quantity_was_read_is_told_anew(listening: Listening, queue: Queue) -> None:
    """A courier that has a notification in hand has read the quantity; one more has to follow."""
    [subscription] = await listening.subscribe(await listening.queue("second"), QUANTITY)
    await listening.scene.place(items={LAMP: 1})
    batch = await listening.database.run(lambda tx: _take(tx, subscription.destination_id, machine_now()))
    assert [b'"Quantity":999' in letter.body for letter in batch.letters.values()] == [True]
    await listening.scene.place(items={LAMP: 1})
    await listening.scene.place(items={LAMP: 1})
    assert await told(listening, queue) == [(LAMP, 997)]
    own = await listening.scene.rows(
        "SELECT attempts, fresh FROM notifications WHERE subscription_id = $1 ORDER BY number",
        subscription.subscription_id,
    )
    assert [tuple(row) for row in own] == [(1, False), (0, True)]
    await listening.make_due()
    assert await told(listening, Queue(queue.client, "second", queue.url.replace("told", "second"))) == [
        (LAMP, 997), (LAMP, 997),
    ]  # fmt: skip


async def test_no_change_is_missed_by_a_courier_that_comes_before_it_is_committed(
    listening: Listening, queue: Queue
) -> None:
    scene = listening.scene
    await scene.set_stock(PRO, LAMP, 500)
    changed, go_on = asyncio.Event(), asyncio.Event()

    async def change(tx: Transaction) -> None:
        await offers.set_stock(tx, [(PRO, LAMP, 400)], tx.now)
        await tx.write()
        changed.set()
        await go_on.wait()

    slow = asyncio.create_task(listening.database.run(change))
    await changed.wait()
    assert await told(listening, queue) == [], "it is being changed: it stands in for this change too"
    go_on.set()
    await slow
    assert await told(listening, queue) == [(LAMP, 400)]


async def test_many_at_once_change_what_a_courier_sends_and_the_last_word_is_true(
    listening: Listening, queue: Queue
) -> None:
    scene = listening.scene
    done = asyncio.Event()

    async def send() -> list[tuple[str, int]]:
        heard: list[tuple[str, int]] = []
        while not done.is_set():
            heard += await told(listening, queue)
        return heard + await told(listening, queue)

    sending = asyncio.create_task(send())
    for _ in range(5):
        await asyncio.gather(
            *(scene.place(items={LAMP: 1, VASE: 1} if n % 2 else {VASE: 1, LAMP: 1}) for n in range(8))
        )
    done.set()
    heard = await sending
    for sku in (LAMP, VASE):
        quantities = [quantity for one, quantity in heard if one == sku]
        assert quantities == sorted(quantities, reverse=True)
        assert quantities[-1] == await scene.stock(PRO, sku) == 960


async def test_a_checkout_that_is_told_of_is_one_statement_still(
    database: Database, sqs: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fastest path stays what it is: all that it writes is written at once, orders, offers and what is told."""
    monkeypatch.setattr("tradepost.ground.database._PROMPTLY", timedelta(hours=1))  # however busy the machine is
    scene = await open_market(database, start=None)
    listening = Listening(scene, sqs)
    await listening.subscribe(await listening.queue())
    await scene.place()
    assert len(await listening.waiting()) == 3  # and from here on it is known that the clock is real for good
    statements = []

    async def check_out(tx: Transaction) -> Placed:
        [placed] = await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1), CartLine(PRO, VASE, 1)))])
        assert isinstance(placed, Placed)
        assert tx.at_once
        statements.append(tx)
        return placed

    await database.run_at_once(check_out)
    [tx] = statements
    assert tx.statements == 2, "one reads, one writes"
    assert [one[0] for one in await listening.waiting()].count(LAMP) == 1
    assert len(await listening.waiting()) == 4, "two orders, and two quantities that were queued already"
