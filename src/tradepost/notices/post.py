"""The port through which letters leave, and what can become of a letter there; the e-mail that every way sends."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import getaddresses
from enum import Enum
from typing import Protocol

from tradepost.ground.clock import machine_now
from tradepost.notices.writing import Letter

_WORD = r'[^\s@<>()\[\]\\,;:".\x00-\x20\x7f-\x9f]+'
_ADDRESS = re.compile(rf"{_WORD}(\.{_WORD})*@{_WORD}(\.{_WORD})*")


class Fate(Enum):
    """What became of a letter."""

    DELIVERED = "delivered"
    LATER = "later"  # tried in vain; to be tried again
    NEVER = "never"  # refused for good
    UNTRIED = "untried"  # the letter had no part in it: not counted as an attempt


@dataclass(frozen=True, slots=True)
class Outcome:
    """A letter's fate, why (short, and without addresses), and whether it is of use to try the next letter now."""

    fate: Fate
    error: str | None = None
    ends_round: bool = False


DELIVERED = Outcome(Fate.DELIVERED)

Send = Callable[[Letter], Awaitable[Outcome]]


class Post(Protocol):
    """A way for letters to leave. A round lasts for a batch of letters, and several rounds may run at once."""

    def round(self) -> AbstractAsyncContextManager[Send]: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the letters come from: an address, and a name or else that of the marketplace."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender_of(text: str) -> Sender:
    """The sender that `orders@example.com` or `Example <orders@example.com>` names."""
    named = getaddresses([text])
    if len(named) != 1 or address_of(named[0][1]) is None or not named[0][1].isascii():
        raise ValueError("The sender of the notices is an address such as orders@example.com.")
    return Sender(named[0][1], _header_text(named[0][0]))


def address_of(text: str) -> Address | None:
    """The one address that this is; None where it is none, or anything besides."""
    if len(text) > 254 or _ADDRESS.fullmatch(text) is None:
        return None
    name, _, domain = text.rpartition("@")
    return Address(username=name, domain=domain)


def compose(letter: Letter, sender: Sender, to: Address, policy: "EmailPolicy[EmailMessage]") -> EmailMessage:
    """The e-mail. Its date is when it was sent (the text says when the thing happened), its id that of the notice."""
    message = EmailMessage(policy)
    message["From"] = Address(sender.name or _header_text(letter.marketplace), addr_spec=sender.address)
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = machine_now()
    message["Message-ID"] = f"<{letter.notice.notice_id}@tradepost.{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body, charset="utf-8")
    message["Content-Language"] = {"zh": "zh-Hans"}.get(letter.language, letter.language)
    return message


def _header_text(name: str) -> str:
    """A name without the signs that mean something in an address header."""
    return " ".join(re.sub(r'[<>()\[\]\\,;:@"\x00-\x1f\x7f]', " ", name).split())
