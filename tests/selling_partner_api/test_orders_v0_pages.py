"""Orders v0: getOrders page by page: every order once, whatever happens meanwhile, by tokens for that call alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.scene import BOB, LAMP, MARKET, SOLO, START, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.test_orders_v0 import ORDERS, SINCE, listed
from tradepost.doors.selling_partner_api.orders_v0_search import STATUSES
from tradepost.lifecycle import State

MINUTE = timedelta(minutes=1)


async def refused(selling: Selling, **query: Any) -> tuple[int, str]:
    """The status and sentence of a call that is refused."""
    answer = await selling.get(ORDERS, **query)
    (error,) = answer.json()["errors"]
    assert error["code"] == {400: "InvalidInput", 403: "Unauthorized"}[answer.status_code]
    return answer.status_code, error["message"]


async def walk(selling: Selling, **query: Any) -> AsyncIterator[dict[str, Any]]:
    """The payloads of all pages; after the first one only the token is said."""
    answer = await selling.get(ORDERS, **{"MarketplaceIds": MARKET} | query)
    while True:
        assert answer.status_code == 200, answer.text
        payload = answer.json()["payload"]
        yield payload
        if "NextToken" not in payload:
            return
        answer = await selling.get(ORDERS, MarketplaceIds=MARKET, NextToken=payload["NextToken"])


async def found(selling: Selling, **query: Any) -> list[str]:
    """The order numbers of all pages."""
    return [order["AmazonOrderId"] async for payload in walk(selling, **query) for order in payload["Orders"]]


def text(moment: datetime) -> str:
    """As clients write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def placed(scene: Scene, count: int, apart: timedelta = MINUTE) -> list[str]:
    """So many orders, one after the other."""
    ids = []
    for _ in range(count):
        ids.append((await scene.place(items={LAMP: 1})).order_id)
        await scene.advance(apart)
    return ids


@pytest.mark.parametrize("kind", ["Created", "LastUpdated"])
async def test_pages_hold_every_order_once(selling: Selling, scene: Scene, kind: str) -> None:
    ids = await placed(scene, 5)
    for size in (1, 2, 5, 100):
        pages = [page async for page in walk(selling, **{f"{kind}After": SINCE, "MaxResultsPerPage": size})]
        assert [order["AmazonOrderId"] for page in pages for order in page["Orders"]] == ids
        assert max(len(page["Orders"]) for page in pages) <= size
        assert {page[f"{kind}Before"] for page in pages} == {text(START + 5 * MINUTE)}
        assert not [page for page in pages if {"CreatedBefore", "LastUpdatedBefore"} <= page.keys()]


@pytest.mark.parametrize("size", [1, 2])
async def test_a_walk_goes_on_while_orders_change_underneath(selling: Selling, scene: Scene, size: int) -> None:
    ids = await placed(scene, 5)
    seen: list[str] = []
    async for page in walk(selling, LastUpdatedAfter=SINCE, MaxResultsPerPage=size):
        seen += [order["AmazonOrderId"] for order in page["Orders"]]
        border = page["LastUpdatedBefore"]
        await scene.advance(MINUTE)
        (new,) = await placed(scene, 1)
        ids.append(new)
        assert await scene.cancel_by_buyer((await scene.place(BOB, {LAMP: 1})), BOB) is None
    assert seen == ids[:5]
    since = await found(selling, LastUpdatedAfter=border)
    assert set(ids[5:]) < set(since)
    assert len(since) == len(set(since))


async def test_a_token_keeps_the_filters_of_the_first_call(selling: Selling, scene: Scene) -> None:
    keys = await scene.to_states([State.UNSHIPPED, State.SHIPPED, State.UNSHIPPED, State.HELD, State.UNSHIPPED])
    first = await selling.get(
        ORDERS, MarketplaceIds=MARKET, CreatedAfter=SINCE, OrderStatuses="Unshipped", MaxResultsPerPage=1
    )
    token = first.json()["payload"]["NextToken"]
    rest = await listed(selling, NextToken=token, OrderStatuses="Shipped", LastUpdatedAfter=SINCE, MaxResultsPerPage=2)
    both = [*first.json()["payload"]["Orders"], *rest]
    assert [order["OrderStatus"] for order in both] == ["Unshipped"] * 3
    assert {order["AmazonOrderId"] for order in both} == {keys[0].order_id, keys[2].order_id, keys[4].order_id}


async def test_a_token_that_is_not_for_this_call(selling: Selling, scene: Scene, authorize: Authorize) -> None:
    await placed(scene, 3)
    query = {"MarketplaceIds": MARKET, "CreatedAfter": SINCE, "MaxResultsPerPage": 1}
    token = (await selling.get(ORDERS, **query)).json()["payload"]["NextToken"]
    spoiled = [token[:-1], token[1:], token[:20] + ("A" if token[20] != "A" else "B") + token[21:], token * 2]
    for other in (*spoiled, "x", "é", "====", "\x00", "2YgYW55IGNhcm5hbCBwbGVhc3VyZS4", "A" * 3999, "A" * 5000):
        status, said = await refused(selling, MarketplaceIds=MARKET, NextToken=other)
        assert (status, "NextToken" in said) == (400, True), other
    solo = await selling.of(await authorize(SOLO))
    assert (await refused(solo, MarketplaceIds=MARKET, NextToken=token))[0] == 400
    number = await scene.place()
    assert (await selling.get(f"{ORDERS}/{number.order_id}/orderItems", NextToken=token)).status_code == 400
    assert (await refused(selling, NextToken=token))[0] == 400  # no marketplace is named
    again = await selling.get(ORDERS, MarketplaceIds=MARKET, NextToken=token)
    assert len(again.json()["payload"]["Orders"]) == 1


async def test_a_token_holds_the_longest_filters(selling: Selling, scene: Scene) -> None:
    ids = [(await scene.place()).order_id for _ in range(2)]
    others = [f"{number:03}-0000000-0000000" for number in range(48)]
    spans = {
        f"{which}DeliveryDate{end}": "2026-03-02T10:00:00.123456Z" if end == "After" else "2027-03-02T10:00:00.123456Z"
        for which in ("Earliest", "Latest")
        for end in ("After", "Before")
    }
    query = {"AmazonOrderIds": ids + others, "OrderStatuses": STATUSES, "MaxResultsPerPage": 1, **spans}
    assert sorted(await found(selling, CreatedAfter=SINCE, **query)) == sorted(ids)
