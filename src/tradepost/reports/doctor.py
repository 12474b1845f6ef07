"""The doctor: whether what must be true of every database is true of this one.

Most rules are one statement each (invariants/). Those that need the lifecycle's own functions are held against every
order in pages, so that memory stays flat however many orders there are.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tradepost import lifecycle, policy
from tradepost.deadlines import next_deadline
from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING, State
from tradepost.people import records as people
from tradepost.policy import Policy
from tradepost.reports.invariants import INVARIANTS
from tradepost.reports.invariants.invariant import Invariant

MOST_SHOWN = 100


class Violation(NamedTuple):
    """One place where a rule is broken: which rule, of what, and how."""

    check: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found: how many violations in all, and the first of them."""

    name: str
    rule: str
    found: int
    shown: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """`counted` is how many rows of each table were there; `checks` stand in the order in which they were made."""

    counted: dict[str, int]
    checks: tuple[Checked, ...]

    @property
    def found(self) -> int:
        """How many violations there are in all."""
        return sum(check.found for check in self.checks)

    @property
    def sound(self) -> bool:
        """Whether every rule holds."""
        return not self.found

    @property
    def violations(self) -> list[Violation]:
        """The violations that are shown: the first MOST_SHOWN of every check."""
        return [violation for check in self.checks for violation in check.shown]


async def examine(
    tx: Transaction, *, most_shown: int = MOST_SHOWN, progress: Callable[[str], object] = lambda name: None
) -> Examination:
    """Make every check. Each one looks at one snapshot of the database, so that it may be in use meanwhile.

    `progress` hears the name of each check before it is made.
    """
    checks = []
    for invariant in INVARIANTS:
        progress(invariant.name)
        tally = _Tally(invariant.name, invariant.rule, most_shown)
        async for subject, problem in _broken(tx, invariant):
            tally.add(subject, problem)
        checks.append(tally.checked())
    progress("states and deadlines")
    checks += await _hold_against_lifecycle(tx, most_shown)
    return Examination(await _count(tx), tuple(checks))


class _Tally:
    """Counts the violations of one check and keeps the first."""

    def __init__(self, name: str, rule: str, most_shown: int) -> None:
        self._name, self._rule, self._most_shown = name, rule, most_shown
        self._found = 0
        self._shown: list[Violation] = []

    def add(self, subject: str, problem: str) -> None:
        self._found += 1
        if len(self._shown) < self._most_shown:
            self._shown.append(Violation(self._name, subject, problem))

    def checked(self) -> Checked:
        return Checked(self._name, self._rule, self._found, tuple(self._shown))


async def _broken(tx: Transaction, invariant: Invariant) -> AsyncIterator[tuple[str, str]]:
    async for page in tx.cursor(invariant.statement, *invariant.values()):
        for subject, problem in page:
            yield subject, problem


class _Standing(NamedTuple):
    """Where an order says that it stands."""

    seller_id: str
    order_id: str
    marketplace_id: str
    policy_version: int
    state: State
    placed_at: datetime
    approved_at: datetime | None
    released_at: datetime | None
    warned_at: datetime | None
    wakes_at: datetime | None
    ordered: int
    shipped: int
    canceled: int

    @property
    def name(self) -> str:
        return f"order {self.order_id} of {self.seller_id}"

    @property
    def policy(self) -> tuple[str, int]:
        return self.marketplace_id, self.policy_version


async def _hold_against_lifecycle(tx: Transaction, most_shown: int) -> list[Checked]:
    states = _Tally("states", "The state of an order is the one that its units put it in.", most_shown)
    deadlines = _Tally(
        "deadlines",
        "An open order wakes exactly when its state and policy demand, and a finished one never.",
        most_shown,
    )
    readable = _Tally("readable_policies", "Every policy that orders were placed under can be read.", most_shown)
    of_policy: dict[tuple[str, int], Policy | None] = {}
    async for page in _standings(tx):
        for version, problem in await _learn_policies(
            tx, {order.policy for order in page} - of_policy.keys(), of_policy
        ):
            readable.add(f"version {version[1]} of the policy of {version[0]}", problem)
        for order in page:
            if problem := _wrong_state(order):
                states.add(order.name, problem)
            if problem := _wrong_deadline(order, of_policy[order.policy]):
                deadlines.add(order.name, problem)
    return [states.checked(), deadlines.checked(), readable.checked()]


async def _standings(tx: Transaction) -> AsyncIterator[list[_Standing]]:
    statement = """
        SELECT seller_id, order_id, marketplace_id, policy_version, state, placed_at, approved_at, released_at,
               warned_at, wakes_at, ordered_units, shipped_units, canceled_units
          FROM orders
        """
    async for page in tx.cursor(statement):
        yield [_Standing(*row)._replace(state=State(row["state"])) for row in page]


async def _learn_policies(
    tx: Transaction, unknown: set[tuple[str, int]], of_policy: dict[tuple[str, int], Policy | None]
) -> Sequence[tuple[tuple[str, int], str]]:
    """Read policies that were not met yet, and say which cannot be read; None stands for one that is not to be had."""
    problems = []
    of_policy |= dict.fromkeys(unknown)
    for marketplace_id, version, document in await people.policy_documents(tx, unknown) if unknown else ():
        try:
            of_policy[marketplace_id, version] = policy.from_document(document)
        except ValueError as error:
            problems.append(((marketplace_id, version), str(error)))
    return problems


def _wrong_state(order: _Standing) -> str:
    if order.state in PENDING:
        fits = not (order.shipped or order.canceled)
    else:
        fits = order.state is lifecycle.state_by_units(order.ordered, order.shipped, order.canceled)
    if fits:
        return ""
    return f"it is {order.state} with {order.ordered} ordered, {order.shipped} shipped and {order.canceled} canceled"


def _wrong_deadline(order: _Standing, of: Policy | None) -> str:
    """An order whose policy is missing is the business of another check."""
    if of is None:
        return ""
    deadline = next_deadline(order.state, order, of)
    if order.wakes_at == (deadline and deadline[0]):
        return ""
    due = f"{deadline[1]} is due at {deadline[0]}" if deadline else "nothing is due any more"
    return f"it wakes {f'at {order.wakes_at}' if order.wakes_at else 'never'}, and {due} in state {order.state}"


async def _count(tx: Transaction) -> dict[str, int]:
    row = await tx.row(
        """
        SELECT (SELECT count(*) FROM orders)        AS orders,
               (SELECT count(*) FROM order_lines)   AS lines,
               (SELECT count(*) FROM order_events)  AS events,
               (SELECT count(*) FROM packages)      AS packages,
               (SELECT count(*) FROM cancellations) AS cancellations,
               (SELECT count(*) FROM payments)      AS payments,
               (SELECT count(*) FROM notices)       AS notices,
               (SELECT count(*) FROM offers)        AS offers
        """
    )
    assert row is not None
    return dict(row)
