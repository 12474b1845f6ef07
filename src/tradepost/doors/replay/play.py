"""Playing a history: every row at its own moment, and as many of them at once as do not wait for each other.

Two rows wait for each other when they are about one order, or when both have to do with stock and come to something
else in the other order: a checkout takes it, listing and restocking change it. All the rest can change places, since
every act carries its own moment and fires the deadlines of its own orders first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import groupby

from tradepost import timekeeping
from tradepost.doors.replay.acts import MARKETPLACE, Happening, Played, perform
from tradepost.doors.replay.history import CURRENCY, Row
from tradepost.ground.database import Database, Transaction
from tradepost.payments.gateway import Verdict
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.policy import Policy

ROWS_AT_ONCE = 1000

_LISTING = ("seller", "list", "stock")
_END_OF_VERIFICATION = (Verdict.APPROVED, Verdict.DECLINED, Verdict.FRAUD)


async def play(
    database: Database, rows: Sequence[Row], zone: str, until: datetime, progress: Callable[[int], object]
) -> Played:
    """Play a whole history on an empty database, then let time pass until `until`."""
    policy = Policy(zone=zone)
    await timekeeping.simulate(database, rows[0].at if rows else until, ticking=False)
    new = NewMarketplace(MARKETPLACE, "Replay", currency=CURRENCY, policy=policy)
    await database.run(lambda tx: open_marketplace(tx, new))
    player = _Player(policy.verification_limit)
    happenings = list(_happenings(rows))
    for start in range(0, len(happenings), ROWS_AT_ONCE):
        chunk = happenings[start : start + ROWS_AT_ONCE]
        async with database.transaction(alone=True) as tx:
            await player.play(tx, chunk)
            await tx.move_clock((await tx.read_clock()).moved_to(chunk[-1][0].at))
        progress(sum(map(len, chunk)))
    await timekeeping.move_clock(database, until, [])
    player.played.refused.sort(key=lambda refused: refused[0].line)
    return player.played


def _happenings(rows: Sequence[Row]) -> Iterator[Happening]:
    for _, together in groupby(rows, key=_checkout_of):
        yield list(together)


def _checkout_of(row: Row) -> tuple[object, ...]:
    if row.event != "checkout":
        return (row.line,)
    return (row.at, "cart", row.detail) if row.detail else (row.at, "order", row.order)


class _Player:
    """Plays chunks of a history in steps, and knows which orders may still give their stock back by themselves."""

    def __init__(self, verification_limit: timedelta) -> None:
        self.played = Played()
        self._verification_limit = verification_limit
        self._unverified: list[tuple[datetime, str]] = []  # a heap: when verification gives up on which order
        self._verified: set[str] = set()

    async def play(self, tx: Transaction, happenings: Sequence[Happening]) -> None:
        steps = _Steps()
        for happening in happenings:
            at = happening[0].at
            if self._may_restock_by(at):
                await self._perform(tx, steps)
                steps = _Steps()
                if self._may_restock_by(at):
                    await timekeeping.pass_time(tx, at, [])
                    self._forget_until(at)
            steps.add(happening)
            if happening[0].event == "checkout":
                for reference in {row.order for row in happening}:
                    heappush(self._unverified, (at + self._verification_limit, reference))
        await self._perform(tx, steps)

    async def _perform(self, tx: Transaction, steps: "_Steps") -> None:
        for kind, happenings in steps:
            tx.act_at(max(happening[0].at for happening in happenings))
            for row, *_ in await perform(tx, kind, happenings, self.played):
                if row.event == "buyer_cancel" or (row.event == "verify" and row.detail in _END_OF_VERIFICATION):
                    self._verified.add(row.order)

    def _may_restock_by(self, at: datetime) -> bool:
        """Whether the end of a verification may return stock by then."""
        while self._unverified and self._unverified[0][1] in self._verified:
            heappop(self._unverified)
        return bool(self._unverified) and self._unverified[0][0] <= at

    def _forget_until(self, at: datetime) -> None:
        while self._unverified and self._unverified[0][0] <= at:
            heappop(self._unverified)


class _Steps:
    """Happenings sorted into steps: each comes after those it waits for, and one step holds many of one kind."""

    def __init__(self) -> None:
        self._steps: dict[int, dict[str, list[Happening]]] = defaultdict(lambda: defaultdict(list))
        self._last_of_order: dict[str, int] = {}
        self._last_checkout = -1
        self._last_listing = (-1, "")
        self._last_return = -1

    def __iter__(self) -> Iterator[tuple[str, list[Happening]]]:
        for number in sorted(self._steps):
            yield from self._steps[number].items()

    def add(self, happening: Happening) -> None:
        """Put a happening into the earliest step that it fits into."""
        row = happening[0]
        references = {line.order for line in happening} - {""}
        earliest = [self._last_of_order.get(reference, -1) + 1 for reference in references]
        if row.event == "checkout":
            earliest += [self._last_checkout, self._last_listing[0] + 1, self._last_return + 1]
        elif row.event in _LISTING:
            again = row.event == self._last_listing[1]
            earliest += [self._last_checkout + 1, self._last_listing[0] + (not again), self._last_return + 1]
        elif _may_return_stock(row):
            earliest += [self._last_checkout + 1, self._last_listing[0] + 1]
        step = max(0, *earliest)
        self._steps[step][row.event].append(happening)
        self._remember(row, references, step)

    def _remember(self, row: Row, references: set[str], step: int) -> None:
        self._last_of_order.update(dict.fromkeys(references, step))
        if row.event == "checkout":
            self._last_checkout = step
        elif row.event in _LISTING:
            self._last_listing = (step, row.event)
        elif _may_return_stock(row):
            self._last_return = max(step, self._last_return)


def _may_return_stock(row: Row) -> bool:
    return row.event in ("buyer_cancel", "seller_cancel") or (
        row.event == "verify" and row.detail in (Verdict.DECLINED, Verdict.FRAUD)
    )
