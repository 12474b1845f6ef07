"""Large results as files: the database writes the lines, and they are only handed on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

LONGEST_SECONDS = 3600.0  # a file may take longer than the patience of a connection
PATIENCE_SECONDS = 2.0  # with a file that was broken off

# The server may have older zones than Python. A moment in UTC is still the right one. And a file takes much of a table
# and sorts it: it is planned as such, and not as the page of a list is.
_SET_FOR_A_FILE = """
SELECT set_config('TimeZone', coalesce((SELECT name FROM pg_timezone_names WHERE name = $1 LIMIT 1), 'UTC'), true),
       set_config('work_mem', '32MB', true),
       set_config('random_page_cost', '4', true)
"""


async def copy_out(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    statement: str,
    values: Sequence[object],
    write: Callable[[bytes], Awaitable[None]],
    zone: str,
) -> int:
    """Have the rows written as tab-separated lines, piece by piece, each of whole lines; how many there were.

    Nothing is quoted: no cell may be null or hold a control character. Where a statement asks for none, its time zone
    is `zone`; UTC where the server has no such zone. What `write` raises is raised once the statement is through:
    asyncpg would wait for ever for the end of a COPY that has come to it. So `write` must not wait for anybody. Whoever
    breaks off waits no longer than a few seconds; then the connection is lost.
    """
    broken: BaseException | None = None

    async def take(piece: bytes | bytearray) -> None:
        nonlocal broken
        if broken is None:
            try:
                await write(bytes(piece).replace(rb"\\", b"\\"))  # the one thing that COPY writes otherwise
            except Exception as error:
                broken = error

    savepoint = connection.transaction()
    await savepoint.start()
    await connection.execute(_SET_FOR_A_FILE, zone)
    copying = asyncio.ensure_future(
        connection.copy_from_query(statement, *values, output=take, timeout=LONGEST_SECONDS)
    )
    patience = None
    while not copying.done():
        try:
            _, under_way = await asyncio.wait([copying], timeout=patience)
            if under_way:
                connection.terminate()
        except asyncio.CancelledError as error:
            broken, patience = error, PATIENCE_SECONDS
    if trouble := broken or copying.exception():
        raise trouble
    await savepoint.rollback()  # of what was set: nothing was written
    return int(copying.result().removeprefix("COPY "))
