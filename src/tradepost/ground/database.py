"""The database: connections, transactions that know their moment, and retries.

A transaction reads the business clock once, when it begins (`tx.now`), and holds a shared lock on it; moving the clock
takes the exclusive lock, so that no act ever runs at two moments. No statement anywhere says now().
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import random
from typing import Any, TypeVar

import asyncpg
import msgspec

from tradepost.ground.clock import BusinessClock, machine_now
from tradepost.ground.copying import copy_out
from tradepost.ground.settings import Address
from tradepost.ground.statements import as_sent, in_one, only_reads, table_written
from tradepost.ground.trouble import CONNECTION_LOST

T = TypeVar("T")
KeyT = TypeVar("KeyT", bound=tuple[Any, ...])


class DatabaseUnavailable(Exception):
    """The database cannot be reached; the sentence says which and why."""


class NotAtOnce(Exception):
    """This work needs locks, or what it has written before it is through: it has to begin a transaction."""


TRADEPOST = "tradepost"  # by this name the database knows those who are connected to it
SERVING = f"{TRADEPOST} serve"  # and by this one those who answer requests

_SESSION = {
    "timezone": "UTC",
    "application_name": TRADEPOST,
    "random_page_cost": "1.1",  # pages of lists walk an index; at 4, a disk's, they would read and sort a seller whole
}
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it; behind another backslash it is none
_RETRIES = 8
_TO_RETRY = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_PROMPTLY = timedelta(seconds=1)
"""How old a moment may be at which something is recorded, when no transaction has been open since. Those who ask what
is recorded up to a moment look for older ones that are open, and allow some more (reports/settled.py)."""
_ONLY_ONCE = "kept_answers_pkey"  # the second one there looks again, and finds what the first one left


class Transaction:
    """One transaction on one connection, at one moment of the business clock.

    `at_once`: nothing it reads is locked, and all it writes is one statement at its end; see `Database.run_at_once`.
    """

    def __init__(
        self,
        connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
        now: datetime,
        remembered: dict[object, Any],
        *,
        at_once: bool = False,
    ) -> None:
        self._connection = connection
        self.now = now
        self.remembered = remembered  # what was read of things that never change, such as a version of a policy
        self.at_once = at_once
        self.statements = 0
        self._waiting: dict[str, tuple[str, tuple[object, ...]]] = {}  # by table or name

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows that the statement returns."""
        return await self._connection.fetch(*await self._begin(statement, values))

    async def row(self, statement: str, *values: object) -> asyncpg.Record | None:
        """The first row, or None."""
        return await self._connection.fetchrow(*await self._begin(statement, values))

    async def value(self, statement: str, *values: object) -> Any:
        """The first value of the first row, or None."""
        return await self._connection.fetchval(*await self._begin(statement, values))

    async def execute(self, statement: str, *values: object) -> str:
        """Run a statement; its command tag."""
        return await self._connection.execute(*await self._begin(statement, values))

    async def later(self, statement: str, *values: object, name: str = "") -> None:
        """Write one table without waiting: what is to be written goes to the database in one statement, before the next
        one that is waited for, or before the end.

        Statements that go together see the same rows, those from before all of them. One may read what another of
        them returned under the name `written_` and the table's name. Those that write different rows of one table go
        together under a `name` of their own.
        """
        name = name or table_written(statement)
        if name in self._waiting:
            await self._write_before_the_end()
        self._waiting[name] = (statement, values)

    async def write(self) -> None:
        """Write what waits to be written."""
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self.statements += 1
            parts: list[tuple[str, str, int]] = []
            sent: list[Any] = []
            for name, (statement, values) in waiting.items():
                text, told = as_sent(statement, values)
                parts.append((name, text, len(values)))
                sent += told
            await self._connection.execute(in_one(tuple(parts)), *sent)

    async def _begin(self, statement: str, values: Sequence[object]) -> list[Any]:
        """What the driver is told: the statement and its values."""
        if self.at_once and not only_reads(statement):
            raise NotAtOnce
        if self._waiting:
            await self._write_before_the_end()
        self.statements += 1
        text, told = as_sent(statement, values)
        return [text, *told]

    async def _write_before_the_end(self) -> None:
        if self.at_once:
            raise NotAtOnce
        await self.write()

    async def cursor(self, statement: str, *values: object, page: int = 1000) -> AsyncIterator[list[asyncpg.Record]]:
        """The rows of a large result in pages, so that memory stays flat."""
        cursor = await self._connection.cursor(*await self._begin(statement, values))
        while rows := await cursor.fetch(page):
            yield rows

    async def copy_out(
        self, statement: str, *values: object, write: Callable[[bytes], Awaitable[None]], zone: str = "UTC"
    ) -> int:
        """Have the rows of a large result written as tab-separated lines; see copying.py."""
        await self._begin(statement, values)
        return await copy_out(self._connection, statement, values, write, zone)

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
        self._real_for_good = False

    @asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends well.

        `alone` excludes every other transaction of Tradepost: it is how the clock is moved. Each statement sees what
        was committed before it began, whatever the server's default is: whoever waited for a lock decides on the truth.
        """
        async with self.pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            tx = Transaction(connection, await self._enter(connection, alone), dict(self._remembered))
            yield tx
            await tx.write()
        self._remembered |= tx.remembered  # only now: what was read of one's own writes may have been taken back

    async def _enter(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", alone: bool) -> datetime:
        """The moment of a transaction that begins, which keeps the clock from being moved until it ends. A clock that
        is real for good cannot be moved, and need not be asked again."""
        if self._real_for_good and not alone:
            return machine_now()
        row = await connection.fetchrow("SELECT * FROM enter_business_time($1)", alone)
        assert row is not None
        *clock, self._real_for_good = row
        return BusinessClock(*clock).now().astimezone(UTC)

    async def run(self, work: Callable[[Transaction], Awaitable[T]], *, alone: bool = False) -> T:
        """Run `work` in a transaction of its own; again when the database asks for it (deadlock, serialization)."""
        for attempt in range(_RETRIES):
            try:
                async with self.transaction(alone=alone) as tx:
                    return await work(tx)
            except asyncpg.PostgresError as error:
                if attempt == _RETRIES - 1 or not _helps_to_look_again(error):
                    raise
                await asyncio.sleep(random() * 0.01 * 2**attempt)  # noqa: S311
        raise AssertionError

    async def run_at_once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` without locks: it reads what is committed, and all that it writes is one statement, which commits
        by itself. While it thinks nobody waits for it.

        What it writes has to fail where it no longer agrees with what was read: a constraint of the table says so.
        Then, and where the work raises NotAtOnce, it runs again in a transaction; and it does so from the start as long
        as the clock could be moved, since a lock keeps the clock in its place.
        """
        if not self._real_for_good:
            return await self.run(work)
        try:
            async with self.pool.acquire() as connection:
                # It reads nothing that could be taken back: what it learns may be remembered whatever becomes of it.
                tx = Transaction(connection, machine_now(), self._remembered, at_once=True)
                outcome = await work(tx)
                if machine_now() - tx.now > _PROMPTLY:
                    raise NotAtOnce
                await tx.write()
                return outcome
        except (NotAtOnce, asyncpg.IntegrityConstraintViolationError, *_TO_RETRY):
            return await self.run(work)


def _helps_to_look_again(error: asyncpg.PostgresError) -> bool:
    if isinstance(error, asyncpg.UniqueViolationError):
        return bool(error.constraint_name == _ONLY_ONCE)
    return isinstance(error, _TO_RETRY)


@asynccontextmanager
async def connect(
    url: str,
    *,
    connections: int = 10,
    settings: dict[str, str] | None = None,
    at_once: bool = True,
    patience: float | None = None,
) -> AsyncIterator[Database]:
    """A Database on `url`; every connection is closed when the block ends. Raises DatabaseUnavailable.

    Not `at_once`: it connects when it is asked for something, and may be away until then. `patience` is how many
    seconds a connection or a statement may take before the database counts as away.
    """
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=int(at_once),
            max_size=connections,
            timeout=patience or 60,
            command_timeout=patience,
            max_cacheable_statement_size=0,  # of any size: what is written together makes long ones
            init=_prepare,
            reset=_nothing_to_reset,
            server_settings={**_SESSION, **(settings or {})},
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
    except (TimeoutError, *CONNECTION_LOST):
        pool.terminate()


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec("jsonb", encoder=_to_json, decoder=msgspec.json.decode, schema="pg_catalog")


async def _nothing_to_reset(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """No session state outlives a transaction here: settings, cursors and locks all end with it. The usual reset would
    cost every transaction one more round trip."""


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def storable(value: object) -> bool:
    """Whether PostgreSQL can hold this text, or all texts of this JSON value: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value))
    try:
        written = msgspec.json.encode(value)  # one look at all of them
    except UnicodeEncodeError:
        return False
    return b"\\u0000" not in written or not _NUL.search(written)


def in_order(keys: Iterable[KeyT]) -> list[KeyT]:
    """Keys of rows, each once, in the order in which rows are locked; what no database can hold is the key of none."""
    named = set(keys)  # looked at all together, since hardly ever one of them is not storable
    return sorted(named if storable(tuple(chain.from_iterable(named))) else filter(storable, named))


def columns(rows: Iterable[Sequence[object]], width: int) -> list[Sequence[object]]:
    """Rows turned into the arrays that `unnest` takes; `width` empty ones when there are no rows."""
    return list(zip(*rows, strict=True)) or [()] * width
