"""Applications and their tokens: what is told once, what ends when, and what is forgotten."""

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.scene import PRO, SOLO, Scene
from tradepost.access import applications, records, tokens
from tradepost.access.applications import OLD_SECRET_LASTS, Registered
from tradepost.access.keys import LONGEST_GRACE, digest
from tradepost.access.tokens import Grant, Resource
from tradepost.access.usage import records as buckets
from tradepost.access.usage import usage
from tradepost.access.usage.usage import Plan
from tradepost.doors.worker.work import work
from tradepost.ground.clock import machine_now
from tradepost.notices.mailbox import Mailbox
from tradepost.refusals import Reason, Refused

SCOPE = "sellingpartnerapi::notifications"


async def registered(scene: Scene, name: str = "Order Tool") -> Registered:
    return await scene.database.run(lambda tx: applications.register(tx, name))


async def authorized(scene: Scene, made: Registered, seller: str = PRO) -> str:
    return await scene.database.run(lambda tx: applications.authorize(tx, made.client_id, seller))


async def refreshed(scene: Scene, made: Registered, refresh_token: str) -> str:
    return await scene.database.run(lambda tx: tokens.refresh(tx, *made, refresh_token))


async def grant(scene: Scene, token: str) -> Grant | None:
    async with scene.database.transaction() as tx:
        return (await tokens.of_texts(tx, [token]))[0]


async def test_a_refresh_token_becomes_access_tokens_for_its_seller_alone(scene: Scene) -> None:
    made = await registered(scene)
    of_pro, of_solo = await authorized(scene, made, PRO), await authorized(scene, made, SOLO)
    first, second = await refreshed(scene, made, of_pro), await refreshed(scene, made, of_solo)
    found = [await grant(scene, token) for token in (first, second)]
    assert [one and (one.client_id, one.seller_id, one.resources) for one in found] == [
        (made.client_id, PRO, None),
        (made.client_id, SOLO, None),
    ]
    assert found[0] is not None
    restricted = await scene.database.run(lambda tx: tokens.restrict(tx, found[0], [Resource("GET", "/x", ["y"])]))
    of_it = await grant(scene, restricted)
    assert of_it is not None
    assert (of_it.seller_id, of_it.resources) == (PRO, (Resource("GET", "/x", ["y"]),))
    itself = await grant(scene, await scene.database.run(lambda tx: tokens.of_itself(tx, *made, SCOPE)))
    assert itself is not None
    assert (itself.client_id, itself.seller_id, itself.scope) == (made.client_id, None, SCOPE)


async def test_the_database_cannot_tell_what_opens(scene: Scene) -> None:
    made = await registered(scene)
    refresh_token = await authorized(scene, made)
    token = await refreshed(scene, made, refresh_token)
    everything = str(await scene.dump())
    for secret in (made.client_secret, refresh_token, token):
        assert len(secret) > 60
        assert secret.rpartition("|")[2] not in everything
    assert made.client_secret not in repr(made)


async def test_an_authorization_that_ended_takes_its_tokens_with_it_for_ever(scene: Scene) -> None:
    made = await registered(scene)
    refresh_token = await authorized(scene, made)
    token = await refreshed(scene, made, refresh_token)
    of_solo = await refreshed(scene, made, await authorized(scene, made, SOLO))
    await scene.database.run(lambda tx: applications.end_authorization(tx, made.client_id, PRO))
    assert await grant(scene, token) is None
    await authorized(scene, made)
    assert await grant(scene, token) is None, "a new authorization brings nothing back"
    with pytest.raises(Refused) as refused:
        await refreshed(scene, made, refresh_token)
    assert refused.value.refusal.reason is Reason.GRANT_NOT_VALID
    assert await grant(scene, of_solo) is not None, "another seller's goes on"


async def test_an_authorization_that_is_given_again_ends_what_came_before(scene: Scene) -> None:
    made = await registered(scene)
    old = await authorized(scene, made)
    token = await refreshed(scene, made, old)
    new = await authorized(scene, made)
    assert await grant(scene, token) is None
    with pytest.raises(Refused):
        await refreshed(scene, made, old)
    assert await grant(scene, await refreshed(scene, made, new)) is not None
    async with scene.database.transaction() as tx:
        assert [one.client_id for one in await applications.authorizations(tx, PRO)] == [made.client_id]


async def test_a_token_that_is_made_while_its_authorization_ends_opens_nothing(scene: Scene) -> None:
    made = await registered(scene)
    refresh_token = await authorized(scene, made)
    async with scene.database.transaction() as tx:
        token = await tokens.refresh(tx, *made, refresh_token)
        await scene.database.run(lambda tx: applications.end_authorization(tx, made.client_id, PRO))
    assert await grant(scene, token) is None
    await authorized(scene, made)
    assert await grant(scene, token) is None


async def test_what_a_process_still_remembers_makes_no_token_that_outlives_the_authorization(scene: Scene) -> None:
    """For some seconds a process knows a token that has ended, and it may be shown there for a restricted one."""
    made = await registered(scene)
    remembered = await grant(scene, await refreshed(scene, made, await authorized(scene, made)))
    assert remembered is not None
    await authorized(scene, made)
    restricted = await scene.database.run(lambda tx: tokens.restrict(tx, remembered, [Resource("GET", "/x")]))
    assert await grant(scene, restricted) is None


async def test_the_secret_before_the_last_opens_for_a_week(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await registered(scene)
    refresh_token = await authorized(scene, first)
    second = await scene.database.run(lambda tx: applications.rotate_secret(tx, first.client_id))
    assert (first.client_id, first.client_secret != second.client_secret) == (second.client_id, True)
    for secret in (first, second):
        await refreshed(scene, secret, refresh_token)
    almost, later = machine_now() + OLD_SECRET_LASTS - timedelta(minutes=1), machine_now() + OLD_SECRET_LASTS
    monkeypatch.setattr(tokens, "machine_now", lambda: almost)
    await refreshed(scene, first, refresh_token)
    for module in (tokens, applications):
        monkeypatch.setattr(module, "machine_now", lambda: later)
    with pytest.raises(Refused):
        await refreshed(scene, first, refresh_token)
    third = await scene.database.run(lambda tx: applications.rotate_secret(tx, first.client_id))
    monkeypatch.undo()
    with pytest.raises(Refused):
        await refreshed(scene, first, refresh_token)
    for secret in (second, third):
        await refreshed(scene, secret, refresh_token)


async def test_a_second_rotation_waits_for_the_first_unless_it_is_to_end_all(scene: Scene) -> None:
    """The program that still runs on the first secret is not locked out by a slip."""
    first = await registered(scene)
    refresh_token = await authorized(scene, first)

    async def rotated(grace: timedelta) -> Registered:
        return await scene.database.run(lambda tx: applications.rotate_secret(tx, first.client_id, grace))

    for impossible in (timedelta(seconds=-1), LONGEST_GRACE + timedelta(seconds=1)):
        with pytest.raises(Refused, match="grace_seconds"):
            await rotated(impossible)
    second = await rotated(timedelta(hours=1))
    with pytest.raises(Refused, match=r"opens until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
        await rotated(timedelta(hours=1))
    for secret in (first, second):
        await refreshed(scene, secret, refresh_token)
    third = await rotated(timedelta(0))
    for secret in (first, second):
        with pytest.raises(Refused):
            await refreshed(scene, secret, refresh_token)
    await refreshed(scene, third, refresh_token)
    fourth = await rotated(timedelta(hours=1))
    for secret in (third, fourth):
        await refreshed(scene, secret, refresh_token)


async def test_of_two_rotations_at_once_one_is_refused(scene: Scene) -> None:
    first = await registered(scene)
    rotations = (scene.database.run(lambda tx: applications.rotate_secret(tx, first.client_id)) for _ in range(2))
    outcomes = await asyncio.gather(*rotations, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Refused, Registered}


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE applications SET old_secret = secret",
        "UPDATE applications SET old_secret_until = made_at",
        "UPDATE authorizations SET client_id = 'nobody'",
        "UPDATE access_tokens SET client_id = 'nobody'",
        "UPDATE access_tokens SET refresh_token = NULL",
        "UPDATE access_tokens SET scope = 'orders'",
        "DELETE FROM applications",
    ],
)
async def test_the_database_keeps_what_belongs_together(scene: Scene, broken: str) -> None:
    made = await registered(scene)
    await refreshed(scene, made, await authorized(scene, made))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with scene.database.transaction() as tx:
            await tx.execute(broken)


async def test_what_cannot_be_is_refused_by_name(scene: Scene) -> None:
    made = await registered(scene)
    attempts = [
        (lambda tx: applications.register(tx, " "), Reason.INVALID_VALUE),
        (lambda tx: applications.register(tx, "x" * 101), Reason.INVALID_VALUE),
        (lambda tx: applications.register(tx, "x\0"), Reason.INVALID_VALUE),
        (lambda tx: applications.rotate_secret(tx, "nobody"), Reason.APPLICATION_NOT_FOUND),
        (lambda tx: applications.rotate_secret(tx, "\0"), Reason.APPLICATION_NOT_FOUND),
        (lambda tx: applications.authorize(tx, "nobody", PRO), Reason.APPLICATION_NOT_FOUND),
        (lambda tx: applications.authorize(tx, "\ud800", PRO), Reason.APPLICATION_NOT_FOUND),
        (lambda tx: applications.authorize(tx, made.client_id, "nobody"), Reason.SELLER_NOT_FOUND),
        (lambda tx: applications.authorize(tx, made.client_id, "\0"), Reason.SELLER_NOT_FOUND),
        (lambda tx: applications.end_authorization(tx, made.client_id, PRO), Reason.APPLICATION_NOT_FOUND),
        (lambda tx: applications.end_authorization(tx, "\0", "\0"), Reason.APPLICATION_NOT_FOUND),
    ]
    before = await scene.dump()
    for attempt, reason in attempts:
        with pytest.raises(Refused) as refused:
            await scene.database.run(attempt)
        assert refused.value.refusal.reason is reason
    assert await scene.dump() == before
    async with scene.database.transaction() as tx:
        assert await applications.authorizations(tx, "\0") == await applications.applications(tx, "\0") == []


async def test_tokens_that_ended_long_ago_and_idle_plans_are_forgotten(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a worker, some at a time; what may still be needed stays."""
    now = machine_now()
    monkeypatch.setattr(tokens, "FORGOTTEN_AT_ONCE", 2)
    monkeypatch.setattr(usage, "FORGOTTEN_AT_ONCE", 2)
    async with scene.database.transaction() as tx:
        made = await applications.register(tx, "Order Tool")
        for number, hours in enumerate((-49, -48, -26, -25, -25, -23, -1, 1)):
            ends_at = now + timedelta(hours=hours)
            await records.put_token(tx, digest(str(number)), made.client_id, None, SCOPE, None, ends_at)
            await buckets.take(tx, "client", PRO, str(hours + number), 1.0, 10, ends_at)
    stop = asyncio.Event()
    worker = asyncio.create_task(work(scene.database, [], Mailbox(tmp_path), stop))
    while len(await scene.rows("SELECT FROM access_tokens")) + len(await scene.rows("SELECT FROM usage_plans")) > 6:
        assert not worker.done()
        await asyncio.sleep(0.02)
    stop.set()
    await worker
    kept = [row[0] for row in await scene.rows("SELECT ends_at FROM access_tokens ORDER BY 1")]
    assert kept == [now + timedelta(hours=hours) for hours in (-23, -1, 1)]
    assert [row[0] for row in await scene.rows("SELECT at FROM usage_plans ORDER BY 1")] == kept


async def test_a_bucket_is_filled_up_once_for_all_clocks(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One machine's clock is two seconds behind the other's."""
    start, plan = machine_now(), Plan(1, 5)

    async def taken(at: timedelta, wanted: int) -> int:
        monkeypatch.setattr(usage, "machine_now", lambda: start + at)
        async with scene.database.transaction() as tx:
            for done in range(wanted):
                try:
                    await usage.count(tx, "client", PRO, "getOrders", plan)
                except Refused:
                    return done
        return wanted

    assert await taken(timedelta(0), 9) == 5
    assert await taken(timedelta(seconds=2), 1) == 1
    assert await taken(timedelta(0), 9) == 1
    assert await taken(timedelta(seconds=2), 9) == 0, "those two seconds were given already"
    assert await taken(timedelta(days=9), 99) == 5, "it holds no more than a burst"
