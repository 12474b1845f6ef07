"""What carries an Idempotency-Key is done once, whichever process it reaches, and answered alike."""

import asyncio
from datetime import datetime, timedelta

from tests.scene import ADDRESS, BEA, LAMP, LAST, PRO, Scene
from tradepost.doors.http.desk import Desk, Wish
from tradepost.ground import answers
from tradepost.ground.answers import Answer, Once
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
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


async def test_answers_are_forgotten_when_they_are_old(scene: Scene) -> None:
    desk = Desk(scene.database)
    await desk.act(check_out, wish(ONCE))
    async with scene.database.transaction() as tx:
        await answers.forget(tx, machine_now() - timedelta(hours=1))
        assert len(await answers.kept(tx, [ONCE])) == 1
        await answers.forget(tx, machine_now() + timedelta(seconds=1))
        assert await answers.kept(tx, [ONCE]) == {}
