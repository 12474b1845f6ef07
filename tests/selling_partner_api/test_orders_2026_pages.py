"""searchOrders of 2026-01-01: how its pages are turned, and what a token is good for."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scene import LAMP, MARKET, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.orders_2026 import EVER, ORDERS, ids, refused, search
from tradepost.doors.selling_partner_api import page_tokens
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import State

ONE = {"createdAfter": EVER, "maxResultsPerPage": 1}


async def pages(selling: Selling, **query: Any) -> list[list[str]]:
    """All pages of a search, to its end."""
    found = await search(selling, **query)
    turned = [[order["orderId"] for order in found["orders"]]]
    while token := found.get("pagination", {}).get("nextToken"):
        before = found.get("createdBefore", found.get("lastUpdatedBefore"))
        found = await search(selling, **query, paginationToken=token)
        assert found.get("createdBefore", found.get("lastUpdatedBefore")) == before
        turned.append([order["orderId"] for order in found["orders"]])
    return turned


@pytest.mark.parametrize("kind", ["createdAfter", "lastUpdatedAfter"])
async def test_pages_hold_every_order_once(scene: Scene, selling: Selling, kind: str) -> None:
    placed = await scene.place_all([{LAMP: 1}] * 3)
    await scene.advance(timedelta(minutes=1))
    placed += await scene.place_all([{LAMP: 1}] * 2)
    for size in (1, 2, 3, 5, 100):
        turned = await pages(selling, **{kind: EVER, "maxResultsPerPage": size})
        met = [number for page in turned for number in page]
        assert sorted(met) == sorted(ids(*placed))
        assert max(map(len, turned)) <= size


async def test_a_walk_ends_where_it_ended_when_it_began(scene: Scene, selling: Selling) -> None:
    placed = await scene.place_all([{LAMP: 1}] * 2)
    found = await search(selling, **ONE)
    await scene.advance(timedelta(minutes=5))
    await scene.place()
    again = await search(selling, **ONE, paginationToken=found["pagination"]["nextToken"])
    assert again["createdBefore"] == found["createdBefore"]
    met = {order["orderId"] for page in (found, again) for order in page["orders"]}
    assert met == ids(*placed)


async def test_every_page_has_the_data_that_were_asked_for(scene: Scene, selling: Selling) -> None:
    await scene.to_states([State.UNSHIPPED, State.UNSHIPPED])
    query = ONE | {"includedData": "RECIPIENT,FULFILLMENT", "fulfillmentStatuses": "UNSHIPPED"}
    found = await search(selling, **query)
    again = await search(selling, **query, paginationToken=found["pagination"]["nextToken"])
    for page in (found, again):
        (order,) = page["orders"]
        assert order["recipient"]["deliveryAddress"]["addressLine1"] == "1 Secret Street"
        assert "buyer" not in order


@pytest.fixture
async def token(scene: Scene, selling: Selling) -> str:
    """The token of the second page of `ONE`."""
    await scene.place_all([{LAMP: 1}] * 3)
    return str((await search(selling, **ONE))["pagination"]["nextToken"])


async def test_a_token_with_other_parameters(selling: Selling, token: str) -> None:
    others: list[dict[str, Any]] = [
        {"maxResultsPerPage": 2},
        {"createdAfter": "2026-03-01T00:00:01Z"},
        {"createdBefore": EVER},
        {"fulfillmentStatuses": "PENDING"},
        {"fulfilledBy": "MERCHANT"},
        {"includedData": "BUYER"},
        {"marketplaceIds": MARKET},
    ]
    for other in others:
        assert "repeat all other parameters" in await refused(selling, **ONE | other, paginationToken=token)


async def test_a_token_alone(selling: Selling, token: str) -> None:
    assert "exactly one of createdAfter" in await refused(selling, paginationToken=token)


async def test_a_token_goes_with_the_same_values_in_other_words(selling: Selling, token: str) -> None:
    answer = await selling.get(
        ORDERS, createdAfter="2026-03-01T01:00:00+01:00", maxResultsPerPage="01", paginationToken=token, path="x"
    )
    assert answer.status_code == 200, answer.text


async def test_a_token_of_another_seller(selling: Selling, token: str, authorize: Authorize) -> None:
    solo = await selling.of(await authorize(SOLO))
    assert "not for this call" in await refused(solo, **ONE, paginationToken=token)


async def test_a_token_serves_another_application_of_the_same_seller(
    selling: Selling, token: str, authorize: Authorize
) -> None:
    other = await selling.of(await authorize(name="Second Tool"))
    assert len((await search(other, **ONE, paginationToken=token))["orders"]) == 1


async def test_a_token_may_be_shown_twice(selling: Selling, token: str) -> None:
    once = await search(selling, **ONE, paginationToken=token)
    assert (await search(selling, **ONE, paginationToken=token))["orders"] == once["orders"]


async def test_a_token_is_old_after_a_day(selling: Selling, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = machine_now() + page_tokens.LASTS + timedelta(seconds=1)
    monkeypatch.setattr("tradepost.doors.selling_partner_api.orders_2026.machine_now", lambda: tomorrow)
    assert "begin anew" in await refused(selling, **ONE, paginationToken=token)


async def test_tokens_that_nobody_gave(selling: Selling) -> None:
    for nonsense in ("x", "9ZhB4RmVyc2lvbiAxLjAgb2YgdGhl", "\0", "é", "A" * 1999, "A" * 2001, "{}", "=="):
        assert "paginationToken" in await refused(selling, **ONE, paginationToken=nonsense)


async def test_a_token_that_was_changed(selling: Selling, token: str) -> None:
    another = token[:30] + ("B" if token[30] == "A" else "A") + token[31:]  # it says on which day the token was made
    for changed in (token[:-4], token[4:], token + "AAAA", token.swapcase(), another):
        assert "paginationToken" in await refused(selling, **ONE, paginationToken=changed)
