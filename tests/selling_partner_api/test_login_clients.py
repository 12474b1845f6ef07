"""Logging in with the clients that sellers' tools use, over a socket: what they get, and what they make of a no."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scene import MARKET
from tests.selling_partner_api.clients import Application, amazons_sdk, blocking, python_amazon_sp_api
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms

RESOURCES = [{"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo"]}]
GUESSED = "Atzr|guessed"
MOST_CALLS = 100  # far more than the plan has, faster than it fills up


@pytest.fixture
def terms() -> Terms:
    """Those of production."""
    return PRODUCTION


def tokens(running: str, application: Application) -> Any:
    from sp_api.api import Tokens

    return Tokens(**python_amazon_sp_api(running, application, MARKET))


async def test_python_amazon_sp_api_is_let_in_refused_and_throttled(running: str, application: Application) -> None:
    from sp_api.auth.exceptions import AuthorizationError
    from sp_api.base import SellingApiRequestThrottledException

    for wrong, error, status in (  # first: the client keeps the token that it gets, whatever the secret is then
        (replace(application, client_secret=GUESSED), "invalid_client", 401),
        (replace(application, refresh_token=GUESSED), "invalid_grant", 400),
    ):
        with pytest.raises(AuthorizationError) as refused:
            await blocking(tokens(running, wrong).create_restricted_data_token, restrictedResources=RESOURCES)
        assert (refused.value.error_code, refused.value.status_code) == (error, status)
        assert refused.value.message
    client = tokens(running, application)
    answer = await blocking(client.create_restricted_data_token, restrictedResources=RESOURCES)
    assert answer.payload["restrictedDataToken"].startswith("Atz.sprdt|")

    def insist() -> None:
        for _ in range(MOST_CALLS):
            client.create_restricted_data_token(restrictedResources=RESOURCES)

    with pytest.raises(SellingApiRequestThrottledException):
        await blocking(insist)


async def test_amazons_own_sdk_gets_tokens_for_sellers_and_for_itself(running: str, application: Application) -> None:
    from spapi.api.tokens_v2021_03_01.tokens_api import TokensApi
    from spapi.models.tokens_v2021_03_01 import CreateRestrictedDataTokenRequest, RestrictedResource
    from spapi.rest import ApiException

    wanted = CreateRestrictedDataTokenRequest(
        restricted_resources=[RestrictedResource(method="GET", path="/orders/v0/orders", data_elements=["buyerInfo"])]
    )
    made = await blocking(TokensApi(amazons_sdk(running, application)).create_restricted_data_token, wanted)
    assert made.restricted_data_token.startswith("Atz.sprdt|")
    assert made.expires_in == 3600
    itself = amazons_sdk(running, application, scope="sellingpartnerapi::notifications")
    with pytest.raises(ApiException) as refused:
        await blocking(TokensApi(itself).create_restricted_data_token, wanted)
    assert refused.value.status == 403
