"""The courier: brings messages to endpoints, in the order of each order's history, until they arrive or are given up.

Every endpoint that waits gets a lane of its own, so that none waits for the answers of another. A lane claims messages
of different orders, calls with nothing locked, and records what came of it. What a dead courier leaves behind is
claimed again when the lease ends, and sent under the same webhook-id.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.ground.patience import more_or_less
from tradepost.webhooks import message, records
from tradepost.webhooks.endpoints import records as endpoints
from tradepost.webhooks.endpoints.records import Endpoint, EndpointKey
from tradepost.webhooks.message import MessageKey
from tradepost.webhooks.network import GONE, Answer, Call, network
from tradepost.webhooks.records import Claim, ClaimedMessage, Result
from tradepost.webhooks.signature import sign

WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
"""How long to wait after each attempt, as Standard Webhooks suggests: ten attempts over some three days."""

MOST_ATTEMPTS = len(WAITS) + 1
TOO_LONG = timedelta(days=5)  # of nothing but failure, and an endpoint is disabled
KEPT = timedelta(days=30)  # what is done, and what waits for a disabled endpoint
LEASE = timedelta(minutes=1)  # far longer than a call may take
LANES = 32  # endpoints called at once; those that fail get half of them
AT_ONCE = 8  # calls at once to an endpoint that is well; one to an endpoint that is not
_TURN = timedelta(seconds=10)  # then a lane makes room for others
_FORGET_EVERY = timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 5000

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


class Courier:
    """The calls that are under way in one process. Several couriers may serve one database."""

    def __init__(self, database: Database, call: Call) -> None:
        self._database = database
        self._call = call
        self._lanes: dict[EndpointKey, asyncio.Task[None]] = {}
        self._finishing = False
        self._forget_at: datetime | None = None

    async def start_due(self) -> int:
        """Start a lane for every endpoint that waits and has none; how many. Raises what broke an earlier lane."""
        self._tidy_up()
        await self._forget()

        async def find(tx: Transaction) -> list[tuple[EndpointKey, bool]]:
            return await endpoints.waiting(tx, machine_now(), [key.endpoint_id for key in self._lanes], LANES)

        before = len(self._lanes)
        for key, failing in await self._database.run(find):
            if not self._finishing and len(self._lanes) < (LANES // 2 if failing else LANES):
                self._lanes[key] = asyncio.create_task(self._serve(key))
        return len(self._lanes) - before

    async def finish(self) -> None:
        """Take on nothing new, and wait for the calls that are under way."""
        self._finishing = True
        await self.settle()

    async def settle(self) -> None:
        """Wait until every lane that was started has come to its end."""
        if self._lanes:
            await asyncio.wait(self._lanes.values())

    async def break_off(self) -> None:
        """Break off what is under way. It counts as not sent, though some of it may have arrived."""
        self._finishing = True
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _tidy_up(self) -> None:
        done = [self._lanes.pop(key) for key, lane in list(self._lanes.items()) if lane.done()]
        broken = [error for lane in done if (error := lane.exception())]
        if broken:
            raise broken[0]

    async def _forget(self) -> None:
        now = machine_now()
        if self._forget_at is not None and now < self._forget_at:
            return

        async def forget(tx: Transaction) -> int:
            return await records.forget(tx, now - KEPT, _FORGOTTEN_AT_ONCE)

        if await self._database.run(forget) < _FORGOTTEN_AT_ONCE:
            self._forget_at = now + _FORGET_EVERY

    async def _serve(self, key: EndpointKey) -> None:
        """Call one endpoint until nothing is due there, or others should have a turn."""
        until = machine_now() + _TURN
        while not self._finishing and await self._send_batch(key) and machine_now() < until:
            pass

    async def _send_batch(self, key: EndpointKey) -> bool:
        """Send what may go out side by side; whether to look again at once."""
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
        return True

    async def _send(self, endpoint: Endpoint, claimed: ClaimedMessage, answers: dict[MessageKey, Answer]) -> None:
        if claimed.attempts > MOST_ATTEMPTS:
            answers[claimed.key] = Answer(error="Every attempt was broken off without a result.")
            return
        try:
            answers[claimed.key] = await self._call(endpoint.url, *_signed(endpoint, claimed, machine_now()))
        except Exception as error:  # whatever is wrong with one message, the others go on
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
            name = type(error).__name__
            _log.error("webhook_not_sent", endpoint_id=endpoint.endpoint_id, error=name, where=place)
            answers[claimed.key] = Answer(error=f"It could not be sent ({name}).")


def _signed(endpoint: Endpoint, claimed: ClaimedMessage, now: datetime) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a message."""
    key = claimed.key
    told = message.body(key, claimed.act, claimed.state, claimed.party, claimed.happened_at.isoformat(), claimed.detail)
    name, moment = message.message_id(endpoint.endpoint_id, key), int(now.timestamp())
    signature = sign(endpoint.secrets(now), name, moment, told)
    return {"webhook-id": name, "webhook-timestamp": str(moment), "webhook-signature": signature}, told


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
    lease = (*claimed.key, claimed.leased_until)
    if answer is None:  # broken off
        return Result(*lease, "queued", claimed.attempts - 1, now, None, None, None, None)
    status, attempts, try_at = "queued", claimed.attempts, now
    if answer.error is None:
        status = "delivered"
    elif answer.code == GONE:  # the endpoint is disabled: that is no fault of the message
        attempts -= 1
    elif attempts >= MOST_ATTEMPTS:
        status = "undeliverable"
    else:
        try_at = now + more_or_less(WAITS[attempts - 1])
    text = answer.text if answer.error else None
    return Result(*lease, status, attempts, try_at, now, answer.code, text, answer.error)


async def _judge(tx: Transaction, endpoint: Endpoint, answers: Answers, now: datetime) -> str | None:
    """What the answers say of the endpoint itself; why it was disabled, if it was."""
    if any(answer.code == GONE for answer in answers.values()):
        await endpoints.gone(tx, endpoint.key)
        return "gone"
    if any(answer.error is None for answer in answers.values()):
        if endpoint.failing_since:
            await endpoints.succeeded(tx, endpoint.key)
    elif answers and await endpoints.failed(tx, endpoint.key, now, now - TOO_LONG):
        return "failing"
    return None
