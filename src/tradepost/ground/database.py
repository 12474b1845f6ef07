"""The database: connections, transactions that know their moment, and retries.

A transaction reads the business clock once, when it begins (`tx.now`), and holds a shared lock on it; moving the clock
takes the exclusive lock, so that no act ever runs at two moments. No statement anywhere says now().
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import random
from typing import Any, TypeVar

import asyncpg

from tradepost.ground.clock import BusinessClock
from tradepost.ground.settings import Address

T = TypeVar("T")

_RETRIES = 8
_TO_RETRY = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_CONNECTION_LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # when a server that dies in the middle of an answer cannot be told to roll back
    OSError,
)
_OUT_OF_ORDER = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)

TROUBLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
)
"""What a database may answer at any time by no fault of the program."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached; the sentence says which and why."""


class Transaction:
    """One transaction on one connection, at one moment of the business clock."""

    def __init__(
        self,
        connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
        now: datetime,
        remembered: dict[object, Any],
    ) -> None:
        self._connection = connection
        self.now = now
        self.remembered = remembered  # what was read of things that never change, such as a version of a policy
        self.statements = 0

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows that the statement returns."""
        self.statements += 1
        return await self._connection.fetch(statement, *values)

    async def row(self, statement: str, *values: object) -> asyncpg.Record | None:
        """The first row, or None."""
        self.statements += 1
        return await self._connection.fetchrow(statement, *values)

    async def value(self, statement: str, *values: object) -> Any:
        """The first value of the first row, or None."""
        self.statements += 1
        return await self._connection.fetchval(statement, *values)

    async def execute(self, statement: str, *values: object) -> str:
        """Run a statement; its command tag."""
        self.statements += 1
        return await self._connection.execute(statement, *values)

    async def cursor(self, statement: str, *values: object, page: int = 1000) -> AsyncIterator[list[asyncpg.Record]]:
        """The rows of a large result in pages, so that memory stays flat."""
        self.statements += 1
        cursor = await self._connection.cursor(statement, *values)
        while rows := await cursor.fetch(page):
            yield rows

    async def read_clock(self) -> BusinessClock:
        """The business clock as the database holds it."""
        row = await self.row("SELECT simulated, ticking, shows, set_at FROM business_clock")
        assert row is not None
        return BusinessClock(*row)

    def act_at(self, moment: datetime) -> None:
        """Act at another moment from here on. Only in a transaction that excludes the others and moves the clock."""
        self.now = moment

    async def move_clock(self, clock: BusinessClock) -> None:
        """Set the business clock for everyone. Only in a transaction that excludes the others."""
        await self.execute(
            "UPDATE business_clock SET simulated = $1, ticking = $2, shows = $3, set_at = $4",
            clock.simulated, clock.ticking, clock.shows, clock.set_at,
        )  # fmt: skip
        self.now = clock.now()


class Database:
    """A pool of connections to one database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self._remembered: dict[object, Any] = {}

    @asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends well.

        `alone` excludes every other transaction of Tradepost: it is how the clock is moved. Each statement sees what
        was committed before it began, whatever the server's default is: whoever waited for a lock decides on the truth.
        """
        async with self.pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            row = await connection.fetchrow("SELECT * FROM enter_business_time($1)", alone)
            assert row is not None
            tx = Transaction(connection, BusinessClock(*row).now().astimezone(UTC), dict(self._remembered))
            yield tx
        self._remembered |= tx.remembered  # only now: what was read of one's own writes may have been taken back

    async def run(self, work: Callable[[Transaction], Awaitable[T]], *, alone: bool = False) -> T:
        """Run `work` in a transaction of its own; again when the database asks for it (deadlock, serialization)."""
        for attempt in range(_RETRIES):
            try:
                async with self.transaction(alone=alone) as tx:
                    return await work(tx)
            except _TO_RETRY:
                if attempt == _RETRIES - 1:
                    raise
                await asyncio.sleep(random() * 0.01 * 2**attempt)  # noqa: S311
        raise AssertionError


@asynccontextmanager
async def connect(
    url: str, *, connections: int = 10, settings: dict[str, str] | None = None
) -> AsyncIterator[Database]:
    """A Database on `url`; every connection is closed when the block ends. Raises DatabaseUnavailable."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            init=_prepare,
            server_settings={"timezone": "UTC", "application_name": "tradepost", **(settings or {})},
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        cause = (isinstance(error, OSError) and error.strerror) or str(error) or "it does not answer"
        sentence = f"The database {Address.of(url).url} cannot be reached: {cause}".rstrip(".") + "."
        raise DatabaseUnavailable(sentence) from error
    assert pool is not None
    try:
        yield Database(pool)
    finally:
        await _close(pool)


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=10)
    except (TimeoutError, *_CONNECTION_LOST):
        pool.terminate()


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec("jsonb", encoder=_to_json, decoder=json.loads, schema="pg_catalog")


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def database_is_away(error: BaseException) -> bool:
    """Whether this says that the database is gone, going or full, and nothing of what it was asked to do."""
    if isinstance(error, ValueError):
        return False  # asyncpg's word for a value that no column takes is an InterfaceError too
    return isinstance(error, (*_CONNECTION_LOST, *_OUT_OF_ORDER))


def storable(value: object) -> bool:
    """Whether PostgreSQL can hold this text, or all texts of this JSON value: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value))
    if isinstance(value, dict):
        return all(storable(name) and storable(one) for name, one in value.items())
    return not isinstance(value, (list, tuple)) or all(map(storable, value))


def columns(rows: Iterable[Sequence[object]], width: int) -> list[Sequence[object]]:
    """Rows turned into the arrays that `unnest` takes; `width` empty ones when there are no rows."""
    return list(zip(*rows, strict=True)) or [()] * width
