"""Every deadline a second before, at, and after its moment: by a worker's sweep, and by an act that no sweep preceded.

The moments stand here in UTC, worked out by hand from the marketplaces' calendars, also where a day there does not
begin at 00:00 or does not have 24 hours.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from tests.conftest import TestServer
from tests.scene import BEA, LAMP, MARKET, PARCEL, VASE, Scene, open_market
from tradepost.ground.database import Database, Transaction, connect
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey
from tradepost.orders import records, sweep
from tradepost.payments.gateway import Verdict
from tradepost.people.accounts import change_policy
from tradepost.policy import Policy
from tradepost.process.cancellation.cancellations import BuyerCancellation, cancel_by_buyers, request_cancellations
from tradepost.process.shipment.confirmations import Confirmation, confirm_shipments
from tradepost.process.verification.verdicts import Finding, record_verdicts
from tradepost.refusals import Reason, Refusal


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


class Placing(NamedTuple):
    """An order placed in a zone, and what its marketplace's calendar makes of that."""

    zone: str
    placed_at: datetime
    hold_ends: datetime
    verification_ends: datetime
    remind_at: datetime
    confirm_by: datetime


PLACINGS = {
    "UTC": Placing(
        "UTC",
        _utc("2026-03-02T10:00:00"),
        _utc("2026-03-02T10:30:00"),
        _utc("2026-03-23T10:00:00"),
        _utc("2026-03-26T00:00:00"),
        _utc("2026-04-02T00:00:00"),  # April 1 is the last day
    ),
    "Shanghai, already March 3 there": Placing(
        "Asia/Shanghai",
        _utc("2026-03-02T16:30:00"),
        _utc("2026-03-02T17:00:00"),
        _utc("2026-03-23T16:30:00"),
        _utc("2026-03-26T16:00:00"),
        _utc("2026-04-02T16:00:00"),
    ),
    "São Paulo, confirm-by on the day in 2017 that begins at 01:00": Placing(
        "America/Sao_Paulo",
        _utc("2017-09-14T15:00:00"),
        _utc("2017-09-14T15:30:00"),
        _utc("2017-10-05T15:00:00"),
        _utc("2017-10-08T03:00:00"),
        _utc("2017-10-15T03:00:00"),
    ),
    "São Paulo, reminder on the day in 2017 that begins at 01:00": Placing(
        "America/Sao_Paulo",
        _utc("2017-09-21T15:00:00"),
        _utc("2017-09-21T15:30:00"),
        _utc("2017-10-12T15:00:00"),
        _utc("2017-10-15T03:00:00"),
        _utc("2017-10-22T02:00:00"),
    ),
    "São Paulo, confirm-by on the day in 2018 that begins at 01:00": Placing(
        "America/Sao_Paulo",
        _utc("2018-10-04T15:00:00"),
        _utc("2018-10-04T15:30:00"),
        _utc("2018-10-25T15:00:00"),
        _utc("2018-10-28T03:00:00"),
        _utc("2018-11-04T03:00:00"),
    ),
    "São Paulo, the last day to confirm has 25 hours": Placing(
        "America/Sao_Paulo",
        _utc("2018-01-18T15:00:00"),
        _utc("2018-01-18T15:30:00"),
        _utc("2018-02-08T15:00:00"),
        _utc("2018-02-11T02:00:00"),
        _utc("2018-02-18T03:00:00"),
    ),
    "Auckland, the last second of a day": Placing(
        "Pacific/Auckland",
        _utc("2025-08-28T11:59:59"),
        _utc("2025-08-28T12:29:59"),
        _utc("2025-09-18T11:59:59"),
        _utc("2025-09-20T12:00:00"),
        _utc("2025-09-27T12:00:00"),
    ),
    "Auckland, the first second of the next day": Placing(
        "Pacific/Auckland",
        _utc("2025-08-28T12:00:00"),
        _utc("2025-08-28T12:30:00"),
        _utc("2025-09-18T12:00:00"),
        _utc("2025-09-21T12:00:00"),
        _utc("2025-09-28T11:00:00"),  # the clocks were set forward in the night before
    ),
}

Try = Callable[[Transaction, OrderKey, datetime], Awaitable[object]]


async def _buyer_cancels(tx: Transaction, key: OrderKey, at: datetime) -> object:
    return (await cancel_by_buyers(tx, [BuyerCancellation(key, BEA, at)]))[0]


async def _gateway_approves(tx: Transaction, key: OrderKey, at: datetime) -> object:
    return (await record_verdicts(tx, [Finding(key, Verdict.APPROVED, at, "gateway")]))[0]


async def _seller_ships(tx: Transaction, key: OrderKey, at: datetime) -> object:
    return (await confirm_shipments(tx, [Confirmation(key, at, PARCEL)]))[0]


async def _buyer_asks(tx: Transaction, key: OrderKey, at: datetime) -> object:
    return (await request_cancellations(tx, [BuyerCancellation(key, BEA, at)]))[0]


class Case(NamedTuple):
    """A deadline of a state: when, what the clock does, and an act whose answer depends on which side it comes."""

    state: State
    when: str  # a field of Placing
    does: Act
    to: State
    tries: Try
    before: Reason | None  # None: granted
    after: Reason | None


CASES = [
    Case(State.HELD, "hold_ends", Act.END_HOLD, State.VERIFYING, _buyer_cancels, None, Reason.HOLD_IS_OVER),
    Case(State.APPROVED, "hold_ends", Act.RELEASE, State.UNSHIPPED, _seller_ships, Reason.ORDER_IS_PENDING, None),
    Case(
        State.VERIFYING,
        "verification_ends",
        Act.GIVE_UP_VERIFYING,
        State.CANCELED,
        _gateway_approves,
        None,
        Reason.ORDER_IS_CANCELED,
    ),
    Case(State.UNSHIPPED, "remind_at", Act.REMIND, State.UNSHIPPED, _buyer_asks, None, None),
    Case(State.PARTIALLY_SHIPPED, "remind_at", Act.REMIND, State.PARTIALLY_SHIPPED, _buyer_asks, None, None),
    Case(
        State.UNSHIPPED,
        "confirm_by",
        Act.CANCEL_UNCONFIRMED,
        State.CANCELED,
        _seller_ships,
        None,
        Reason.ORDER_IS_CANCELED,
    ),
    Case(
        State.PARTIALLY_SHIPPED,
        "confirm_by",
        Act.CANCEL_UNCONFIRMED,
        State.SHIPPED,
        _seller_ships,
        None,
        Reason.ORDER_IS_SHIPPED,
    ),
]

SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


@pytest.fixture(
    scope="module",
    params=[(placing, case) for placing in PLACINGS.values() for case in CASES],
    ids=[f"{name}: {case.state} {case.does}" for name in PLACINGS for case in CASES],
)
async def trial(request: pytest.FixtureRequest, server: TestServer) -> AsyncIterator["Trial"]:
    """An order of each placing that waits for each deadline."""
    placing, case = request.param
    url = await server.make()
    async with connect(url, connections=2) as database:
        scene = await open_market(database, zone=placing.zone, start=placing.placed_at)
        key = await scene.to_state(case.state)
        if case.does is Act.CANCEL_UNCONFIRMED:  # the reminder comes first, and is not what is tried here
            await scene.advance(to=placing.remind_at)
        order = await scene.order(key)
        assert order.placed_at == placing.placed_at
        yield Trial(scene, key, case, getattr(placing, case.when), order.last_event)
    await server.drop(url)


async def test_the_sweep_acts_at_the_very_moment_and_not_before(trial: "Trial") -> None:
    moment, case = trial.moment, trial.case
    for at in (moment - SECOND, moment - MICROSECOND):
        assert await trial.sweep(at) == (case.state, [])
    for at in (moment, moment + MICROSECOND, moment + SECOND):
        assert await trial.sweep(at) == (case.to, [(case.does, moment)])


async def test_an_act_finds_the_deadline_kept_although_no_sweep_came(trial: "Trial") -> None:
    moment, case = trial.moment, trial.case
    for at in (moment - SECOND, moment - MICROSECOND):
        answer, clock_did = await trial.act(at)
        assert answer == case.before
        assert case.does not in dict(clock_did)
    for at in (moment, moment + MICROSECOND, moment + SECOND):  # an act at the very second comes after the deadline
        answer, clock_did = await trial.act(at)
        assert answer == case.after
        assert clock_did == [(case.does, moment)]


class _Undone(Exception):
    """Ends a transaction of which nothing is to remain."""


@dataclass(frozen=True)
class Trial:
    """One order in its state, and tries at several moments: each begins from the same database and leaves nothing."""

    scene: Scene
    key: OrderKey
    case: Case
    moment: datetime
    events: int  # that the order has before a try

    async def sweep(self, at: datetime) -> tuple[State, list[tuple[str, datetime]]]:
        """A worker comes by: where the order stands then, and what the clock did to it."""
        found: tuple[State, list[tuple[str, datetime]]] | None = None

        async def work(tx: Transaction) -> None:
            nonlocal found
            await sweep.fire_due(tx, tx.now)
            order = await records.read(tx, *self.key)
            assert order is not None
            found = order.state, await self._clock_did(tx)

        await self._then_undo(at, work)
        assert found is not None
        return found

    async def act(self, at: datetime) -> tuple[Reason | None, list[tuple[str, datetime]]]:
        """Somebody acts, and no worker came by: the answer, and what the clock did to the order before."""
        found: tuple[Reason | None, list[tuple[str, datetime]]] | None = None

        async def work(tx: Transaction) -> None:
            nonlocal found
            outcome = await self.case.tries(tx, self.key, at)
            found = outcome.reason if isinstance(outcome, Refusal) else None, await self._clock_did(tx)

        await self._then_undo(at, work)
        assert found is not None
        return found

    async def _then_undo(self, at: datetime, work: Callable[[Transaction], Awaitable[None]]) -> None:
        with suppress(_Undone):
            async with self.scene.database.transaction(alone=True) as tx:
                await tx.move_clock((await tx.read_clock()).moved_to(at))
                await work(tx)
                raise _Undone

    async def _clock_did(self, tx: Transaction) -> list[tuple[str, datetime]]:
        rows = await tx.fetch(
            """
            SELECT act, happened_at FROM order_events
             WHERE seller_id = $1 AND order_id = $2 AND number > $3 AND party = 'clock' ORDER BY number
            """,
            *self.key,
            self.events,
        )
        return [(row[0], row[1]) for row in rows]


# --- a chain of deadlines

DAYS = 45
TOKENS = (None, "approve", "fail-once", "fail-always", "decline", "defer", "fraud", "silent", "no such token")
MADE_UP = ("notice_id", "checkout_id", "item_id")
OF_THE_MACHINE = ("recorded_at", "set_at", "try_at", "asked_until")
STEPS = {
    "half days": timedelta(hours=12),
    "odd steps": timedelta(days=1, hours=7, minutes=13, seconds=1),
    "weeks": timedelta(days=7),
}


async def _walk(server: TestServer, zone: str, step: timedelta) -> dict[str, list[str]]:
    """Orders of every kind, then so many days with nobody but the clock and the gateways; all rows at the end."""
    url = await server.make()
    async with connect(url) as database:
        scene = await open_market(database, zone=zone, start=_utc("2018-10-04T15:00:00"))
        keys = []
        for token in TOKENS:
            keys.append(await scene.place(BEA, {LAMP: 2, VASE: 1}, token))
        keys += await scene.place_all([{LAMP: 3}] * 3)
        await scene.approve(keys[-1])
        await scene.approve(keys[-2])
        await scene.advance(timedelta(minutes=40))
        await scene.confirm(keys[-1], [(LAMP, 1)])
        end = await scene.now() + timedelta(days=DAYS)
        while (now := await scene.now()) < end:
            await scene.advance(to=min(now + step, end))
        assert {await scene.state(key) for key in keys} == {State.CANCELED, State.SHIPPED}
        rows = await scene.dump(*MADE_UP, *OF_THE_MACHINE)
    await server.drop(url)
    return _with_names(rows, keys)


def _with_names(rows: dict[str, list[str]], keys: list[OrderKey]) -> dict[str, list[str]]:
    """The same rows with the orders' numbers replaced by their place, so that two walks can be compared."""
    names = {key.order_id: f"order-{number}" for number, key in enumerate(keys)}
    number = re.compile("|".join(names))
    return {
        table: sorted(number.sub(lambda found: names[found[0]], line) for line in lines)
        for table, lines in rows.items()
    }


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo"])
async def test_one_leap_leaves_what_many_small_steps_leave(server: TestServer, zone: str, step: timedelta) -> None:
    """Hold, verification with its retries, 21 days, release, reminder and 30 days, each at its own moment."""
    assert await _walk(server, zone, step) == await _walk(server, zone, timedelta(days=DAYS))


async def test_a_leap_over_everything_tells_each_step_at_its_own_moment(scene: Scene) -> None:
    held, approved = await scene.to_states([State.HELD, State.APPROVED])
    placed = await scene.now()
    await scene.advance(timedelta(days=40))
    assert [(event.act, event.happened_at) for event in await scene.events(held)] == [
        ("place", placed),
        ("end_hold", placed + timedelta(minutes=30)),
        ("give_up_verifying", placed + timedelta(days=21)),
    ]
    assert [(event.act, event.happened_at) for event in await scene.events(approved)] == [
        ("place", placed),
        ("approve", placed),
        ("release", placed + timedelta(minutes=30)),
        ("remind", _utc("2026-03-26T00:00:00")),
        ("cancel_unconfirmed", _utc("2026-04-02T00:00:00")),
    ]
    assert [(told.kind, told.happened_at) for told in await scene.notices(approved)] == [
        ("order_confirmation", placed + timedelta(minutes=30)),
        ("sold_ship_now", placed + timedelta(minutes=30)),
        ("confirm_shipment_reminder", _utc("2026-03-26T00:00:00")),
        ("order_canceled", _utc("2026-04-02T00:00:00")),
        ("order_canceled", _utc("2026-04-02T00:00:00")),
    ]


async def test_a_late_act_walks_the_whole_chain_that_no_worker_walked(scene: Scene) -> None:
    held, approved = await scene.to_states([State.HELD, State.APPROVED])
    await scene.set_clock(await scene.now() + timedelta(days=40))
    for key in (held, approved):
        refusal = await scene.cancel_by_buyer(key)
        assert refusal is not None
        assert refusal.reason is Reason.ORDER_IS_CANCELED
    assert await scene.acts(held) == ["place", "end_hold", "give_up_verifying"]
    assert await scene.acts(approved) == ["place", "approve", "release", "remind", "cancel_unconfirmed"]


async def test_an_order_released_after_the_moment_of_its_reminder_is_reminded_at_release(scene: Scene) -> None:
    await scene.database.run(lambda tx: change_policy(tx, MARKET, verification_limit=timedelta(days=29)))
    key = await scene.place()
    late = await scene.advance(timedelta(days=25))
    assert await scene.approve(key) is None
    assert [(event.act, event.happened_at) for event in (await scene.events(key))[2:]] == [
        ("approve", late),
        ("release", late),
        ("remind", late),
    ]


async def test_a_day_of_23_hours_that_ends_before_the_verification_limit_cancels_what_no_sweep_has_released(
    database: Database,
) -> None:
    """The tightest policy there may be, the night before New York's clocks skip an hour."""
    tightest = Policy(verification_limit=timedelta(hours=23, minutes=59), confirm_days=1, remind_days=1)
    start, confirm_by = _utc("2026-03-08T04:50:00"), _utc("2026-03-09T04:00:00")
    scene = await open_market(database, zone="America/New_York", policy=tightest, start=start)
    key = await scene.place(BEA, {LAMP: 1})
    await scene.approve(key)
    await scene.set_clock(confirm_by + timedelta(minutes=30))
    await scene.work()
    assert await scene.acts(key) == ["place", "approve", "release", "remind", "cancel_unconfirmed"]
    assert (await scene.order(key)).canceled_at == confirm_by
