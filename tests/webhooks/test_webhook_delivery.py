"""Messages to endpoints: what they say, to whom they go, and that each order's come one after another."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from receiver import Hooks, Receiver, always, receiving

from tests.scene import ADDRESS, BEA, LAMP, MUG, PRO, SOLO, START, Scene
from tradepost.doors.worker.work import work
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction, connect
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox
from tradepost.orders.journal import CLOCK, Journal
from tradepost.webhooks import records
from tradepost.webhooks.delivery import AT_ONCE, courier
from tradepost.webhooks.endpoints.endpoints import OPERATOR, disable_endpoint, rotate_secret
from tradepost.webhooks.lanes import LANES
from tradepost.webhooks.message import MessageKey


async def test_an_endpoint_hears_what_happens_to_an_order(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    key = await hooks.scene.to_state(State.UNSHIPPED)
    await hooks.scene.request_cancellation(key, why="Wrong colour, 颜色不对")
    await hooks.scene.confirm(key)
    await hooks.deliver()
    assert [message["type"] for message in receiver.got] == [
        "order.place", "order.approve", "order.release", "order.request_cancellation", "order.confirm_shipment",
    ]  # fmt: skip
    assert receiver.heard == [(key.order_id, number) for number in (1, 2, 3, 4, 5)]
    assert receiver.got[0] == {
        "type": "order.place",
        "timestamp": START.isoformat(),
        "data": {
            "seller_id": PRO, "order_id": key.order_id, "number": 1, "act": "place", "state": "held",
            "status": "Pending", "party": "buyer", "happened_at": START.isoformat(),
        },
    }  # fmt: skip
    assert receiver.got[3]["data"]["detail"] == {"why": "Wrong colour, 颜色不对"}
    assert receiver.got[4]["data"]["status"] == "Shipped"
    assert receiver.ids == [f"msg_{endpoint.endpoint_id}_{key.order_id}_{number}" for number in (1, 2, 3, 4, 5)]
    assert await hooks.statuses(endpoint) == [("delivered", 1)] * 5
    await hooks.deliver()
    assert len(receiver.got) == 5


async def test_no_message_says_where_or_who_the_buyer_is(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.open(receiver)
    await hooks.scene.to_states(list(State))
    await hooks.deliver()
    told = str(receiver.got).lower()
    assert len(receiver.got) > len(State)
    for secret in (*(str(value) for value in ADDRESS.values() if len(str(value)) > 2), BEA, "@example.com"):
        assert secret.lower() not in told


async def test_sellers_hear_of_their_own_orders_and_the_operator_of_all(hooks: Hooks, receiver: Receiver) -> None:
    async with receiving() as operator:
        await hooks.open(receiver, PRO)
        await hooks.open(operator, OPERATOR)
        ours, theirs = await hooks.scene.place(), await hooks.scene.place(items={MUG: 1})
        await hooks.deliver()
        assert (ours.seller_id, theirs.seller_id) == (PRO, SOLO)
        assert receiver.heard == [(ours.order_id, 1)]
        assert sorted(operator.heard) == sorted([(ours.order_id, 1), (theirs.order_id, 1)])


async def test_an_endpoint_hears_of_the_acts_that_it_wants(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver, acts=["release", "cancel_by_buyer"])
    key = await hooks.scene.to_state(State.UNSHIPPED)
    await hooks.deliver()
    assert receiver.heard == [(key.order_id, 3)]
    assert len(await hooks.log(endpoint)) == 1


async def test_an_act_that_is_rolled_back_leaves_no_message(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    key = await hooks.scene.place()
    before = len(await hooks.log(endpoint))

    async def act(tx: Transaction) -> None:
        book = await Journal.open(tx, [key], tx.now + timedelta(days=1), lines=True)
        book.let_time_pass(tx.now + timedelta(hours=1), wait_for_gateways=False)
        assert book.order(key, tx.now).state is State.VERIFYING
        await book.write()
        assert await tx.value("SELECT count(*) FROM webhook_messages") == before + 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hooks.database.run(act)
    assert len(await hooks.log(endpoint)) == before
    assert CLOCK.name not in [event.actor for event in await hooks.scene.events(key)]


async def test_without_endpoints_nothing_is_queued(scene: Scene) -> None:
    await scene.to_state(State.SHIPPED)
    assert await scene.rows("SELECT 1 FROM webhook_messages") == []


@pytest.mark.usefixtures("long_waits")
async def test_what_fails_holds_up_its_own_order_only(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    stuck, free = await hooks.scene.to_states([State.UNSHIPPED, State.UNSHIPPED])

    async def answer(_request: web.Request, message: dict[str, Any]) -> web.Response:
        return web.Response(status=500 if message["data"]["order_id"] == stuck.order_id else 200)

    receiver.answer = answer
    await hooks.deliver()
    assert [one for one in receiver.heard if one[0] == free.order_id] == [(free.order_id, n) for n in (1, 2, 3)]
    assert [one for one in receiver.heard if one[0] == stuck.order_id] == [(stuck.order_id, 1)]
    receiver.answer = None
    await hooks.deliver()  # not before its wait is over
    assert len(receiver.got) == 4
    await hooks.scene.confirm(stuck)  # comes while those before it wait
    await hooks.deliver()
    assert len(receiver.got) == 4
    await hooks.make_due()
    await hooks.deliver()
    assert receiver.heard[4:] == [(stuck.order_id, n) for n in (1, 2, 3, 4)]
    assert {status for status, _ in await hooks.statuses(endpoint)} == {"delivered"}


async def test_couriers_at_the_same_time_keep_the_order_and_send_nothing_twice(
    hooks: Hooks, receiver: Receiver, database_url: str
) -> None:
    endpoint = await hooks.open(receiver)
    keys = await hooks.scene.to_states([State.SHIPPED] * 30, [{LAMP: 1}] * 30)

    async def answer(_request: web.Request, message: dict[str, Any]) -> web.Response:
        await asyncio.sleep(0.001 * (message["data"]["number"] % 3))
        return web.Response(status=204)

    receiver.answer = answer
    async with connect(database_url) as second, connect(database_url) as third:
        await asyncio.gather(*(Hooks(Scene(one)).deliver() for one in (hooks.database, second, third)))
    await hooks.make_due()  # what one looked at while another was at it
    await hooks.deliver()
    heard = defaultdict(list)
    for order_id, number in receiver.heard:
        heard[order_id].append(number)
    assert heard == {key.order_id: [1, 2, 3, 4] for key in keys}
    assert set(await hooks.statuses(endpoint)) == {("delivered", 1)}


async def test_a_slow_endpoint_does_not_slow_another(hooks: Hooks, receiver: Receiver) -> None:
    slow_down = asyncio.Event()

    async def never(_request: web.Request, _message: dict[str, Any]) -> web.Response:
        await slow_down.wait()
        return web.Response()

    async with receiving() as slow:
        slow.answer = never
        waiting, quick = await hooks.open(slow), await hooks.open(receiver)
        await hooks.scene.to_states([State.SHIPPED] * 20, [{LAMP: 1}] * 20)
        async with courier(hooks.database, private=True) as one:
            assert await one.start_due() == 2
            while len(receiver.got) < 80 or len(slow.got) < 8:  # all that there is, and all that may be under way
                await asyncio.sleep(0.01)
                await one.start_due()
            assert len(slow.got) == 8
            slow_down.set()
            await one.settle()
    assert {status for status, _ in await hooks.statuses(quick)} == {"delivered"}
    assert len([one for one in await hooks.statuses(waiting) if one == ("delivered", 1)]) >= 8


async def test_a_rotated_secret_is_good_for_a_day_beside_the_new_one(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    old = receiver.secret
    new = (await hooks.database.run(lambda tx: rotate_secret(tx, endpoint.key))).secret
    assert new != old
    await hooks.scene.place_all([{LAMP: 1}, {LAMP: 1}])
    await hooks.deliver()  # the receiver checks by the old one
    assert len(receiver.got) == 2
    await hooks.say("UPDATE webhook_endpoints SET old_secret_until = $1", machine_now())
    receiver.secret = new
    await hooks.scene.place()
    await hooks.deliver()
    assert set(await hooks.statuses(endpoint)) == {("delivered", 1)}
    receiver.secret = old
    await hooks.scene.place()
    await hooks.deliver()
    assert (await hooks.statuses(endpoint))[-1] == ("queued", 1), "the old one is not good any more"


async def test_the_log_goes_page_by_page_and_any_message_can_be_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    keys = await hooks.scene.place_all([{LAMP: 1}] * 5)
    await hooks.deliver()
    async with hooks.database.transaction() as tx:
        whole = await records.log(tx, endpoint.endpoint_id)
        first = await records.log(tx, endpoint.endpoint_id, most=2)
        last = first[-1]
        after = last.queued_at, MessageKey(last.seller_id, last.order_id, last.number)
        assert first + await records.log(tx, endpoint.endpoint_id, after) == whole
        assert await records.log(tx, "another") == []
        assert len(whole) == 5
        assert {(one.act, one.answer_code, one.last_error) for one in whole} == {("place", 204, None)}
        again = MessageKey(PRO, keys[0].order_id, 1)
        nowhere = again._replace(seller_id="\0")
        assert await records.resend(tx, endpoint.endpoint_id, [again, again, nowhere], machine_now()) == 1
        assert await records.resend(tx, endpoint.endpoint_id, [again], machine_now()) == 0, "it is queued"
    await hooks.deliver()
    assert receiver.heard[5:] == [(keys[0].order_id, 1)]
    assert len(set(receiver.ids)) == 5, "a repeat has the same id"


@pytest.mark.usefixtures("long_waits")
async def test_what_is_old_is_forgotten_unless_it_is_on_its_way(hooks: Hooks, receiver: Receiver) -> None:
    endpoint, held = await hooks.open(receiver), await hooks.open("http://127.0.0.1:9/hooks")
    await hooks.database.run(lambda tx: disable_endpoint(tx, held.key))
    receiver.answer = always(500)
    await hooks.scene.place()
    await hooks.deliver()
    receiver.answer = None
    await hooks.scene.place()
    await hooks.deliver()
    assert await hooks.statuses(endpoint) == [("queued", 1), ("delivered", 1)]
    assert await hooks.statuses(held) == [("queued", 0), ("queued", 0)]
    await hooks.deliver()
    assert len(await hooks.log(held)) == 2, "young enough"
    await hooks.say("UPDATE webhook_messages SET queued_at = $1", machine_now() - timedelta(days=31))
    await hooks.deliver()
    assert await hooks.statuses(endpoint) == [("queued", 1)]
    assert await hooks.statuses(held) == []


async def test_the_worker_calls(hooks: Hooks, receiver: Receiver, database: Database, tmp_path: Any) -> None:
    await hooks.open(receiver)
    stop = asyncio.Event()
    worker = asyncio.create_task(work(database, [], Mailbox(tmp_path), stop, webhooks_private=True))
    key = await hooks.scene.place()
    while not receiver.got:  # noqa: ASYNC110  (somebody else's event)
        await asyncio.sleep(0.01)
    stop.set()
    await worker
    assert receiver.heard == [(key.order_id, 1)]


async def test_endpoints_that_fail_leave_room_for_those_that_are_well(hooks: Hooks, receiver: Receiver) -> None:
    free = asyncio.Event()

    async def never(_request: web.Request, _message: dict[str, Any]) -> web.Response:
        await free.wait()
        return web.Response()

    async with receiving() as hanging:
        hanging.answer = never
        sellers = [f"seller-{number}" for number in range(LANES)]
        for seller in sellers:
            await hooks.open(hanging, seller)
        await hooks.say(
            "UPDATE webhook_endpoints SET seller_id = $1, secret = $2, failing_since = $3 WHERE seller_id = ANY($4)",
            PRO, hanging.secret, machine_now(), sellers,
        )  # fmt: skip
        await hooks.scene.place()
        async with courier(hooks.database, private=True) as one:
            assert await one.start_due() == LANES // 2
            await hooks.open(receiver, SOLO)
            key = await hooks.scene.place(items={MUG: 1})
            assert await one.start_due() == 1
            while not receiver.got:  # noqa: ASYNC110  (somebody else's event)
                await asyncio.sleep(0.01)
            assert receiver.heard == [(key.order_id, 1)]
            free.set()
            await one.settle()


async def test_an_endpoint_that_is_down_is_called_once_a_look_and_has_the_rest_when_it_is_back(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place_all([{LAMP: 1}] * 20)
    receiver.answer = always(500)
    for called in (AT_ONCE, AT_ONCE + 1, AT_ONCE + 2):
        await hooks.deliver()
        assert len(receiver.heard) == called
    receiver.answer = None
    await hooks.deliver()
    told = await hooks.statuses(endpoint)
    assert told.count(("delivered", 1)) == 20 - AT_ONCE - 2, "what was never tried does not wait"
