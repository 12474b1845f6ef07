"""The local mailbox: a folder of .eml files, for a marketplace that has no mail server."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.policy import EmailPolicy
from pathlib import Path

from tradepost.notices.post import DELIVERED, Fate, Outcome, Send, Sender, address_of, compose
from tradepost.notices.writing import Letter

# Headers and text as they are, so that the files can be read without a mail program.
_READABLE = EmailPolicy(utf8=True, max_line_length=998)
_SENDER = Sender("notices@tradepost.invalid")


class Mailbox:
    """Letters kept in a folder, one file each, under a name that tells order and kind; a repeat changes nothing."""

    def __init__(self, folder: Path, sender: Sender = _SENDER) -> None:
        self.folder = folder
        self._sender = sender

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        """Takes letters as long as the folder can be written."""
        yield self._keep

    async def _keep(self, letter: Letter) -> Outcome:
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            return Outcome(Fate.UNTRIED, f"The mailbox cannot be written ({type(error).__name__}).", ends_round=True)
        return DELIVERED

    def _write(self, letter: Letter) -> None:
        notice = letter.notice
        name = re.sub(r"[^A-Za-z0-9-]", "_", f"{notice.order_id}-{notice.kind}-{notice.receiver}")
        kept = self.folder / f"{name}-{notice.notice_id}.eml"
        if kept.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self.folder / f".{notice.notice_id}.{os.urandom(4).hex()}"
        try:
            unfinished.write_bytes(compose(letter, self._sender, _receiver(letter), _READABLE).as_bytes())
            unfinished.replace(kept)
        finally:
            unfinished.unlink(missing_ok=True)


def _receiver(letter: Letter) -> Address:
    """The receiver's address; of a receiver without one the id, in a domain that nobody can have."""
    if letter.email is not None and (address := address_of(letter.email)):
        return address
    receiver_id = re.sub(r"[^\w.+-]", "_", letter.notice.receiver_id)
    return Address(username=receiver_id, domain=f"{letter.notice.receiver}.invalid")
