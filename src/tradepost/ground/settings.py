"""What the environment says: where the database is, where data are kept, and which server takes the mail."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

VARIABLES = {
    "TRADEPOST_DATABASE_URL": "a PostgreSQL 15 or newer of your own, instead of the embedded server",
    "TRADEPOST_DATA": "the folder of the embedded server and of the local mailbox",
    "TRADEPOST_DOCUMENTS": "the folder, or the s3:// URL, of sellers' files and their reports",
    "TRADEPOST_PUBLIC_URL": "the address that others reach the server at, where it is another than it listens at",
    "TRADEPOST_SMTP_URL": "the server that takes the mail; without it notices are kept in the local mailbox",
    "TRADEPOST_MAIL_FROM": "who the mail comes from, such as `Example <orders@example.com>`",
    "TRADEPOST_WEBHOOKS_PRIVATE": "`yes`: webhooks may also call http addresses and private networks",
}


_HOST = r"(?:\[[0-9A-Fa-f:.]*\]|[^\[\]:@/]*)(?::[0-9]+)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*", re.ASCII)


class InvalidAddress(Exception):
    """What should be the address of a database is none. The sentence shows none of it: it may hold a password."""


class InvalidSetting(Exception):
    """A variable says what it cannot say. The sentence names it."""


def choice(environment: Mapping[str, str], name: str, among: Sequence[str]) -> str:
    """One of these words; the first where nothing is said. Raises InvalidSetting."""
    said = environment.get(name) or among[0]
    if said not in among:
        raise InvalidSetting(f"{name} is {' or '.join(among)}, not {said[:16]!r}.")
    return said


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a database without its password, which nobody may read in messages or in the list of processes."""

    url: str
    password: str | None = field(repr=False)

    @staticmethod
    def of(url: str) -> "Address":
        """Take a URL apart. Raises InvalidAddress."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise _invalid_address() from error
        user_and_password, at, hosts = parts.netloc.rpartition("@")
        if parts.scheme not in ("postgresql", "postgres") or "@" in user_and_password or not _HOSTS.fullmatch(hosts):
            raise _invalid_address()
        user, _, password = user_and_password.partition(":")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        password = options.pop("password", unquote(password))
        query = "?" + urlencode(options, safe="/", quote_via=quote) if options else ""
        return Address(f"{parts.scheme}://{user}{at}{hosts}{parts.path}{query}", password or None)


def _invalid_address() -> InvalidAddress:
    return InvalidAddress(
        "The address of a database looks like postgresql://user:password@host:5432/database, and this one does not; "
        "within user and password write %40 for @, %2F for /, %3A for : and %23 for #."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. Addresses carry passwords: they are never part of a text about the settings."""

    database_url: str | None = field(default=None, repr=False)
    data: Path | None = None
    documents: str | None = None
    public_url: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    webhooks_private: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """What the environment says; an empty variable says nothing. Raises InvalidSetting."""
        said = {name: environment.get(name) or None for name in VARIABLES}
        data = said["TRADEPOST_DATA"]
        return cls(
            database_url=said["TRADEPOST_DATABASE_URL"],
            data=Path(data) if data else None,
            documents=said["TRADEPOST_DOCUMENTS"],
            public_url=said["TRADEPOST_PUBLIC_URL"],
            smtp_url=said["TRADEPOST_SMTP_URL"],
            mail_from=said["TRADEPOST_MAIL_FROM"],
            webhooks_private=choice(environment, "TRADEPOST_WEBHOOKS_PRIVATE", ("no", "yes")) == "yes",
        )
