"""A receiver of webhooks on loopback, which checks signatures by itself, and a market that calls it."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.scene import PRO, Scene
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database
from tradepost.webhooks import records
from tradepost.webhooks.delivery import courier
from tradepost.webhooks.endpoints import records as endpoints
from tradepost.webhooks.endpoints.endpoints import Wanted, open_endpoint
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey
from tradepost.webhooks.records import LoggedMessage

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Receiver:
    """What came in, and how it answers: `answer` gets the request and the message."""

    secret: str = ""
    url: str = ""
    answer: Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]] | None = None
    got: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        assert request.headers["Content-Type"] == "application/json"
        assert is_signed(request, body, self.secret)
        message = json.loads(body)
        self.got.append(message)
        self.ids.append(request.headers["webhook-id"])
        return await self.answer(request, message) if self.answer else web.Response(status=204)

    @property
    def heard(self) -> list[tuple[str, int]]:
        """Orders and numbers, in the order in which they came."""
        return [(message["data"]["order_id"], message["data"]["number"]) for message in self.got]


def is_signed(request: web.Request, body: bytes, secret: str) -> bool:
    """As the specification tells receivers to check it."""
    name, moment = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert abs(machine_now().timestamp() - int(moment)) < 300
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    signatures = [one.split(",") for one in request.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and base64.b64decode(one) == expected for version, one in signatures)


def always(status: int, **more: Any) -> Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=status, **more)

    return answer


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A real HTTP server in this process."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server that says what it likes; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    finally:
        server.close()


class Hooks:
    """The webhooks of a market under test; they may call loopback."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.database: Database = scene.database

    async def open(self, receiver: Receiver | str, seller: str = PRO, acts: list[str] | None = None) -> Endpoint:
        """An endpoint at this receiver, which gets to know the secret."""
        wanted = Wanted(receiver if isinstance(receiver, str) else receiver.url, "test", acts)
        endpoint = await self.database.run(lambda tx: open_endpoint(tx, seller, wanted, private=True))
        if isinstance(receiver, Receiver):
            receiver.secret = endpoint.secret
        return endpoint

    async def deliver(self, *, private: bool = True) -> None:
        """Everything that is due now, by one courier."""
        async with courier(self.database, private=private) as one:
            while await one.start_due():
                await one.settle()

    async def read(self, key: EndpointKey) -> Endpoint:
        async with self.database.transaction() as tx:
            endpoint = await endpoints.read(tx, key)
            assert endpoint is not None
            return endpoint

    async def log(self, endpoint: Endpoint) -> list[LoggedMessage]:
        """The messages of an endpoint in the order of their queueing, those of each order in theirs."""
        async with self.database.transaction() as tx:
            logged = await records.log(tx, endpoint.endpoint_id, most=10_000)
        return sorted(logged, key=lambda one: (one.queued_at, one.order_id, one.number))

    async def statuses(self, endpoint: Endpoint) -> list[tuple[str, int]]:
        return [(one.status, one.attempts) for one in await self.log(endpoint)]

    async def say(self, statement: str, *values: object) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(statement, *values)

    async def make_due(self) -> None:
        """Let all the time pass that messages wait for: backoff and leases."""
        await self.say("UPDATE webhook_messages SET try_at = $1 WHERE status = 'queued'", LONG_AGO)
