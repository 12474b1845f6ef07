"""Sellers and Listings Items as a marketplace in production offers them, and a database that had offers before."""

import pytest

from tests.scene import LAMP, MARKET, PRO
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.listing_words import ITEMS, look
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.ground import schema


@pytest.fixture
def terms() -> Terms:
    return PRODUCTION


@pytest.mark.parametrize("operation", ["marketplaceParticipations", "account"])
async def test_who_asks_too_often_is_told_to_wait(selling: Selling, operation: str) -> None:
    for _ in range(15):
        answer = await selling.get(f"/sellers/v1/{operation}")
        assert (answer.status_code, answer.headers["x-amzn-ratelimit-limit"]) == (200, "0.016")
    answer = await selling.get(f"/sellers/v1/{operation}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (429, "QuotaExceeded")


async def test_listings_have_plans_of_their_own(selling: Selling) -> None:
    assert (await look(selling, LAMP)).headers["x-amzn-ratelimit-limit"] == "5"
    answer = await selling.get(f"{ITEMS}/{PRO}", marketplaceIds=MARKET)
    assert answer.headers["x-amzn-ratelimit-limit"] == "5"


async def test_offers_from_before_are_listings(selling: Selling, database_url: str) -> None:
    before = (await look(selling, LAMP, "summaries", "attributes")).json()
    await schema.go_to(database_url, "0006")
    await schema.upgrade(database_url)
    assert (await look(selling, LAMP, "summaries", "attributes")).json() == before
