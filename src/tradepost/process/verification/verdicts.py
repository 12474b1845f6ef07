"""Verification: what the payment world says of an order, and what the buyer does about it (A13, A16 to A22)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import STAFF_ONLY, Act, Party
from tradepost.numbers import OrderKey
from tradepost.orders.batch import outcome_of
from tradepost.orders.journal import Actor, Journal
from tradepost.orders.order import Order
from tradepost.payments import records as payments
from tradepost.payments.gateway import Verdict
from tradepost.payments.records import Means, Payment
from tradepost.refusals import NOT_TEXT, Reason, Refusal, Refused

MOST_WORDS = 500  # characters

_ACTS = {
    Verdict.APPROVED: Act.APPROVE,
    Verdict.FAILED: Act.FAIL_PAYMENT,
    Verdict.DEFERRED: Act.DEFER,
    Verdict.DECLINED: Act.DECLINE,
    Verdict.FRAUD: Act.REPORT_FRAUD,
}

_CANCELING = (Verdict.DECLINED, Verdict.FRAUD)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one order. `attempt` and `token` are the question it answers; None: it comes by itself, from
    outside. `note` is why, in the words of the person who reviewed the order, for others who run the marketplace."""

    key: OrderKey
    verdict: Verdict
    at: datetime
    by: str
    attempt: int | None = None
    token: str | None = None
    reference: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """The buyer, or customer service on the buyer's word, brings another payment for a Pending order, or asks to have
    the same one tried again."""

    key: OrderKey
    buyer_id: str
    means: Means
    at: datetime
    by: Actor | None = None  # None: the buyer

    @property
    def actor(self) -> Actor:
        """Who stands in the history."""
        return self.by or Actor(Party.BUYER, self.buyer_id)


async def record_verdicts(tx: Transaction, findings: Sequence[Finding]) -> list[Refusal | None]:
    """Record many verdicts; the answers stand in their order, None for a verdict that was taken.

    The answer to a question that was overtaken, because the buyer brought another payment, is not taken.
    """
    if not findings:
        return []
    room = await _Room.open(
        tx,
        [finding.key for finding in findings],
        max(finding.at for finding in findings),
        lines=any(finding.verdict in _CANCELING for finding in findings),
    )
    outcomes = [outcome_of(_record, room, finding) for finding in findings]
    await room.write(tx)
    return outcomes


async def change_payments(tx: Transaction, changes: Sequence[PaymentChange]) -> list[Refusal | None]:
    """Take other payments for Pending orders; the gateway is asked at once."""
    if not changes:
        return []
    room = await _Room.open(tx, [change.key for change in changes], max(change.at for change in changes), lines=False)
    outcomes = [outcome_of(_change, room, change) for change in changes]
    await room.write(tx)
    return outcomes


class _Room:
    """The locked orders of a batch with their payments."""

    def __init__(self, journal: Journal, of_order: dict[OrderKey, Payment]) -> None:
        self.journal = journal
        self.payments = of_order
        self.answered: dict[OrderKey, str | None] = {}  # and the gateway's reference

    @classmethod
    async def open(cls, tx: Transaction, keys: Sequence[OrderKey], until: datetime, *, lines: bool) -> "_Room":
        journal = await Journal.open(tx, keys, until, lines=lines)
        return cls(journal, await payments.lock(tx, journal.keys))

    async def write(self, tx: Transaction) -> None:
        await self.journal.write()
        if self.answered:
            await payments.put(tx, [(self.payments[key], reference) for key, reference in self.answered.items()])


def _record(room: _Room, finding: Finding) -> None:
    order = room.journal.order(finding.key, finding.at)
    payment = room.payments.get(finding.key)
    if finding.attempt is not None and _overtaken(payment, finding):
        raise Refused(Reason.VERIFICATION_IS_OVER)
    if finding.note and (len(finding.note) > MOST_WORDS or not storable(finding.note)):
        problem = f"it may have {MOST_WORDS} characters of text at most"
        raise Refused(Reason.INVALID_VALUE, field="note", problem=problem)
    if finding.verdict is Verdict.UNANSWERED:
        room.journal.ask_again(order, finding.at + _patience(order, finding.at))
    else:
        verify_at = None
        if finding.verdict is Verdict.FAILED and payment is not None:
            verify_at = finding.at + room.journal.policy(order).payment_retry(payment.attempts + 1)
        by = Actor(Party.VERIFICATION, finding.by)
        note = {STAFF_ONLY: finding.note} if finding.note else None
        room.journal.record(order, _ACTS[finding.verdict], by, finding.at, verify_at=verify_at, detail=note)
    if payment is not None and finding.attempt is not None:
        answered = finding.verdict is not Verdict.UNANSWERED
        room.payments[finding.key] = payment._replace(attempts=payment.attempts + answered)
        room.answered[finding.key] = finding.reference


def _overtaken(payment: Payment | None, finding: Finding) -> bool:
    """Whether the question was answered already, or was about a payment that the buyer has replaced."""
    if payment is None or finding.attempt != payment.attempts + 1:
        return True
    return finding.token is not None and finding.token != payment.token


def _patience(order: Order, at: datetime) -> timedelta:
    """How long to leave a silent gateway alone: a quarter of the time since the order, five minutes to six hours."""
    return min(max((at - order.placed_at) / 4, timedelta(minutes=5)), timedelta(hours=6))


def _change(room: _Room, change: PaymentChange) -> None:
    order = room.journal.order(change.key, change.at, buyer_id=change.buyer_id)
    if not storable(change.means):
        raise Refused(Reason.INVALID_VALUE, field="payment_token", problem=NOT_TEXT)
    room.journal.record(order, Act.CHANGE_PAYMENT, change.actor, change.at, verify_at=change.at)
    before = room.payments.get(change.key)
    tried = before.attempts if before and (before.gateway, before.token) == change.means else 0
    room.payments[change.key] = Payment(*change.key, *change.means, tried)  # the same one again is a new question
    room.answered[change.key] = None
