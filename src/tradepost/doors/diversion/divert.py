"""The whole diversion, up for as long as a program runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tradepost.doors.diversion.certificates import make_identity
from tradepost.doors.diversion.environment import LOCAL, environment
from tradepost.doors.diversion.hosts import HOSTS, Endpoint
from tradepost.doors.diversion.proxy import Upstream, diverting
from tradepost.doors.diversion.trust import write_trust
from tradepost.ground.clock import machine_now


@asynccontextmanager
async def diversion(url: str, before: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
    """The environment for a program, made from the one before, in which the server at this address stands for Amazon.

    It is good until the end of the block. Raises InvalidEndpoint.
    """
    endpoint = Endpoint.of(url)
    other = before.get("https_proxy") or before.get("HTTPS_PROXY")
    upstream = Upstream.of(other) if other else None
    with TemporaryDirectory(prefix="tradepost-diversion-") as name:  # which nobody else may look into
        folder = Path(name)
        identity = make_identity({*HOSTS, *LOCAL, endpoint.host}, machine_now(), folder)
        trust = write_trust(folder, identity.authority, before)
        async with diverting(endpoint, identity.context, upstream) as ports:
            yield environment(before, endpoint, ports, trust)
