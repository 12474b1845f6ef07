"""Orders v0: what is told of an order in every state, and who may see who bought it and where it goes."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scene import ADDRESS, BEA, LAMP, MARKET, PRO, SOLO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tradepost.access.usage import usage
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.ground.clock import machine_now
from tradepost.lifecycle import PENDING, State
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Confirmed

ORDERS = "/orders/v0/orders"
ALL = f"{ORDERS}/{{orderId}}"
SINCE = "2026-03-01T00:00:00Z"
NO_ORDER = "000-0000000-0000000"
RELEASED = (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
SHOWN_ADDRESS = {"Name": "Bea Buyer", "AddressLine1": "1 Secret Street", "City": "Springfield", "CountryCode": "US"}


async def told(selling: Selling, key: OrderKey, part: str = "") -> Any:
    """The payload of the answer about an order, or about a part of it."""
    answer = await selling.get(f"{ORDERS}/{key.order_id}{part}")
    assert answer.status_code == 200, answer.text
    return answer.json()["payload"]


async def listed(selling: Selling, **query: Any) -> list[Any]:
    """The orders of a page of getOrders."""
    answer = await selling.get(ORDERS, **({"MarketplaceIds": MARKET, "CreatedAfter": SINCE} | query))
    assert answer.status_code == 200, answer.text
    orders: list[Any] = answer.json()["payload"]["Orders"]
    return orders


async def test_an_order_walks_from_pending_to_shipped(selling: Selling, scene: Scene) -> None:
    key = await scene.place(items={LAMP: 2, VASE: 1})
    order = await told(selling, key)
    assert order["OrderStatus"] == "Pending"
    assert not {"OrderTotal", "ShippingAddress", "BuyerInfo", "LatestDeliveryDate"} & order.keys()
    assert (order["NumberOfItemsShipped"], order["NumberOfItemsUnshipped"]) == (0, 3)

    await scene.approve(key)
    await scene.advance(timedelta(minutes=30))
    order = await told(selling, key)
    assert order["OrderStatus"] == "Unshipped"
    assert order["OrderTotal"] == {"CurrencyCode": "USD", "Amount": "59.80"}
    assert order["EarliestShipDate"] < order["LatestShipDate"] <= order["LatestDeliveryDate"]

    assert isinstance(await scene.confirm(key, [(LAMP, 1)]), Confirmed)
    order = await told(selling, key)
    assert order["OrderStatus"] == "PartiallyShipped"
    assert (order["NumberOfItemsShipped"], order["NumberOfItemsUnshipped"]) == (1, 2)

    assert isinstance(await scene.confirm(key), Confirmed)
    order = await told(selling, key)
    assert order["OrderStatus"] == "Shipped"
    assert (order["NumberOfItemsShipped"], order["NumberOfItemsUnshipped"]) == (3, 0)


async def test_what_is_said_of_every_order(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    order = await told(selling, key)
    assert order["AmazonOrderId"] == order["SellerOrderId"] == key.order_id
    assert order["PurchaseDate"] == "2026-03-02T10:00:00Z"
    assert order["LastUpdateDate"] == "2026-03-02T10:30:00Z"
    assert order["MarketplaceId"] == MARKET
    assert order["SalesChannel"] == "Market"
    assert (order["FulfillmentChannel"], order["PaymentMethod"], order["OrderType"]) == (
        "MFN",
        "Other",
        "StandardOrder",
    )
    assert order["ShipmentServiceLevelCategory"] == "Standard"
    assert order["IsPrime"] is order["IsISPU"] is order["IsBusinessOrder"] is False


async def test_a_canceled_order_is_told_without_buyer_and_address(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.CANCELED)
    seen = await selling.restricted(ORDERS, ALL)
    order = await told(seen, key)
    assert order["OrderStatus"] == "Canceled"
    assert not {"ShippingAddress", "BuyerInfo", "LatestDeliveryDate"} & order.keys()


async def test_who_bought_it_and_where_it_goes_is_for_released_orders_and_restricted_tokens(
    selling: Selling, scene: Scene
) -> None:
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    seen = await selling.restricted(ORDERS, ALL)
    in_list = {order["AmazonOrderId"]: order for order in await listed(seen)}
    for state, key in keys.items():
        for order in (in_list[key.order_id], await told(seen, key)):
            assert order["OrderStatus"] == state.status
            assert order.get("ShippingAddress") == (SHOWN_ADDRESS if state in RELEASED else None)
            assert order.get("BuyerInfo", {}).get("BuyerName") == ("Bea" if state in RELEASED else None)
            assert ("OrderTotal" in order) == (state not in (*PENDING, State.CANCELED))
    for order in (*await listed(selling), *[await told(selling, key) for key in keys.values()]):
        assert not {"ShippingAddress", "BuyerInfo"} & order.keys()


async def test_a_restricted_token_shows_what_it_names_and_nothing_else(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    address = await selling.restricted(ORDERS, ALL, elements=["shippingAddress"])
    buyer = await selling.restricted(ORDERS, f"{ORDERS}/{key.order_id}", elements=["buyerInfo"])
    for order in (await told(address, key), *await listed(address)):
        assert order["ShippingAddress"] == SHOWN_ADDRESS
        assert "BuyerInfo" not in order
    for order in (await told(buyer, key), *await listed(buyer)):
        assert order["BuyerInfo"]["BuyerName"] == "Bea"
        assert "ShippingAddress" not in order


async def test_the_buyers_own_mail_address_never_leaves(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    seen = await selling.restricted(ALL, f"{ALL}/buyerInfo")
    info = await told(seen, key, "/buyerInfo")
    assert info["AmazonOrderId"] == key.order_id
    assert info["BuyerEmail"] == (await told(seen, key))["BuyerInfo"]["BuyerEmail"]
    assert info["BuyerEmail"].endswith(".invalid")
    assert BEA not in info["BuyerEmail"]


async def test_what_is_about_buyers_needs_a_restricted_token(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    for part in ("/address", "/buyerInfo", "/orderItems/buyerInfo"):
        answer = await selling.get(f"{ORDERS}/{key.order_id}{part}")
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "Unauthorized"
        other = await selling.restricted(f"{ORDERS}/{NO_ORDER}{part}")
        assert (await other.get(f"{ORDERS}/{key.order_id}{part}")).status_code == 403
        assert (await told(await selling.restricted(f"{ALL}{part}"), key, part))["AmazonOrderId"] == key.order_id


async def test_address_and_buyer_of_an_order_that_is_not_released_are_empty(selling: Selling, scene: Scene) -> None:
    seen = await selling.restricted(f"{ALL}/address", f"{ALL}/buyerInfo")
    for key in await scene.to_states([state for state in State if state not in RELEASED]):
        assert await told(seen, key, "/address") == {"AmazonOrderId": key.order_id}
        assert await told(seen, key, "/buyerInfo") == {"AmazonOrderId": key.order_id}


async def test_the_telephone_is_told_until_the_parcel_should_have_arrived(selling: Selling, scene: Scene) -> None:
    key = await scene.place(address=ADDRESS | {"phone": "+1 555 0100"})
    await scene.approve(key)
    await scene.advance(timedelta(minutes=30))
    await scene.confirm(key)
    seen = await selling.restricted(f"{ALL}/address")
    assert (await told(seen, key, "/address"))["ShippingAddress"] == SHOWN_ADDRESS | {"Phone": "+1 555 0100"}
    await scene.advance(timedelta(days=20))
    assert (await told(seen, key, "/address"))["ShippingAddress"] == SHOWN_ADDRESS


class TestWithoutRestriction:
    """A marketplace that asks for no restricted tokens."""

    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(generous_plans=True, settling=timedelta(0), restricted=False)

    async def test_every_token_sees_buyers(self, selling: Selling, scene: Scene) -> None:
        key = await scene.to_state(State.UNSHIPPED)
        assert (await told(selling, key))["ShippingAddress"] == SHOWN_ADDRESS
        assert (await told(selling, key, "/address"))["ShippingAddress"] == SHOWN_ADDRESS
        assert (await told(selling, key, "/buyerInfo"))["BuyerName"] == "Bea"
        assert (await listed(selling))[0]["BuyerInfo"]["BuyerName"] == "Bea"


PARTS = ("", "/buyerInfo", "/address", "/orderItems", "/orderItems/buyerInfo", "/regulatedInfo")


async def test_anothers_order_is_no_order(selling: Selling, scene: Scene, authorize: Authorize) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert key.seller_id == PRO
    solo = await (await selling.of(await authorize(SOLO))).restricted(*(f"{ALL}{part}" for part in PARTS))
    for part in PARTS:
        anothers = await solo.get(f"{ORDERS}/{key.order_id}{part}")
        nobodys = await solo.get(f"{ORDERS}/{NO_ORDER}{part}")
        assert anothers.status_code == nobodys.status_code == 404
        assert anothers.json() == nobodys.json()
        assert anothers.json()["errors"][0]["code"] == "NotFound"


async def test_what_is_no_order_number_is_invalid(selling: Selling) -> None:
    seen = await selling.restricted(*(f"{ALL}{part}" for part in PARTS))
    for part in PARTS:
        for number in ("TEST_CASE_400", "111-1111111-111111", "%00", "%F0%9F%98%80", "1" * 500):
            answer = await seen.get(f"{ORDERS}/{number}{part}")
            assert answer.status_code == 400
            assert "orderId" in answer.json()["errors"][0]["message"]


CALLS = (
    *(("GET", part, 30) for part in PARTS),
    ("PATCH", "/regulatedInfo", 30),
    ("POST", "/shipment", 15),
    ("POST", "/shipmentConfirmation", 10),
)
"""Method, what follows the order in the path, and how many calls production admits at once."""


async def test_nobody_is_told_anything(selling: Selling) -> None:
    for method, part, _ in CALLS:
        answer = await selling.with_token("").ask(method, f"{ORDERS}/{NO_ORDER}{part}")
        assert answer.status_code == 403


class TestInProduction:
    """On the terms of production."""

    @pytest.fixture
    def terms(self) -> Terms:
        return PRODUCTION

    async def test_every_operation_has_the_plan_of_its_model(
        self, selling: Selling, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen, now = await selling.restricted(*(f"{ALL}{part}" for part in PARTS)), machine_now()
        monkeypatch.setattr(usage, "machine_now", lambda: now)  # nothing comes back meanwhile
        for method, part, burst in CALLS:
            client = seen if method == "GET" else selling
            answers = [await client.ask(method, f"{ORDERS}/{NO_ORDER}{part}") for _ in range(burst)]
            assert 429 not in {answer.status_code for answer in answers}, part
            answer = await client.ask(method, f"{ORDERS}/{NO_ORDER}{part}")
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (429, "QuotaExceeded"), part
