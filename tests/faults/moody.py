"""A mail server and a receiver of webhooks at ports of their own, which are down, silent, talk nonsense, or work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any, Literal

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.serving import free_port

Mood = Literal["down", "silent", "nonsense", "well"]


@dataclass
class Moody:
    """Both servers, and what they have accepted."""

    mail_port: int = field(default_factory=free_port)
    hooks_port: int = field(default_factory=free_port)
    letters: list[Message] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # addresses that the mail server does not know
    callers: int = 0  # while they are in a bad mood

    @property
    def hooks_url(self) -> str:
        return f"http://127.0.0.1:{self.hooks_port}/hooks"

    @asynccontextmanager
    async def being(self, mood: Mood) -> AsyncIterator[None]:
        """Both are in this mood until the end of the block, and then down."""
        if mood == "down":
            yield
            return
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        loop = asyncio.get_running_loop()
        connections: list[asyncio.BaseTransport] = []

        def bad() -> asyncio.Protocol:
            return _Bad(self, mood, connections)

        def mail() -> asyncio.Protocol:
            return SMTP(self, loop=loop, hostname="mail.test") if mood == "well" else bad()  # type: ignore[no-any-return]

        def hooks() -> asyncio.Protocol:
            return runner.server() if mood == "well" and runner.server else bad()  # type: ignore[return-value]

        mail_server = await loop.create_server(mail, "127.0.0.1", self.mail_port)
        hooks_server = await loop.create_server(hooks, "127.0.0.1", self.hooks_port)
        try:
            yield
        finally:
            mail_server.close()
            hooks_server.close()
            for connection in connections:
                connection.abort()  # type: ignore[attr-defined]
            await runner.cleanup()

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"

    async def _take(self, request: web.Request) -> web.Response:
        self.messages.append(await request.json())
        return web.Response(status=204)


class _Bad(asyncio.Protocol):
    def __init__(self, moody: Moody, mood: Mood, connections: list[asyncio.BaseTransport]) -> None:
        self._moody, self._mood, self._connections = moody, mood, connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._moody.callers += 1
        self._connections.append(transport)
        if self._mood == "nonsense":
            transport.write(b"\x00\xff\xfe once upon a time\r\n" * 100)  # type: ignore[attr-defined]
            transport.close()
