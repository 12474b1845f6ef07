"""Sellers v1: the call with which every client tries its connection."""

import pytest

from tests.scene import MARKET, SOLO, Scene
from tests.selling_partner_api.clients import Application, Selling, blocking, python_amazon_sp_api
from tests.selling_partner_api.conftest import Authorize
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.refusals import Refused

PARTICIPATIONS, ACCOUNT = "/sellers/v1/marketplaceParticipations", "/sellers/v1/account"


async def test_a_seller_sells_in_one_marketplace(selling: Selling) -> None:
    answer = await selling.get(PARTICIPATIONS)
    assert answer.status_code == 200
    assert answer.json()["payload"] == [
        {
            "marketplace": {
                "id": MARKET,
                "name": "Market",
                "countryCode": "US",
                "defaultCurrencyCode": "USD",
                "defaultLanguageCode": "en_US",
                "domainName": "market.marketplace.invalid",
            },
            "participation": {"isParticipating": True, "hasSuspendedListings": False},
            "storeName": "Acme Inc.",
        }
    ]


async def test_the_account_says_the_plan(selling: Selling, authorize: Authorize) -> None:
    acme = (await selling.get(ACCOUNT)).json()["payload"]
    assert (acme["sellingPlan"], acme["businessType"]) == ("PROFESSIONAL", "SOLE_PROPRIETORSHIP")
    assert acme["marketplaceParticipationList"] == (await selling.get(PARTICIPATIONS)).json()["payload"]
    solo = await selling.of(await authorize(SOLO))
    account = (await solo.get(ACCOUNT)).json()["payload"]
    assert (account["sellingPlan"], account["businessType"]) == ("INDIVIDUAL", "INDIVIDUAL")
    assert account["marketplaceParticipationList"][0]["storeName"] == "Solo"


async def test_a_call_that_names_the_sellers_marketplace_is_told_all_of_it(scene: Scene) -> None:
    """Nobody who has checked it reads it again."""
    async with scene.database.transaction() as tx:
        market = await check_marketplaces(tx, SOLO, ["ELSEWHERE", MARKET])
        assert (market.marketplace_id, market.name, market.locale) == (MARKET, "Market", "en")
        with pytest.raises(Refused, match="it is for the marketplace MARKET, and not for ELSEWHERE"):
            await check_marketplaces(tx, SOLO, ["ELSEWHERE"])


async def test_nobody_is_told_anything_without_a_token(selling: Selling) -> None:
    for path in (PARTICIPATIONS, ACCOUNT):
        answer = await selling.with_token("").get(path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "Unauthorized")


async def test_a_real_client_finds_the_marketplace(running: str, application: Application) -> None:
    from sp_api.api import Sellers

    sellers = Sellers(**python_amazon_sp_api(running, application, MARKET))
    found = await blocking(sellers.get_marketplace_participation)
    assert [one["marketplace"]["id"] for one in found.payload] == [MARKET]
