"""How often a key may ask: a burst, and then as often as its rate says."""

from datetime import UTC, datetime

import pytest

from tests.http.conftest import Api
from tests.scene import BEA
from tradepost.access.keys import Key, Scope
from tradepost.doors.http import limits
from tradepost.doors.http.limits import Limits
from tradepost.refusals import Reason, Refused


def key(name: str) -> Key:
    return Key(name, Scope.BUYER, name, "", datetime(2026, 1, 1, tzinfo=UTC), None)


class Watch:
    """The machine's seconds, held in the hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """One request a second, and two at once."""
    watch = Watch()
    monkeypatch.setattr(limits, "machine_seconds", watch)
    monkeypatch.setitem(limits.LIMITS, Scope.BUYER, (1.0, 2.0))
    return watch


def refused(buckets: Limits, who: Key) -> bool:
    try:
        buckets.count(who)
    except Refused as no:
        return no.refusal.reason is Reason.TOO_MANY_REQUESTS
    return False


def test_after_the_burst_the_rate_holds(watch: Watch) -> None:
    buckets = Limits()
    assert [refused(buckets, key("a")) for _ in range(3)] == [False, False, True]
    watch.seconds += 1.0
    assert [refused(buckets, key("a")) for _ in range(2)] == [False, True]
    assert not refused(buckets, key("b"))


def test_who_is_refused_does_not_wait_longer_for_having_asked(watch: Watch) -> None:
    buckets = Limits()
    for _ in range(50):
        refused(buckets, key("a"))
    watch.seconds += 1.0
    assert not refused(buckets, key("a"))


def test_what_is_full_again_is_forgotten_and_what_is_not_stays(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 10)
    buckets = Limits()
    for number in range(10):
        refused(buckets, key(f"early {number}"))
    watch.seconds += 1.5
    for _ in range(3):
        refused(buckets, key("busy"))
    assert refused(buckets, key("busy"))
    assert len(buckets._full_at) < 10


async def test_who_knocks_at_the_wrong_door_is_counted_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, Scope.BUYER, (0.001, 2.0))
    answers = [await api.buyer(BEA, "GET", "/operator/clock") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
