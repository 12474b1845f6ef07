"""The worker: does what falls due, asks the payment gateways, delivers notices, calls webhooks, applies feeds and makes
reports, until told to stop.

Each duty goes its own pace and bears its own trouble: a mail server that is down stops no deadline. Several workers may
serve one database.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from tradepost import timekeeping
from tradepost.access import tokens
from tradepost.access.usage import usage
from tradepost.documents import forgetting
from tradepost.feeds import feeds as feeds_asked
from tradepost.feeds import working as feeds_working
from tradepost.ground import answers
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.ground.trouble import TROUBLE
from tradepost.jobs import jobs
from tradepost.jobs.mill import Mill, mill
from tradepost.notices.delivery import deliver_due
from tradepost.notices.post import Post
from tradepost.notifications.delivery import Notifier, notifier
from tradepost.payments.gateway import Gateway
from tradepost.report_requests import making, requests, schedules
from tradepost.webhooks.delivery import Courier, courier

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0  # after trouble that does not end
JOBS_PAUSE_SECONDS = 0.5  # a feed or a report is to begin within a second
FORGET_EVERY_SECONDS = 600.0
GRACE_SECONDS = 10.0  # for what is under way when the worker is told to stop

NICENESS = 5

Duty = Callable[[], Awaitable[float]]
"""One round of a duty; how many seconds to rest after it."""

_log = structlog.get_logger()


def give_way() -> None:
    """Let those who answer requests go first where a worker shares their processors: a long file may wait, buyers may
    not. It is for the process of a worker, and lasts as long as that does."""
    os.nice(NICENESS)


async def work(
    database: Database,
    gateways: Sequence[Gateway],
    post: Post,
    stop: asyncio.Event,
    *,
    storage: Storage | None = None,
    webhooks_private: bool = False,
) -> None:
    """Work until `stop` is set. What is under way is finished, or broken off after a grace and done again later.

    `storage` is where documents lie; without it feeds and reports are left to others. `webhooks_private`: see the
    setting of that name.
    """
    async with (
        courier(database, private=webhooks_private) as webhooks,
        notifier(database, private=webhooks_private) as notifications,
        mill("feed", database, storage, feeds_working.take, feeds_working.go_on) as feeds,
        mill("report", database, storage, making.take, making.go_on) as reports,
    ):
        await _work(database, gateways, post, webhooks, notifications, feeds, reports, storage, stop)


async def _work(
    database: Database,
    gateways: Sequence[Gateway],
    post: Post,
    webhooks: Courier,
    notifications: Notifier,
    feeds: Mill,
    reports: Mill,
    storage: Storage | None,
    stop: asyncio.Event,
) -> None:
    async def let_time_pass() -> float:
        if (await timekeeping.turn(database, [])).orders:
            return 0
        async with database.transaction() as tx:
            at = await timekeeping.next_moment(tx)
            return PAUSE_SECONDS if at is None or at <= tx.now else (at - tx.now).total_seconds()

    async def ask_gateways() -> float:  # apart from the deadlines: a gateway may be slow
        return 0 if await timekeeping.ask_gateways(database, gateways) else PAUSE_SECONDS

    async def deliver_notices() -> float:
        return 0 if await deliver_due(database, post) else PAUSE_SECONDS

    async def call_webhooks() -> float:
        return 0 if await webhooks.start_due() else PAUSE_SECONDS

    async def send_notifications() -> float:
        return 0 if await notifications.start_due() else PAUSE_SECONDS

    async def apply_feeds() -> float:
        return 0 if await feeds.start_waiting() else JOBS_PAUSE_SECONDS

    async def make_reports() -> float:
        asked = await schedules.start_due(database)
        return 0 if await reports.start_waiting() + asked else JOBS_PAUSE_SECONDS

    async def forget_answers() -> float:
        async with database.transaction() as tx:
            forgotten = await answers.forget(tx, machine_now() - answers.KEPT_FOR)
        return 0 if forgotten == answers.FORGOTTEN_AT_ONCE else FORGET_EVERY_SECONDS

    async def forget_tokens() -> float:
        async with database.transaction() as tx:
            ended, idle = await tokens.forget(tx), await usage.forget(tx)
        more = ended == tokens.FORGOTTEN_AT_ONCE or idle == usage.FORGOTTEN_AT_ONCE
        return 0 if more else FORGET_EVERY_SECONDS

    async def forget_jobs() -> float:
        async with database.transaction() as tx:
            forgotten = [await feeds_asked.forget(tx), await requests.forget(tx)]
        return 0 if jobs.FORGOTTEN_AT_ONCE in forgotten else FORGET_EVERY_SECONDS

    async def forget_documents() -> float:
        forgotten = await forgetting.forget(database, storage) if storage else 0
        return 0 if forgotten == forgetting.AT_ONCE else FORGET_EVERY_SECONDS

    duties = [
        asyncio.create_task(_go_on("deadlines", let_time_pass, stop)),
        asyncio.create_task(_go_on("payments", ask_gateways, stop)),
        asyncio.create_task(_go_on("notices", deliver_notices, stop)),
        asyncio.create_task(_go_on("webhooks", call_webhooks, stop)),
        asyncio.create_task(_go_on("notifications", send_notifications, stop)),
        asyncio.create_task(_go_on("feeds", apply_feeds, stop)),
        asyncio.create_task(_go_on("reports", make_reports, stop)),
        asyncio.create_task(_go_on("answers", forget_answers, stop, longest=FORGET_EVERY_SECONDS)),
        asyncio.create_task(_go_on("tokens", forget_tokens, stop, longest=FORGET_EVERY_SECONDS)),
        asyncio.create_task(_go_on("jobs", forget_jobs, stop, longest=FORGET_EVERY_SECONDS)),
        asyncio.create_task(_go_on("documents", forget_documents, stop, longest=FORGET_EVERY_SECONDS)),
    ]
    try:
        await stop.wait()
        duties += [asyncio.create_task(under_way.finish()) for under_way in (webhooks, notifications, feeds, reports)]
        await asyncio.wait(duties, timeout=GRACE_SECONDS)
    finally:
        for duty in duties:
            duty.cancel()
        await asyncio.gather(*duties, return_exceptions=True)


async def _go_on(name: str, duty: Duty, stop: asyncio.Event, *, longest: float = PAUSE_SECONDS) -> None:
    trouble = 0
    while not stop.is_set():
        try:
            rest = min(await duty(), longest)
            trouble = 0
        except Exception as error:
            rest = min(PAUSE_SECONDS * 2**trouble, LONGEST_PAUSE_SECONDS)
            trouble += 1
            trouble_only = isinstance(error, (OSError, StorageUnavailable, *TROUBLE))  # a line; a bug is a traceback
            bug = None if trouble_only else error
            cause = f"{type(error).__name__}: {error}"
            _log.error("duty_failed", duty=name, cause=cause, again_in_seconds=rest, exc_info=bug)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), rest)
