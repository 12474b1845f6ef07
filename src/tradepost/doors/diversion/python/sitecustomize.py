"""Loaded into a Python program before its own code: its TLS connections to the diverted hosts go to what answers there
instead, and trust nobody but that.

Proxies and files of certificates are for clients that ask the environment. Others open a socket and bring their own
certificates along: what they have in common is that a name is looked up, a socket connected, and TLS put around it, so
these three are wrapped. A way around the first two, such as a resolver of a client's own, ends at the third: to Amazon
itself there is no connection, rather than a secret one.

It runs on any Python from 3.8 on, which has none of Tradepost's packages.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

TYPE_CHECKING = False  # typing's own costs every program the import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOOPBACK = "127.0.0.1"
# What diverted names are looked up as: no address that anything else goes to, and never one on the wire.
MARKER = "127.84.80.43"
HTTPS = (443, "443", b"443", "https", b"https")

# A program may start another one with hardly any environment.
_told = json.loads(os.environ.get("TRADEPOST_DIVERSION") or "{}")
PORT = _told.get("port")
HOSTS = frozenset(_told.get("hosts", ()))


def name_of(host: Any) -> str:
    """A host as it is written in the list."""
    name = host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else host
    return name.lower().rstrip(".") if isinstance(name, str) else ""


def marked(host: Any, port: Any) -> Any:
    """What to look up for a host: the marker, if what is looked for is, or may be, what is diverted."""
    return MARKER if name_of(host) in HOSTS and (not port or port in HTTPS) else host


def redirected(host: Any, port: Any) -> tuple[Any, Any]:
    """Where to connect instead."""
    return (LOOPBACK, PORT) if port in HTTPS and name_of(host) in {MARKER, *HOSTS} else (host, port)


def divert_socket(socket: Any) -> None:
    look_up = socket._socket.getaddrinfo  # which is where socket.getaddrinfo looks too, and who came before us
    one_address = socket.gethostbyname

    def getaddrinfo(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        return look_up(marked(host, port), port, *given, **named)

    socket._socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = lambda host: one_address(marked(host, None))
    socket.socket.connect = connecting(socket.socket.connect)
    socket.socket.connect_ex = connecting(socket.socket.connect_ex)


def connecting(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_elsewhere(self: Any, address: Any) -> Any:
        if isinstance(address, tuple) and len(address) == 2:
            address = redirected(*address)
        return connect(self, address)

    return connect_elsewhere


def divert_ssl(ssl: Any) -> None:
    """A context made by the program may trust anybody, and check nothing; the one that takes its place does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_told["authority"])
    wrap_socket, wrap_bio = ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio

    def socket_wrapped(
        self: Any,
        sock: Any,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: Any = None,
        session: Any = None,
    ) -> Any:
        if name_of(server_hostname) in HOSTS:
            self, server_hostname, session = context, name_of(server_hostname), None
        return wrap_socket(
            self, sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session
        )

    def bio_wrapped(
        self: Any,
        incoming: Any,
        outgoing: Any,
        server_side: bool = False,
        server_hostname: Any = None,
        session: Any = None,
    ) -> Any:
        if name_of(server_hostname) in HOSTS:
            self, server_hostname, session = context, name_of(server_hostname), None
        return wrap_bio(self, incoming, outgoing, server_side, server_hostname, session)

    ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio = socket_wrapped, bio_wrapped


def divert_uvloop(uvloop: Any) -> None:
    """Its loops look names up and connect in C."""
    look_up, connect = uvloop.Loop.getaddrinfo, uvloop.Loop.create_connection

    async def getaddrinfo(self: Any, host: Any, port: Any, **named: Any) -> Any:
        return await look_up(self, marked(host, port), port, **named)

    async def create_connection(self: Any, protocol: Any, host: Any = None, port: Any = None, **named: Any) -> Any:
        if named.get("ssl") and host and named.get("server_hostname") is None:
            named["server_hostname"] = host
        return await connect(self, protocol, *redirected(host, port), **named)

    uvloop.Loop.getaddrinfo, uvloop.Loop.create_connection = getaddrinfo, create_connection


def divert_aiodns(aiodns: Any) -> None:
    """With it, aiohttp looks names up without the machine."""
    look_up = aiodns.DNSResolver.getaddrinfo

    def getaddrinfo(self: Any, host: Any, family: Any = 0, port: Any = None, *given: Any, **named: Any) -> Any:
        return look_up(self, marked(host, port), family, port, *given, **named)

    aiodns.DNSResolver.getaddrinfo = getaddrinfo


class DivertWhenImported:
    """Wraps a module at the moment that the program imports it: most programs never import most of them."""

    def __init__(self, diverts: dict[str, Callable[[Any], None]]) -> None:
        self.diverts = diverts

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self.diverts:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:  # whoever is before us has been asked
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = DivertingLoader(spec.loader, self.diverts[name])
                return spec
        return None


class DivertingLoader:
    def __init__(self, loader: Any, divert: Callable[[Any], None]) -> None:
        self.loader, self.divert = loader, divert

    def create_module(self, spec: Any) -> Any:
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.divert(module)


def divert(diverts: dict[str, Callable[[Any], None]]) -> None:
    """Wrap each of these modules, now or when it is imported."""
    for name in [name for name in diverts if name in sys.modules]:
        diverts[name](sys.modules[name])
    sys.meta_path.insert(0, DivertWhenImported(diverts))


def run_the_next_one() -> None:
    """Of the modules of this name Python runs the first one only, and that is not the program's own."""
    ours = __file__.rpartition(os.sep)[0]
    # Only behind us: before us there may be another diversion, which has run already and would find us again.
    spec = PathFinder.find_spec(__name__, sys.path[sys.path.index(ours) + 1 :]) if ours in sys.path else None
    if spec is not None and spec.loader is not None:
        module = sys.modules[__name__] = module_from_spec(spec)
        spec.loader.exec_module(module)


if PORT and HOSTS:
    divert({"socket": divert_socket, "ssl": divert_ssl, "uvloop": divert_uvloop, "aiodns": divert_aiodns})
run_the_next_one()
