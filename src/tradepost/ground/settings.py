"""What the environment says: where the database is, where data are kept, and which server takes the mail."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLES = {
    "TRADEPOST_DATABASE_URL": "a PostgreSQL 15 or newer of your own, instead of the embedded server",
    "TRADEPOST_DATA": "the folder of the embedded server and of the local mailbox",
    "TRADEPOST_SMTP_URL": "the server that takes the mail; without it notices are kept in the local mailbox",
    "TRADEPOST_MAIL_FROM": "who the mail comes from, such as `Example <orders@example.com>`",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. Addresses carry passwords: they are never part of a text about the settings."""

    database_url: str | None = field(default=None, repr=False)
    data: Path | None = None
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """What the environment says; an empty variable says nothing."""
        said = {name: environment.get(name) or None for name in VARIABLES}
        data = said["TRADEPOST_DATA"]
        return cls(
            database_url=said["TRADEPOST_DATABASE_URL"],
            data=Path(data) if data else None,
            smtp_url=said["TRADEPOST_SMTP_URL"],
            mail_from=said["TRADEPOST_MAIL_FROM"],
        )
