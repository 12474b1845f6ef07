"""The hosts that are diverted, and the endpoint that answers in their place."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

TOKEN_HOSTS = ("api.amazon.com", "api.amazon.co.uk", "api.amazon.co.jp")
API_HOSTS = tuple(f"sellingpartnerapi-{region}.amazon.com" for region in ("na", "eu", "fe"))
HOSTS = (*TOKEN_HOSTS, *API_HOSTS, *(f"sandbox.{host}" for host in API_HOSTS))

HTTP, HTTPS = 80, 443

_HOST = re.compile(r"[a-z0-9._:-]+", re.ASCII)


class InvalidEndpoint(Exception):
    """What should be the address of a server is none; the sentence says what one looks like."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens."""

    host: str
    port: int
    tls: bool

    @staticmethod
    def of(url: str) -> "Endpoint":
        """Take an address such as http://127.0.0.1:8080 apart. Raises InvalidEndpoint."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        else:
            if parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query or parts.fragment:
                host = None
        if not (host and _HOST.fullmatch(host)):
            raise InvalidEndpoint(f"{url} is no endpoint: it looks like http://127.0.0.1:8080, without a path.")
        tls = parts.scheme == "https"
        return Endpoint(host, port or (HTTPS if tls else HTTP), tls)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def diverted(host: str) -> bool:
    """Whether what a program sends to this host belongs to the endpoint."""
    return host.lower().rstrip(".") in HOSTS
