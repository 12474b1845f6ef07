"""The policy of a marketplace and its versions: an order keeps the one that it was placed under."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.scene import BEA, LAMP, MARKET, PRO, START, Scene
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.people.accounts import change_policy
from tradepost.policy import InvalidPolicy, Policy, from_document, to_document
from tradepost.process.checkout.checkout import Cart, CartLine, place_orders


async def _change(scene: Scene, **changes: object) -> Policy:
    return await scene.database.run(lambda tx: change_policy(tx, MARKET, **changes))


async def test_an_order_keeps_the_hold_that_it_was_placed_under(scene: Scene) -> None:
    before = await scene.pay_with("approve")
    await _change(scene, hold=timedelta(minutes=10))
    after = await scene.pay_with("approve")
    await scene.advance(timedelta(minutes=10))
    assert (await scene.state(before), await scene.state(after)) == (State.APPROVED, State.UNSHIPPED)
    await scene.advance(timedelta(minutes=20))
    assert await scene.state(before) is State.UNSHIPPED
    assert ((await scene.order(before)).policy_version, (await scene.order(after)).policy_version) == (1, 2)


async def test_an_order_keeps_its_30_days_and_its_reminder(scene: Scene) -> None:
    before = await scene.pay_with("approve")
    await _change(scene, confirm_days=25, remind_days=2)
    after = await scene.pay_with("approve")
    await scene.advance(timedelta(days=26))
    assert (await scene.state(before), await scene.state(after)) == (State.UNSHIPPED, State.CANCELED)
    assert [event.happened_at.day for event in await scene.events(after)][-2:] == [26, 28]


async def test_an_order_keeps_its_retries_and_its_verification_limit(scene: Scene) -> None:
    before = await scene.pay_with("fail-always")
    await _change(scene, payment_retries=(timedelta(minutes=20),), verification_limit=timedelta(hours=1))
    after = await scene.pay_with("fail-always")
    await scene.advance(timedelta(hours=2))
    assert await scene.acts(after) == [
        "place", "fail_payment", "fail_payment", "end_hold", "fail_payment", "give_up_verifying",
    ]  # fmt: skip
    assert await scene.state(before) is State.VERIFYING


async def test_a_change_keeps_what_it_does_not_name(scene: Scene) -> None:
    await _change(scene, hold=timedelta(minutes=10))
    changed = await _change(scene, unverified_units=7)
    assert changed == Policy(hold=timedelta(minutes=10), unverified_units=7)


async def test_a_policy_that_contradicts_itself_is_refused_and_the_old_one_stays(scene: Scene) -> None:
    before = await scene.dump()
    with pytest.raises(InvalidPolicy):
        await _change(scene, hold=timedelta(days=22))
    assert await scene.dump() == before
    key = await scene.place(BEA, {LAMP: 1})
    assert (await scene.order(key)).policy_version == 1


async def test_a_policy_changed_twice_leaves_the_orders_of_each_version_theirs(scene: Scene) -> None:
    first = await scene.place()
    await _change(scene, hold=timedelta(minutes=1))
    second = await scene.place()
    await _change(scene, hold=timedelta(minutes=2))
    third = await scene.place()
    await scene.advance(timedelta(seconds=90))
    assert [await scene.state(key) for key in (first, second, third)] == [State.HELD, State.VERIFYING, State.HELD]


async def test_two_who_change_the_policy_at_once_come_one_after_the_other_and_both_count(scene: Scene) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(120), scene.database.transaction() as tx:
        await change_policy(tx, MARKET, hold=timedelta(minutes=10))
        other = asyncio.create_task(_change(scene, unverified_units=7))
        while not await scene.database.pool.fetchval(waiting):
            assert not other.done(), await other
    assert await other == Policy(hold=timedelta(minutes=10), unverified_units=7)
    assert (await scene.order(await scene.place())).policy_version == 3


async def test_a_policy_that_was_taken_back_is_not_remembered(scene: Scene) -> None:
    """Its version may be given to another one."""

    async def change_and_fail(tx: Transaction) -> None:
        await change_policy(tx, MARKET, hold=timedelta(minutes=10))
        await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 1),))])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await scene.database.run(change_and_fail)
    await _change(scene, hold=timedelta(minutes=20))
    key = await scene.place()
    assert (await scene.order(key)).wakes_at == START + timedelta(minutes=20)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold": timedelta(seconds=-1)},
        {"hold": timedelta(days=21)},
        {"verification_limit": timedelta(days=30)},
        {"confirm_days": 21},
        {"confirm_days": 366},
        {"remind_days": -1},
        {"remind_days": 31},
        {"unverified_units": 0},
        {"payment_retries": ()},
        {"payment_retries": (timedelta(seconds=59),)},
        {"payment_retries": (timedelta.max,)},
        {"zone": "Middle-earth/Shire"},
    ],
    ids=str,
)
def test_numbers_that_contradict_each_other_make_no_policy(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Policy(**wrong)


def test_the_defaults_are_the_numbers_of_the_process() -> None:
    """A9, A13, A49, A52."""
    policy = Policy()
    assert (policy.hold, policy.verification_limit) == (timedelta(minutes=30), timedelta(days=21))
    assert (policy.confirm_days, policy.remind_days) == (30, 7)
    assert policy.unverified_units is None


def test_a_policy_survives_being_written_down() -> None:
    policy = Policy(
        zone="Asia/Shanghai",
        hold=timedelta(seconds=90),
        unverified_units=3,
        holidays=frozenset({date(2026, 2, 17), date(2026, 10, 1)}),
    )
    assert from_document(to_document(policy)) == policy
    assert from_document({}) == Policy()


@pytest.mark.parametrize(
    "document",
    [
        {"no_such_field": 1},
        {"hold": "half an hour"},
        {"hold": 10**30},
        {"confirm_days": "30"},
        {"payment_retries": 5},
        {"payment_retries": ["soon"]},
        {"holidays": ["Christmas"]},
        {"holidays": [20261225]},
        {"zone": "Middle-earth/Shire"},
        {"zone": 8},
    ],
    ids=str,
)
def test_a_document_that_is_no_policy_says_so(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidPolicy, match=r"\.$"):
        from_document(document)
