"""The front of the server: what every request passes first and last, and the short way of those that come most.

A request gets an id, and an answer whatever happens, and is counted. Checkouts go straight to their act, past the
framework's routing: the framework's own route of the same path does the same, only slower.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count
from logging import ERROR, INFO
from secrets import token_hex
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from tradepost.doors.http import problems, requests
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import answer_to, headers_of
from tradepost.doors.selling_partner_api import documents
from tradepost.doors.serving import measures
from tradepost.ground.answers import Answer
from tradepost.ground.clock import machine_seconds
from tradepost.refusals import Reason, Refused

BODY_SECONDS = 15.0  # in which a body has to arrive
UPLOAD_SECONDS = 300.0  # in which a document has to: as long as its address is open
LOOK_SECONDS = 0.5  # between two looks at which bodies are late
MOST_DROPPED = 32 << 20  # bytes of a refused body that are taken in, so that its sender comes to read the refusal
DROPPING_SECONDS = 2.0  # in which they are

ShortWay = Callable[[Desk, Mapping[bytes, bytes], bytes, str], Awaitable[Answer]]
"""Answers a request from its headers, its body and the language of its caller."""

_log = structlog.get_logger()
_PROCESS = token_hex(6).encode()  # request ids of a process count on from a beginning of its own
_numbers = count(1)
_ANNOUNCE_A_BODY = (b"content-length", b"transfer-encoding")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,100}")


class Front:
    """The ASGI application that the server calls; `app` is the framework's, with everything else in it."""

    def __init__(
        self,
        app: ASGIApp,
        desk: Callable[[], Desk],
        short_ways: Mapping[tuple[str, str], ShortWay],
        *,
        log_requests: bool = False,
    ) -> None:
        self._app = app
        self._desk = desk
        self._short_ways = short_ways
        self._log_requests = log_requests
        self._bodies = _Bodies()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request, or pass the server's start and end on."""
        if scope["type"] == ScopeType.HTTP:
            return self._serve(scope, receive, send)
        return self._app(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        began = machine_seconds()
        method = scope["method"]
        uploads = method == "PUT" and scope["path"].startswith(documents.PATH)
        headers = dict(scope["headers"])
        body = _Body(receive, headers, self._bodies, began, UPLOAD_SECONDS if uploads else BODY_SECONDS)
        given = headers.get(b"x-request-id", b"")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else b"%s%08x" % (_PROCESS, next(_numbers))
        short_way = self._short_ways.get((method, scope["path"]))
        if short_way is not None:
            answer = await self._answer(short_way, headers, body, request_id)
            await _send(send, answer, [(b"x-request-id", request_id), *await body.end()])
            status, route = answer.status, scope["path"]
            if status >= 400:
                measures.refusal(answer.body)
        else:
            with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
                status = await self._pass_on(scope, body, send, request_id)
            route = str(scope.get("path_template", "none"))
        seconds = machine_seconds() - began
        measures.request(method, route, status, seconds)
        if self._log_requests or status >= 500:
            _log.log(
                ERROR if status >= 500 else INFO,
                "request",
                request_id=request_id.decode(),
                method=method,
                path=scope["path"],  # without the query, which may say whom somebody looks for
                status=status,
                seconds=round(seconds, 4),
            )

    async def _pass_on(self, scope: HTTPScope, body: "_Body", send: Send, request_id: bytes) -> int:
        """Let the framework answer; the status that it sent, or 499 when the caller left before that. HEAD is answered
        as GET is, without the body."""
        status = 499
        only_head = scope["method"] == "HEAD"
        if only_head:
            scope["method"] = "GET"

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), *await body.end()]
            elif status >= 400 and message["type"] == "http.response.body":
                measures.refusal(message["body"])
            if only_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        await self._app(scope, body.receive, send_with_id)
        return status

    async def _answer(
        self, short_way: ShortWay, headers: Mapping[bytes, bytes], body: "_Body", request_id: bytes
    ) -> Answer:
        language = requests.language(headers.get(b"accept-language", b"").decode("latin-1"))
        try:
            return await short_way(self._desk(), headers, await body.read(requests.MOST_BODY), language)
        except Exception as error:
            with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
                return answer_to(error, language)


class _Body:
    """The body of one request, on its way in."""

    def __init__(
        self, receive: Receive, headers: Mapping[bytes, bytes], bodies: "_Bodies", began: float, seconds: float
    ) -> None:
        self._receive = receive
        self._headers = headers
        self._bodies = bodies
        self._began = began
        self._seconds = seconds
        self._whole = False

    async def receive(self) -> Any:
        """The next part of it; refuses what comes too late. What follows the body may take its time."""
        if self._whole:
            return await self._receive()
        try:
            message: Any = await self._bodies.in_time(self._receive, self._began + self._seconds)
        except TimeoutError:
            raise Refused(Reason.NOT_JSON, problem=f"it did not arrive within {self._seconds:.0f} seconds") from None
        self._whole = not message.get("more_body")
        return message

    async def read(self, most: int) -> bytes:
        """All of it; refuses more bytes than `most`."""
        message = await self.receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body") and len(body) <= most:
            message = await self.receive()
            body += message.get("body", b"")
        if len(body) > most:
            raise Refused(Reason.TOO_LARGE, part="body", limit=f"{most} bytes")
        return body

    async def end(self) -> list[tuple[bytes, bytes]]:
        """Be done with the body before its answer goes out, and say in a header what becomes of the connection.

        Who is answered in the middle of a body writes on, and may never read. So some of the rest is taken and dropped;
        and a connection with more to come is closed, since nobody could tell that from the next request.
        """
        if self._whole or self._headers.keys().isdisjoint(_ANNOUNCE_A_BODY):
            return []
        dropped = 0
        patience = min(machine_seconds() + DROPPING_SECONDS, self._began + self._seconds)
        with suppress(TimeoutError):
            while not self._whole and dropped <= MOST_DROPPED:
                message: Any = await self._bodies.in_time(self._receive, patience)
                self._whole = not message.get("more_body")
                dropped += len(message.get("body", b""))
        return [] if self._whole else [(b"connection", b"close")]


class _Bodies:
    """The bodies that a process waits for, and by when each has to be here.

    One timer looks after all of them, now and then: one for each would cost more than reading most of them does.
    """

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._looked_after = False

    async def in_time(self, receive: Receive, until: float) -> Any:
        """What is received, unless that takes longer: a TimeoutError, up to half a second late."""
        task = asyncio.current_task()
        assert task is not None
        self._until[task] = until
        if not self._looked_after:
            self._look_later()  # not now: a body that is here already is taken, however late that is
        try:
            return await receive()
        except asyncio.CancelledError:
            if self._until[task] != _TOO_LATE:
                raise
            task.uncancel()
        finally:
            del self._until[task]
        raise TimeoutError

    def _look(self) -> None:
        now = machine_seconds()
        for task, until in self._until.items():
            if _TOO_LATE < until <= now:
                self._until[task] = _TOO_LATE
                task.cancel()
        self._looked_after = False
        if self._until:
            self._look_later()

    def _look_later(self) -> None:
        self._looked_after = True
        asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)


_TOO_LATE = -1.0


async def _send(send: Send, answer: Answer, more: Iterable[tuple[bytes, bytes]]) -> None:
    headers = [
        (b"content-type", b"application/json" if answer.status < 400 else problems.MEDIA_TYPE),
        (b"content-length", b"%d" % len(answer.body)),
        *more,
        *((name.encode(), value.encode()) for name, value in headers_of(answer)),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
