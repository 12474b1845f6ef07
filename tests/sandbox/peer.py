"""What a diverted program talks to: it writes down what it is asked, and answers as the seller API would."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

TOKEN = {"access_token": "Atza|peer", "refresh_token": "Atzr|peer", "expires_in": 3600, "token_type": "bearer"}


class Asked(NamedTuple):
    """A request as it arrived."""

    method: str
    host: str
    path: str
    body: bytes


@dataclass
class Peer:
    """A server that answers everything; `answers` by path, and otherwise with no orders."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Mapping[str, object]] = field(default_factory=lambda: {"/auth/o2/token": TOKEN})

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append(Asked(request.method, request.headers["Host"], request.path_qs, body))
        return web.json_response(self.answers.get(request.path, {"payload": {"Orders": []}}))


@asynccontextmanager
async def serving_peer(host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """A peer at a free port, until the end of the block."""
    peer = Peer()
    application = web.Application(client_max_size=2**30)
    application.router.add_route("*", "/{anything:.*}", peer.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0, ssl_context=context).start()
        peer.url = f"{'https' if context else 'http'}://{host}:{runner.addresses[0][1]}"
        yield peer
    finally:
        await runner.cleanup()
