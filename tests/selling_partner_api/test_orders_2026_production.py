"""Orders 2026-01-01 on the terms of production: usage plans that are narrow, and windows that settle."""

from datetime import timedelta

import pytest

from tests.scene import Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.orders_2026 import EVER, ORDERS, search, z
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms

MINUTE = timedelta(minutes=1)


@pytest.fixture
def terms() -> Terms:
    return PRODUCTION


async def test_the_last_two_minutes_have_to_settle(scene: Scene, selling: Selling) -> None:
    placed_at = await scene.now()
    await scene.place()
    assert (await search(selling))["orders"] == []
    await scene.advance(2 * MINUTE)
    found = await search(selling)
    assert len(found["orders"]) == 1
    assert found["createdBefore"] == z(placed_at)


async def test_a_window_may_not_end_within_the_last_two_minutes(scene: Scene, selling: Selling) -> None:
    now = await scene.now()
    answer = await selling.get(ORDERS, createdAfter=EVER, createdBefore=(now - MINUTE).isoformat())
    assert answer.status_code == 400
    assert "at least 120 seconds back" in answer.json()["errors"][0]["message"]
    await search(selling, createdBefore=(now - 2 * MINUTE).isoformat())


async def test_a_window_that_begins_within_the_last_two_minutes_is_empty(scene: Scene, selling: Selling) -> None:
    await scene.advance(MINUTE)
    await scene.place()
    after = z(await scene.now() - MINUTE)
    answer = await selling.get(ORDERS, lastUpdatedAfter=after)
    assert answer.json() == {"orders": [], "lastUpdatedBefore": after}


async def test_usage_plans(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    for _ in range(20):
        assert (await selling.get(ORDERS, createdAfter=EVER)).headers["x-amzn-ratelimit-limit"] == "0.0056"
    answer = await selling.get(ORDERS, createdAfter=EVER)
    assert answer.status_code == 429
    assert answer.json()["errors"][0]["code"] == "QuotaExceeded"
    one = await selling.get(f"{ORDERS}/{key.order_id}")  # has a plan of its own
    assert (one.status_code, one.headers["x-amzn-ratelimit-limit"]) == (200, "0.5")
    canceled = await selling.put(f"{ORDERS}/{key.order_id}/cancellation", {"cancelReasonCode": "NO_INVENTORY"})
    assert canceled.headers["x-amzn-ratelimit-limit"] == "1"


@pytest.mark.parametrize(("method", "rest", "burst"), [("GET", "", 30), ("PUT", "/cancellation", 5)])
async def test_too_many_calls_about_one_order(selling: Selling, method: str, rest: str, burst: int) -> None:
    path = f"{ORDERS}/123-1234567-1234567{rest}"
    allowed = 0
    while allowed < 100 and (await selling.ask(method, path)).status_code != 429:
        allowed += 1
    assert burst <= allowed < 100
