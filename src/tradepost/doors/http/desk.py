"""The desk of a server process: what every HTTP door does its acts with.

Acts go through the combiner, one for each act of the process, and are done once for each Idempotency-Key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from tradepost.access import keys, tokens
from tradepost.access.keys import Key
from tradepost.access.ring import KeyRing
from tradepost.access.tokens import Grant
from tradepost.doors.http.limits import Limits
from tradepost.doors.http.problems import refused
from tradepost.ground import answers
from tradepost.ground.answers import Answer, Once
from tradepost.ground.combine import Combiner
from tradepost.ground.database import Database, Transaction
from tradepost.payments.gateway import Gateway, SimulatedGateway
from tradepost.process.checkout.purchases import check_out
from tradepost.refusals import Reason, Refusal, Refused

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

Room = Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[OutcomeT | Refusal]]]
AT_ONCE: tuple[object, ...] = (check_out,)
"""Rooms that hardly ever need a lock before they write."""


class Wish(NamedTuple, Generic[ItemT, OutcomeT]):
    """One request for an act: `item` says what is to be done at the transaction's moment, `answer` what to say of the
    outcome, `refused` how to say no. What was done `once` before is answered as it was then."""

    item: Callable[[datetime], ItemT]
    answer: Callable[[OutcomeT], Answer]
    language: str
    once: Once | None
    refused: Callable[[Refusal, str], Answer] = refused


class Desk:
    """The database of one server process, with its combiners, keys and limits."""

    def __init__(self, database: Database, *, observe: Callable[[str, int], None] = lambda act, size: None) -> None:
        self.database = database
        self.gateways: Sequence[Gateway] = (SimulatedGateway(),)
        self.ring: KeyRing[Key] = KeyRing(database, keys.of_texts)
        self.tokens: KeyRing[Grant] = KeyRing(database, tokens.of_texts)
        self.limits = Limits()
        self._observe = observe
        self._combiners: dict[object, Combiner[Any, Answer]] = {}
        self._under_way: dict[tuple[str, str], asyncio.Event] = {}

    async def act(self, room: Room[ItemT, OutcomeT], wish: Wish[ItemT, OutcomeT]) -> Answer:
        """Do an act of the process together with what others want of it at this moment."""
        combiner = self._combiners.get(room)
        if combiner is None:
            combiner = self._combiners[room] = self._combiner(room)
        if wish.once is None:
            return await combiner.submit(wish)
        async with _Turn(self._under_way, wish.once.name):  # two of one key in one batch would not see each other
            return await combiner.submit(wish)

    async def alone(
        self,
        work: Callable[[Transaction], Awaitable[Answer]],
        language: str,
        once: Once | None = None,
        *,
        excluding: bool = False,
    ) -> Answer:
        """Do what is done one at a time, in a transaction of its own, and once; `excluding` all others meanwhile.

        What was written before a refusal is taken back, and the refusal is kept in a transaction after that.
        """

        async def do(tx: Transaction, _: Sequence[datetime]) -> list[Answer | Refusal]:
            return [await work(tx)]

        wish: Wish[datetime, Answer] = Wish(lambda at: at, lambda answer: answer, language, once)
        try:
            return (await self.database.run(lambda tx: _settle(tx, do, [wish]), alone=excluding))[0]
        except Refused as no:
            refusal = no.refusal
        if once is None:
            return refused(refusal, language)

        async def refuse(tx: Transaction, _: Sequence[datetime]) -> list[Answer | Refusal]:
            return [refusal]

        return (await self.database.run(lambda tx: _settle(tx, refuse, [wish])))[0]

    def _combiner(self, room: Room[ItemT, OutcomeT]) -> Combiner[Wish[ItemT, OutcomeT], Answer]:
        name = getattr(room, "__name__", "act")
        return Combiner(
            self.database,
            lambda tx, wishes: _settle(tx, room, wishes),
            at_once=room in AT_ONCE,
            observe=lambda size: self._observe(name, size),
        )


async def _settle(
    tx: Transaction, room: Room[ItemT, OutcomeT], wishes: Sequence[Wish[ItemT, OutcomeT]]
) -> list[Answer]:
    """The answers to a batch of wishes, with their effects, in one transaction."""
    asked = [wish.once for wish in wishes if wish.once]
    kept = await answers.kept(tx, asked) if asked else {}
    new = [wish for wish in wishes if wish.once is None or wish.once.name not in kept]
    outcomes = await room(tx, [wish.item(tx.now) for wish in new]) if new else ()
    given = {id(wish): _answer(wish, outcome) for wish, outcome in zip(new, outcomes, strict=True)}
    if to_keep := [(wish.once, given[id(wish)]) for wish in new if wish.once]:
        await answers.keep(tx, to_keep)
    return [given[id(wish)] if id(wish) in given else _again(wish, kept) for wish in wishes]


def _answer(wish: Wish[ItemT, OutcomeT], outcome: OutcomeT | Refusal) -> Answer:
    return wish.refused(outcome, wish.language) if isinstance(outcome, Refusal) else wish.answer(outcome)


def _again(wish: Wish[Any, Any], kept: dict[tuple[str, str], answers.Kept]) -> Answer:
    assert wish.once
    before = kept[wish.once.name]
    if before.digest != wish.once.digest:
        return wish.refused(Refusal(Reason.IDEMPOTENCY_KEY_REUSED), wish.language)
    return before.answer


class _Turn:
    """One at a time for each name, in this process; other processes meet in the database."""

    def __init__(self, under_way: dict[tuple[str, str], asyncio.Event], name: tuple[str, str]) -> None:
        self._under_way = under_way
        self._name = name

    async def __aenter__(self) -> None:
        while (before := self._under_way.get(self._name)) is not None:
            await before.wait()
        self._under_way[self._name] = asyncio.Event()

    async def __aexit__(self, *_: object) -> None:
        self._under_way.pop(self._name).set()
