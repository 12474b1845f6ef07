"""The port to the payment world, and the simulated gateway behind it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tradepost.payments.records import Question


class Verdict(StrEnum):
    """What verification found out about payment and order details."""

    APPROVED = "approved"
    FAILED = "failed"  # this time; it may be tried again
    DEFERRED = "deferred"  # the gateway will call
    DECLINED = "declined"  # for good
    FRAUD = "fraud"
    UNANSWERED = "unanswered"  # the gateway could not be reached; it is asked again


@dataclass(frozen=True, slots=True)
class Answer:
    """A gateway's answer to a question, with its own reference when it approved."""

    verdict: Verdict
    reference: str | None = None


class Gateway(Protocol):
    """Whoever authorises payments. Asked the same question twice (order, token, attempt), it gives the same answer."""

    name: str

    async def authorize(self, question: Question) -> Answer:
        """Reserve the amount. Raises nothing: what cannot be reached answers UNANSWERED."""
        ...


class SimulatedGateway:
    """A payment world in which the token decides, so that every outcome can be had on purpose."""

    name = "simulated"

    async def authorize(self, question: Question) -> Answer:
        """Answer as the token says: see OUTCOMES."""
        outcome = OUTCOMES.get(question.token, (Verdict.DECLINED,))
        verdict = outcome[min(question.attempt, len(outcome)) - 1]
        reference = f"simulated-{question.key.order_id}" if verdict is Verdict.APPROVED else None
        return Answer(verdict, reference)


OUTCOMES = {
    "approve": (Verdict.APPROVED,),
    "fail-once": (Verdict.FAILED, Verdict.APPROVED),
    "fail-always": (Verdict.FAILED,),
    "decline": (Verdict.DECLINED,),
    "defer": (Verdict.DEFERRED,),
    "fraud": (Verdict.FRAUD,),
    "silent": (Verdict.UNANSWERED,),
}
"""Answers by token: the first attempt gets the first one, and the last one repeats. An unknown token is declined."""
