"""Endpoints as their owners keep them: whose they are, what they may say, and who sees the secret."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from receiver import Hooks, Receiver

from tests.races.meeting import WAITING
from tests.scene import PRO, SOLO
from tradepost.ground.database import Database, Transaction
from tradepost.refusals import Reason, Refused
from tradepost.webhooks.delivery import courier
from tradepost.webhooks.endpoints import records
from tradepost.webhooks.endpoints.endpoints import (
    OPERATOR,
    Wanted,
    change_endpoint,
    close_endpoint,
    disable_endpoint,
    enable_endpoint,
    open_endpoint,
    rotate_secret,
)
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey

URL = "https://example.com/hooks"


async def test_an_endpoint_is_opened_changed_and_closed(hooks: Hooks) -> None:
    async with hooks.database.transaction() as tx:
        opened = await open_endpoint(tx, PRO, Wanted(URL, "Stock", ["release", "place", "place"]), private=False)
        assert opened.acts == ("place", "release")
        assert opened.status == "enabled"
        assert await records.of(tx, PRO) == [opened]
        changed = await change_endpoint(tx, opened.key, Wanted("https://example.com/new"), private=False)
        assert (changed.url, changed.name, changed.acts) == ("https://example.com/new", "", None)
        assert changed.secret == opened.secret
        assert await records.read(tx, opened.key) == changed
        disabled = await disable_endpoint(tx, opened.key)
        assert (disabled.status, disabled.disabled_why) == ("disabled", "by_hand")
        assert await enable_endpoint(tx, opened.key) == changed
        await close_endpoint(tx, opened.key)
        assert await records.of(tx, PRO) == []


async def test_what_is_queued_for_a_closed_endpoint_is_not_sent(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place()
    await hooks.database.run(lambda tx: close_endpoint(tx, endpoint.key))
    await hooks.deliver()
    assert receiver.got == []


async def test_nobody_reaches_the_endpoint_of_another(hooks: Hooks) -> None:
    endpoint = await hooks.open("https://example.com/hooks", PRO)

    async def change(tx: Transaction, key: EndpointKey) -> Endpoint:
        return await change_endpoint(tx, key, Wanted(URL), private=False)

    async with hooks.database.transaction() as tx:
        for seller in (SOLO, OPERATOR, "\0"):
            for act in (change, rotate_secret, disable_endpoint, enable_endpoint, close_endpoint):
                with pytest.raises(Refused) as refused:
                    await act(tx, endpoint.key._replace(seller_id=seller))
                assert refused.value.refusal.reason is Reason.ENDPOINT_NOT_FOUND
    assert await hooks.read(endpoint.key) == endpoint


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("url", Wanted("http://example.com/")),
        ("url", Wanted("https://10.0.0.1/")),
        ("name", Wanted(URL, "x" * 201)),
        ("name", Wanted(URL, "\0")),
        ("acts", Wanted(URL, "", [])),
        ("acts", Wanted(URL, "", ["place", "surprise"])),
    ],
)
async def test_bad_values_are_refused_by_field(hooks: Hooks, field: str, wanted: Wanted) -> None:
    endpoint = await hooks.open(URL)

    async with hooks.database.transaction() as tx:
        for act in (
            lambda: open_endpoint(tx, PRO, wanted, private=False),
            lambda: change_endpoint(tx, endpoint.key, wanted, private=False),
        ):
            with pytest.raises(Refused) as refused:
                await act()
            assert refused.value.refusal.reason is Reason.INVALID_VALUE
            assert refused.value.refusal.facts["field"] == field
        assert await records.of(tx, PRO) == [endpoint]


async def test_secrets_are_long_and_in_no_text_about_an_endpoint(hooks: Hooks) -> None:
    endpoint = await hooks.open(URL)
    rotated = await hooks.database.run(lambda tx: rotate_secret(tx, endpoint.key))
    assert rotated.old_secret == endpoint.secret != rotated.secret
    assert rotated.secret.startswith("whsec_")
    assert len(rotated.secret) >= len("whsec_") + 32
    for secret in (rotated.secret, endpoint.secret):
        assert secret not in f"{rotated} {rotated!r}"


async def test_enabling_while_a_call_fails_makes_nobody_wait_in_a_ring(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place()
    called, answer, database = asyncio.Event(), asyncio.Event(), Noting(hooks.database.pool)

    async def fail(_request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
        called.set()
        await answer.wait()
        return web.Response(status=500)

    receiver.answer = fail

    async def enable(tx: Transaction) -> None:
        await records.lock(tx, endpoint.key)
        answer.set()
        while not await database.pool.fetchval(WAITING):  # the courier has its answer, and wants to write it down
            pass
        await enable_endpoint(tx, endpoint.key)

    async with asyncio.timeout(120), courier(database, private=True) as one:
        await one.start_due()
        await called.wait()
        await database.run(enable)
        await one.settle()
    assert database.deadlocks == 0


class Noting(Database):
    """Notes transactions that waited for each other in a ring: they are done again, and nobody else would know."""

    deadlocks = 0

    @asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        try:
            async with super().transaction(alone=alone) as tx:
                yield tx
        except asyncpg.DeadlockDetectedError:
            self.deadlocks += 1
            raise


async def test_the_operator_goes_through_everybodys_endpoints(hooks: Hooks) -> None:
    opened: Collection[Endpoint] = [await hooks.open(URL, seller) for seller in (SOLO, OPERATOR, PRO, PRO)]
    async with hooks.database.transaction() as tx:
        every = await records.every(tx)
        assert every == sorted(opened, key=lambda one: one.key)
        first = await records.every(tx, most=3)
        assert first + await records.every(tx, first[-1].key) == every
