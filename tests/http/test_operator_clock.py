"""The operator's clock: simulated ones move forward, with all that happens on the way."""

from datetime import timedelta

from tests.http.conftest import Api
from tests.scene import START, Scene
from tradepost.access.keys import Scope
from tradepost.ground.clock import system_clock
from tradepost.lifecycle import State


async def test_the_clock_is_seen_and_moved_with_all_that_happens(api: Api, scene: Scene) -> None:
    key = await scene.pay_with("fail-once")
    seen = (await api.operator("GET", "/operator/clock")).json()
    assert seen == {
        "now": "2026-03-02T10:00:00Z", "simulated": True, "ticking": False, "next_at": "2026-03-02T10:00:00Z",
    }  # fmt: skip
    moved = await api.operator("POST", "/operator/clock/advance", {"by": "P31D"})
    assert (moved.status_code, moved.json()["now"]) == (200, "2026-04-02T10:00:00Z"), moved.text
    assert await scene.acts(key) == ["place", "fail_payment", "approve", "release", "remind", "cancel_unconfirmed"]
    assert await scene.state(key) is State.CANCELED
    assert moved.json()["next_at"] is None


async def test_the_clock_goes_to_the_next_thing_that_happens(api: Api, scene: Scene) -> None:
    key = await scene.pay_with("approve")
    for now, state in (("10:00:00", State.APPROVED), ("10:30:00", State.UNSHIPPED)):
        moved = await api.operator("POST", "/operator/clock/next")
        assert (moved.status_code, moved.json()["now"]) == (200, f"2026-03-02T{now}Z")
        assert await scene.state(key) is state


async def test_where_nothing_waits_the_clock_stays(api: Api) -> None:
    moved = await api.operator("POST", "/operator/clock/next")
    assert moved.json() == {"now": "2026-03-02T10:00:00Z", "simulated": True, "ticking": False, "next_at": None}


async def test_the_clock_moves_to_a_moment_in_any_zone(api: Api, scene: Scene) -> None:
    moved = await api.operator("POST", "/operator/clock/advance", {"to": "2026-03-02T13:00:00+02:00"})
    assert moved.json()["now"] == "2026-03-02T11:00:00Z"
    assert await scene.now() == START + timedelta(hours=1)


async def test_the_clock_moves_once_under_one_idempotency_key(api: Api, scene: Scene) -> None:
    for _ in range(2):
        moved = await api.operator("POST", "/operator/clock/advance", {"by": "PT1H"}, once="on")
        assert moved.json()["now"] == "2026-03-02T11:00:00Z"
    assert await scene.now() == START + timedelta(hours=1)


async def test_the_real_clock_is_seen_and_not_moved(api: Api, scene: Scene) -> None:
    async with scene.database.transaction(alone=True) as tx:
        await tx.move_clock(system_clock())
    assert (await api.operator("GET", "/operator/clock")).json()["simulated"] is False
    for way, body in (("advance", {"by": "PT1H"}), ("next", None)):
        answer = await api.operator("POST", f"/operator/clock/{way}", body)
        assert (answer.status_code, answer.json()["reason"]) == (409, "clock_is_real")


BAD: list[tuple[str, int, str]] = [
    ("{}", 422, "either"),
    ('{"to": "2026-03-03T10:00:00Z", "by": "PT1H"}', 422, "either"),
    ('{"to": "2026-03-02T09:00:00Z"}', 409, "time_only_moves_forward"),
    ('{"by": "-PT1H"}', 409, "time_only_moves_forward"),
    ('{"to": "2026-03-03T10:00:00"}', 422, "to is not valid: it needs a zone"),
    ('{"to": "tomorrow"}', 422, "to is not valid"),
    ('{"to": "9999-12-31T23:59:59-12:00"}', 422, "to is not valid"),
    ('{"to": "9999-12-31T23:59:59Z"}', 422, "until 9000-01-01"),
    ('{"by": "P9999999D"}', 422, "by is not valid"),
    ('{"by": "P99999999999999999999D"}', 422, "by is not valid"),
    ('{"by": "soon"}', 422, "by is not valid"),
    ('{"by": 1e400}', 422, "by is not valid"),
    ("", 422, "body is not valid"),
    ("[", 422, "body is not valid"),
    ("{", 400, "not_json"),
]


async def test_a_leap_that_cannot_be_gets_a_sentence(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    for body, status, told in BAD:
        answer = await api.operator("POST", "/operator/clock/advance", content=body.encode())
        assert (answer.status_code, told in answer.text) == (status, True), (body, answer.text)
    assert await scene.dump() == before
