"""What a measurement says, and the server that it is made on."""

import asyncio
import fcntl
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg

from tradepost.ground import embedded, schema
from tradepost.ground.server_keeper import KEEPER


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ours` and `reference` are in `unit`, measured in one run; `seconds` is what the whole run took.

    The ratio is null where only a count is exact or not. `more` is what else there is to say.
    """

    name: str
    ours: float
    reference: float
    ratio: float | None
    unit: str
    orders: int
    seconds: float
    more: dict[str, object] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, object]:
        """As one JSON object."""
        said = asdict(self)
        del said["more"]
        return said | self.more


class Databases:
    """Fresh databases on one throw-away server, durable as in production."""

    def __init__(self, server: embedded.Server) -> None:
        self._server = server

    async def make(self, name: str, like: str | None = None) -> str:
        """A database with the schema in it, or a copy of the database `like`; its address."""
        connection = await asyncpg.connect(self._server.url("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {like or 'template0'}")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
        if like is None:
            await schema.upgrade(self._server.url(name))
        return self._server.url(name)


@asynccontextmanager
async def databases() -> AsyncIterator[Databases]:
    """A server of its own for one measurement."""
    folder = Path(tempfile.mkdtemp(prefix="tradepost-bench-"))
    try:
        async with embedded.lease(folder / "data") as server:
            yield Databases(server)
    finally:
        with (folder / "data" / KEEPER).open() as held_while_the_server_runs:
            await asyncio.to_thread(fcntl.flock, held_while_the_server_runs, fcntl.LOCK_EX)
        shutil.rmtree(folder)
