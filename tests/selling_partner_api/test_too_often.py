"""Whoever calls an operation more often than its plan in production allows is told to wait, in every operation."""

from datetime import timedelta

import pytest

from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.operations import Market, ask, caller_of, operations
from tradepost.access.usage import usage
from tradepost.doors.selling_partner_api.terms import Terms
from tradepost.ground.clock import machine_now

SHORTEST_BURST = 5  # no plan of the models has a shorter one


@pytest.fixture
def terms() -> Terms:
    """Production's plans; nobody has to ask for a restricted token, which would be refused before it is counted."""
    return Terms(generous_plans=False, settling=timedelta(0), restricted=False)


async def test_the_burst_of_every_plan_is_exact(
    selling: Selling, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, now = await caller_of(selling), machine_now()
    monkeypatch.setattr(usage, "machine_now", lambda: now)  # nothing comes back meanwhile
    for called in operations():
        assert called.plan.burst >= SHORTEST_BURST, called
        for number in range(called.plan.burst + 1):
            answer = await ask(caller, called, market, market.owners)
            assert float(answer.headers["x-amzn-ratelimit-limit"]) == called.plan.rate
            assert (answer.status_code == 429) == (number == called.plan.burst), (called, number, answer.text)
        assert answer.json()["errors"][0]["code"] == "QuotaExceeded"
