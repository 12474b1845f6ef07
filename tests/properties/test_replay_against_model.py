"""Random histories, played by the replay and by an independent model of the rules: the same to the last row.

TRADEPOST_LONG=1 plays hundreds of them.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import TestServer
from tests.model import play as model_play
from tests.model.crowds import crowd
from tests.model.histories import ZONES, History, histories, random_history
from tests.model.marketplace_model import HOLD, VERIFICATION_LIMIT
from tests.model.play import Row
from tests.properties import standing
from tradepost.doors.replay import play as replay
from tradepost.doors.replay.history import read_history
from tradepost.ground.database import connect

LONG = bool(os.environ.get("TRADEPOST_LONG"))
SEEDS = range(1000, 1080) if LONG else range(7, 8)
SIZES = (40, 300, 300, 1500) if LONG else (300,)
PATIENCE = (timedelta(0), timedelta(days=3), timedelta(days=60))  # after the last row
START = datetime(2026, 3, 1, tzinfo=UTC)
WHATEVER_THE_SECOND = settings(
    deadline=None,
    max_examples=400 if LONG else 15,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zone", ZONES)
async def test_a_long_history_ends_as_the_model_says(server: TestServer, tmp_path: Path, zone: str, seed: int) -> None:
    size = SIZES[seed % len(SIZES)]
    rows = random_history(Random(f"{seed} {zone}"), size, zone)
    assert await _differences(server, tmp_path, History(zone, rows), PATIENCE[seed % 3]) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("size", "at_once"), [(60, 7), (300, 40), (800, 1000)])
async def test_where_every_unit_counts_it_is_sold_as_the_model_says(
    server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, at_once: int, seed: int
) -> None:
    """Hardly any stock: what a checkout finds hangs on all that was returned before it, to the second."""
    monkeypatch.setattr(replay, "ROWS_AT_ONCE", at_once)
    random = Random(f"{seed} {size}")
    zone = random.choice(ZONES)
    rows = scarce(random, random_history(random, size, zone))
    assert await _differences(server, tmp_path, History(zone, rows), PATIENCE[seed % 3]) == []


@pytest.mark.parametrize("seed", range(100 if LONG else 4))
async def test_the_last_units_at_the_second_of_every_boundary(server: TestServer, tmp_path: Path, seed: int) -> None:
    assert await _differences(server, tmp_path, History("UTC", boundaries_only(Random(seed))), timedelta(0)) == []


@pytest.mark.parametrize("seed", range(400) if LONG else (3, 28, 33, 43, 54, 81))
async def test_a_crowd_at_the_same_few_moments_is_served_as_the_model_says(
    server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Carts that share names, references and moments, in chunks of every size."""
    random = Random(seed)
    monkeypatch.setattr(replay, "ROWS_AT_ONCE", random.choice((1, 3, 10, 30, 1000)))
    zone, size = random.choice(ZONES), random.choice((30, 100, 300))
    rows = crowd(random, size, zone)
    assert await _differences(server, tmp_path, History(zone, rows), random.choice(PATIENCE)) == []


@WHATEVER_THE_SECOND
@given(history=histories(), few=st.none() | st.randoms(), patience=st.sampled_from(PATIENCE))
async def test_a_short_history_ends_as_the_model_says(
    server: TestServer,
    tmp_path_factory: pytest.TempPathFactory,
    history: History,
    few: Random | None,
    patience: timedelta,
) -> None:
    folder = tmp_path_factory.mktemp("history")
    if few:
        history = History(history.zone, scarce(few, history.rows))
    assert await _differences(server, folder, history, patience) == []


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_history_of_one_moment_keeps_the_order_of_its_rows(
    server: TestServer, tmp_path: Path, seed: int
) -> None:
    """Everything at one and the same second: whatever is played together must not change places."""
    rows = random_history(Random(seed), 200, "UTC")
    crowded = [row | {"at": rows[0]["at"]} for block in _acts(rows) for row in block]
    assert await _differences(server, tmp_path, History("UTC", crowded), timedelta(days=60)) == []


def scarce(random: Random, rows: Sequence[Row]) -> list[Row]:
    """The same history with a handful of units at most whenever a seller says how many there are."""
    few = {"list": (1, 1, 3, 6), "stock": (0, 1, 2, 3, 5)}
    return [row | {"quantity": str(random.choice(few[row["event"]]))} if row["event"] in few else row for row in rows]


def boundaries_only(random: Random, size: int = 150) -> list[Row]:
    """Many want the same two units, and everything happens a second before, at or after a boundary of somebody."""
    grid = {START + months * VERIFICATION_LIMIT + holds * HOLD for months in range(4) for holds in range(3)}
    moments = [moment + timedelta(seconds=second) for moment in grid for second in (-1, 0, 1) if moment > START]
    rows = [_row(START, "list", seller="ana", sku="CUP", quantity="2", price="5", detail="Cup")]
    orders = 0
    for at in sorted(random.choices(moments, k=size)):
        known = f"o{random.randrange(orders)}" if orders else "nobody's"
        if random.random() < 0.6:
            bought = {"seller": "ana", "buyer": "gil", "sku": "CUP", "quantity": "1", "price": "5"}
            rows.append(_row(at, "checkout", order=f"o{orders}", **bought))
            orders += 1
        else:
            event, detail = random.choice(
                [("buyer_cancel", ""), *(("verify", verdict) for verdict in ("approved", "declined", "deferred"))]
            )
            rows.append(_row(at, event, order=known, detail=detail))
    return rows


def _row(at: datetime, event: str, **cells: str) -> Row:
    return dict.fromkeys(model_play.COLUMNS, "") | {"at": at.isoformat(), "event": event} | cells


def _acts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows act by act, without those checkouts that could be told from the one before by their moment alone."""
    before: set[str] = set()
    for _, block in groupby(rows, key=lambda row: (row["at"], row["event"], row["detail"] or row["order"])):
        act = list(block)
        orders = {row["order"] for row in act} if act[0]["event"] == "checkout" else set()
        if not orders & before:
            yield act
            before = orders


async def _differences(server: TestServer, folder: Path, history: History, patience: timedelta) -> list[str]:
    model_play.write_history(history.rows, folder / "history.csv")
    rows = read_history(folder / "history.csv")
    until: datetime = rows[-1].at + patience
    right = model_play.play(history.rows, history.zone, until)
    url = await server.make()
    try:
        async with connect(url, connections=2) as database:
            played = await replay.play(database, rows, history.zone, until, lambda _: None)
            async with database.transaction() as tx:
                found = await standing.of_system(tx, {key: name for name, key in played.orders.items()})
    finally:
        await server.drop(url)
    refused = [(row.line, row.event, row.order) for row, _ in played.refused]
    return standing.differences(
        found | {"refused": refused}, standing.of_model(right.model) | {"refused": right.refused}
    )
