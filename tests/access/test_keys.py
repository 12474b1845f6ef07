"""Keys: made once, kept as a digest, rotated, ended, and found again by every process."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.scene import BEA, PRO, Scene
from tradepost.access import keys as access_keys
from tradepost.access import ring
from tradepost.access.keys import Made, NewKey, Scope, end, find, make_keys, of_texts, rotate
from tradepost.access.ring import KeyRing
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.refusals import Reason, Refusal, Refused


async def make(scene: Scene, *wanted: NewKey) -> list[Made | Refusal]:
    async with scene.database.transaction() as tx:
        return await make_keys(tx, wanted)


async def made(scene: Scene, new: NewKey) -> Made:
    (one,) = await make(scene, new)
    assert isinstance(one, Made), one
    return one


async def test_a_key_opens_as_whom_it_was_made_for(scene: Scene) -> None:
    buyer = await made(scene, NewKey(Scope.BUYER, BEA, "Bea's phone"))
    operator = await made(scene, NewKey(Scope.OPERATOR))
    keys = KeyRing(scene.database, of_texts)
    assert await keys.key(buyer.text) == buyer.key
    assert await keys.key(operator.text) == operator.key
    assert await keys.key("tp_buyer_nobody") is None
    assert await keys.key("x" * 10_000) is None


async def test_the_database_cannot_tell_a_key(scene: Scene) -> None:
    one = await made(scene, NewKey(Scope.OPERATOR))
    secret = one.text.removeprefix("tp_operator_")
    async with scene.database.transaction() as tx:
        rows = await tx.fetch("SELECT k::text FROM access_keys k")
    assert secret not in str(rows)
    assert secret not in repr(one)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (NewKey(Scope.BUYER, "nobody"), Reason.BUYER_NOT_FOUND),
        (NewKey(Scope.SELLER, "nobody"), Reason.SELLER_NOT_FOUND),
        (NewKey(Scope.SELLER, "a\0"), Reason.INVALID_VALUE),
        (NewKey(Scope.SELLER), Reason.INVALID_VALUE),
        (NewKey(Scope.OPERATOR, PRO), Reason.INVALID_VALUE),
        (NewKey(Scope.OPERATOR, None, "x" * 101), Reason.INVALID_VALUE),
        (NewKey(Scope.OPERATOR, ends_at=machine_now()), Reason.INVALID_VALUE),
    ],
)
async def test_keys_that_cannot_be(scene: Scene, new: NewKey, reason: Reason) -> None:
    good, bad = await make(scene, NewKey(Scope.OPERATOR), new)
    assert isinstance(good, Made)
    assert isinstance(bad, Refusal)
    assert bad.reason is reason


async def test_a_rotated_key_goes_on_for_its_grace(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    old = await made(scene, NewKey(Scope.SELLER, PRO))
    async with scene.database.transaction() as tx:
        new = await rotate(tx, old.key.key_id, timedelta(hours=1))
    assert (new.key.scope, new.key.subject) == (Scope.SELLER, PRO)
    keys = KeyRing(scene.database, of_texts)
    assert await keys.key(new.text) == new.key
    assert (await keys.key(old.text)) is not None
    later = machine_now() + timedelta(hours=2)
    monkeypatch.setattr("tradepost.access.keys.machine_now", lambda: later)
    assert await KeyRing(scene.database, of_texts).key(old.text) is None
    assert await KeyRing(scene.database, of_texts).key(new.text) == new.key


async def test_a_grace_that_is_none(scene: Scene) -> None:
    old = await made(scene, NewKey(Scope.OPERATOR))
    for grace in (timedelta(seconds=-1), timedelta(days=31)):
        async with scene.database.transaction() as tx:
            with pytest.raises(Refused):
                await rotate(tx, old.key.key_id, grace)


async def test_a_key_that_ended_opens_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await made(scene, NewKey(Scope.OPERATOR))
    keys = KeyRing(scene.database, of_texts)
    assert await keys.key(one.text) == one.key
    async with scene.database.transaction() as tx:
        await end(tx, one.key.key_id)
        assert (await find(tx, one.key.key_id)).ends_at is not None
    assert await KeyRing(scene.database, of_texts).key(one.text) is None, "a process that did not know it"
    later = ring.machine_seconds() + ring.CACHE_SECONDS + 1
    monkeypatch.setattr(ring, "machine_seconds", lambda: later)
    assert await keys.key(one.text) is None, "a process that did, once its cache is old"


async def test_a_key_that_ends_soon_is_not_known_for_longer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    now, seconds = machine_now(), ring.machine_seconds()
    for reading in (access_keys, ring):
        monkeypatch.setattr(reading, "machine_now", lambda: now)
    monkeypatch.setattr(ring, "machine_seconds", lambda: seconds)
    one = await made(scene, NewKey(Scope.OPERATOR, ends_at=now + timedelta(seconds=2)))
    keys = KeyRing(scene.database, of_texts)
    assert await keys.key(one.text) == one.key
    assert ring.CACHE_SECONDS > 3
    now += timedelta(seconds=3)
    seconds += 3
    assert await keys.key(one.text) is None


async def test_keys_that_are_shown_often_are_looked_up_together(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = ring.machine_seconds()
    monkeypatch.setattr(ring, "machine_seconds", lambda: seconds)
    looked_up: list[set[str]] = []

    async def noticed(tx: Transaction, texts: Sequence[str]) -> list[access_keys.Key | None]:
        looked_up.append(set(texts))
        return await of_texts(tx, texts)

    often, again, rare, late = (
        one.text for one in await make(scene, *[NewKey(Scope.OPERATOR)] * 4) if isinstance(one, Made)
    )
    keys = KeyRing(scene.database, noticed)
    for text in (often, again, rare):
        await keys.key(text)
    seconds += ring.CACHE_SECONDS * 0.6
    for text in (often, again):
        await keys.key(text)
    assert looked_up == [{often}, {again}, {rare}]
    await keys.key(late)
    assert looked_up[3:] == [{late, often, again}], "with one that had to be"
    seconds += ring.CACHE_SECONDS * 0.9
    for text in (often, again, late):
        assert await keys.key(text) is not None
    assert len(looked_up) == 4
    await keys.key(rare)
    assert looked_up[4] == {rare, often, again, late}, "nobody showed it, and so it was forgotten until now"


async def test_a_key_that_ended_is_known_no_longer_for_being_shown_often(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = ring.machine_seconds()
    monkeypatch.setattr(ring, "machine_seconds", lambda: seconds)
    one, other = (one for one in await make(scene, *[NewKey(Scope.OPERATOR)] * 2) if isinstance(one, Made))
    keys = KeyRing(scene.database, of_texts)
    await keys.key(one.text)
    await keys.key(one.text)
    async with scene.database.transaction() as tx:
        await end(tx, one.key.key_id)
    seconds += ring.CACHE_SECONDS * 0.6
    assert await keys.key(one.text) == one.key
    assert await keys.key(other.text) == other.key
    assert await keys.key(one.text) is None, "it was looked up with the other"


async def test_no_rotation_lets_a_key_or_the_next_one_live_longer_than_it_was_made_for(scene: Scene) -> None:
    until = machine_now() + timedelta(hours=1)
    old = await made(scene, NewKey(Scope.SELLER, PRO, ends_at=until))
    async with scene.database.transaction() as tx:
        new = await rotate(tx, old.key.key_id, timedelta(days=1))
        assert new.key.ends_at == (await find(tx, old.key.key_id)).ends_at == until


async def test_a_process_forgets_keys_before_it_knows_too_many(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MOST_KNOWN", 3)
    keys = KeyRing(scene.database, of_texts)
    made_keys = await make(scene, *[NewKey(Scope.OPERATOR)] * 7)
    for one in made_keys:
        assert isinstance(one, Made)
        assert await keys.key(one.text) == one.key
        assert len(keys._known) <= 3


async def test_a_key_that_there_is_not(scene: Scene) -> None:
    for name in ("key_nobody", "a\0b"):
        async with scene.database.transaction() as tx:
            with pytest.raises(Refused) as refused:
                await find(tx, name)
        assert refused.value.refusal.reason is Reason.KEY_NOT_FOUND


async def test_a_key_is_rotated_once_and_only_while_it_lives(scene: Scene) -> None:
    planned = machine_now() + timedelta(days=300)
    old = await made(scene, NewKey(Scope.OPERATOR, ends_at=planned))
    async with scene.database.transaction() as tx:
        new = await rotate(tx, old.key.key_id, timedelta(hours=1))
    assert new.key.ends_at == planned, "the new key ends when the old one was to"
    ended = await made(scene, NewKey(Scope.OPERATOR))
    async with scene.database.transaction() as tx:
        await end(tx, ended.key.key_id)
    for key in (old, ended):
        async with scene.database.transaction() as tx:
            with pytest.raises(Refused) as refused:
                await rotate(tx, key.key.key_id, timedelta(hours=1))
        assert refused.value.refusal.reason is Reason.KEY_HAS_ENDED
