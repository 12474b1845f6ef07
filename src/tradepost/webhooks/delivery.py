"""The courier: brings messages to endpoints, in the order of each order's history, until they arrive or are given up.

Every endpoint that waits gets a lane of its own, so that none waits for the answers of another. A lane claims messages
of different orders, calls with nothing locked, and records what came of it. What a dead courier leaves behind is
claimed again when the lease ends, and sent under the same webhook-id.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.webhooks import message, records
from tradepost.webhooks.attempts import ALL_BROKEN_OFF, LEASE, MOST_ATTEMPTS, any_arrived, failed, outcome
from tradepost.webhooks.endpoints import records as endpoints
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey
from tradepost.webhooks.lanes import Lanes
from tradepost.webhooks.message import MessageKey
from tradepost.webhooks.network import GONE, Answer, Call, network
from tradepost.webhooks.records import Claim, ClaimedMessage, Result
from tradepost.webhooks.signature import signed

TOO_LONG = timedelta(days=5)  # of nothing but failure, and an endpoint is disabled
AT_ONCE = 8  # calls at once to an endpoint that is well; one to an endpoint that is not

Answers = Mapping[MessageKey, Answer]

_log = structlog.get_logger()


@asynccontextmanager
async def courier(database: Database, *, private: bool) -> AsyncIterator["Courier"]:
    """A courier; what is under way when the block ends is broken off and handed back."""
    async with network(private=private) as call:
        opened = Courier(database, call)
        try:
            yield opened
        finally:
            await opened.break_off()


class Courier(Lanes[EndpointKey]):
    """A lane for every endpoint that waits."""

    def __init__(self, database: Database, call: Call) -> None:
        super().__init__(database)
        self._call = call

    async def _waiting(
        self, tx: Transaction, now: datetime, without: Collection[EndpointKey], most: int
    ) -> list[tuple[EndpointKey, bool]]:
        return await endpoints.waiting(tx, now, [key.endpoint_id for key in without], most)

    async def _forget_old(self, tx: Transaction, before: datetime, most: int) -> int:
        return await records.forget(tx, before, most)

    async def _send_batch(self, key: EndpointKey) -> bool:
        now = machine_now()

        async def claim(tx: Transaction) -> tuple[Endpoint | None, Claim]:
            endpoint = await endpoints.read(tx, key)
            if endpoint is None or endpoint.status != "enabled":
                return None, Claim([], more=False)
            most = 1 if endpoint.failing_since else AT_ONCE
            return endpoint, await records.claim(tx, key.endpoint_id, now, now + LEASE, most)

        endpoint, claimed = await self._database.run(claim)
        if endpoint is None or not claimed.messages:
            return claimed.more
        answers: dict[MessageKey, Answer] = {}
        try:
            await asyncio.gather(*(self._send(endpoint, one, answers) for one in claimed.messages))
        finally:  # also when the worker is told to stop
            await _record(self._database, endpoint, claimed.messages, answers)
        return any_arrived(answers.values())

    async def _send(self, endpoint: Endpoint, claimed: ClaimedMessage, answers: dict[MessageKey, Answer]) -> None:
        if claimed.attempts > MOST_ATTEMPTS:
            answers[claimed.key] = ALL_BROKEN_OFF
            return
        try:
            answers[claimed.key] = await self._call(endpoint.url, *_told(endpoint, claimed, machine_now()))
        except Exception as error:  # whatever is wrong with one message, the others go on
            answers[claimed.key] = failed("webhook_not_sent", error, endpoint_id=endpoint.endpoint_id)


def _told(endpoint: Endpoint, claimed: ClaimedMessage, now: datetime) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a message."""
    key = claimed.key
    told = message.body(key, claimed.act, claimed.state, claimed.party, claimed.happened_at.isoformat(), claimed.detail)
    return signed(endpoint.secrets(now), message.message_id(endpoint.endpoint_id, key), now, told), told


async def _record(database: Database, endpoint: Endpoint, claimed: Sequence[ClaimedMessage], answers: Answers) -> None:
    """Write down what came of a batch, for each message and for the endpoint."""
    now = machine_now()
    results = [_result(one, answers.get(one.key), now) for one in claimed]

    async def record(tx: Transaction) -> str | None:
        why = await _judge(tx, endpoint, answers, now)  # the endpoint is locked before its messages, as everywhere
        await records.record(tx, endpoint.endpoint_id, results)
        return why

    if why := await database.run(record):
        _log.warning("webhook_endpoint_disabled", endpoint_id=endpoint.endpoint_id, why=why)


def _result(claimed: ClaimedMessage, answer: Answer | None, now: datetime) -> Result:
    gone = answer is not None and answer.code == GONE  # the endpoint is disabled: that is no fault of the message
    became = outcome(claimed.attempts, answer, now, counts=not gone)
    lease = (*claimed.key, claimed.leased_until)
    if answer is None:
        return Result(*lease, *became, None, None, None, None)
    text = answer.text if answer.error else None
    return Result(*lease, *became, now, answer.code, text, answer.error)


async def _judge(tx: Transaction, endpoint: Endpoint, answers: Answers, now: datetime) -> str | None:
    """What the answers say of the endpoint itself; why it was disabled, if it was."""
    if any(answer.code == GONE for answer in answers.values()):
        await endpoints.gone(tx, endpoint.key)
        return "gone"
    if any_arrived(answers.values()):
        if endpoint.failing_since:
            await endpoints.succeeded(tx, endpoint.key)
    elif answers and await endpoints.failed(tx, endpoint.key, now, now - TOO_LONG):
        return "failing"
    return None
