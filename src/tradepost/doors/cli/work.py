"""`tradepost work`: a worker in the foreground."""

import asyncio
import signal

import structlog

from tradepost.doors.cli.house import HERE, House, Where, open_house
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.worker.work import give_way
from tradepost.doors.worker.work import work as work_until
from tradepost.ground.settings import Address
from tradepost.notices.mailbox import Mailbox
from tradepost.notices.post import Post
from tradepost.notices.smtp import MailServer, MailSettings


async def work(*, where: Where = HERE) -> int:
    """Do what falls due, tell those concerned, apply feeds, make reports, until interrupted.

    The truth does not wait for a worker: acts and reads count deadlines that are
    due. A worker records them, asks for payment, sends notices, webhooks and
    notifications, and sees to sellers' feeds and reports. Run as many as you like.

    Notices go to the mail server in TRADEPOST_SMTP_URL, from the sender in
    TRADEPOST_MAIL_FROM; without a server they are kept as files in the folder
    mailbox of the data folder.

    For example:
      tradepost work
      export TRADEPOST_SMTP_URL=smtp://localhost TRADEPOST_MAIL_FROM=me@example.com
      tradepost work

    Exit codes: 0 stopped by SIGINT (Ctrl-C) or SIGTERM; 2 it could not begin.
    """
    stop = asyncio.Event()
    async with open_house(where) as house:
        post = post_of(house)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        structlog.get_logger().info("working", database=Address.of(house.url).url, notices=_where_to(post))
        give_way()
        private = house.settings.webhooks_private
        await work_until(house.database, house.gateways, post, stop, storage=house.storage, webhooks_private=private)
        structlog.get_logger().info("stopped")
    return 0


def post_of(house: House) -> Post:
    """What takes the notices of this marketplace: the mail server that is set, or the local mailbox."""
    settings = house.settings
    if settings.smtp_url is None:
        return Mailbox(house.folder / "mailbox")
    if settings.mail_from is None:
        raise Mistake("TRADEPOST_SMTP_URL names a mail server, but TRADEPOST_MAIL_FROM names no sender.")
    try:
        return MailServer(MailSettings(settings.smtp_url, settings.mail_from))
    except ValueError as error:
        raise Mistake(str(error)) from error


def _where_to(post: Post) -> str:
    return str(post.folder) if isinstance(post, Mailbox) else "mail server"
