"""What an embedded server lies in: a data folder, and the cluster in it.

The server's account owns the cluster, and nothing else (server_account.py). Its programs are started *inside* the
cluster and know it as the current folder, so they need not be able to walk there: every folder above, the data folder
among them, stays closed.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tradepost.ground.server_account import NAME, Account, ServerUnavailable, user_name
from tradepost.ground.server_programs import MAJOR

CLUSTER = "postgresql"
UNFINISHED = CLUSTER + ".unfinished-"
_LEVEL = re.compile(r"(FATAL|PANIC|ERROR|error):")

# PostgreSQL would turn `-D .` into a full path, which root's server may not walk; this it takes as it is.
HERE = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."

# Written into a new cluster's postgresql.conf, where its owner may change them.
NEW_CLUSTER_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel queries need more of /dev/shm than a container has by default (64 MB), and fail when it runs out.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}


# The data folder


def own_data_folder(data: Path) -> Path:
    """Make or check the data folder: it belongs to whoever runs Tradepost, and nobody else may look into it."""
    try:
        data = data.absolute().resolve()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = data.stat()
        if found.st_uid != os.geteuid():
            owner = user_name(found.st_uid)
            raise ServerUnavailable(
                f"The data folder {data} belongs to {owner}: run Tradepost as {owner}, or choose another data folder."
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            _close_to_others(data)
    except OSError as error:
        raise ServerUnavailable(
            f"The data folder {data} cannot be used ({error.strerror}): choose another one, or make it accessible."
        ) from error
    return data


def _close_to_others(data: Path) -> None:
    """Close only what is surely ours: somebody who names a home or a shared folder must not find it locked."""
    if not (data / CLUSTER).exists() and any(data.iterdir()):
        raise ServerUnavailable(
            f"The data folder {data} holds other files and is open to other users: "
            f"choose an empty folder, or close it with chmod 700."
        )
    data.chmod(0o700)


# The cluster


def own_cluster(data: Path, install: Path, account: Account, settings: Mapping[str, str]) -> Path:
    """Make or check the cluster; whoever calls this holds the keeper's lock, so nobody else does the same."""
    for unfinished in data.glob(UNFINISHED + "*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    cluster = data / CLUSTER
    if not cluster.exists():
        _create_cluster(cluster, install, account, durable=settings.get("fsync") != "off")
    _check_version(cluster)
    owner = cluster.stat().st_uid
    if owner != account.uid:
        needed = user_name(account.uid)
        raise ServerUnavailable(
            f"The cluster {cluster} belongs to {user_name(owner)}, but its server runs as {needed}: "
            f"give it to {needed} with chown -R, or choose another data folder."
        )
    return cluster


def _create_cluster(cluster: Path, install: Path, account: Account, *, durable: bool) -> None:
    """Make the cluster beside its place and rename it, so that a cluster that is there is always whole."""
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=cluster.parent))
    os.chown(unfinished, account.uid, account.gid)

    def run(program: str, *arguments: str, statements: str = "") -> None:
        command: list[str | Path] = [install / "bin" / program, *arguments]
        done = subprocess.run(  # noqa: S603
            command,
            cwd=unfinished,
            env=server_environment(),
            input=statements,
            capture_output=True,
            text=True,
            errors="replace",
            **account.spawning,
        )
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise ServerUnavailable(f"No cluster could be made in {cluster.parent}: {complaint(done.stderr)}.")

    run("initdb", "-D", HERE, "--no-sync", "--no-instructions", *_initdb_options())
    alone = ("--single", "-F", "-j", "-c", "exit_on_error=on", "-D", HERE, "template1")
    run("postgres", *alone, statements=f"CREATE DATABASE {NAME};\n\n")
    if durable:
        run("initdb", "-D", HERE, "--sync-only")
    unfinished.rename(cluster)
    sync_folder(cluster.parent)


def _initdb_options() -> Iterator[str]:
    yield from (f"--username={NAME}", "--encoding=UTF8")
    # PostgreSQL's own C.UTF-8 sorts alike on every machine, and needs no locale of the operating system.
    yield from ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    # Whoever can reach the socket is the owner, because its folder is closed to everybody else.
    yield from ("--auth-local=trust", "--auth-host=reject")
    yield from (f"--set={name}={value}" for name, value in NEW_CLUSTER_SETTINGS.items())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_version(cluster: Path) -> None:
    version = "an unknown version"
    with suppress(OSError):
        version = (cluster / "PG_VERSION").read_text().strip()
    if version != str(MAJOR):
        raise ServerUnavailable(
            f"The cluster {cluster} was made by PostgreSQL {version}, and this Tradepost brings PostgreSQL {MAJOR}: "
            f"make a backup with the Tradepost that made it, and restore it into a new data folder."
        )


def server_environment() -> dict[str, str]:
    """Keeper and server inherit nothing else: neither PGPORT and the like, nor the secrets of Tradepost's settings."""
    kept = ("PATH", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def complaint(output: str) -> str:
    """The line of a PostgreSQL program's output that says why it gave up."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line[found.start() :] for line in lines if (found := _LEVEL.search(line))]
    return (telling or lines or ["it gave no reason"])[-1].rstrip(".")
