"""What goes wrong at an endpoint: it is down, slow, gone or talks nonsense, and nothing is lost by it."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from receiver import Hooks, Receiver, always, raw_server, receiving

from tests.scene import LAMP
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import State
from tradepost.webhooks import records
from tradepost.webhooks.attempts import LEASE, MOST_ATTEMPTS, WAITS
from tradepost.webhooks.delivery import TOO_LONG, Courier
from tradepost.webhooks.endpoints.endpoints import enable_endpoint
from tradepost.webhooks.message import MessageKey
from tradepost.webhooks.network import Answer, network

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def test_attempts_are_spaced_out_and_end(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    key = await hooks.scene.place()
    receiver.answer = always(503, text="Down for maintenance\0")
    waits = []
    for attempt in range(1, MOST_ATTEMPTS):
        await hooks.deliver()
        [one] = await hooks.log(endpoint)
        assert (one.status, one.attempts, one.last_error) == ("queued", attempt, "It answered 503.")
        assert one.tried_at
        waits.append(one.try_at - one.tried_at)
        await hooks.make_due()
    for usual, wait in zip(WAITS, waits, strict=True):
        assert usual * 0.75 <= wait <= usual * 1.25
    await hooks.scene.cancel_by_buyer(key)
    for _ in range(2):  # once a look, while nothing arrives
        await hooks.deliver()
    [given_up, behind] = await hooks.log(endpoint)
    assert (given_up.status, given_up.attempts, given_up.answer_code) == ("undeliverable", MOST_ATTEMPTS, 503)
    assert given_up.answer == "Down for maintenance\N{REPLACEMENT CHARACTER}"
    assert (behind.status, behind.attempts) == ("queued", 1), "its turn came when the one before was given up"
    assert len(set(receiver.ids)) == 2


async def test_what_was_given_up_is_listed_and_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    async with receiving() as other:
        endpoints = [await hooks.open(receiver), await hooks.open(other)]
        keys = await hooks.scene.place_all([{LAMP: 1}] * 3)
        receiver.answer = other.answer = always(500)
        await hooks.say("UPDATE webhook_messages SET attempts = $1", MOST_ATTEMPTS - 1)
        await hooks.deliver()
        async with hooks.database.transaction() as tx:
            listed = await records.undeliverable(tx)
            page = await records.undeliverable(tx, most=4)
            last = page[-1]
            after = last.endpoint_id, MessageKey(last.seller_id, last.order_id, last.number)
            assert page + await records.undeliverable(tx, after) == listed
            assert {(one.endpoint_id, one.order_id) for one in listed} == {
                (endpoint.endpoint_id, key.order_id) for endpoint in endpoints for key in keys
            }
            assert await records.resend_undeliverable(tx, endpoints[0].endpoint_id, machine_now()) == 3
            assert await records.resend_undeliverable(tx, endpoints[0].endpoint_id, machine_now()) == 0
        receiver.answer = None
        await hooks.deliver()
        assert await hooks.statuses(endpoints[0]) == [("delivered", 1)] * 3
        assert {status for status, _ in await hooks.statuses(endpoints[1])} == {"undeliverable"}


async def test_an_endpoint_that_does_nothing_but_fail_is_disabled_and_loses_nothing(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint = await hooks.open(receiver)
    receiver.answer = always(500)
    first = await hooks.scene.place()
    await hooks.deliver()
    failing_since = (await hooks.read(endpoint.key)).failing_since
    assert failing_since is not None
    await hooks.say("UPDATE webhook_endpoints SET failing_since = $1", failing_since - TOO_LONG + timedelta(hours=1))
    await hooks.make_due()
    await hooks.deliver()
    assert (await hooks.read(endpoint.key)).status == "enabled", "not yet"
    await hooks.say("UPDATE webhook_endpoints SET failing_since = $1", failing_since - TOO_LONG)
    await hooks.make_due()
    await hooks.deliver()
    disabled = await hooks.read(endpoint.key)
    assert (disabled.status, disabled.disabled_why) == ("disabled", "failing")

    tried = len(receiver.got)
    await hooks.scene.approve(first)
    second = await hooks.scene.to_state(State.UNSHIPPED)
    await hooks.make_due()
    await hooks.deliver()
    assert len(receiver.got) == tried, "nobody calls it"
    receiver.answer = None
    enabled = await hooks.database.run(lambda tx: enable_endpoint(tx, endpoint.key))
    assert (enabled.status, enabled.disabled_why, enabled.failing_since) == ("enabled", None, None)
    await hooks.deliver()
    told = receiver.heard[tried:]
    assert [number for order_id, number in told if order_id == first.order_id] == [1, 2, 3]
    assert [number for order_id, number in told if order_id == second.order_id] == [1, 2, 3]
    assert set(await hooks.statuses(endpoint)) == {("delivered", 1)}


async def test_one_success_makes_an_endpoint_well(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place()
    receiver.answer = always(500)
    await hooks.deliver()
    assert (await hooks.read(endpoint.key)).failing_since is not None
    receiver.answer = None
    await hooks.make_due()
    await hooks.deliver()
    assert (await hooks.read(endpoint.key)).failing_since is None


async def test_an_endpoint_that_says_that_it_is_gone_is_not_called_again(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    key = await hooks.scene.to_state(State.UNSHIPPED)
    receiver.answer = always(410)
    await hooks.deliver()
    assert receiver.heard == [(key.order_id, 1)]
    disabled = await hooks.read(endpoint.key)
    assert (disabled.status, disabled.disabled_why) == ("disabled", "gone")
    assert await hooks.statuses(endpoint) == [("queued", 0)] * 3
    receiver.answer = None
    await hooks.database.run(lambda tx: enable_endpoint(tx, endpoint.key))
    await hooks.deliver()
    assert [number for _, number in receiver.heard] == [1, 1, 2, 3]


async def _nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()


async def _silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def _hanging(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the caller loses patience


async def _endless_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def _huge(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        writer.write(b"\xff" * 65536)
        await writer.drain()


async def _bomb(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot")
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (_nonsense, "is not HTTP"),
        (_silence, "broke before there was an answer"),
        (_hanging, "no answer within"),
        (_endless_headers, "is not HTTP"),
        (_huge, "It answered 500"),
        (_bomb, "It answered 500"),
    ],
)
async def test_whatever_it_answers_the_message_is_kept_and_others_go_on(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, talk: Talk, error: str
) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(raw_server(talk))
        calls = {receiver.url: await stack.enter_async_context(network(private=True))}
        if talk is _hanging:  # it alone is not waited for as long as a slow machine may take
            monkeypatch.setattr("tradepost.webhooks.network.TIME_LIMIT_SECONDS", 2)
        calls[url] = await stack.enter_async_context(network(private=True))
        bad, good = await hooks.open(url), await hooks.open(receiver)
        await hooks.scene.place()
        one_of_ours = Courier(hooks.database, lambda to, *what: calls[to](to, *what))
        while await one_of_ours.start_due():
            await one_of_ours.settle()
        [one] = await hooks.log(bad)
    assert (one.status, one.attempts) == ("queued", 1)
    assert error in (one.last_error or "")
    assert len(one.answer or "") <= 1024
    assert await hooks.statuses(good) == [("delivered", 1)]


async def test_a_good_answer_that_never_ends_is_a_good_answer(hooks: Hooks) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with raw_server(endless) as url:
        endpoint = await hooks.open(url)
        await hooks.scene.place()
        await hooks.deliver()
    assert await hooks.statuses(endpoint) == [("delivered", 1)]


async def test_an_endpoint_that_is_down_is_tried_again(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def without_a_name_server(host: str, *more: Any, **named: Any) -> Any:
        if host == "nowhere.invalid":  # a real one may take its time to say so
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", without_a_name_server)
    endpoint = await hooks.open("http://127.0.0.1:9/hooks")
    nameless = await hooks.open("https://nowhere.invalid/hooks")
    await hooks.scene.place()
    await hooks.deliver()
    [down], [lost] = await hooks.log(endpoint), await hooks.log(nameless)
    assert (down.status, down.last_error) == ("queued", "No connection came about (ECONNREFUSED).")
    assert (lost.status, lost.last_error) == ("queued", "The name of its host was not found.")


async def test_a_redirect_is_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        receiver.answer = always(307, headers={"Location": elsewhere.url})
        endpoint = await hooks.open(receiver)
        await hooks.scene.place()
        await hooks.deliver()
        assert elsewhere.got == []
    [one] = await hooks.log(endpoint)
    assert (one.status, one.last_error) == ("queued", "It answered 307, and redirects are not followed.")


async def test_a_message_that_cannot_be_made_stops_no_other(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    poisoned, good = await hooks.scene.place_all([{LAMP: 1}] * 2)
    await hooks.say("UPDATE order_events SET state = 'surprise' WHERE order_id = $1", poisoned.order_id)
    await hooks.deliver()
    assert receiver.heard == [(good.order_id, 1)]
    errors = {one.order_id: one.last_error for one in await hooks.log(endpoint)}
    assert errors == {poisoned.order_id: "It could not be sent (ValueError).", good.order_id: None}


async def test_a_message_that_kills_every_courier_is_given_up(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place()
    await hooks.say("UPDATE webhook_messages SET attempts = $1", MOST_ATTEMPTS)
    await hooks.deliver()
    assert receiver.got == []
    [one] = await hooks.log(endpoint)
    assert (one.status, one.last_error) == ("undeliverable", "Every attempt was broken off without a result.")


DIE_AFTER_SENDING = """
import asyncio, os, sys
from tradepost.ground.database import connect
from tradepost.webhooks.delivery import Courier
from tradepost.webhooks.network import network

async def main():
    async with connect(sys.argv[1]) as database, network(private=True) as call:
        async def call_and_die(*what):
            print(await call(*what), flush=True)
            os.kill(os.getpid(), 9)

        courier = Courier(database, call_and_die)
        await courier.start_due()
        await courier.settle()

asyncio.run(main())
"""


async def test_a_courier_killed_after_calling_leaves_the_message_to_the_next(
    hooks: Hooks, receiver: Receiver, database_url: str
) -> None:
    endpoint = await hooks.open(receiver)
    key = await hooks.scene.to_state(State.CANCELED)
    before = machine_now()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DIE_AFTER_SENDING, database_url, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert b"code=204" in output
    assert process.returncode == -9
    await hooks.deliver()  # the lease of the dead still holds, for those behind it too
    assert receiver.heard == [(key.order_id, 1)]
    [one, *_] = await hooks.log(endpoint)
    assert before + LEASE < one.try_at <= machine_now() + LEASE
    await hooks.make_due()
    await hooks.deliver()
    assert receiver.heard == [(key.order_id, 1), (key.order_id, 1), (key.order_id, 2)]
    assert receiver.ids[0] == receiver.ids[1] != receiver.ids[2]
    assert await hooks.statuses(endpoint) == [("delivered", 2), ("delivered", 1)]


async def test_a_courier_told_to_stop_hands_back_what_it_holds(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    stuck_key, _ = await hooks.scene.place_all([{LAMP: 1}] * 2)
    stuck, arrived = asyncio.Event(), asyncio.Event()

    async def answer(_request: web.Request, message: dict[str, Any]) -> web.Response:
        if message["data"]["order_id"] == stuck_key.order_id:
            stuck.set()
            await asyncio.sleep(60)
        return web.Response()

    receiver.answer = answer
    async with network(private=True) as call:

        async def call_and_tell(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
            answered = await call(url, headers, body)
            arrived.set()
            return answered

        one = Courier(hooks.database, call_and_tell)
        await one.start_due()
        await stuck.wait()
        await arrived.wait()
        await one.break_off()
    assert sorted(await hooks.statuses(endpoint)) == [("delivered", 1), ("queued", 0)]
    receiver.answer = None
    await hooks.deliver()  # at once
    assert await hooks.statuses(endpoint) == [("delivered", 1)] * 2


async def test_a_result_that_comes_after_the_lease_counts_only_if_delivered(hooks: Hooks) -> None:
    endpoint = await hooks.open("http://127.0.0.1:9/hooks")
    await hooks.scene.place()
    now = machine_now()
    name = endpoint.endpoint_id

    def result(claimed: records.ClaimedMessage, status: str) -> records.Result:
        lease = (*claimed.key, claimed.leased_until)
        return records.Result(*lease, status, claimed.attempts, now, now, None, None, status)

    async with hooks.database.transaction() as tx:
        [slow] = (await records.claim(tx, name, now, now + timedelta(seconds=1), 10)).messages
        assert (await records.claim(tx, name, now, now + timedelta(seconds=2), 10)).messages == []
        [quick] = (await records.claim(tx, name, now + timedelta(seconds=1), now + timedelta(seconds=9), 10)).messages
        assert (slow.attempts, quick.attempts) == (1, 2)
        await records.record(tx, name, [result(slow, "undeliverable")])
        assert [one.status for one in await records.log(tx, name)] == ["queued"]
        await records.record(tx, name, [result(slow, "delivered")])
        await records.record(tx, name, [result(quick, "undeliverable")])
        assert [one.status for one in await records.log(tx, name)] == ["delivered"]
