"""The deadlines beside the lifecycle: while an order is in this state, so long after that moment, the clock acts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tradepost.lifecycle import Act, State
from tradepost.policy import Policy


class Moments(Protocol):
    """What the deadlines read of an order."""

    @property
    def placed_at(self) -> datetime: ...
    @property
    def approved_at(self) -> datetime | None: ...
    @property
    def released_at(self) -> datetime | None: ...
    @property
    def warned_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """While an order is in `state`, the clock does `act` at `moment` (None: no longer, or not for this order)."""

    state: State
    act: Act
    moment: Callable[[Moments, Policy], datetime | None]
    when: str


def _hold_end(order: Moments, policy: Policy) -> datetime:
    return order.placed_at + policy.hold


def _release(order: Moments, policy: Policy) -> datetime:
    return _latest(order.placed_at + policy.hold, order.approved_at)


def _verification_end(order: Moments, policy: Policy) -> datetime:
    return order.placed_at + policy.verification_limit


def _reminder(order: Moments, policy: Policy) -> datetime | None:
    return None if order.warned_at else _latest(policy.remind_at(order.placed_at), order.released_at)


def _confirm_by(order: Moments, policy: Policy) -> datetime:
    return _latest(policy.confirm_by(order.placed_at), order.released_at)


def _latest(moment: datetime, other: datetime | None) -> datetime:
    return other if other is not None and other > moment else moment


_REMINDER = "{remind_days} days before the confirm-by deadline, 00:00; at release where that is later; once"
_CONFIRM_BY = "00:00 after the day that is {confirm_days} calendar days after the day of placing"

DEADLINES = (
    Deadline(State.HELD, Act.END_HOLD, _hold_end, "placed + {hold}"),
    Deadline(State.APPROVED, Act.RELEASE, _release, "placed + {hold}, or approved, whichever is later"),
    Deadline(State.VERIFYING, Act.GIVE_UP_VERIFYING, _verification_end, "placed + {verification_limit}"),
    Deadline(State.UNSHIPPED, Act.REMIND, _reminder, _REMINDER),
    Deadline(State.UNSHIPPED, Act.CANCEL_UNCONFIRMED, _confirm_by, _CONFIRM_BY),
    Deadline(State.PARTIALLY_SHIPPED, Act.REMIND, _reminder, _REMINDER),
    Deadline(State.PARTIALLY_SHIPPED, Act.CANCEL_UNCONFIRMED, _confirm_by, _CONFIRM_BY),
)

_DEADLINES_OF = {state: tuple(deadline for deadline in DEADLINES if deadline.state is state) for state in State}


def next_deadline(state: State, order: Moments, policy: Policy) -> tuple[datetime, Act] | None:
    """The moment of the next thing that the clock does to this order, and what it is; None for a finished order."""
    earliest = None
    for deadline in _DEADLINES_OF[state]:
        moment = deadline.moment(order, policy)
        if moment is not None and (earliest is None or moment < earliest[0]):
            earliest = moment, deadline.act
    return earliest
