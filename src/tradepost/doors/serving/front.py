"""The front of the server: what every request passes first and last, and the short way of those that come most.

A request gets an id, and an answer whatever happens, and is counted. Checkouts go straight to their act, past the
framework's routing: the framework's own route of the same path does the same, only slower.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
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

ShortWay = Callable[[Desk, Mapping[bytes, bytes], bytes, str], Awaitable[Answer]]
"""Answers a request from its headers, its body and the language of its caller."""

_log = structlog.get_logger()
_PROCESS = token_hex(6).encode()  # request ids of a process count on from a beginning of its own
_numbers = count(1)
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass the server's start and end on."""
        if scope["type"] == ScopeType.HTTP:
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        began = machine_seconds()
        uploads = scope["method"] == "PUT" and scope["path"].startswith(documents.PATH)
        receive = self._bodies.in_time(receive, began, UPLOAD_SECONDS if uploads else BODY_SECONDS)
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else b"%s%08x" % (_PROCESS, next(_numbers))
        short_way = self._short_ways.get((scope["method"], scope["path"]))
        if short_way is not None:
            answer = await self._answer(short_way, headers, receive, request_id)
            await _send(send, answer, request_id)
            status, route = answer.status, scope["path"]
            if status >= 400:
                measures.refusal(answer.body)
        else:
            with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
                status = await self._pass_on(scope, receive, send, request_id)
            route = str(scope.get("path_template", "none"))
        seconds = machine_seconds() - began
        measures.request(scope["method"], route, status, seconds)
        if self._log_requests or status >= 500:
            _log.log(
                ERROR if status >= 500 else INFO,
                "request",
                request_id=request_id.decode(),
                method=scope["method"],
                path=scope["path"],  # without the query, which may say whom somebody looks for
                status=status,
                seconds=round(seconds, 4),
            )

    async def _pass_on(self, scope: HTTPScope, receive: Receive, send: Send, request_id: bytes) -> int:
        """Let the framework answer; the status that it sent, or 499 when the caller left before that."""
        status = 499

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            elif status >= 400 and message["type"] == "http.response.body":
                measures.refusal(message["body"])
            await send(message)

        await self._app(scope, receive, send_with_id)
        return status

    async def _answer(
        self, short_way: ShortWay, headers: Mapping[bytes, bytes], receive: Receive, request_id: bytes
    ) -> Answer:
        language = requests.language(headers.get(b"accept-language", b"").decode("latin-1"))
        try:
            return await short_way(self._desk(), headers, await _body(receive), language)
        except Exception as error:
            with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
                return answer_to(error, language)


class _Bodies:
    """The bodies that a process waits for, and by when each has to be here.

    One timer looks after all of them, now and then: one for each would cost more than reading most of them does.
    """

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._looked_after = False

    def in_time(self, receive: Receive, began: float, seconds: float) -> Receive:
        """The body has to be here so many seconds after the request began; what comes after it may take its time."""
        whole = False

        async def receive_in_time() -> Any:
            nonlocal whole
            message: Any = await (receive() if whole else self._wait(receive, began, seconds))
            whole = not message.get("more_body")
            return message

        return receive_in_time

    async def _wait(self, receive: Receive, began: float, seconds: float) -> Any:
        task = asyncio.current_task()
        assert task is not None
        self._until[task] = began + seconds
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
        raise Refused(Reason.NOT_JSON, problem=f"it did not arrive within {seconds:.0f} seconds")

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


async def _body(receive: Receive) -> bytes:
    message: Any = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > requests.MOST_BODY:
            break
        message = await receive()
        body += message.get("body", b"")
    if len(body) > requests.MOST_BODY:
        raise Refused(Reason.TOO_LARGE, part="body", limit=f"{requests.MOST_BODY} bytes")
    return body


async def _send(send: Send, answer: Answer, request_id: bytes) -> None:
    headers = [
        (b"content-type", b"application/json" if answer.status < 400 else problems.MEDIA_TYPE),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id),
        *((name.encode(), value.encode()) for name, value in headers_of(answer)),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
