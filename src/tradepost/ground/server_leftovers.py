"""What an earlier server has left in a cluster: processes that end, and a pid file that outlived them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tradepost.ground.server_account import Account, ServerUnavailable

PATIENCE_SECONDS = 30.0
KILLED_SECONDS = 5.0  # in which a process that was killed is gone
GLANCE_SECONDS = 0.1


def end_leftovers(cluster: Path, account: Account) -> None:
    """Wait until nothing of an earlier server runs in the cluster, and only then clear its pid file away. Raises
    ServerUnavailable where it runs on, killed or not.

    The pid in that file may have become an innocent process's, and PostgreSQL would not start because of it. So
    nobody is asked or signalled by that number, but only a process that is seen to be a PostgreSQL in this cluster.
    """
    if not Path("/proc/self").exists():
        return
    place = cluster.stat()
    if not _gone(place, account, PATIENCE_SECONDS):
        for process in _servers_in(place, account):
            _kill_server(process, place, account)
        if not _gone(place, account, KILLED_SECONDS):
            raise ServerUnavailable(f"An earlier server still runs in {cluster}: end its `postgres` processes.")
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _gone(place: os.stat_result, account: Account, seconds: float) -> bool:
    """Whether nothing runs there any more, or after so many seconds at last."""
    for _ in range(round(seconds / GLANCE_SECONDS)):
        if not _servers_in(place, account):
            return True
        time.sleep(GLANCE_SECONDS)
    return not _servers_in(place, account)


def _servers_in(place: os.stat_result, account: Account) -> list[Path]:
    with account.lent():
        return [process for process in Path("/proc").glob("[0-9]*") if is_server_in(place, process)]


def is_server_in(place: os.stat_result, process: Path) -> bool:
    """Whether a process, named by its folder in /proc, is a PostgreSQL in this place."""
    try:
        program = (process / "exe").readlink().name.removesuffix(" (deleted)")
        return program == "postgres" and os.path.samestat((process / "cwd").stat(), place)
    except OSError:
        return False


def _kill_server(process: Path, place: os.stat_result, account: Account) -> None:
    """Hold on to the process first and look again then, because its number may have passed to another."""
    with suppress(OSError):
        held = os.pidfd_open(int(process.name))
        try:
            if process in _servers_in(place, account):
                signal.pidfd_send_signal(held, signal.SIGKILL)
        finally:
            os.close(held)
