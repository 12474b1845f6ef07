"""Every "no" of this door has the shape that its clients read, whatever went wrong, and an id to ask about."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from tests.scene import PRO, Scene
from tests.selling_partner_api.clients import TOKENS, Judgement, Selling, ValidatingClient
from tests.selling_partner_api.model import Models
from tradepost.access import tokens
from tradepost.doors.selling_partner_api import terms
from tradepost.doors.selling_partner_api.doors import ROUTERS
from tradepost.doors.selling_partner_api.errors import status_of
from tradepost.doors.selling_partner_api.terms import Terms
from tradepost.doors.serving import app
from tradepost.ground.database import Database, connect
from tradepost.ground.settings import InvalidSetting
from tradepost.refusals import Reason

WANTED = {"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders"}]}
CANCELLATION = "/orders/2026-01-01/orders/111-1111111-1111111/cancellation"


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and details; all that every answer must have is there."""
    assert answer.headers["x-amzn-requestid"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    (one,) = answer.json()["errors"]
    assert set(one) == {"code", "message", "details"}
    assert one["message"]
    assert "…" not in one["message"]
    return answer.status_code, one["code"], one["details"]


async def test_where_there_is_nothing_the_answer_is_the_doors_own(selling: Selling) -> None:
    nowhere = (
        "/orders/v0/nowhere",
        "/orders/v1/orders",
        "/tokens/x",
        "/sellers/v9/account",
        "/listings/%00",
        "/feeds/%ff",
    )
    for path in nowhere:
        for asking in (selling, selling.with_token("")):
            assert error(await asking.get(path)) == (404, "NotFound", "no_such_address"), path


async def test_another_method_is_told_which_there_are(selling: Selling) -> None:
    answer = await selling.delete(TOKENS)
    assert error(answer) == (405, "MethodNotAllowed", "method_not_allowed")
    assert "POST" in answer.headers["allow"]


async def test_every_path_tells_which_methods_there_are(selling: Selling, scene: Scene) -> None:
    """Who asks for them needs no token, and uses up nothing of a plan."""
    routes = ROUTERS[0].routes
    assert len(routes) > 10
    before = await scene.dump()
    for route in routes:
        for asking in (selling, selling.with_token("")):
            answer = await asking.ask("OPTIONS", re.sub(r"\{(\w+):\w+\}", r"\1", route.path))
            assert error(answer) == (405, "MethodNotAllowed", "method_not_allowed"), route.path
            assert {*answer.headers["allow"].split(", "), "OPTIONS"} == route.methods, route.path
    assert await scene.dump() == before


async def test_a_body_that_is_too_large(selling: Selling) -> None:
    """The model of one operation has a status for it, that of the other has none."""
    content = b" " * (1 << 21)
    assert error(await selling.ask("POST", TOKENS, content=content)) == (400, "RequestTooLarge", "too_large")
    assert error(await selling.ask("PUT", CANCELLATION, content=content)) == (413, "RequestTooLarge", "too_large")


async def test_a_body_that_is_none(selling: Selling) -> None:
    for content in (b"", b"{", b"\xff", b"[" * 100_000, b"null", b'"x"'):
        status, code, _ = error(await selling.ask("POST", TOKENS, content=content))
        assert (status, code) == (400, "InvalidInput"), content


async def test_sentences_are_chinese_for_who_asks_for_it(selling: Selling) -> None:
    answer = await selling.ask("POST", TOKENS, {}, headers={"Accept-Language": "zh-CN"})
    assert error(answer)[:2] == (400, "InvalidInput")
    assert "无效" in answer.json()["errors"][0]["message"]


async def test_an_id_that_the_caller_chose_comes_back(selling: Selling) -> None:
    answer = await selling.ask("POST", TOKENS, {}, headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-amzn-requestid"] == "mine-1"


async def test_while_the_database_is_away_clients_are_told_to_come_again(judgement: Judgement) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    async with connect(url, at_once=False) as away, asking(away, judgement) as client:
        answer = await client.post(TOKENS, json=WANTED, headers={"x-amz-access-token": "Atza|somebody"})
        assert error(answer) == (503, "ServiceUnavailable", "unavailable")
        assert answer.headers["retry-after"] == "2"
        assert "nobody" not in answer.text
        assert error(await client.post(TOKENS, json=WANTED)) == (403, "Unauthorized", "token_needed")


async def test_a_bug_tells_its_id_and_nothing_of_itself(selling: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> str:
        raise RuntimeError("the secret of seller " + PRO)

    monkeypatch.setattr(tokens, "restrict", broken)
    answer = await selling.post(TOKENS, WANTED)
    assert error(answer) == (500, "InternalFailure", "bug")
    assert answer.headers["x-amzn-requestid"] in answer.json()["errors"][0]["message"]
    assert "secret" not in answer.text


def test_no_refusal_has_a_status_that_the_models_do_not_know(models: Models) -> None:
    """But for a method that no operation has."""
    known = {status for operation in models.operations for status in operation.responses}
    assert {reason for reason in Reason if status_of(reason) not in known} == {Reason.METHOD_NOT_ALLOWED}


def test_terms_are_what_the_environment_says() -> None:
    assert terms.from_environment({}) == terms.PRODUCTION
    assert terms.from_environment(dict.fromkeys(terms.VARIABLES, "")) == terms.PRODUCTION
    said = dict(zip(terms.VARIABLES, ("generous", "0", "no"), strict=True))
    assert terms.from_environment(said) == Terms(generous_plans=True, settling=timedelta(0), restricted=False)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("PLANS", "lavish"), ("RESTRICTED", "No"), ("SETTLING", "-1"), ("SETTLING", "2m"), ("SETTLING", "9" * 9)],
)
def test_a_term_that_cannot_be_is_named(name: str, wrong: str) -> None:
    with pytest.raises(InvalidSetting, match=rf"^TRADEPOST_SELLER_API_{name} .*'{wrong}'\.$"):
        terms.from_environment({f"TRADEPOST_SELLER_API_{name}": wrong})


@asynccontextmanager
async def asking(database: Database, judgement: Judgement) -> AsyncIterator[ValidatingClient]:
    transport = httpx.ASGITransport(app.of_database(database), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with ValidatingClient(judgement, transport=transport, base_url="http://tradepost.test") as client:
        yield client
