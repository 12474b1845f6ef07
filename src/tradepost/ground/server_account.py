"""The operating system's user that runs an embedded server.

PostgreSQL refuses to run as root, so root's server runs under the system user `tradepost`, which owns the cluster (the
folder of PostgreSQL's own files) and nothing else.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

NAME = "tradepost"  # of the database, of its owner, and of the system user that runs root's server


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


def user_name(uid: int) -> str:
    """The name of a user of the operating system, for people."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with id {uid}"
