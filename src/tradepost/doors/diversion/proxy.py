"""The proxy of a diverted program: what is meant for Amazon goes to the endpoint, all else where it would."""

import asyncio
import re
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from secrets import token_urlsafe
from urllib.parse import unquote, urlsplit

from tradepost.doors.diversion.hosts import Endpoint, InvalidEndpoint, diverted
from tradepost.doors.diversion.http_head import Head, Nonsense, answer, basic, read_head
from tradepost.doors.diversion.listening import LOOPBACK, join, listening

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_WITH_PORT = re.compile(r":[0-9]+$")
_UNREACHABLE = (OSError, UnicodeError)  # a name can be so long that nobody can even be asked for it

Connection = tuple[StreamReader, StreamWriter]


@dataclass(frozen=True, slots=True)
class Upstream:
    """The proxy that the program would have used without us."""

    endpoint: Endpoint
    authorization: tuple[str, ...] = field(default=(), repr=False)

    @staticmethod
    def of(url: str) -> "Upstream":
        """Take an address such as http://user:password@proxy.example:3128 apart. Raises InvalidEndpoint."""
        scheme, _, rest = url.rpartition("://")
        user_and_password, at, place = rest.rpartition("@")
        try:
            endpoint = Endpoint.of(f"{scheme or 'http'}://{place}")
        except InvalidEndpoint as error:  # without the address, which may hold a password
            raise InvalidEndpoint("HTTPS_PROXY names a proxy that is neither http://host:port nor https://.") from error
        return Upstream(endpoint, (f"Proxy-Authorization: Basic {basic(unquote(user_and_password))}",) if at else ())


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a diverted program goes on this machine: to the proxy, or directly to what answers in Amazon's place.

    `login` is user:password for the proxy, where it asks for one.
    """

    proxy: int
    tls: int
    login: str | None = field(default=None, repr=False)


@asynccontextmanager
async def diverting(
    endpoint: Endpoint, identity: ssl.SSLContext, upstream: Upstream | None = None
) -> AsyncIterator[Ports]:
    """Divert until the end of the block.

    Whoever is on this machine can reach the proxy. That does no harm, unless it has the program's credentials for
    another proxy: it then lends them to those alone who know a password that is made for this.
    """
    place = _Place(endpoint)
    login = f"tradepost:{token_urlsafe()}" if upstream and upstream.authorization else None
    async with (
        listening(place.converse, identity) as tls,
        listening(_Proxy(endpoint, tls, upstream, login).converse) as proxy,
    ):
        yield Ports(proxy, tls, login)


@dataclass(frozen=True, slots=True)
class _Place:
    """What answers in Amazon's place: it takes the TLS off, and carries the rest to the endpoint as it is."""

    endpoint: Endpoint

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            far = await _connect(self.endpoint)
        except _UNREACHABLE as error:
            try:
                await read_head(reader)
            except Nonsense:
                return
            await answer(reader, writer, HTTPStatus.BAD_GATEWAY, _nobody_there(self.endpoint, error))
            return
        await join((reader, writer), far)


@dataclass(frozen=True, slots=True)
class _Proxy:
    endpoint: Endpoint
    tls_port: int
    upstream: Upstream | None
    login: str | None

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection, which carries one tunnel or one request."""
        try:
            head = await read_head(reader)
            target = _target(head)
        except Nonsense:
            said = "This is a proxy: it takes CONNECT host:port, or a request for a whole URL."
            await answer(reader, writer, HTTPStatus.BAD_REQUEST, said)
            return
        if self.login and not diverted(target.host) and not head.gives(self.login):
            said = "This proxy leads to one with a password, and takes the password that HTTPS_PROXY has here."
            status, challenge = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, 'Proxy-Authenticate: Basic realm="tradepost"'
            await answer(reader, writer, status, said, challenge)
            return
        try:
            far = await (self._tunnel(target, writer) if head.method == "CONNECT" else self._request(head, target))
        except _UNREACHABLE as error:
            place = self.endpoint if diverted(target.host) else target
            await answer(reader, writer, HTTPStatus.BAD_GATEWAY, _nobody_there(place, error))
            return
        await join((reader, writer), far)

    async def _tunnel(self, target: Endpoint, writer: StreamWriter) -> Connection:
        """The other end of a tunnel. Where the program has another proxy, that one agrees to it, or refuses."""
        if self.upstream and not diverted(target.host):
            authority = target.url.partition("://")[2]
            far = await _connect(self.upstream.endpoint)
            lines = (f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *self.upstream.authorization, "", "")
            far[1].write("\r\n".join(lines).encode())
            return far
        far = await _connect(Endpoint(LOOPBACK, self.tls_port, tls=False) if diverted(target.host) else target)
        writer.write(_ESTABLISHED)
        return far

    async def _request(self, head: Head, target: Endpoint) -> Connection:
        """The other end of a request for a whole URL, with its head already sent.

        Some clients ask a proxy so even for https, such as older versions of axios.
        """
        if self.upstream and not diverted(target.host):
            far = await _connect(self.upstream.endpoint)
            far[1].write(head.one_way(head.target, *self.upstream.authorization))
            return far
        parts = urlsplit(head.target)
        far = await _connect(self.endpoint if diverted(target.host) else target)
        far[1].write(head.one_way((parts.path or "/") + (f"?{parts.query}" if parts.query else "")))
        return far


def _target(head: Head) -> Endpoint:
    """Where a request wants to go; a tunnel's TLS, if any, is inside of it. Raises Nonsense."""
    try:
        if head.method == "CONNECT":
            if not _WITH_PORT.search(head.target):
                raise Nonsense
            return Endpoint.of(f"http://{head.target}")
        parts = urlsplit(head.target)
        return Endpoint.of(f"{parts.scheme}://{parts.netloc}")
    except (InvalidEndpoint, ValueError) as error:
        raise Nonsense from error


async def _connect(place: Endpoint) -> Connection:
    return await asyncio.open_connection(place.host, place.port, ssl=place.tls or None)


def _nobody_there(place: Endpoint, error: Exception) -> str:
    return f"Tradepost's diversion cannot reach {place.host}, port {place.port}: {error}. Does the server run?"
