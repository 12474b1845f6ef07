"""Asking the payment gateways, outside of any transaction: they may be slow, and they may be down."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.numbers import OrderKey
from tradepost.orders.batch import run_in_halves
from tradepost.payments import records as payments
from tradepost.payments.gateway import Answer, Gateway, Verdict
from tradepost.payments.records import Question
from tradepost.process.verification.verdicts import Finding, record_verdicts

_log = structlog.get_logger()

_PATIENCE = timedelta(seconds=30)  # for one answer
_AT_ONCE = 20
_BATCH = 200
_LEASE = 2 * _PATIENCE * (_BATCH // _AT_ONCE)  # until another worker may ask; longer than a batch can take


async def ask_due(database: Database, gateway: Gateway) -> int:
    """Ask what is due now and record the answers; how many questions there were."""

    async def claim(tx: Transaction) -> list[Question]:
        now = machine_now()
        return await payments.claim(tx, gateway.name, tx.now, _BATCH, now, now + _LEASE)

    questions = await database.run(claim)
    if questions:
        answers = dict(zip(questions, await _ask(gateway, questions), strict=True))
        of_order = {question.key: question for question in questions}

        async def record(tx: Transaction, keys: Sequence[OrderKey]) -> None:
            some = [of_order[key] for key in keys]
            await record_verdicts(tx, _findings(gateway, some, [answers[one] for one in some], tx.now))

        await run_in_halves(database, list(of_order), record)
    return len(questions)


async def ask_while_time_leaps(tx: Transaction, gateway: Gateway, until: datetime, limit: int = 1000) -> int:
    """Ask what falls due by `until`, each question as if at its own moment; how many questions there were.

    What a worker is asking at this moment is asked too, or the order would go through the leap unasked. The worker's
    answer comes when the leap is over, and is not taken.
    """
    leases_over = machine_now() + _LEASE
    questions = await payments.claim(tx, gateway.name, until, limit, leases_over, leases_over)
    if questions:
        await record_verdicts(tx, _findings(gateway, questions, await _ask(gateway, questions), None))
    return len(questions)


async def _ask(gateway: Gateway, questions: Sequence[Question]) -> list[Answer]:
    """The answers in the order of the questions. What takes too long or breaks counts as unanswered; the answer is not
    lost, since the same question is asked again."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(question: Question) -> Answer:
        async with turns:
            try:
                return await asyncio.wait_for(gateway.authorize(question), _PATIENCE.total_seconds())
            except TimeoutError:
                return Answer(Verdict.UNANSWERED)
            except Exception as error:  # whatever is wrong with one question, the others have their answers
                _log.error("payment_not_asked", order_id=question.key.order_id, error=type(error).__name__)
                return Answer(Verdict.UNANSWERED)

    return await asyncio.gather(*map(ask, questions))


def _findings(
    gateway: Gateway, questions: Sequence[Question], answers: Sequence[Answer], at: datetime | None
) -> list[Finding]:
    return [
        Finding(
            question.key,
            answer.verdict,
            at or question.due_at,
            gateway.name,
            question.attempt,
            question.token,
            answer.reference,
        )
        for question, answer in zip(questions, answers, strict=True)
    ]
