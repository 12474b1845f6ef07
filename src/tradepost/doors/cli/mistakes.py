"""What can go wrong at the command line by no fault of the program: one sentence each, and an exit code.

Exit codes: 0 done; 1 the answer is no, or something was found that is wrong; 2 it could not be done at all; 70 a bug;
130 and 143 interrupted.
"""

import asyncpg

from tradepost.doors.replay.history import UnreadableHistory
from tradepost.ground.backup import BackupFailed
from tradepost.ground.database import DatabaseUnavailable
from tradepost.ground.embedded import ServerUnavailable
from tradepost.ground.schema import SchemaMismatch
from tradepost.ground.settings import InvalidAddress, InvalidSetting
from tradepost.ground.trouble import TROUBLE
from tradepost.policy import InvalidPolicy
from tradepost.refusals import Refused

NO, IMPOSSIBLE, BUG, INTERRUPTED, TERMINATED = 1, 2, 70, 130, 143

_SAY_IT_THEMSELVES = (
    BackupFailed,
    DatabaseUnavailable,
    InvalidAddress,
    InvalidSetting,
    SchemaMismatch,
    ServerUnavailable,
    UnreadableHistory,
    InvalidPolicy,
)
_CONNECTION_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError)


class Mistake(Exception):
    """What was typed cannot be done; the sentence says why."""


def explained(error: BaseException) -> tuple[str, int] | None:
    """The sentence and the exit code for an expected error; None: the program itself is wrong."""
    if isinstance(error, Refused):
        return str(error), NO
    if isinstance(error, (Mistake, *_SAY_IT_THEMSELVES)):
        return str(error), IMPOSSIBLE
    if isinstance(error.__cause__, UnicodeEncodeError):  # the system hands us whatever bytes were typed
        return "A word of the command is no text in UTF-8.", IMPOSSIBLE
    if isinstance(error, _CONNECTION_LOST):
        log = "the log of the database tells why (the embedded server's is server.log in the data folder)"
        return f"The connection was lost ({_one_line(str(error))}): {log}.", IMPOSSIBLE
    if isinstance(error, TROUBLE):
        return f"The database broke off: {_one_line(str(error))}.", IMPOSSIBLE
    if isinstance(error, OSError):
        what = error.strerror or str(error) or type(error).__name__
        return f"{error.filename}: {what}." if error.filename else f"{what}.", IMPOSSIBLE
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
