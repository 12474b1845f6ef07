"""The courier of notifications: brings them to queues and webhooks, those of one subject in their order, until they
arrive or are given up.

Every destination that waits gets a lane of its own. A lane claims notifications of different subjects, reads what they
tell, sends them with nothing locked, and records what came of it. What a dead courier leaves behind is claimed again
when the lease ends, and sent under the same id.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.notifications import payloads, records
from tradepost.notifications.kinds import Kind
from tradepost.notifications.records import Claimed, NotificationKey, Result
from tradepost.notifications.sqs import MOST_MESSAGES, Letter, Queues, in_calls, queues
from tradepost.notifications.subscribed import records as subscribed
from tradepost.notifications.subscribed.records import Destination
from tradepost.notifications.told import records as told
from tradepost.webhooks.attempts import ALL_BROKEN_OFF, LEASE, MOST_ATTEMPTS, any_arrived, failed, outcome
from tradepost.webhooks.lanes import Lanes
from tradepost.webhooks.network import Answer, Call, network
from tradepost.webhooks.signature import signed

AT_ONCE = 8  # calls at once to a destination that is well; one to a destination that is not

Answers = dict[NotificationKey, Answer]


class Batch(NamedTuple):
    """What may go out side by side: what was claimed, the letters of what can be told, what keeps the others from being
    told, and whether there may be more."""

    destination: Destination | None
    claimed: list[Claimed]
    letters: dict[NotificationKey, Letter]
    answers: Answers
    more: bool


@asynccontextmanager
async def notifier(database: Database, *, private: bool) -> AsyncIterator["Notifier"]:
    """A courier of notifications; what is under way when the block ends is broken off and handed back."""
    async with network(private=private) as call, queues() as sqs:
        opened = Notifier(database, call, sqs)
        try:
            yield opened
        finally:
            await opened.break_off()


class Notifier(Lanes[str]):
    """A lane for every destination that waits."""

    def __init__(self, database: Database, call: Call, sqs: Queues) -> None:
        super().__init__(database)
        self._call = call
        self._sqs = sqs

    async def _waiting(
        self, tx: Transaction, now: datetime, without: Collection[str], most: int
    ) -> list[tuple[str, bool]]:
        return await records.waiting(tx, now, without, most)

    async def _forget_old(self, tx: Transaction, before: datetime, most: int) -> int:
        return await records.forget(tx, before, most)

    async def _send_batch(self, key: str) -> bool:
        now = machine_now()
        batch = await self._database.run(lambda tx: _take(tx, key, now))
        if batch.destination is None or not batch.claimed:
            return batch.more
        try:
            await self._send(batch.destination, batch.letters, batch.answers)
        finally:  # also when the worker is told to stop
            await self._record(key, batch.claimed, batch.answers)
        return any_arrived(batch.answers.values())

    async def _send(
        self, destination: Destination, letters: Mapping[NotificationKey, Letter], answers: Answers
    ) -> None:
        if destination.kind == "sqs":
            keys = {letter.name: key for key, letter in letters.items()}
            calls = in_calls(list(letters.values()))
            await asyncio.gather(*(self._post(destination, keys, call, answers) for call in calls))
        else:
            await asyncio.gather(*(self._ring(destination, key, letter, answers) for key, letter in letters.items()))

    async def _post(
        self, destination: Destination, keys: Mapping[str, NotificationKey], letters: Sequence[Letter], answers: Answers
    ) -> None:
        try:
            said = await self._sqs.send(destination.address, letters)
        except Exception as error:  # whatever is wrong with one call, the others go on
            said = [failed("notification_not_sent", error, destination_id=destination.destination_id)] * len(letters)
        answers |= {keys[letter.name]: answer for letter, answer in zip(letters, said, strict=True)}

    async def _ring(self, destination: Destination, key: NotificationKey, letter: Letter, answers: Answers) -> None:
        headers = signed([destination.secret or ""], letter.name, machine_now(), letter.body)
        try:
            answers[key] = await self._call(destination.address, headers, letter.body)
        except Exception as error:
            answers[key] = failed("notification_not_sent", error, destination_id=destination.destination_id)

    async def _record(self, destination_id: str, claimed: Sequence[Claimed], answers: Mapping[Any, Answer]) -> None:
        now = machine_now()
        results = [_result(one, answers.get(one.key), now) for one in claimed]

        async def record(tx: Transaction) -> None:
            if answers:  # the destination is locked before its notifications
                await records.judge(tx, destination_id, any_arrived(answers.values()), now)
            await records.record(tx, results)

        await self._database.run(record)


async def _take(tx: Transaction, destination_id: str, now: datetime) -> Batch:
    """Claim what may go out to a destination, and read what it tells: after the claim, so that no later change of a
    quantity is missed."""
    destination = await subscribed.anybodys_destination(tx, destination_id)
    if destination is None:
        return Batch(None, [], {}, {}, more=False)
    at_once = AT_ONCE * MOST_MESSAGES if destination.kind == "sqs" else AT_ONCE
    claim = await records.claim(tx, destination_id, now, now + LEASE, 1 if destination.failing_since else at_once)
    if unwanted := [one.key for one in claim.notifications if not one.wanted]:
        await records.drop(tx, unwanted)
    claimed = [one for one in claim.notifications if one.wanted]
    facts = await _facts(tx, claimed)
    letters: dict[NotificationKey, Letter] = {}
    answers: Answers = {}
    for one in claimed:
        if one.attempts > MOST_ATTEMPTS:
            answers[one.key] = ALL_BROKEN_OFF
            continue
        try:
            body = payloads.body(one, _payload(one, facts), destination.client_id, tx.now)
            letters[one.key] = Letter(str(one.notification_id), one.subject, body)
        except Exception as error:  # whatever is wrong with one, the others go on
            answers[one.key] = failed("notification_not_made", error, destination_id=destination_id)
    return Batch(destination, claimed, letters, answers, claim.more or bool(unwanted))


class Facts(NamedTuple):
    """What was read of what is told: orders by seller, number and event, quantities by seller and SKU."""

    orders: dict[tuple[str, str, int], told.OrderThen]
    quantities: dict[tuple[str, str], int]


async def _facts(tx: Transaction, claimed: Sequence[Claimed]) -> Facts:
    to_read = [one for one in claimed if one.detail is None]
    events = [(one.seller_id, one.subject, one.sequence or 0) for one in to_read if one.kind == Kind.ORDER_CHANGE]
    offers = [(one.seller_id, one.subject) for one in to_read if one.kind == Kind.QUANTITY_CHANGE]
    return Facts(await told.orders(tx, events) if events else {}, await told.quantities(tx, offers) if offers else {})


def _payload(one: Claimed, facts: Facts) -> payloads.Json:
    if one.detail is not None:
        return one.detail
    if one.kind == Kind.ORDER_CHANGE:
        return payloads.order_change(facts.orders[one.seller_id, one.subject, one.sequence or 0])
    available = facts.quantities[one.seller_id, one.subject]
    return payloads.quantity_change(one.seller_id, one.subject, available)


def _result(claimed: Claimed, answer: Answer | None, now: datetime) -> Result:
    became = outcome(claimed.attempts, answer, now)
    tried = (now, answer.error) if answer else (None, None)
    return Result(*claimed.key, claimed.leased_until, *became, *tried)
