"""The file that a sandbox writes: where it is, and the keys and tokens of everybody in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import msgspec

from tradepost.doors.cli.house import HERE, Where, data_folder
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.sandbox_market import Credentials
from tradepost.ground.settings import Settings

PATIENCE_SECONDS = 5

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)


class _Known(msgspec.Struct):
    """What is needed here of a file of credentials, whoever wrote it."""

    endpoint: str


class _Ours(_Known):
    """What shows that a sandbox wrote it."""

    lwa_endpoint: str
    operator_key: str


def credentials_file(where: Where = HERE) -> Path:
    """Where the credentials of the sandbox lie unless somebody says otherwise."""
    return data_folder(where, Settings.from_environment()) / "sandbox.json"


def endpoint_in(file: Path) -> str:
    """The endpoint that a file of credentials names."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Known).endpoint
    except FileNotFoundError:
        start = "start one with `tradepost sandbox`, or name it with --credentials or --endpoint"
        raise Mistake(f"No sandbox has written {file}: {start}.") from None
    except _UNREADABLE as error:
        raise Mistake(f"{file} is no file of credentials as `tradepost sandbox` writes it: {error}.") from error


async def may_write(file: Path) -> None:
    """Refuse to overwrite what no sandbox wrote, or one that still runs."""
    found = _left_in(file)
    if found and await _answers(found):
        where = f"the sandbox that runs at {found.endpoint}"
        raise Mistake(f"{file} belongs to {where}: choose another with --credentials, or stop that one.")


@contextmanager
def written(file: Path, endpoint: str, made: Credentials) -> Iterator[None]:
    """The file of a sandbox, for its owner alone; gone at the end of the block, if it is still that one."""
    sellers = [seller._asdict() for seller in made.sellers]
    said = {"endpoint": endpoint, "lwa_endpoint": f"{endpoint}/auth/o2/token", **made._asdict(), "sellers": sellers}
    content = msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # its permissions may be others
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
    except OSError as error:
        raise Mistake(f"{file} cannot be written ({error.strerror}): choose another with --credentials.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            if file.read_bytes() == content:
                file.unlink()


def _left_in(file: Path) -> _Ours | None:
    """What a sandbox left in this file; None: there is no such file."""
    if not os.path.lexists(file):
        return None
    try:
        return msgspec.json.decode(file.read_bytes() if file.is_file() else b"", type=_Ours)
    except _UNREADABLE:
        raise Mistake(f"{file} exists, and no sandbox wrote it: choose another with --credentials.") from None


async def _answers(known: _Ours) -> bool:
    """Whether the sandbox of this file runs: its operator's key is known there, and nowhere else."""
    headers, patience = {"Authorization": f"Bearer {known.operator_key}"}, aiohttp.ClientTimeout(PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=patience) as session,
            session.get(f"{known.endpoint}/api/v1/sandbox/next") as answer,
        ):
            return answer.status == 200
    except TimeoutError:  # it is there, and busy
        return True
    except (aiohttp.ClientError, ValueError, OSError):
        return False
