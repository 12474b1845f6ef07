"""Backups of a whole database, and the way from one server to another: what backup() writes, restore() puts elsewhere.

The programs are those of the PostgreSQL that Tradepost brings. They read every server that Tradepost runs on, and what
they have written is restored as a script, which can be made fit for a server older than they are.
"""

import os
import tempfile
from asyncio import StreamReader, StreamWriter, create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg

from tradepost.ground.embedded import Server, postgres_program
from tradepost.ground.server_setup import complaint, sync_folder
from tradepost.ground.settings import Address

SIGNATURE = b"PGDMP"
CHUNK_BYTES = 256 * 1024

# Owners and rights belong to a server, not to its data: another server has other users.
PORTABLE = ("--no-owner", "--no-privileges")

# At its head every script sets what could disturb it; a setting that the server does not know would end it.
HEAD_LINES = 40
UNKNOWN_BEFORE = {b"SET transaction_timeout": 17}


class BackupFailed(Exception):
    """A backup was not made, or not restored; one sentence says why, and nothing was changed."""


async def backup(source: Server | str, file: Path) -> None:
    """Write the whole database, as it is at one moment, to a new file that only its owner may read."""
    address = _address(source)
    unfinished = _new_file_beside(file)
    try:
        arguments = ("--format=custom", f"--file={unfinished}", *PORTABLE, f"--dbname={address.url}")
        async with _running("pg_dump", *arguments, address=address) as dump:
            await dump.succeed()
        _put_in_place(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


async def restore(target: Server | str, file: Path) -> None:
    """Fill an empty database from a backup, wholly or not at all."""
    _check_signature(file)
    address = _address(target)
    version = await _version_of_empty(address)
    to_script = ("--file=-", *PORTABLE, str(file))
    to_database = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-")
    async with (
        _running("pg_restore", *to_script, address=address, stdout=PIPE) as reader,
        _running("psql", *to_database, f"--dbname={address.url}", address=address, stdin=PIPE) as writer,
    ):
        if await _poured(reader.output, writer.input, version):
            await reader.succeed()  # Before psql may see the end of the script: it would commit what there is of it.
        writer.input.close()
        await writer.succeed()
    await _analyze(address)


# Databases


def _address(database: Server | str) -> Address:
    return Address.of(database.url() if isinstance(database, Server) else database)


def _with_password(address: Address) -> dict[str, str]:
    return {"PGPASSWORD": address.password} if address.password else {}


async def _connect(address: Address) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(address.url, password=address.password)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupFailed(f"The database {address.url} cannot be reached: {error}.") from error


async def _version_of_empty(address: Address) -> int:
    connection = await _connect(address)
    try:
        if await connection.fetchval(HAS_RELATIONS):
            raise BackupFailed(f"The database {address.url} is not empty: restore into a new one.")
        return connection.get_server_version().major
    finally:
        await connection.close()


# What extensions brought along, like the views of pg_stat_statements, is nobody's data.
HAS_RELATIONS = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_class AS relation
        JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
        WHERE schema.nspname !~ '^pg_' AND schema.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS dependency
              WHERE dependency.objid = relation.oid AND dependency.deptype = 'e'))
"""


async def _analyze(address: Address) -> None:
    """A backup brings no statistics, without which the first queries would be planned badly."""
    connection = await _connect(address)
    try:
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


# Programs


@dataclass(frozen=True)
class Program:
    """One of PostgreSQL's programs at work."""

    name: str
    process: Process
    errors: IO[bytes]

    @property
    def output(self) -> StreamReader:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def input(self) -> StreamWriter:
        assert self.process.stdin is not None
        return self.process.stdin

    async def succeed(self) -> None:
        if await self.process.wait() != 0:
            self.errors.seek(0)
            raise BackupFailed(f"{self.name} failed: {complaint(self.errors.read().decode(errors='replace'))}.")


@asynccontextmanager
async def _running(
    name: str, *arguments: str, address: Address, stdin: int = DEVNULL, stdout: int = DEVNULL
) -> AsyncIterator[Program]:
    environment = os.environ | _with_password(address) | {"LC_ALL": "C"}
    with tempfile.TemporaryFile() as errors:
        process = await create_subprocess_exec(
            postgres_program(name), *arguments, stdin=stdin, stdout=stdout, stderr=errors, env=environment
        )
        try:
            yield Program(name, process, errors)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            if process.stdout is not None:
                await process.stdout.read()  # Before that, asyncio does not see the process end.
            await process.wait()


async def _poured(script: StreamReader, into: StreamWriter, version: int) -> bool:
    """Pass the script on, fit for a server of this version; False when the taker has given up."""
    try:
        for _ in range(HEAD_LINES):
            line = await script.readline()
            if _is_known(line, version):
                into.write(line)
        while chunk := await script.read(CHUNK_BYTES):
            into.write(chunk)
            await into.drain()
    except ConnectionError:
        return False
    return True


def _is_known(line: bytes, version: int) -> bool:
    return all(version >= since for setting, since in UNKNOWN_BEFORE.items() if line.startswith(setting))


# Files


def _new_file_beside(file: Path) -> Path:
    if file.exists():
        raise BackupFailed(f"{file} exists already: choose another name, or remove it.")
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=".tradepost-backup-", dir=file.absolute().parent)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written ({error.strerror}): choose another place.") from error
    os.close(descriptor)
    return Path(unfinished)


def _put_in_place(unfinished: Path, file: Path) -> None:
    unfinished.rename(file)
    sync_folder(file.absolute().parent)


def _check_signature(file: Path) -> None:
    try:
        with file.open("rb") as content:
            found = content.read(len(SIGNATURE))
    except OSError as error:
        raise BackupFailed(f"{file} cannot be read: {error.strerror}.") from error
    if found != SIGNATURE:
        raise BackupFailed(f"{file} is not a backup made by Tradepost.")
