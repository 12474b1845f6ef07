"""Listening on this machine alone, and joining two connections so that each hears what the other says."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

LOOPBACK = "127.0.0.1"
GOODBYE_SECONDS = 2
_CHUNK = 64 * 1024

Converse = Callable[[StreamReader, StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(converse: Converse, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Listen at a free port of the loopback, in TLS where there is a context; the port. With the end of the block every
    connection ends."""
    conversations: set[asyncio.Task[None]] = set()

    async def hold(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            with suppress(OSError):  # whoever hangs up is free to do so
                await converse(reader, writer)
            await closed(writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            conversations.discard(task)

    shutdown = GOODBYE_SECONDS if context else None
    server = await asyncio.start_server(hold, LOOPBACK, 0, ssl=context, ssl_shutdown_timeout=shutdown)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


async def join(near: tuple[StreamReader, StreamWriter], far: tuple[StreamReader, StreamWriter]) -> None:
    """Carry bytes both ways until both sides have said everything; the far side is closed then."""
    try:
        await asyncio.gather(_carry(near[0], far[1]), _carry(far[0], near[1]))
        await closed(far[1])
    finally:
        far[1].transport.abort()


async def closed(writer: StreamWriter) -> None:
    """Close a connection in order, if the other side is still there to hear it."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _carry(reader: StreamReader, writer: StreamWriter) -> None:
    """Carry bytes one way. Where the source ends, so does the sink; TLS knows no half of an end."""
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
