"""Couriers of notifications: in order, at least once, and no destination in the way of another."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.notifications.listening import Json, Listening, order_of
from tests.scene import LAMP, VASE, Scene
from tests.webhooks.receiver import Receiver, always, receiving
from tradepost.doors.worker.work import work
from tradepost.ground.clock import machine_now
from tradepost.ground.database import connect
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox
from tradepost.notifications import records
from tradepost.notifications.delivery import notifier
from tradepost.notifications.kinds import Kind
from tradepost.notifications.records import NotificationKey
from tradepost.notifications.sqs import MOST_BYTES, Letter, in_calls
from tradepost.webhooks.attempts import LEASE, MOST_ATTEMPTS

ORDER = Kind.ORDER_CHANGE


def of_orders(messages: list[Json]) -> dict[str, list[str]]:
    """The statuses that were told of each order, in the order in which they came."""
    told: dict[str, list[str]] = {}
    for order in map(order_of, messages):
        told.setdefault(order["AmazonOrderId"], []).append(order["Summary"]["OrderStatus"])
    return told


async def test_a_webhook_gets_signed_calls_one_after_another(listening: Listening, receiver: Receiver) -> None:
    """The receiver checks every signature by itself."""
    await listening.subscribe(receiver, ORDER)
    key = await listening.scene.to_state(State.SHIPPED)
    await listening.deliver()
    assert of_orders(receiver.got) == {key.order_id: ["Pending", "Unshipped", "Shipped"]}
    assert receiver.ids == [one["NotificationMetadata"]["NotificationId"] for one in receiver.got]
    assert {status for _, status, _ in await listening.waiting()} == {"delivered"}
    await listening.deliver()
    assert len(receiver.got) == 3


async def test_a_destination_that_was_away_is_told_everything_when_it_is_back(listening: Listening) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:later"
    await listening.subscribe(arn, ORDER)
    keys = await listening.scene.to_states([State.SHIPPED] * 12, [{LAMP: 1}] * 12)
    await listening.deliver()
    told = [(status, attempts) for _, status, attempts in await listening.waiting()]
    assert told.count(("queued", 1)) == 12, "the first of each order"
    assert told.count(("queued", 0)) == 24
    [error] = {row[0] for row in await listening.scene.rows("SELECT last_error FROM notifications") if row[0]}
    assert error == "SQS refused it (AWS.SimpleQueueService.NonExistentQueue)."
    queue = await listening.queue("later")
    await listening.deliver()
    assert await queue.heard() == [], "not before its wait is over"
    await listening.make_due()
    await listening.deliver()
    assert of_orders(await queue.heard()) == {key.order_id: ["Pending", "Unshipped", "Shipped"] for key in keys}


async def test_what_holds_a_secret_is_not_shown(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://user:password@127.0.0.1:9")
    await listening.subscribe("arn:aws:sqs:us-east-1:123456789012:orders", ORDER)
    await listening.scene.place()
    await listening.deliver()
    [row] = await listening.scene.rows("SELECT last_error FROM notifications")
    assert row[0].startswith("SQS was not reached (")
    assert not [secret for secret in ("user", "password", "AKIATEST", "not to be seen") if secret in row[0]]


async def test_a_destination_that_is_away_holds_up_no_other(listening: Listening, receiver: Receiver) -> None:
    free = asyncio.Event()

    async def never(_request: web.Request, _message: Json) -> web.Response:
        await free.wait()
        return web.Response()

    async with receiving() as hanging:
        hanging.answer = never
        await listening.subscribe(hanging, ORDER)
        await listening.subscribe(receiver, ORDER)
        await listening.scene.to_states([State.SHIPPED] * 20, [{LAMP: 1}] * 20)
        async with notifier(listening.database, private=True) as one:
            assert await one.start_due() == 2
            while len(receiver.got) < 60:
                await asyncio.sleep(0.01)
                await one.start_due()
            assert len(hanging.got) == 8
            free.set()
            await one.settle()


async def test_couriers_at_the_same_time_send_each_once_and_in_order(listening: Listening, database_url: str) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue, ORDER)
    keys = await listening.scene.to_states([State.SHIPPED] * 40, [{LAMP: 1}] * 40)
    async with connect(database_url) as second, connect(database_url) as third:
        others = [Listening(Scene(one), listening.client) for one in (second, third)]
        await asyncio.gather(*(one.deliver() for one in (listening, *others)))
    await listening.make_due()  # what one looked at while another was at it
    await listening.deliver()
    told = await queue.heard()
    assert of_orders(told) == {key.order_id: ["Pending", "Unshipped", "Shipped"] for key in keys}
    assert len({one["NotificationMetadata"]["NotificationId"] for one in told}) == len(told) == 120


async def test_a_fifo_queue_has_a_group_for_each_subject_and_takes_no_repeat(listening: Listening) -> None:
    queue = await listening.queue("orders.fifo", FifoQueue="true")
    await listening.subscribe(queue)
    await listening.scene.list_offer("acme", "Teekanne, große 茶壶", quantity=5)
    key = await listening.scene.to_state(State.SHIPPED)
    await listening.deliver()
    await listening.say("UPDATE notifications SET status = 'queued', attempts = 0, try_at = $1", machine_now())
    await listening.deliver()  # as after a crash: all of it once more
    messages = await queue.taken()
    groups: dict[str, list[Json]] = {}
    for one in messages:
        said, attributes = json.loads(one["Body"]), one["Attributes"]
        groups.setdefault(attributes["MessageGroupId"], []).append(said)
        assert attributes["MessageDeduplicationId"] == said["NotificationMetadata"]["NotificationId"]
    assert of_orders(groups.pop(key.order_id)) == {key.order_id: ["Pending", "Unshipped", "Shipped"]}
    skus = {name: told[0]["Payload"]["Sku"] for name, told in groups.items()}
    assert {name: sku for name, sku in skus.items() if name == sku} == {LAMP: LAMP, VASE: VASE}
    [digest] = set(skus) - {LAMP, VASE}
    assert skus[digest] == "Teekanne, große 茶壶"
    assert len(messages) == 6


DIE_AFTER_SENDING = """
import asyncio, os, sys
from tradepost.ground.database import connect
from tradepost.notifications.delivery import Notifier
from tradepost.notifications.sqs import queues
from tradepost.webhooks.network import network

class Deadly:
    def __init__(self, queues):
        self.queues = queues

    async def send(self, *what):
        print(await self.queues.send(*what), flush=True)
        os.kill(os.getpid(), 9)

async def main():
    async with connect(sys.argv[1]) as database, network(private=True) as call, queues() as sqs:
        courier = Notifier(database, call, Deadly(sqs))
        await courier.start_due()
        await courier.settle()

asyncio.run(main())
"""


async def test_a_courier_killed_after_sending_leaves_it_to_the_next(listening: Listening, database_url: str) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue, ORDER)
    key = await listening.scene.to_state(State.CANCELED)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DIE_AFTER_SENDING, database_url, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert b"error=None" in output
    assert process.returncode == -9
    await listening.deliver()  # the lease of the dead still holds, for what is behind it too
    [first] = await queue.heard()
    [row] = await listening.scene.rows("SELECT min(try_at) FROM notifications")
    assert LEASE / 2 < row[0] - machine_now() <= LEASE
    await listening.make_due()
    await listening.deliver()
    again, behind = await queue.heard()
    assert again["NotificationMetadata"]["NotificationId"] == first["NotificationMetadata"]["NotificationId"]
    assert of_orders([first, again, behind]) == {key.order_id: ["Pending", "Pending", "Canceled"]}
    assert [(status, attempts) for _, status, attempts in await listening.waiting()] == [
        ("delivered", 2), ("delivered", 1),
    ]  # fmt: skip


async def test_a_courier_told_to_stop_hands_back_what_it_holds(listening: Listening, receiver: Receiver) -> None:
    await listening.subscribe(receiver, ORDER)
    stuck = asyncio.Event()

    async def answer(_request: web.Request, _message: Json) -> web.Response:
        stuck.set()
        await asyncio.sleep(60)
        return web.Response()

    receiver.answer = answer
    await listening.scene.place()
    async with notifier(listening.database, private=True) as one:
        await one.start_due()
        await stuck.wait()
    assert [one[1:] for one in await listening.waiting()] == [("queued", 0)]
    receiver.answer = None
    await listening.deliver()  # at once
    assert [one[1:] for one in await listening.waiting()] == [("delivered", 1)]


async def test_what_is_given_up_lets_the_next_go_and_can_be_sent_again(
    listening: Listening, receiver: Receiver
) -> None:
    await listening.subscribe(receiver, ORDER)
    key = await listening.scene.place()
    receiver.answer = always(500)
    await listening.say("UPDATE notifications SET attempts = $1", MOST_ATTEMPTS - 1)
    await listening.scene.cancel_by_buyer(key)
    await listening.deliver()
    assert [one[1:] for one in await listening.waiting()] == [("undeliverable", MOST_ATTEMPTS), ("queued", 1)]
    async with listening.database.transaction() as tx:
        [given_up] = await records.undeliverable(tx)
        assert (given_up.subject, given_up.last_error) == (key.order_id, "It answered 500.")
        named = NotificationKey(*given_up[:4])
        assert await records.undeliverable(tx, (given_up.destination_id, named)) == []
        assert await records.resend(tx, [named, named._replace(seller_id="\0")], machine_now()) == 1
        assert await records.resend(tx, [named], machine_now()) == 0, "it is queued"
    receiver.answer = None
    await listening.make_due()
    await listening.deliver()
    assert of_orders(receiver.got)[key.order_id][-2:] == ["Pending", "Canceled"]
    assert len(set(receiver.ids)) == 2, "a repeat has the same id"


async def test_what_kills_every_courier_is_given_up(listening: Listening, receiver: Receiver) -> None:
    await listening.subscribe(receiver, ORDER)
    await listening.scene.place()
    await listening.say("UPDATE notifications SET attempts = $1", MOST_ATTEMPTS)
    await listening.deliver()
    assert receiver.got == []
    assert [one[1] for one in await listening.waiting()] == ["undeliverable"]


async def test_a_destination_that_fails_gets_one_at_a_time_until_one_arrives(
    listening: Listening, receiver: Receiver
) -> None:
    await listening.subscribe(receiver, ORDER)
    receiver.answer = always(500)
    await listening.scene.place_all([{LAMP: 1}] * 3)
    await listening.deliver()
    failing = "SELECT failing_since IS NOT NULL FROM notification_destinations"
    assert [row[0] for row in await listening.scene.rows(failing)] == [True]
    receiver.answer = None
    await listening.make_due()
    await listening.deliver()
    assert [row[0] for row in await listening.scene.rows(failing)] == [False]
    assert [one[1:] for one in await listening.waiting()] == [("delivered", 2)] * 3


async def test_what_is_old_is_forgotten_unless_it_is_on_its_way(listening: Listening, receiver: Receiver) -> None:
    await listening.subscribe(receiver, ORDER)
    await listening.scene.place()
    await listening.deliver()
    receiver.answer = always(500)
    await listening.scene.place()
    await listening.deliver()
    await listening.say("UPDATE notifications SET queued_at = $1", machine_now() - timedelta(days=31))
    await listening.deliver()
    assert [one[1:] for one in await listening.waiting()] == [("queued", 1)]


def test_a_call_takes_ten_and_no_more_than_its_bytes() -> None:
    small, large = Letter("a", "a", b"x"), Letter("b", "b", b"x" * (MOST_BYTES // 2 + 1))
    assert [len(call) for call in in_calls([small] * 25)] == [10, 10, 5]
    assert in_calls([large, small, large]) == [[large, small], [large]]
    assert in_calls([]) == []


async def test_the_worker_tells(listening: Listening, receiver: Receiver, tmp_path: Path) -> None:
    await listening.subscribe(receiver, ORDER)
    stop = asyncio.Event()
    worker = asyncio.create_task(work(listening.database, [], Mailbox(tmp_path), stop, webhooks_private=True))
    key = await listening.scene.place()
    while not receiver.got:  # noqa: ASYNC110  (somebody else's event)
        await asyncio.sleep(0.01)
    stop.set()
    await worker
    assert of_orders(receiver.got) == {key.order_id: ["Pending"]}


async def test_a_bug_in_one_call_does_not_break_the_lane(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_what: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("tradepost.notifications.sqs.Queues.send", broken)
    await listening.subscribe(await listening.queue(), ORDER)
    await listening.scene.place()
    await listening.deliver()
    [row] = await listening.scene.rows("SELECT last_error FROM notifications")
    assert row[0] == "It could not be sent (ZeroDivisionError)."


async def test_what_cannot_be_made_holds_up_nothing_else(listening: Listening, receiver: Receiver) -> None:
    await listening.subscribe(receiver, ORDER)
    broken, fine = await listening.scene.place_all([{LAMP: 1}] * 2)
    await listening.say("UPDATE notifications SET sequence = 77 WHERE subject = $1", broken.order_id)
    await listening.deliver()
    assert of_orders(receiver.got) == {fine.order_id: ["Pending"]}
    assert sorted(await listening.waiting()) == sorted(
        [(broken.order_id, "queued", 1), (fine.order_id, "delivered", 1)]
    )
