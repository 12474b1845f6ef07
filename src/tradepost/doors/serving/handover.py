"""What `tradepost serve` hands over to the processes that it starts: in the environment, since it holds a password, and
everybody may read the arguments of a program."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from tradepost.doors.serving.logs import Form

_DATABASE = "TRADEPOST_DATABASE_URL"
_LOG = "TRADEPOST_SERVE_LOG"
_REQUESTS = "TRADEPOST_SERVE_LOG_REQUESTS"


class Handover(NamedTuple):
    """How a process that answers is to work."""

    database_url: str
    log: Form = "text"
    log_requests: bool = False

    def __repr__(self) -> str:
        return "Handover(...)"

    def to_environment(self) -> dict[str, str]:
        """The variables that say so."""
        return {_DATABASE: self.database_url, _LOG: self.log, _REQUESTS: "yes" if self.log_requests else ""}


def handed_over(environment: Mapping[str, str] = os.environ) -> Handover:
    """What was handed over to this process."""
    return Handover(
        environment[_DATABASE],
        "json" if environment.get(_LOG) == "json" else "text",
        environment.get(_REQUESTS) == "yes",
    )
