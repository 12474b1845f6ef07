"""Letters handed to a mail server over SMTP, a connection for a round of them.

What the server says of a letter's receiver or content is about the letter; whatever else goes wrong is about the
server: then the round ends, and the letters that had no turn lose no attempt.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from tradepost.notices.post import DELIVERED, Fate, Outcome, Send, address_of, compose, sender_of
from tradepost.notices.writing import Letter

LONGEST_TIMEOUT = 60.0
_STARTTLS = {"always": True, "never": False, "offered": None}
_TROUBLE = (aiosmtplib.SMTPException, OSError, TimeoutError)
_ASCII = SMTP.clone(cte_type="7bit")
_UTF8 = SMTPUTF8.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Which server takes the mail, and who it comes from.

    `url` is smtp://user:password@host:port or smtps://...; over smtp, `?starttls=always`, `offered` or `never` says
    when to encrypt. A password is not sent unencrypted unless it says never. `timeout` is for one letter, in seconds.
    """

    url: str = field(repr=False)
    sender: str
    timeout: float = 30.0

    def __post_init__(self) -> None:
        sender_of(self.sender)
        if not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"The timeout of the mail server is {LONGEST_TIMEOUT:.0f} seconds at most.")
        self.connection()

    def connection(self) -> dict[str, Any]:
        """What aiosmtplib needs to know of the server; a ValueError never repeats the password."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
            options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise ValueError("The address of the mail server cannot be read.") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.fragment:
            raise ValueError("The address of the mail server has the form smtp://user:password@host:port or smtps://….")
        starttls = options.pop("starttls", ["always" if parts.username else "offered"])[-1]
        if options or starttls not in _STARTTLS:
            raise ValueError("The address of the mail server takes one option, starttls=always, offered or never.")
        encrypted = parts.scheme == "smtps"
        return {
            "hostname": parts.hostname,
            "port": port,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": encrypted,
            "start_tls": False if encrypted else _STARTTLS[starttls],
            "timeout": self.timeout,
        }


class MailServer:
    """Letters handed to one mail server."""

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        """Connects with the first letter and hangs up at the end."""
        visit = _Visit(self.settings)
        try:
            yield visit.send
        finally:
            await visit.leave()


class _NoUtf8(Exception):
    """The server does not take an address with letters outside ASCII."""


class _Visit:
    """One connection at a time to the server; made anew when the server has hung up between two letters."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._sender = sender_of(settings.sender)
        self._smtp: aiosmtplib.SMTP | None = None

    async def send(self, letter: Letter) -> Outcome:
        if letter.email is None:
            return Outcome(Fate.NEVER, "The receiver has no e-mail address.")
        to = address_of(letter.email)
        if to is None:
            return Outcome(Fate.NEVER, "The receiver's e-mail address is not valid.")
        try:
            return await self._deliver(letter, to)
        except BaseException:  # the connection may be in the middle of anything
            self._hang_up()
            raise

    async def _deliver(self, letter: Letter, to: Address) -> Outcome:
        utf8 = not to.addr_spec.isascii()
        message = compose(letter, self._sender, to, _UTF8 if utf8 else _ASCII).as_bytes()
        try:
            async with asyncio.timeout(self._settings.timeout):
                smtp = await self._ready(utf8)
        except _NoUtf8:
            return Outcome(Fate.NEVER, "The mail server takes no address with letters outside ASCII.")
        except _TROUBLE as error:
            self._hang_up()
            return Outcome(Fate.UNTRIED, f"The mail server cannot be used ({_answer(error)}).", ends_round=True)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._hand_over(smtp, to, message, "utf-8" if utf8 else "ascii")
        except _TROUBLE as error:
            self._hang_up()
            return Outcome(Fate.LATER, f"The mail server broke off ({_answer(error)}).", ends_round=True)

    async def leave(self) -> None:
        """Say goodbye, but not to a server that does not answer."""
        if self._smtp is not None:
            with suppress(*_TROUBLE):
                async with asyncio.timeout(min(5.0, self._settings.timeout)):
                    await self._smtp.quit()
            self._hang_up()

    async def _ready(self, utf8: bool) -> aiosmtplib.SMTP:
        """A connection that takes letters from our sender; the one at hand may have been closed meanwhile."""
        if self._smtp is not None:
            try:
                await self._announce(self._smtp, utf8)
            except _TROUBLE:
                self._hang_up()
        if self._smtp is None:
            self._smtp = aiosmtplib.SMTP(**self._settings.connection())
            await self._smtp.connect()
            if self._smtp.is_ehlo_or_helo_needed:
                with suppress(aiosmtplib.SMTPHeloError):  # a server of old: what follows greets it with HELO
                    await self._smtp.ehlo()
            await self._announce(self._smtp, utf8)
        return self._smtp

    async def _announce(self, smtp: aiosmtplib.SMTP, utf8: bool) -> None:
        """Begin a letter. Who is refused here is our sender, whoever the receiver."""
        if utf8 and not smtp.supports_extension("smtputf8"):
            raise _NoUtf8
        try:
            await smtp.mail(self._sender.address, options=["SMTPUTF8"] if utf8 else [])
        except aiosmtplib.SMTPSenderRefused as error:
            if utf8 and error.code >= 500:
                raise _NoUtf8 from error
            raise

    async def _hand_over(self, smtp: aiosmtplib.SMTP, to: Address, message: bytes, encoding: str) -> Outcome:
        """The rest of the letter. A refusal with a code is its outcome; anything else is trouble with the server."""
        try:
            await smtp.rcpt(to.addr_spec, encoding=encoding)
            await smtp.data(message)
        except aiosmtplib.SMTPResponseException as error:
            if not 400 <= error.code <= 599 or error.code == 421:
                raise
            try:
                await smtp.rset()
            except _TROUBLE:
                self._hang_up()
            fate = Fate.NEVER if error.code >= 500 else Fate.LATER
            return Outcome(fate, f"The mail server refused it ({_answer(error)}).")
        return DELIVERED

    def _hang_up(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _answer(error: BaseException) -> str:
    """What the server answered, or what happened instead, without its words: they often repeat the address."""
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return type(error).__name__
    if not 200 <= error.code <= 599:
        return "an answer that is not SMTP"
    detail = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", error.message)
    return f"{error.code} {detail[0]}" if detail else str(error.code)
