"""Couriers of notifications: in order, at least once, and no destination in the way of another."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.notifications.listening import Json, Listening, of_orders
from tests.scene import LAMP, Scene
from tests.webhooks.receiver import Receiver, always, receiving
from tradepost.doors.worker.work import work
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, connect
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox
from tradepost.notifications import records
from tradepost.notifications.delivery import AT_ONCE, notifier
from tradepost.notifications.kinds import Kind
from tradepost.notifications.records import NotificationKey
from tradepost.webhooks.attempts import LEASE, MOST_ATTEMPTS

ORDER = Kind.ORDER_CHANGE


async def test_a_webhook_gets_signed_calls_one_after_another(listening: Listening, receiver: Receiver) -> None:
    """The receiver checks every signature by itself."""
    await listening.subscribe(receiver, ORDER)
    key = await listening.scene.to_state(State.SHIPPED)
    await listening.deliver()
    assert of_orders(receiver.got) == {key.order_id: ["Pending", "Unshipped", "Shipped"]}
    assert receiver.ids == [one["NotificationMetadata"]["NotificationId"] for one in receiver.got]
    assert await listening.waiting() == [], "nothing is kept of what has arrived"
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
    waits = "SELECT count(DISTINCT try_at), min(try_at) > max(tried_at) FROM notifications GROUP BY subject"
    assert {tuple(row) for row in await listening.scene.rows(waits)} == {(1, True)}, "what is behind waits as long"
    queue = await listening.queue("later")
    await listening.make_due()
    await listening.deliver()
    assert of_orders(await queue.heard()) == {key.order_id: ["Pending", "Unshipped", "Shipped"] for key in keys}


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
            while len(receiver.got) < 60 or len(hanging.got) < 8:  # all that there is, and all that may be under way
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
    before = machine_now()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DIE_AFTER_SENDING, database_url, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert b"error=None" in output
    assert process.returncode == -9
    await listening.deliver()  # the lease of the dead still holds, for what is behind it too
    [first] = await queue.heard()
    [row] = await listening.scene.rows("SELECT min(try_at) FROM notifications")
    assert before + LEASE < row[0] <= machine_now() + LEASE
    await listening.make_due()
    await listening.deliver()
    again, behind = await queue.heard()
    assert again["NotificationMetadata"]["NotificationId"] == first["NotificationMetadata"]["NotificationId"]
    assert of_orders([first, again, behind]) == {key.order_id: ["Pending", "Pending", "Canceled"]}
    assert await listening.waiting() == []


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
    assert len(receiver.got) == 2
    assert await listening.waiting() == []


async def test_what_is_given_up_lets_the_next_go_and_can_be_sent_again(
    listening: Listening, receiver: Receiver
) -> None:
    await listening.subscribe(receiver, ORDER)
    key = await listening.scene.place()
    receiver.answer = always(500)
    await listening.say("UPDATE notifications SET attempts = $1", MOST_ATTEMPTS - 1)
    await listening.scene.cancel_by_buyer(key)
    for _ in range(2):  # once a look, while nothing arrives
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
    assert await listening.waiting() == []


async def test_a_destination_that_is_down_is_called_once_a_look_and_has_the_rest_when_it_is_back(
    listening: Listening, receiver: Receiver
) -> None:
    await listening.subscribe(receiver, ORDER)
    await listening.scene.place_all([{LAMP: 1}] * 20)
    receiver.answer = always(500)
    for called in (AT_ONCE, AT_ONCE + 1, AT_ONCE + 2):
        await listening.deliver()
        assert len(receiver.got) == called
    tried = "UPDATE notifications SET try_at = $1 WHERE attempts > 0"
    await listening.say(tried, machine_now() + timedelta(hours=1))  # however slow this machine is
    receiver.answer = None
    await listening.deliver()
    assert [one[1:] for one in await listening.waiting()] == [("queued", 1)] * (AT_ONCE + 2), "the others have arrived"


async def test_a_lane_that_breaks_is_told_of_when_the_others_have_theirs(
    listening: Listening, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    [broken] = await listening.subscribe("arn:aws:sqs:us-east-1:123456789012:orders", ORDER)
    claim = records.claim

    async def claim_or_break(tx: Transaction, destination_id: str, *more: Any) -> records.Claim:
        if destination_id == broken.destination_id:
            raise ZeroDivisionError
        return await claim(tx, destination_id, *more)

    monkeypatch.setattr(records, "claim", claim_or_break)
    await listening.scene.place()
    async with notifier(listening.database, private=True) as one:
        assert await one.start_due() == 1
        await one.settle()
        await listening.subscribe(receiver, ORDER)
        await listening.scene.place()
        with pytest.raises(ZeroDivisionError):
            await one.start_due()
        await one.settle()
    assert len(receiver.got) == 1


async def test_what_is_old_is_forgotten_though_it_has_not_arrived(listening: Listening, receiver: Receiver) -> None:
    """A destination that hangs for good does not make the table grow for good."""
    await listening.subscribe(receiver, ORDER)
    receiver.answer = always(500)
    given_up, queued, resent, _new = keys = await listening.scene.place_all([{LAMP: 1}] * 4)
    old = "UPDATE notifications SET queued_at = $1, status = $2 WHERE subject = $3"
    statuses = ("undeliverable", "queued", "undeliverable", "queued")
    for key, status, days in zip(keys, statuses, (31, 31, 31, 29), strict=True):
        await listening.say(old, machine_now() - timedelta(days=days), status, key.order_id)
    async with listening.database.transaction() as tx:
        [named] = [NotificationKey(*one[:4]) for one in await records.undeliverable(tx) if one[2] == resent.order_id]
        await records.resend(tx, [named], machine_now())
    await listening.deliver()
    left = {subject for subject, *_ in await listening.waiting()}
    assert left == {key.order_id for key in keys} - {given_up.order_id, queued.order_id}


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


@pytest.mark.usefixtures("long_waits")
async def test_what_cannot_be_made_holds_up_nothing_else(listening: Listening, receiver: Receiver) -> None:
    await listening.subscribe(receiver, ORDER)
    broken, fine = await listening.scene.place_all([{LAMP: 1}] * 2)
    await listening.say("UPDATE notifications SET sequence = 77 WHERE subject = $1", broken.order_id)
    await listening.deliver()
    assert of_orders(receiver.got) == {fine.order_id: ["Pending"]}
    assert await listening.waiting() == [(broken.order_id, "queued", 1)]
