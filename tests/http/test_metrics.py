"""GET /metrics: what is counted, and who may see it."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.serving import PATIENCE_SECONDS
from tests.http.conftest import Api
from tests.http.test_checkouts import BODY
from tests.scene import BEA, PRO, Scene
from tradepost.access.keys import Scope
from tradepost.doors.serving import metrics
from tradepost.ground.database import Database
from tradepost.lifecycle import State

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests do not wait until the database is asked again, but as long as it takes to answer."""
    monkeypatch.setattr(metrics, "COST", 0)
    monkeypatch.setattr(metrics, "WAIT_SECONDS", PATIENCE_SECONDS)
    asked_at_once = metrics.Lately.__init__
    monkeypatch.setattr(metrics.Lately, "__init__", lambda self, question, rest: asked_at_once(self, question, rest=0))


async def scraped(api: Api) -> Samples:
    answer = await api.client.get("/metrics", headers={"Authorization": f"Bearer {await api.key(Scope.OPERATOR)}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(value for name, value in sorted(sample.labels.items()) if name != "le")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_requests_acts_and_refusals_are_counted(api: Api) -> None:
    before = await scraped(api)
    await api.buyer(BEA, "POST", "/checkouts", BODY)
    await api.buyer(BEA, "POST", "/checkouts", BODY | {"payment_token": 1})
    await api.buyer(BEA, "GET", "/orders/999-9999999-9999999")
    await api.client.request("BREW", "/api/v1/teapot")
    after = await scraped(api)

    def grown(name: str, *labels: str) -> float:
        return after.get((name, labels), 0) - before.get((name, labels), 0)

    assert grown("tradepost_requests_total", "POST", "/api/v1/checkouts", "201") == 1
    assert grown("tradepost_requests_total", "POST", "/api/v1/checkouts", "422") == 1
    assert grown("tradepost_requests_total", "GET", "/api/v1/orders/{order_id}", "404") == 1
    assert grown("tradepost_requests_total", "other", "none", "404") == 1
    assert grown("tradepost_request_seconds_count", "POST", "/api/v1/checkouts") == 2
    assert grown("tradepost_refusals_total", "invalid_value") == 1
    assert grown("tradepost_refusals_total", "order_not_found") == 1
    assert grown("tradepost_refusals_total", "no_such_address") == 1
    assert grown("tradepost_batch_size_count", "check_out") == 1
    assert grown("tradepost_batch_size_sum", "check_out") == 1


async def test_the_marketplace_is_counted_as_it_stands(api: Api, scene: Scene) -> None:
    await scene.to_state(State.UNSHIPPED)
    await scene.to_state(State.SHIPPED)
    await scene.place()
    samples = await scraped(api)
    orders = {state: samples["tradepost_orders", (state,)] for state in State}
    assert orders == dict.fromkeys(State, 0) | {State.UNSHIPPED: 1, State.SHIPPED: 1, State.HELD: 1}
    assert samples["tradepost_deadline_lag_seconds", ()] == 0
    assert samples["tradepost_notices", ("queued",)] > 0
    assert samples["tradepost_notices", ("undeliverable",)] == 0
    assert samples["tradepost_webhook_messages", ("queued",)] == 0
    assert samples["tradepost_notifications", ("undeliverable",)] == 0
    await scene.set_clock(await scene.now() + timedelta(minutes=40))
    assert (await scraped(api))["tradepost_deadline_lag_seconds", ()] == 600


async def test_only_operators_see_them(api: Api) -> None:
    assert (await api.client.get("/metrics")).status_code == 401
    key = await api.key(Scope.SELLER, PRO)
    answer = await api.client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "scope_not_enough")


async def test_a_question_that_fails_is_left_out(api: Api, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("ALTER TABLE notices RENAME TO lost")
    samples = await scraped(api)
    assert ("tradepost_deadline_lag_seconds", ()) not in samples
    assert ("tradepost_orders", ("held",)) in samples
