"""Notifications v1 on the terms of production."""

import pytest

from tests.scene import Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.operations import Market
from tradepost.access.usage import usage
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.ground.clock import machine_now

TEST = "/notifications/v1/subscriptions/ORDER_CHANGE/testNotification"


@pytest.fixture
def terms() -> Terms:
    return PRODUCTION


async def test_tests_are_for_sandboxes(selling: Selling, market: Market, scene: Scene) -> None:
    body = {"destinationId": market.destination_id, "testNotification": {"payloadVersion": "1.0"}}
    queued = await scene.rows("SELECT count(*) FROM notifications")
    answer = await (await selling.itself()).post(TEST, body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["details"]) == (403, "Unauthorized", "test_not_offered")
    assert await scene.rows("SELECT count(*) FROM notifications") == queued


async def test_an_application_itself_has_a_plan_of_its_own(
    selling: Selling, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it asks by itself is not counted as asked for its seller."""
    now = machine_now()
    monkeypatch.setattr(usage, "machine_now", lambda: now)  # nothing comes back meanwhile
    path = f"/notifications/v1/subscriptions/ORDER_CHANGE/{market.subscription_id}"
    itself = await selling.itself()
    answers = [await itself.get(path) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["x-amzn-ratelimit-limit"] == "1"
    assert (await selling.get(path)).status_code == 200
