"""What is one seller's does not exist for another's application, in any operation; and without a token nothing does."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.scene import BEA, PRO, SOLO, Scene
from tests.selling_partner_api.clients import NOTIFICATIONS, Application, Selling, ValidatingClient, login, selling_of
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.operations import Called, Caller, Market, ask, caller_of, operations
from tradepost.access.keys import Made, NewKey, Scope, digest, make_keys
from tradepost.doors.selling_partner_api.login import SCOPES
from tradepost.doors.selling_partner_api.terms import Terms
from tradepost.ground.clock import machine_now

NOBODYS = {
    "order_id": "999-9999999-9999999",
    "seller_id": "nobody",
    "sku": "NOSUCHSKU",
    "feed_id": "99999999999999",
    "document_id": "nothing",
    "report_id": "99999999999999",
    "report_document_id": "nothing",
    "schedule_id": "99999999999999",
    "destination_id": "nothing",
    "notification_type": "ORDER_CHANGE",
    "subscription_id": "nothing",
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def terms() -> Terms:
    """Nothing but whose an order is stands between a token and the buyer's data."""
    return Terms(generous_plans=True, settling=timedelta(0), restricted=False)


def told(answer: httpx.Response, words: Mapping[str, str]) -> tuple[int, str]:
    """What an answer says, but for the words that were asked for and what is random."""
    text = _UUID.sub("RANDOM", answer.text)
    for name, word in words.items():
        text = text.replace(word, name)
    return answer.status_code, text


async def of_acme(scene: Scene, selling: Selling) -> list[str]:
    """All rows of Acme's and of its application's, but for tokens and what was used of plans."""
    rows = await scene.dump()
    return [
        row
        for table, found in rows.items()
        if table not in ("access_tokens", "usage_plans")
        for row in found
        if f'"{PRO}"' in row or selling.application.client_id in row
    ]


async def test_for_another_sellers_application_there_is_nothing(
    selling: Selling, authorize: Authorize, market: Market, scene: Scene
) -> None:
    stranger = await caller_of(await selling.of(await authorize(SOLO)))
    acme = await caller_of(selling)
    before = await of_acme(scene, selling)
    for called in operations():
        for mine in ({}, {"seller_id": SOLO}) if "seller_id" in called.parameters else ({},):
            theirs, nobodys = market.owners | mine, NOBODYS | mine
            answers = [told(await ask(stranger, called, market, words), words) for words in (theirs, nobodys)]
            if called.parameters - mine.keys():
                assert answers[0] == answers[1], called
            for trace in market.traces:
                assert trace not in answers[0][1], (called, trace)
    assert await of_acme(scene, selling) == before
    unlike = []
    for called in operations():  # the same calls mean something when the owner makes them
        theirs = told(await ask(stranger, called, market, market.owners), market.owners)
        mine_told = told(await ask(acme, called, market, market.owners), market.owners)
        if theirs != mine_told:
            unlike.append(called.name)
        else:
            assert not called.parameters, (called, theirs)
    assert {"getOrders", "searchOrders", "getOrderAddress", "getListingsItem"} <= set(unlike)
    assert await of_acme(scene, selling) != before


async def test_a_strangers_restricted_token_changes_nothing_about_that(
    selling: Selling, authorize: Authorize, market: Market
) -> None:
    solo = await selling.of(await authorize(SOLO))
    for called in operations():
        if called.method == "GET" and called.template.startswith("/orders/v0/orders/"):
            path = called.template.format_map(market.owners)
            for made_for in (path, called.template.replace("{order_id}", "{orderId}")):
                answer = await (await solo.restricted(made_for)).get(path)
                assert answer.status_code == 404, (called, answer.text)


def not_for(called: Called, caller: Caller) -> list[str]:
    """Tokens that are good, but not for this operation."""
    own = [] if called.callers.scope == NOTIFICATIONS else [caller.itself.token]
    return own if called.callers.sellers else [*own, caller.for_seller.token]


async def test_without_a_token_that_is_valid_no_operation_says_anything(
    partner_client: ValidatingClient, application: Application, market: Market, scene: Scene
) -> None:
    async def make(tx: Any) -> Made:
        (key,) = await make_keys(tx, [NewKey(Scope.BUYER, BEA)])
        assert isinstance(key, Made)
        return key

    key = await scene.database.run(make)
    good = await caller_of(await selling_of(partner_client, application))
    of_another_scope = (await good.itself.itself(SCOPES[1])).token
    ended = (await login(partner_client, application))["access_token"]
    async with scene.database.transaction() as tx:
        await tx.execute("UPDATE access_tokens SET ends_at = $1 WHERE digest = $2", machine_now(), digest(ended))
    nobody = Selling(partner_client, application, "")
    before = await scene.dump()
    for called in operations():
        for token, details in (
            ("", "token_needed"),
            ("Atza|guessed", "token_needed"),
            (application.refresh_token, "token_needed"),
            (key.text, "token_needed"),
            (ended, "The access token you provided has expired."),
            (of_another_scope, "token_not_for_this"),
            *[(token, "token_not_for_this") for token in not_for(called, good)],
        ):
            headers = {"Authorization": f"Bearer {key.text}"}
            for words in (market.owners, NOBODYS):
                asking = nobody.with_token(token)
                answer = await ask(Caller(asking, asking), called, market, words, headers=headers)
                (error,) = answer.json()["errors"]
                assert (answer.status_code, error["code"], error["details"]) == (403, "Unauthorized", details), called
    assert await scene.dump() == before
