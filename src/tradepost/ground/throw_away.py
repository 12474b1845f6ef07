"""Throw-away databases in the embedded server, for what nobody wants to keep: gone at the end, however the end came.

Whoever uses one holds an advisory lock on its number. A database whose lock is free belongs to a program that was
killed, and the next one to come by drops it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import SystemRandom

import asyncpg

from tradepost.ground import schema
from tradepost.ground.embedded import Server

SETTINGS = {"synchronous_commit": "off"}
"""For connections to a throw-away database: what is lost in a crash was not to be kept."""

_PREFIX = "tradepost_throw_away_"
_MEETING_PLACE = "postgres"  # advisory locks belong to a database: all meet in this one


@asynccontextmanager
async def throw_away_database(server: Server) -> AsyncIterator[str]:
    """The address of a new database with the schema in it, dropped at the end of the block."""
    keeper = await asyncpg.connect(server.url(_MEETING_PLACE), timeout=30)
    try:
        await _drop_abandoned(keeper)
        number = SystemRandom().getrandbits(62)
        await keeper.execute("SELECT pg_advisory_lock($1)", number)
        name = f"{_PREFIX}{number}"
        try:
            await keeper.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            await schema.upgrade(server.url(name))
            yield server.url(name)
        finally:
            await asyncio.shield(_drop(keeper, name))
    finally:
        await keeper.close(timeout=10)


async def _drop_abandoned(keeper: "asyncpg.Connection[asyncpg.Record]") -> None:
    for row in await keeper.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{_PREFIX}%"):
        number = int(row[0].removeprefix(_PREFIX))
        if await keeper.fetchval("SELECT pg_try_advisory_lock($1)", number):
            await _drop(keeper, row[0])
            await keeper.execute("SELECT pg_advisory_unlock($1)", number)


async def _drop(keeper: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    await keeper.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
