"""The keeper: a small process of its own, the parent of one data folder's PostgreSQL server, for as long as it is used.

Three files in the data folder say how things stand, and the first two are true whatever was killed:

* `lease.lock`: every Tradepost process that uses the server holds a shared lock. When the keeper gets the exclusive
  one, everybody is gone; it keeps that lock while it stops the server, so whoever comes meanwhile waits for the end.
* `keeper.lock`: the keeper's exclusive lock. Who starts a keeper takes the lock first and hands it on, so there is no
  moment in which two could be started.
* `server.json`: where the server listens, and whether it is ready.

It is a program apart, without an event loop: it does one thing at a time, and needs to outlive whoever started it.
"""

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from tradepost.ground.orphans import die_with
from tradepost.ground.server_account import Account, ServerUnavailable, server_account
from tradepost.ground.server_leftovers import end_leftovers
from tradepost.ground.server_programs import runnable_install
from tradepost.ground.server_setup import HERE, complaint, own_cluster, server_environment

LEASE = "lease.lock"
KEEPER = "keeper.lock"
STATE = "server.json"
LOG = "server.log"
READY = "ready"
PORT = 5432  # Names the socket's file, nothing more: the server listens on no network.

TICK_SECONDS = 0.1
LOG_BYTES = 10_000_000
# A path of a socket has room for some 107 bytes, so the sockets cannot lie in the data folder.
SOCKET_PARENTS = ("/tmp", "/dev/shm")  # noqa: S108 (a new folder with a name nobody can foresee, closed to others)
ROOTS_SOCKET_PARENTS = ("/run", *SOCKET_PARENTS)


@dataclass(frozen=True)
class State:
    """What the keeper tells everybody about its server."""

    ready: bool
    socket_folder: str
    keeper_pid: int
    postgres_pid: int

    def write(self, data: Path) -> None:
        fresh = data / (STATE + ".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.rename(data / STATE)

    @staticmethod
    def read(data: Path) -> "State | None":
        try:
            return State(**json.loads((data / STATE).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def main() -> None:
    """Become nobody's child, so that nobody has to wait for this process, and keep the server."""
    data, install, lock, *settings = sys.argv[1:]
    if os.fork() > 0:
        os._exit(0)
    os.umask(0o077)
    os.set_inheritable(int(lock), False)
    keep(Path(data), Path(install), dict(setting.split("=", 1) for setting in settings))


def keep(data: Path, install: Path, settings: dict[str, str]) -> None:
    """Start the server, tell the starter how that went, watch until everybody is gone, and stop it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    with (data / LEASE).open("ab") as lease:
        try:
            server = _prepared(data, install, settings)
        except ServerUnavailable as problem:
            return _tell_starter(str(problem))
        try:
            server.start()
            _tell_starter(READY)
            server.watch(lambda: _in_use(data, lease))
        except ServerUnavailable as problem:
            _tell_starter(str(problem))
        except OSError as problem:  # Such as a disk that is full, where not even the log takes a word more.
            _tell_starter(f"The data folder {data} cannot be used ({problem.strerror}): make room, or choose another.")
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            server.stop()
            if not _in_use(data, lease):
                shutil.rmtree(server.sockets, ignore_errors=True)


def _prepared(data: Path, install: Path, settings: dict[str, str]) -> "Postgres":
    account = server_account()
    install = runnable_install(install, account)
    cluster = own_cluster(data, install, account, settings)
    return Postgres(data, cluster, install, account, settings, socket_folder(data, account))


def _in_use(data: Path, lease: BinaryIO) -> bool:
    """Somebody holds a lease, and the data folder is still in its place."""
    try:
        if not os.path.samestat((data / LEASE).stat(), os.fstat(lease.fileno())):
            return False
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _tell_starter(outcome: str) -> None:
    """Standard output leads to whoever started the keeper, until that has heard; then it leads to the log."""
    with suppress(OSError):
        os.write(1, os.fsencode(outcome + "\n"))
    os.dup2(2, 1)


# The socket's folder


def socket_folder(data: Path, account: Account) -> Path:
    """The folder of the keeper before, so that the addresses in use stay true; else a new one."""
    before = State.read(data)
    if before is not None and is_private_folder(Path(before.socket_folder), account.uid):
        return Path(before.socket_folder)
    for parent in ROOTS_SOCKET_PARENTS if os.geteuid() == 0 else SOCKET_PARENTS:
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="tradepost-", dir=parent))
            os.chown(folder, account.uid, account.gid)
            return folder
    raise ServerUnavailable(f"The server's socket found no place: make {SOCKET_PARENTS[0]} a folder to write to.")


def is_private_folder(folder: Path, owner: int) -> bool:
    """Whether this is a real folder of the owner's own: others may put anything under a name that has become free."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700


# The server


@dataclass
class Postgres:
    """A PostgreSQL server, this process's child."""

    data: Path
    cluster: Path
    install: Path
    account: Account
    settings: dict[str, str]
    sockets: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the server and return when it is ready, after a crash with all that was committed."""
        self._announce(ready=False)
        end_leftovers(self.cluster, self.account)
        log_before = os.fstat(2).st_size
        self.process = subprocess.Popen(  # noqa: S603
            self._command(),
            cwd=self.cluster,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=2,
            preexec_fn=die_with(os.getpid()),
            **self.account.spawning,
        )
        while not self._is_ready(self.process.pid):
            if self.process.poll() is not None:
                raise ServerUnavailable(self._failure(log_before))
            time.sleep(0.01)
        self._announce(ready=True)

    def watch(self, in_use: Callable[[], bool]) -> None:
        """Start the server again whenever it dies, and return when nobody uses it any more."""
        while in_use():
            if self.process is None or self.process.poll() is not None:
                print("The server has died and is started again.", file=sys.stderr, flush=True)
                self.start()
            _bound_log(self.data / LOG)
            time.sleep(TICK_SECONDS)

    def stop(self) -> None:
        """Stop the server in good order, or, when it takes too long, so that the next start recovers it."""
        with suppress(OSError):  # The data folder may be gone.
            self._announce(ready=False)
        for urgency, patience in ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None)):
            if self.process is None:
                return
            self.process.send_signal(urgency)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                self.process = None

    def _command(self) -> Sequence[str | Path]:
        settings = self.settings | {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.install / "bin" / "postgres", "-D", HERE, *options]

    def _is_ready(self, pid: int) -> bool:
        """The server writes its condition into the eighth line of its pid file."""
        with suppress(OSError):
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def _announce(self, *, ready: bool) -> None:
        pid = self.process.pid if ready and self.process is not None else 0
        State(ready, str(self.sockets), os.getpid(), pid).write(self.data)

    def _failure(self, log_before: int) -> str:
        log = self.data / LOG
        with log.open("rb") as output:
            output.seek(log_before)
            cause = complaint(output.read().decode(errors="replace"))
        return f"PostgreSQL did not start in {self.data} (see {log}): {cause}."


def _bound_log(log: Path) -> None:
    """Keep one log before the present one; the server writes on at the end of the file, wherever that is."""
    if os.fstat(2).st_size > LOG_BYTES:
        with suppress(OSError):
            shutil.copyfile(log, log.with_name(LOG + ".1"))
        os.ftruncate(2, 0)


if __name__ == "__main__":
    main()
