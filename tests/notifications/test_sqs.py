"""Queues of SQS: what goes into a call, and what comes of each part of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import md5
from typing import Any

import pytest
from aiohttp import web

from tests.notifications.listening import Json, Listening, of_orders
from tests.scene import LAMP, PRO, VASE
from tradepost.lifecycle import State
from tradepost.notifications import sqs as sqs_module
from tradepost.notifications.kinds import Kind
from tradepost.notifications.sqs import MOST_BYTES, Letter, in_calls, queues
from tradepost.webhooks.attempts import LEASE

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
ODD_SKU = "Teekanne, große 茶壶 \uffff"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"


class Odd:
    """How it answers what is sent: with what it `said`, or not before it is `free`."""

    def __init__(self) -> None:
        self.said: Json | None = None
        self.free = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        if request.headers["X-Amz-Target"] == "AmazonSQS.GetQueueUrl":
            return web.json_response({"QueueUrl": URL})
        if self.said is None:
            await self.free.wait()
        return web.json_response(self.said)


@pytest.fixture
async def odd(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Odd]:
    """A server that speaks SQS, and says what it likes."""
    one = Odd()
    app = web.Application()
    app.router.add_post("/", one.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield one
    finally:
        one.free.set()
        await runner.cleanup()


async def test_each_part_of_a_call_has_its_own_fate(odd: Odd) -> None:
    odd.said = {
        "Successful": [{"Id": "2", "MessageId": "x", "MD5OfMessageBody": md5(b"c").hexdigest()}],  # noqa: S324
        "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False, "Message": "secret"}],
    }
    async with queues() as opened:
        answers = await opened.send(ARN, [Letter(name, name, name.encode()) for name in "abc"])
    assert [answer.error for answer in answers] == [
        "SQS refused it (InternalError).", "SQS did not say what became of it.", None,
    ]  # fmt: skip


async def test_a_call_that_never_ends_is_given_up_within_a_lease(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it hangs: a lease is not to end while something may still arrive."""
    assert timedelta(seconds=sqs_module._SECONDS_IN_ALL) < LEASE
    monkeypatch.setattr(sqs_module, "_SECONDS_IN_ALL", 1)
    async with queues() as opened:
        [answer] = await opened.send(ARN, [Letter("a", "a", b"x")])
    assert answer.error == "SQS was not reached (TimeoutError)."


async def test_what_holds_a_secret_is_not_shown(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://user:password@127.0.0.1:9")
    await listening.subscribe("arn:aws:sqs:us-east-1:123456789012:orders", Kind.ORDER_CHANGE)
    await listening.scene.place()
    await listening.deliver()
    [row] = await listening.scene.rows("SELECT last_error FROM notifications")
    assert row[0].startswith("SQS was not reached (")
    assert not [secret for secret in ("user", "password", "AKIATEST", "not to be seen") if secret in row[0]]


async def test_a_fifo_queue_has_a_group_for_each_subject_and_takes_no_repeat(listening: Listening) -> None:
    queue = await listening.queue("orders.fifo", FifoQueue="true")
    await listening.subscribe(queue)
    await listening.scene.list_offer(PRO, ODD_SKU, quantity=5)
    key = await listening.scene.to_state(State.SHIPPED)
    await listening.say("CREATE TABLE kept AS TABLE notifications")
    await listening.deliver()
    await listening.say("INSERT INTO notifications OVERRIDING SYSTEM VALUE TABLE kept")
    await listening.deliver()  # as after a crash: all of it once more
    messages = await queue.taken()
    assert all(one["Body"].isascii() for one in messages), "SQS refuses some of the characters that a SKU may have"
    groups: dict[str, list[Json]] = {}
    for one in messages:
        said, attributes = json.loads(one["Body"]), one["Attributes"]
        groups.setdefault(attributes["MessageGroupId"], []).append(said)
        assert attributes["MessageDeduplicationId"] == said["NotificationMetadata"]["NotificationId"]
    assert of_orders(groups.pop(key.order_id)) == {key.order_id: ["Pending", "Unshipped", "Shipped"]}
    skus = {name: told[0]["Payload"]["Sku"] for name, told in groups.items()}
    assert {name: sku for name, sku in skus.items() if name == sku} == {LAMP: LAMP, VASE: VASE}
    [digest] = set(skus) - {LAMP, VASE}
    assert skus[digest] == ODD_SKU
    assert len(messages) == 6


def test_a_call_takes_ten_and_no_more_than_its_bytes() -> None:
    small, large = Letter("a", "a", b"x"), Letter("b", "b", b"x" * (MOST_BYTES // 2 + 1))
    assert [len(call) for call in in_calls([small] * 25)] == [10, 10, 5]
    assert in_calls([large, small, large]) == [[large, small], [large]]
    assert in_calls([]) == []
