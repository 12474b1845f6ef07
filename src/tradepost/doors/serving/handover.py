"""What `tradepost serve` hands over to the processes that it starts: in the environment, since it holds a password, and
everybody may read the arguments of a program."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tradepost.doors.serving.logs import Form

_DATABASE = "TRADEPOST_DATABASE_URL"
_LOG = "TRADEPOST_SERVE_LOG"
_REQUESTS = "TRADEPOST_SERVE_LOG_REQUESTS"
_DOCUMENTS = "TRADEPOST_SERVE_DOCUMENTS"
_ENDPOINT = "TRADEPOST_SERVE_ENDPOINT"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # named by prometheus-client, which keeps each process's counts there


class Handover(NamedTuple):
    """How a process that answers is to work."""

    database_url: str
    log: Form = "text"
    log_requests: bool = False
    folder: Path | None = None  # of the processes' own, for what they count and for saying that they answer
    documents: str = ""  # the folder or URL of sellers' documents
    endpoint: str = ""  # what the addresses of documents begin with
    settings: tuple[tuple[str, str], ...] = ()  # variables that overrule those of this process

    def __repr__(self) -> str:
        return "Handover(...)"

    def to_environment(self) -> dict[str, str]:
        """The variables that say so."""
        said = {_DATABASE: self.database_url, _LOG: self.log, _REQUESTS: "yes" if self.log_requests else ""}
        said |= {_DOCUMENTS: self.documents, _ENDPOINT: self.endpoint, **dict(self.settings)}
        return said | ({_FOLDER: str(self.folder)} if self.folder else {})

    def say_ready(self) -> None:
        """Leave word that this process answers."""
        if self.folder:
            (self.folder / f"ready-{os.getpid()}").touch()

    def count_ready(self) -> int:
        """How many processes have left word that they answer."""
        return len(list(self.folder.glob("ready-*"))) if self.folder else 0


def handed_over(environment: Mapping[str, str] = os.environ) -> Handover:
    """What was handed over to this process."""
    return Handover(
        environment[_DATABASE],
        "json" if environment.get(_LOG) == "json" else "text",
        environment.get(_REQUESTS) == "yes",
        Path(environment[_FOLDER]) if _FOLDER in environment else None,
        environment.get(_DOCUMENTS, ""),
        environment.get(_ENDPOINT, ""),
    )
