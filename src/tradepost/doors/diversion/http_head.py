"""The head of an HTTP request, as much of it as a proxy has to know; and the answers that a proxy gives itself."""

import json
import re
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter, timeout
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus

MOST_HEADERS = 200
LINGER_SECONDS = 2
_CHUNK = 64 * 1024

_FIRST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]\r?\n", re.ASCII)
_HOP_BY_HOP = ("connection:", "proxy-connection:", "proxy-authorization:", "keep-alive:")


class Nonsense(Exception):
    """What was sent is no HTTP request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. `headers` are whole lines with their ends."""

    method: str
    target: str
    headers: tuple[str, ...] = ()

    def gives(self, user_and_password: str) -> bool:
        """Whether it gives the proxy this user and password."""
        for line in self.headers:
            name, _, value = line.partition(":")
            scheme, _, credentials = value.strip().partition(" ")
            if (name.lower(), scheme.lower()) == ("proxy-authorization", "basic"):
                return compare_digest(credentials.strip().encode(), basic(user_and_password).encode())
        return False

    def one_way(self, target: str, *more: str) -> bytes:
        """The request for another target, as the only one of its connection."""
        kept = [line for line in self.headers if not line.lower().startswith(_HOP_BY_HOP)]
        lines = [*kept, *(f"{line}\r\n" for line in more), "Connection: close\r\n\r\n"]
        return f"{self.method} {target} HTTP/1.1\r\n{''.join(lines)}".encode("latin-1")


def basic(user_and_password: str) -> str:
    """A user and a password, as user:password, in the form in which headers carry them."""
    return b64encode(user_and_password.encode()).decode()


async def read_head(reader: StreamReader) -> Head:
    """The next request. Raises Nonsense, as early as it can be told."""
    try:
        first = await reader.readexactly(1)
        if not (first.isalpha() and first.isupper()):  # TLS, for one, never sends a line that could be waited for
            raise Nonsense
        line = (first + await reader.readuntil(b"\n")).decode("latin-1")
        found = _FIRST_LINE.fullmatch(line)
        if not found:
            raise Nonsense
        headers: list[str] = []
        while (header := (await reader.readuntil(b"\n")).decode("latin-1")).strip():
            headers.append(header)
            if len(headers) > MOST_HEADERS:
                raise Nonsense
    except (IncompleteReadError, LimitOverrunError) as error:
        raise Nonsense from error
    return Head(found[1], found[2], tuple(headers))


async def answer(reader: StreamReader, writer: StreamWriter, status: HTTPStatus, sentence: str, *headers: str) -> None:
    """Answer in the API's own shape, so that its clients show the sentence."""
    body = json.dumps({"errors": [{"code": status.phrase.replace(" ", ""), "message": sentence, "details": ""}]})
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    )
    writer.write("\r\n".join((*lines, "", body)).encode())
    await writer.drain()
    # Who closes while the other still sends makes a reset of it, and the answer is lost.
    with suppress(TimeoutError):
        async with timeout(LINGER_SECONDS):
            while await reader.read(_CHUNK):
                pass
