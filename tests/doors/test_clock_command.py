"""`tradepost clock`: seeing and moving the business clock."""

from datetime import timedelta

import pytest

from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import BEA, LAMP, Scene, open_market
from tradepost.doors.cli.moments import duration, in_words
from tradepost.ground.database import Database
from tradepost.lifecycle import State


async def test_show_tells_the_time_and_what_comes_next(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.place()
    await scene.approve(key)
    done = await tradepost("clock", "show", "--database", database_url)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "2026-03-02 10:00:00 UTC, simulated, and standing still until it is moved.",
        "Next: 2026-03-02 10:30:00 UTC, in 30 min.",
        f"  {key.order_id}  acme: the order is released to the seller",
    ]


async def test_show_names_the_gateway_that_is_asked(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    await scene.pay_with("fail-once")
    await scene.work()
    done = await tradepost("clock", "show", "--database", database_url)
    assert "Next: 2026-03-02 10:05:00 UTC, in 5 min." in done.out
    assert "the payment gateway is asked" in done.out


async def test_show_tells_what_is_overdue(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    await scene.place()
    await scene.set_clock(await scene.now() + timedelta(hours=1))
    done = await tradepost("clock", "show", "--database", database_url)
    assert "Next: 2026-03-02 10:30:00 UTC, due since 30 min." in done.out


async def test_times_are_shown_in_the_zone_of_the_marketplace(
    database: Database, database_url: str, tradepost: CommandLine
) -> None:
    await open_market(database, zone="Asia/Shanghai")
    done = await tradepost("clock", "show", "--database", database_url)
    assert done.out.startswith("2026-03-02 18:00:00 Asia/Shanghai, simulated")
    done = await tradepost("clock", "advance", "2026-03-02T18:30", "--database", database_url)
    assert done.out.startswith("It is 2026-03-02 18:30:00 Asia/Shanghai.")


async def test_advance_tells_what_happened(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    await scene.pay_with("approve")
    done = await tradepost("clock", "advance", "40d", "--database", database_url)
    assert done.code == 0
    assert [line.split(": ")[-1] for line in done.out.splitlines()[1:-1]] == [
        "the payment was approved (Pending)",
        "the order was released to the seller (Unshipped)",
        "the seller was reminded to confirm (Unshipped)",
        "what was not confirmed in time was canceled (Canceled)",
    ]
    assert done.out.startswith("It is 2026-04-11 10:00:00 UTC. 4 things happened:")
    assert done.out.endswith("Nothing else waits for the clock.\n")


async def test_next_goes_from_moment_to_moment(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.place()
    for state, moment in ((State.VERIFYING, "2026-03-02 10:30:00"), (State.CANCELED, "2026-03-23 10:00:00")):
        done = await tradepost("clock", "next", "--database", database_url)
        assert done.code == 0
        assert done.out.startswith(f"It is {moment} UTC. One thing happened:")
        assert await scene.state(key) is state
    done = await tradepost("clock", "next", "--database", database_url)
    assert (done.code, done.out) == (1, "Nothing waits for the clock.\n")


async def test_next_does_what_is_overdue_without_moving(
    scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    key = await scene.place()
    later = await scene.now() + timedelta(hours=1)
    await scene.set_clock(later)
    done = await tradepost("clock", "next", "--database", database_url)
    assert "2026-03-02 10:30:00" in done.out.splitlines()[1]
    assert done.out.startswith("It is 2026-03-02 11:00:00 UTC. One thing happened:")
    assert (await scene.state(key), await scene.now()) == (State.VERIFYING, later)


async def test_advance_tells_what_was_overdue(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    """What happened before the leap is not told, though it was due later than what happens now."""
    key = await scene.place()
    await scene.set_clock(await scene.now() + timedelta(hours=1))
    await scene.place()
    done = await tradepost("clock", "advance", "0s", "--database", database_url)
    assert done.out.startswith(
        "It is 2026-03-02 11:00:00 UTC. One thing happened:\n  2026-03-02 10:30:00  " + key.order_id
    )


@pytest.mark.parametrize(
    ("time", "code", "problem"),
    [
        ("2026-03-02T09:59:59Z", 1, "time only moves forward"),
        ("yesterday", 2, "'yesterday' is no time"),
        ("30", 2, "Nor is it a duration such as 30m"),
        ("P", 2, "'P' is no time"),
        ("999999999d", 2, "The calendar ends before that."),
    ],
)
async def test_the_clock_is_not_moved_to_just_anywhere(
    time: str, code: int, problem: str, scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    before = await scene.now()
    done = await tradepost("clock", "advance", time, "--database", database_url)
    assert done.code == code
    assert problem in one_sentence(done)
    assert await scene.now() == before


async def test_the_real_clock_is_not_moved(database_url: str, tradepost: CommandLine) -> None:
    done = await tradepost("clock", "advance", "1d", "--database", database_url)
    assert done.code == 1
    assert "runs on the real clock" in one_sentence(done)
    assert "real time" in (await tradepost("clock", "show", "--database", database_url)).out


async def test_simulate_is_for_marketplaces_without_orders(
    database: Database, database_url: str, tradepost: CommandLine
) -> None:
    done = await tradepost("clock", "simulate", "2026-03-02T10:00:00Z", "--ticking", "--database", database_url)
    assert done.out == "The clock is simulated and shows 2026-03-02 10:00:00 UTC.\n"
    assert "simulated, and ticking on" in (await tradepost("clock", "show", "--database", database_url)).out
    scene = await open_market(database)
    await scene.check_out(BEA, {LAMP: 1})
    done = await tradepost("clock", "simulate", "--database", database_url)
    assert done.code == 1
    assert "only before the first order" in one_sentence(done)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h30m", timedelta(hours=2, minutes=30)),
        ("21d", timedelta(days=21)),
        ("2w", timedelta(weeks=2)),
        ("1d12h5m9s", timedelta(days=1, hours=12, minutes=5, seconds=9)),
        ("P21D", timedelta(days=21)),
        ("PT30M", timedelta(minutes=30)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("p2w", timedelta(weeks=2)),
        ("", None), ("30", None), ("m", None), ("P", None), ("PT", None), ("P1M", None), ("1.5h", None), ("-1d", None),
        ("1d ", None), ("2026-03-01", None), ("٣d", None),
    ],
)  # fmt: skip
def test_durations(text: str, span: timedelta | None) -> None:
    assert duration(text) == span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (1800, "30 min"), (9000, "2 h 30 min"), (86400, "1 day"), (1814400, "21 days"),
     (90061, "1 day 1 h")],
)  # fmt: skip
def test_spans_in_words(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
