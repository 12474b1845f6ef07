"""Orders v0: what getOrders finds, and what it refuses to look for."""

from datetime import timedelta

import pytest

from tests.scene import BEA, BOB, LAMP, MARKET, MUG, SOLO, START, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.test_orders_v0 import ALL, NO_ORDER, ORDERS, SINCE, listed, told
from tests.selling_partner_api.test_orders_v0_pages import MINUTE, found, placed, refused, text, walk
from tradepost.doors.selling_partner_api.orders_v0_search import STATUSES
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.lifecycle import State


async def test_the_marketplace_has_to_be_the_sellers(selling: Selling, scene: Scene) -> None:
    await scene.place()
    assert len(await listed(selling, MarketplaceIds=["ATVPDKIKX0DER", MARKET])) == 1
    twice = await selling.get(f"{ORDERS}?MarketplaceIds=ATVPDKIKX0DER&MarketplaceIds={MARKET}&CreatedAfter={SINCE}")
    assert len(twice.json()["payload"]["Orders"]) == 1
    for named in ({}, {"MarketplaceIds": ""}, {"MarketplaceId": MARKET}):
        status, said = await refused(selling, CreatedAfter=SINCE, **named)
        assert (status, "MarketplaceIds" in said) == (400, True)
    many = [f"M{number}" for number in range(51)]
    assert (await refused(selling, CreatedAfter=SINCE, MarketplaceIds=many))[0] == 400
    for foreign in ("ATVPDKIKX0DER", f"[{MARKET}]", MARKET.lower()):
        assert (await refused(selling, CreatedAfter=SINCE, MarketplaceIds=foreign))[0] == 403


async def test_windows_that_cannot_be(selling: Selling) -> None:
    later = "2026-03-02T09:00:00Z"
    for window, named in (
        ({}, "CreatedAfter"),
        ({"CreatedBefore": later}, "CreatedAfter"),
        ({"LastUpdatedBefore": later}, "CreatedAfter"),
        ({"CreatedAfter": SINCE, "LastUpdatedAfter": SINCE}, "CreatedAfter"),
        ({"CreatedAfter": SINCE, "LastUpdatedBefore": later}, "LastUpdatedBefore"),
        ({"LastUpdatedAfter": SINCE, "CreatedBefore": later}, "CreatedBefore"),
        ({"CreatedAfter": later, "CreatedBefore": SINCE}, "CreatedBefore"),
        ({"LastUpdatedAfter": later, "LastUpdatedBefore": SINCE}, "LastUpdatedBefore"),
        ({"CreatedAfter": "TEST_CASE_400"}, "CreatedAfter"),
        ({"CreatedAfter": "02/21/2026"}, "CreatedAfter"),
        ({"CreatedAfter": "0001-01-01T00:00:00+20:00"}, "CreatedAfter"),
        ({"LastUpdatedAfter": "\x00"}, "LastUpdatedAfter"),
    ):
        status, said = await refused(selling, MarketplaceIds=MARKET, **window)
        assert (status, named in said) == (400, True), window


class TestInProduction:
    """On the terms of production."""

    @pytest.fixture
    def terms(self) -> Terms:
        return PRODUCTION

    async def test_a_window_ends_two_minutes_ago(self, selling: Selling, scene: Scene) -> None:
        key = await scene.place()
        for name in ("Created", "LastUpdated"):
            after = {f"{name}After": SINCE, "MarketplaceIds": MARKET}
            before = f"{name}Before"
            status, said = await refused(selling, **after, **{before: text(START - timedelta(seconds=119))})
            assert (status, before in said, "120 seconds" in said) == (400, True, True)
            answer = await selling.get(ORDERS, **after, **{before: text(START - timedelta(seconds=120))})
            assert answer.json()["payload"]["Orders"] == []
            answer = await selling.get(ORDERS, **after)
            assert answer.json()["payload"]["Orders"] == []
            assert answer.json()["payload"][before] == "2026-03-02T09:58:00Z"
        await scene.advance(2 * MINUTE)
        assert [order["AmazonOrderId"] for order in await listed(selling)] == [key.order_id]

    async def test_the_plan_of_get_orders_is_20_calls_at_once(self, selling: Selling) -> None:
        answers = [await selling.get(ORDERS, MarketplaceIds=MARKET, CreatedAfter=SINCE) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        assert answers[0].headers["x-amzn-ratelimit-limit"] == "0.0167"


async def test_both_ends_of_a_window_belong_to_it(selling: Selling, scene: Scene) -> None:
    ids = await placed(scene, 4)
    window = {"CreatedAfter": text(START + MINUTE), "CreatedBefore": text(START + 2 * MINUTE)}
    assert await found(selling, **window) == ids[1:3]
    assert await found(selling, CreatedAfter="2026-03-02T11:02:00+01:00") == ids[2:]
    assert await found(selling, CreatedAfter="2026-03-02T10:02:00") == ids[2:]
    assert len(await found(selling, CreatedAfter="2026-03-02")) == 4


async def test_statuses(selling: Selling, scene: Scene) -> None:
    await scene.to_states(list(State))
    for status in STATUSES:
        expected = [status] * sum(state.status == status for state in State)
        assert [order["OrderStatus"] for order in await listed(selling, OrderStatuses=status)] == expected
    both = await listed(selling, OrderStatuses=["Unshipped", "PartiallyShipped"])
    assert sorted(order["OrderStatus"] for order in both) == ["PartiallyShipped", "Unshipped"]
    for wrong in ("Cancelled", "UNSHIPPED", "Unshipped;Shipped"):
        status, said = await refused(selling, MarketplaceIds=MARKET, CreatedAfter=SINCE, OrderStatuses=wrong)
        assert (status, "OrderStatuses" in said) == (400, True)


async def test_what_no_order_here_is(selling: Selling, scene: Scene) -> None:
    await scene.place()
    for nothing in (
        {"FulfillmentChannels": "AFN"},
        {"PaymentMethods": ["COD", "CVS"]},
        {"EasyShipShipmentStatuses": "PickedUp"},
        {"ElectronicInvoiceStatuses": "Accepted"},
        {"ActualFulfillmentSupplySourceId": "source"},
        {"IsISPU": True},
        {"StoreChainStoreId": "store"},
    ):
        for kind in ("Created", "LastUpdated"):
            (page,) = [page async for page in walk(selling, **{f"{kind}After": SINCE}, **nothing)]
            assert page == {"Orders": [], f"{kind}Before": "2026-03-02T10:00:00Z"}
    for all_of_them in (
        {"FulfillmentChannels": ["AFN", "MFN"]},
        {"PaymentMethods": "Other"},
        {"ElectronicInvoiceStatuses": "NotRequired"},
        {"IsISPU": False},
        {"Nonsense": "yes", "MarketplaceId": "X", "original_path": "/orders/v0/orders"},
    ):
        assert len(await listed(selling, **all_of_them)) == 1, all_of_them


async def test_values_that_no_filter_has(selling: Selling) -> None:
    for wrong in (
        {"FulfillmentChannels": "FBA"},
        {"PaymentMethods": "Card"},
        {"EasyShipShipmentStatuses": "Sent"},
        {"ElectronicInvoiceStatuses": "Perhaps"},
        {"IsISPU": "maybe"},
        {"MaxResultsPerPage": 0},
        {"MaxResultsPerPage": 101},
        {"MaxResultsPerPage": "ten"},
        {"MaxResultsPerPage": "1.5"},
        {"EarliestDeliveryDateBefore": "soon"},
        {"LatestDeliveryDateAfter": "2026"},
        {"AmazonOrderIds": [f"{number:03}-0000000-0000000" for number in range(51)]},
        {"BuyerEmail": "x" * 321},
        {"BuyerEmail": "\x00"},
        {"AmazonOrderIds": "\x00"},
    ):
        status, said = await refused(selling, MarketplaceIds=MARKET, CreatedAfter=SINCE, **wrong)
        assert (status, next(iter(wrong)) in said) == (400, True), wrong


async def test_orders_by_their_numbers(selling: Selling, scene: Scene) -> None:
    ids = await placed(scene, 3)
    assert await found(selling, AmazonOrderIds=[ids[2], NO_ORDER, ids[0]]) == [ids[0], ids[2]]
    assert await found(selling, AmazonOrderIds=ids, CreatedAfter=text(START + MINUTE)) == ids[1:]
    assert await found(selling, AmazonOrderIds=ids, LastUpdatedAfter=text(START + MINUTE)) == ids[1:]
    assert await found(selling, AmazonOrderIds="TEST") == []
    assert await found(selling, SellerOrderId=ids[1]) == [ids[1]]
    assert await found(selling, SellerOrderId=ids[1], CreatedAfter=SINCE) == [ids[1]]
    assert await found(selling, SellerOrderId=ids[1], AmazonOrderIds=ids[2]) == []
    assert await found(selling, SellerOrderId="our own") == []
    for other in ({"LastUpdatedAfter": SINCE}, {"OrderStatuses": "Pending"}, {"BuyerEmail": "a@example.com"}):
        status, said = await refused(selling, MarketplaceIds=MARKET, SellerOrderId=ids[1], **other)
        assert (status, "SellerOrderId" in said) == (400, True)


async def test_a_buyer_is_found_by_the_address_that_the_seller_knows(selling: Selling, scene: Scene) -> None:
    keys = [await scene.place(buyer, {LAMP: 1}) for buyer in (BEA, BOB, BEA)]
    seen = await selling.restricted(f"{ALL}/buyerInfo")
    assert await found(selling, CreatedAfter=SINCE, BuyerEmail="bea@example.com") == []
    for key in keys:
        await scene.approve(key)
    await scene.advance(30 * MINUTE)
    known = (await told(seen, keys[0], "/buyerInfo"))["BuyerEmail"]
    expected = sorted([keys[0].order_id, keys[2].order_id])
    assert sorted(await found(selling, CreatedAfter=SINCE, BuyerEmail=known)) == expected
    assert await found(selling, CreatedAfter=SINCE, BuyerEmail="bea@example.com") == []


async def test_orders_by_their_delivery(selling: Selling, scene: Scene) -> None:
    slow = await scene.place(items={LAMP: 1})
    fast = await scene.place(items={LAMP: 1}, service="Expedited")
    orders = {key: await scene.order(key) for key in (slow, fast)}
    border = text(orders[fast].deliver_latest)
    assert await found(selling, CreatedAfter=SINCE, LatestDeliveryDateBefore=border) == [fast.order_id]
    assert slow.order_id in await found(selling, CreatedAfter=SINCE, LatestDeliveryDateAfter=border)
    start = text(orders[slow].deliver_earliest)
    assert await found(selling, CreatedAfter=SINCE, EarliestDeliveryDateAfter=start) == [slow.order_id]


async def test_each_seller_finds_their_own(selling: Selling, scene: Scene, authorize: Authorize) -> None:
    ours, theirs = await scene.place(items={LAMP: 1}), await scene.place(items={MUG: 1})
    solo = await selling.of(await authorize(SOLO))
    both = [ours.order_id, theirs.order_id]
    assert await found(selling, AmazonOrderIds=both) == [ours.order_id]
    assert await found(solo, AmazonOrderIds=both) == [theirs.order_id]
    assert await found(solo, CreatedAfter=SINCE) == [theirs.order_id]
    assert (await refused(selling.with_token(""), MarketplaceIds=MARKET, CreatedAfter=SINCE))[0] == 403
