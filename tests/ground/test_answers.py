"""What carries an Idempotency-Key is done once, whichever process it reaches, and answered alike."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from tests.reports.explained import explained
from tests.scene import ADDRESS, BEA, LAMP, LAST, PRO, Scene
from tradepost.doors.http.desk import Desk, Wish
from tradepost.ground import answers
from tradepost.ground.answers import Answer, Once
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.people import records as people
from tradepost.people.records import BuyerAccount
from tradepost.process.checkout.checkout import Cart, CartLine, Placed
from tradepost.process.checkout.purchases import check_out
from tradepost.refusals import Reason, Refused

ONCE = Once("buyer:bea", "key-1", b"digest")


def wish(once: Once | None, sku: str = LAMP, quantity: int = 1) -> Wish[Cart, Placed]:
    def item(at: datetime) -> Cart:
        return Cart(BEA, at, (CartLine(PRO, sku, quantity),), ADDRESS)

    return Wish(item, lambda placed: Answer(201, placed.checkout_id.encode()), "en", once)


async def test_two_processes_with_one_key_do_it_once(scene: Scene) -> None:
    desks = [Desk(scene.database) for _ in range(4)]
    given = await asyncio.gather(*(desk.act(check_out, wish(ONCE)) for desk in desks for _ in range(5)))
    assert len(set(given)) == 1
    assert await scene.stock(PRO, LAMP) == 999


async def test_many_keys_in_any_order_in_two_processes(scene: Scene) -> None:
    """Batches that share keys in opposite orders end; each key is done once."""
    keys = [Once("buyer:bea", f"key-{number}", b"digest") for number in range(60)]
    one, other = Desk(scene.database), Desk(scene.database)
    given = await asyncio.gather(
        *(one.act(check_out, wish(key)) for key in keys), *(other.act(check_out, wish(key)) for key in reversed(keys))
    )
    assert given[:60] == given[:59:-1]
    assert await scene.stock(PRO, LAMP) == 1000 - 60


async def test_a_refusal_is_kept_like_every_answer(scene: Scene) -> None:
    desk = Desk(scene.database)
    no = await desk.act(check_out, wish(ONCE, LAST, 2))
    assert no.status == 409
    await scene.set_stock(PRO, LAST, 10)
    assert await desk.act(check_out, wish(ONCE, LAST, 2)) == no


async def test_what_fails_keeps_no_answer(scene: Scene) -> None:
    desk = Desk(scene.database)

    async def work(tx: Transaction) -> Answer:
        raise ValueError

    failed = await asyncio.gather(desk.alone(work, "en", ONCE), return_exceptions=True)
    assert isinstance(failed[0], ValueError)
    assert (await desk.act(check_out, wish(ONCE))).status == 201


async def test_another_request_under_the_key_is_refused(scene: Scene) -> None:
    desk = Desk(scene.database)
    await desk.act(check_out, wish(ONCE))
    reused = await desk.act(check_out, wish(ONCE._replace(digest=b"another")))
    assert reused.status == 422
    assert b"idempotency_key_reused" in reused.body


async def test_alone_is_done_once_too_and_refusals_are_answers(scene: Scene) -> None:
    desk = Desk(scene.database)
    times = 0

    async def work(tx: Transaction) -> Answer:
        nonlocal times
        times += 1
        raise Refused(Reason.ORDER_NOT_FOUND)

    first = await desk.alone(work, "en", ONCE)
    assert first.status == 404
    assert await desk.alone(work, "en", ONCE) == first
    assert times == 1


async def test_what_is_refused_alone_in_the_middle_changes_nothing(scene: Scene) -> None:
    desk = Desk(scene.database)

    async def work(tx: Transaction) -> Answer:
        await people.put_buyers(tx, [BuyerAccount("halfway", "Hal", None, "en")], tx.now)
        raise Refused(Reason.ORDER_NOT_FOUND)

    for once in (ONCE, None):
        no = await desk.alone(work, "en", once)
        assert no.status == 404
        async with scene.database.transaction() as tx:
            assert await people.buyers(tx, ["halfway"]) == {}
    assert await desk.act(check_out, wish(ONCE)) == no


async def test_answers_are_forgotten_when_they_are_old(scene: Scene) -> None:
    desk = Desk(scene.database)
    await desk.act(check_out, wish(ONCE))
    async with scene.database.transaction() as tx:
        assert await answers.forget(tx, machine_now() - timedelta(hours=1)) == 0
        assert len(await answers.kept(tx, [ONCE])) == 1
        assert await answers.forget(tx, machine_now() + timedelta(seconds=1)) == 1
        assert await answers.kept(tx, [ONCE]) == {}


async def test_the_oldest_answers_are_forgotten_first_so_many_at_a_time(scene: Scene) -> None:
    desk = Desk(scene.database)
    keys = [Once("buyer:bea", f"key-{number}", b"digest") for number in range(5)]
    for key in keys:
        await desk.act(check_out, wish(key))
    forgotten, left = [], []
    for _ in range(3):
        async with scene.database.transaction() as tx:
            forgotten.append(await answers.forget(tx, machine_now() + timedelta(seconds=1), most=2))
            left.append({key for _, key in await answers.kept(tx, keys)})
    assert forgotten == [2, 2, 1]
    assert left == [{"key-2", "key-3", "key-4"}, {"key-4"}, set()]


async def test_what_is_forgotten_is_found_without_looking_at_the_rest(scene: Scene) -> None:
    """Also where the rows of a page have come and gone many times: an index of whole pages would know them no more."""
    now = machine_now()

    async def fill(tx: Transaction, days_ago: int) -> None:
        await tx.execute(
            """
            INSERT INTO kept_answers (caller, key, digest, status, body, kept_at)
            SELECT 'buyer:bea', $1::int || '-' || i, '', 200, '', $2 FROM generate_series(1, 5000) i
            """,
            days_ago,
            now - timedelta(days=days_ago),
        )

    for days_ago in (9, 8, 7):
        await scene.database.run(partial(fill, days_ago=days_ago))
        await scene.database.run(lambda tx: answers.forget(tx, now - timedelta(days=6)))
        await scene.database.pool.execute("VACUUM kept_answers")
    await scene.database.run(partial(fill, days_ago=1))
    await scene.database.pool.execute("VACUUM ANALYZE kept_answers")
    async with explained(scene.database, "kept_answers") as tx:
        await tx.fetch(
            "SELECT key FROM kept_answers WHERE kept_at < $1 ORDER BY kept_at LIMIT 5", now - timedelta(days=3)
        )
    assert tx.cost.blocks < 10, tx.cost
