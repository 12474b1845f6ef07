"""The calls themselves: to whom they may go, how long they may take, and what is taken of an answer.

A seller chooses the address, and the call leaves from inside the operator's network. So unless the operator allows it,
only https goes out, and only to public addresses; that is looked at on the address that a socket is opened to, after
the name was resolved, so that no name leads anywhere else. Redirects are not followed.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import LooseHeaders
from yarl import URL

TIME_LIMIT_SECONDS = 15
MOST_OF_AN_ANSWER = 1024  # bytes
LONGEST_URL = 2000
GONE = 410
_SECONDS_FOR_THE_BODY = 2

_NAME_THREADS = 64  # far more than endpoints that fail are called at once
_NO_ADDRESS = "it is no address such as https://example.com/hooks"
_PRIVATE = "it leads to a private address, which only TRADEPOST_WEBHOOKS_PRIVATE=yes allows"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call led to: the status code and the beginning of the answer, if there was one; what was wrong, if so."""

    code: int | None = None
    text: str | None = None
    error: str | None = None


Call = Callable[[str, Mapping[str, str], bytes], Awaitable[Answer]]


class _PrivateAddress(OSError):
    """The name led to an address that may not be called."""


@asynccontextmanager
async def network(*, private: bool) -> AsyncIterator[Call]:
    """A way to call endpoints until the block ends. `private` allows http, and addresses that are not public."""
    names = _Names()
    connector = aiohttp.TCPConnector(limit=0, resolver=names, socket_factory=_open if private else _open_to_the_public)
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIME_LIMIT_SECONDS),
        auto_decompress=False,
        headers={"User-Agent": "Tradepost", "Accept-Encoding": "identity"},
    )
    try:
        yield partial(_call, session, private)
    finally:
        await session.close()
        await names.close()


def problem_with(url: str, *, private: bool) -> str | None:
    """What keeps this from being the address of an endpoint, in words; None: nothing does."""
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return f"it may have {LONGEST_URL} characters, and none of them a space"
    try:
        parsed = URL(url)
        host = parsed.host
    except ValueError:
        return _NO_ADDRESS
    if parsed.scheme != "https" and not (private and parsed.scheme == "http"):
        return "it must begin with https://"
    if not host or parsed.user is not None or parsed.password is not None or parsed.fragment:
        return "it must name a host, and neither a user, nor a password, nor a fragment"
    literal = _literal(host)
    if literal is None and host.rpartition(".")[2].isdigit():  # 127.1 and the like, which some take for an address
        return _NO_ADDRESS
    return _PRIVATE if literal and not private and not is_public(literal) else None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is one of the public Internet, also when it stands for another one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address.is_site_local or (inner and not is_public(inner)):
            return False
        address = address.ipv4_mapped or address
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that the host is; None: it is a name, and is looked at when it is called."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


class _Names(AbstractResolver):
    """Looks names up in threads of its own: a name server that does not answer takes no thread from anybody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_NAME_THREADS, "webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=str(at[0]), port=port, family=kind, proto=protocol, flags=numeric)
            for kind, _, protocol, _, at in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _open(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    return socket.socket(family, kind, protocol)


def _open_to_the_public(address: aiohttp.AddrInfoType) -> socket.socket:
    if not is_public(ip_address(str(address[4][0]).partition("%")[0])):
        raise _PrivateAddress(errno.EACCES, "private address")
    return _open(address)


async def _call(
    session: aiohttp.ClientSession, private: bool, url: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Post the body. Whatever comes of it is an answer; nothing is raised for what the other side does."""
    if problem := problem_with(url, private=private):
        return Answer(error=f"The address cannot be called: {problem}.")
    sent: LooseHeaders = {"Content-Type": "application/json", **headers}
    try:
        async with session.post(url, data=body, headers=sent, allow_redirects=False) as response:
            code = response.status
            if 200 <= code < 300:
                error = None
            elif 300 <= code < 400:
                error = f"It answered {code}, and redirects are not followed."
            else:
                error = f"It answered {code}."
            return Answer(code, await _beginning(response), error)
    except TimeoutError:
        return Answer(error=f"There was no answer within {TIME_LIMIT_SECONDS} seconds.")
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        return Answer(error=_why(failure))


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first bytes of the answer, as far as they come soon, as text that can be kept."""
    try:
        async with asyncio.timeout(_SECONDS_FOR_THE_BODY):
            said = await response.content.read(MOST_OF_AN_ANSWER)
    except (aiohttp.ClientError, OSError, ValueError):  # TimeoutError is an OSError
        return ""
    return said[:MOST_OF_AN_ANSWER].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _why(failure: Exception) -> str:
    """What went wrong, without the words of the other side."""
    if isinstance(failure, aiohttp.ClientConnectorDNSError):
        return "The name of its host was not found."
    if isinstance(failure, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return "No secure connection came about: look at its certificate."
    if isinstance(failure, aiohttp.ClientConnectorError):
        if isinstance(failure.os_error, _PrivateAddress):
            return f"The address cannot be called: {_PRIVATE}."
        return f"No connection came about ({errno.errorcode.get(failure.os_error.errno or 0, 'unknown')})."
    if isinstance(failure, ValueError):
        return f"The address cannot be called: {_NO_ADDRESS}."
    if isinstance(failure, aiohttp.ClientConnectionError):
        return "The connection broke before there was an answer."
    return f"What it answered is not HTTP ({type(failure).__name__})."
