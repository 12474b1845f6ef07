"""Usage plans: how often an operation may be called, counted by all processes together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import httpx
import pytest

from tests.scene import SOLO, Scene
from tests.selling_partner_api.clients import TOKENS, Application, Judgement, Selling, ValidatingClient, selling_of
from tests.selling_partner_api.conftest import Authorize
from tradepost.access import tokens
from tradepost.access.usage import usage
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.doors.selling_partner_api.usage_plans import GENEROUS
from tradepost.doors.serving import app
from tradepost.ground.clock import machine_now
from tradepost.ground.database import connect

WANTED = {"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders"}]}
LOGIN = "/auth/o2/token"
RATE, BURST = 1, 10  # of createRestrictedDataToken


@pytest.fixture
def terms() -> Terms:
    """Those of production."""
    return PRODUCTION


class Clock:
    """The machine's clock, as usage plans see it."""

    def __init__(self, now: datetime) -> None:
        self.now = now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A machine clock that stands still."""
    clock = Clock(machine_now())
    monkeypatch.setattr(usage, "machine_now", lambda: clock.now)
    return clock


@pytest.fixture
async def processes(
    scene: Scene, database_url: str, judgement: Judgement, application: Application
) -> AsyncIterator[list[Selling]]:
    """Two server processes, as far as the database can tell."""
    async with AsyncExitStack() as stack:
        asking = []
        for _ in range(2):
            database = await stack.enter_async_context(connect(database_url))
            transport = httpx.ASGITransport(app.of_database(database), raise_app_exceptions=False)  # type: ignore[arg-type]
            client = ValidatingClient(judgement, transport=transport, base_url="http://tradepost.test")
            asking.append(await selling_of(await stack.enter_async_context(client), application))
        yield asking


async def answered(asking: list[Selling], times: int) -> list[int]:
    """Send so many calls at once, in turn to each process; their statuses in order."""
    answers = await asyncio.gather(*(asking[number % len(asking)].post(TOKENS, WANTED) for number in range(times)))
    assert {answer.headers["x-amzn-ratelimit-limit"] for answer in answers} == {str(RATE)}
    return sorted(answer.status_code for answer in answers)


async def test_a_burst_is_exact_over_all_processes_and_fills_up_again(processes: list[Selling], clock: Clock) -> None:
    assert await answered(processes, 3 * BURST) == [200] * BURST + [429] * 2 * BURST
    clock.now += timedelta(milliseconds=999)
    assert await answered(processes, 4) == [429] * 4
    clock.now += timedelta(milliseconds=2001)
    assert await answered(processes, 8) == [200] * 3 * RATE + [429] * 5
    clock.now += timedelta(hours=2)
    assert await answered(processes, 2 * BURST) == [200] * BURST + [429] * BURST


async def test_who_is_refused_is_told_the_plan_as_clients_expect_it(selling: Selling, clock: Clock) -> None:
    for _ in range(BURST):
        assert (await selling.post(TOKENS, WANTED)).status_code == 200
    answer = await selling.post(TOKENS, WANTED)
    assert (answer.status_code, answer.headers["x-amzn-ratelimit-limit"]) == (429, "1")
    (error,) = answer.json()["errors"]
    assert (error["code"], error["details"]) == ("QuotaExceeded", "quota_exceeded")
    assert error["message"].startswith("You exceeded your quota for the requested resource")


async def test_every_seller_and_application_has_a_plan_of_its_own(
    selling: Selling, authorize: Authorize, clock: Clock
) -> None:
    assert await answered([selling], BURST + 1) == [200] * BURST + [429]
    for other in (await authorize(SOLO), await authorize(name="Another tool")):
        assert await answered([await selling.of(other)], 1) == [200]


async def test_calls_that_are_not_admitted_use_up_nothing(selling: Selling, clock: Clock) -> None:
    elsewhere = await selling.restricted("/orders/v0/orders")
    for stranger in (elsewhere, selling.with_token(""), selling.with_token("Atza|guessed")):
        for _ in range(BURST):
            assert (await stranger.post(TOKENS, WANTED)).status_code == 403
    assert await answered([selling], BURST) == [200] * (BURST - 1) + [429]


async def test_generous_terms_lift_the_plan(scene: Scene, judgement: Judgement, application: Application) -> None:
    front = app.of_database(scene.database, terms=Terms(generous_plans=True))
    transport = httpx.ASGITransport(front, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with ValidatingClient(judgement, transport=transport, base_url="http://tradepost.test") as client:
        selling = await selling_of(client, application)
        answers = [await selling.post(TOKENS, WANTED) for _ in range(3 * BURST)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["x-amzn-ratelimit-limit"] for answer in answers} == {f"{GENEROUS.rate:g}"}


def words(application: Application, **changes: str) -> dict[str, str]:
    """What a client sends to log in."""
    said = {name: value for name, value in vars(application).items() if name != "seller_id"}
    return {"grant_type": "refresh_token"} | said | changes


async def logged_in(client: ValidatingClient, application: Application, times: int, **changes: str) -> list[int]:
    """Log in so many times at once; the statuses in order."""
    sent = (client.post(LOGIN, data=words(application, **changes)) for _ in range(times))
    return sorted(answer.status_code for answer in await asyncio.gather(*sent))


async def test_an_application_logs_in_only_so_often(
    partner_client: ValidatingClient, application: Application, scene: Scene, clock: Clock
) -> None:
    rate, burst = tokens.LOGINS
    assert await logged_in(partner_client, application, burst + 5) == [200] * burst + [429] * 5
    assert await scene.rows("SELECT count(*) FROM access_tokens") == [(burst,)]
    answer = await partner_client.post(LOGIN, data=words(application))
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "2"
    own = {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications"}
    assert await logged_in(partner_client, application, 1, **own) == [429], "whatever it is for"
    clock.now += timedelta(seconds=3)
    assert await logged_in(partner_client, application, 5) == [200] * int(3 * rate) + [429] * 2


async def test_strangers_use_up_nobodys_logins_and_leave_no_trace(
    partner_client: ValidatingClient, application: Application, scene: Scene, clock: Clock
) -> None:
    before = await scene.dump()
    for changes in ({"client_secret": "guessed"}, {"client_id": "nobody"}):
        assert await logged_in(partner_client, application, tokens.LOGINS.burst + 1, **changes) == [401] * 31
    assert await scene.dump() == before
    assert await logged_in(partner_client, application, tokens.LOGINS.burst) == [200] * 30


async def test_generous_terms_lift_the_plan_of_logins(
    scene: Scene, judgement: Judgement, application: Application, clock: Clock
) -> None:
    front = app.of_database(scene.database, terms=Terms(generous_plans=True))
    transport = httpx.ASGITransport(front, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with ValidatingClient(judgement, transport=transport, base_url="http://tradepost.test") as client:
        assert await logged_in(client, application, 40) == [200] * 40
