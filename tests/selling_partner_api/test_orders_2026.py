"""getOrder of 2026-01-01: an order in every state, with the data that were asked for and no others."""

from typing import Any

from tests.scene import ADDRESS, LAMP, MARKET, MUG, PRO, SOLO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.orders_2026 import EVER, ORDERS, z
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.policy import Policy
from tradepost.process.shipment.confirmations import Parcel
from tradepost.reports.released_lines import alias

ALL = "BUYER RECIPIENT PROCEEDS EXPENSE PROMOTION CANCELLATION FULFILLMENT PACKAGES TAX PAYMENT FULFILLMENT_ORDERS"
SETS = ALL.split()
BASE = {"orderId", "createdTime", "lastUpdatedTime", "salesChannel", "orderItems"}
ITEM_BASE = {"orderItemId", "quantityOrdered", "product"}
OF_ORDER = {
    "BUYER": "buyer",
    "RECIPIENT": "recipient",
    "PROCEEDS": "proceeds",
    "FULFILLMENT": "fulfillment",
    "PACKAGES": "packages",
    "PAYMENT": "payment",
}
OF_ITEM = {"PROCEEDS": "proceeds", "CANCELLATION": "cancellation", "FULFILLMENT": "fulfillment"}
STATUSES = {
    State.HELD: "PENDING",
    State.APPROVED: "PENDING",
    State.VERIFYING: "PENDING",
    State.UNSHIPPED: "UNSHIPPED",
    State.PARTIALLY_SHIPPED: "PARTIALLY_SHIPPED",
    State.SHIPPED: "SHIPPED",
    State.CANCELED: "CANCELLED",
}
RELEASED = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")


async def ask(selling: Selling, key: OrderKey, sets: list[str] = SETS) -> dict[str, Any]:
    answer = await selling.get(f"{ORDERS}/{key.order_id}", **({"includedData": sets} if sets else {}))
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()["order"]
    return order


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "USD"}


async def test_an_order_in_every_state(scene: Scene, selling: Selling) -> None:
    for state, key in zip(State, await scene.to_states(list(State)), strict=True):
        order = await ask(selling, key)
        status = order["fulfillment"]["fulfillmentStatus"]
        assert status == STATUSES[state]
        for private in ("buyer", "recipient", "payment"):  # strictly: neither before the release nor after the end
            assert (private in order) == (status in RELEASED)
        items = order["orderItems"]
        assert [item["product"]["price"]["unitPrice"] for item in items] == [usd("19.90"), usd("20.00")]
        shipped = {State.PARTIALLY_SHIPPED: [1, 0], State.SHIPPED: [2, 1]}.get(state, [0, 0])
        left = [0, 0] if state is State.CANCELED else [2 - shipped[0], 1 - shipped[1]]
        assert [item["fulfillment"] for item in items] == [
            {"quantityFulfilled": done, "quantityUnfulfilled": rest} for done, rest in zip(shipped, left, strict=True)
        ]
        assert order["proceeds"]["grandTotal"] == usd("0.00" if state is State.CANCELED else "59.80")
        assert len(order["packages"]) == (state in (State.PARTIALLY_SHIPPED, State.SHIPPED))


async def test_an_order_in_full(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    recorded = await scene.order(key)
    order = await ask(selling, key)
    assert order["orderId"] == key.order_id
    assert order["createdTime"] == "2026-03-02T10:00:00Z"
    assert order["lastUpdatedTime"] == "2026-03-02T10:30:00Z"
    assert order["salesChannel"] == {
        "channelName": "AMAZON",
        "marketplaceId": MARKET,
        "marketplaceName": "Market",
    }
    assert order["buyer"] == {"buyerName": "Bea", "buyerEmail": alias(MARKET, PRO, recorded.buyer_id)}
    assert order["recipient"]["deliveryAddress"] == {
        "name": "Bea Buyer",
        "addressLine1": "1 Secret Street",
        "city": "Springfield",
        "countryCode": "US",
    }
    assert order["fulfillment"] == {
        "fulfillmentStatus": "UNSHIPPED",
        "fulfilledBy": "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": _range(recorded.ship_earliest, recorded.ship_latest),
        "deliverByWindow": _range(recorded.deliver_earliest, recorded.deliver_latest),
    }
    assert order["payment"] == {"paymentExecutions": [{"paymentMethod": "Other", "paymentAmount": usd("59.80")}]}
    assert order["proceeds"] == {
        "grandTotal": usd("59.80"),
        "breakdowns": [{"type": "ITEM", "subtotal": usd("59.80")}],
    }
    lamps, vase = order["orderItems"]
    assert lamps["orderItemId"] == recorded.lines[1].item_id
    assert lamps["quantityOrdered"] == 2
    assert lamps["product"] == {
        "asin": "P-LAMP",
        "title": "Red lamp",
        "sellerSku": LAMP,
        "price": {"unitPrice": usd("19.90")},
    }
    assert lamps["proceeds"]["proceedsTotal"] == usd("39.80")
    assert vase["proceeds"]["breakdowns"] == [{"type": "ITEM", "subtotal": usd("20.00")}]


def _range(earliest: Any, latest: Any) -> dict[str, str]:
    return {"earliestDateTime": z(earliest), "latestDateTime": z(latest)}


async def test_only_the_data_that_were_asked_for(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    await scene.request_cancellation(key)
    for sets in ([], *([name] for name in SETS), SETS):
        order = await ask(selling, key, sets)
        assert order.keys() == BASE | {OF_ORDER[name] for name in sets if name in OF_ORDER}
        for item in order["orderItems"]:
            assert item.keys() == ITEM_BASE | {OF_ITEM[name] for name in sets if name in OF_ITEM}
        found = await selling.get(ORDERS, createdAfter=EVER, includedData=sets)
        assert found.json()["orders"] == [order]


async def test_packages(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 1)], reference=7)
    await scene.deliver(key)
    await scene.advance(Policy().hold)
    courier = Parcel("Other", "X1", "Bicycle Couriers", "By hand", await scene.now())
    await scene.confirm(key, [(LAMP, 1), (VASE, 1)], parcel=courier)
    lines = (await scene.order(key)).lines
    first, second = (await ask(selling, key, ["PACKAGES"]))["packages"]
    assert first == {
        "packageReferenceId": "7",
        "createdTime": "2026-03-02T10:30:00Z",
        "packageStatus": {"status": "DELIVERED"},
        "carrier": "UPS",
        "trackingNumber": "1Z999AA10123456784",
        "packageItems": [{"orderItemId": lines[1].item_id, "quantity": 1}],
    }
    assert second == {
        "packageReferenceId": second["packageReferenceId"],
        "createdTime": "2026-03-02T11:00:00Z",
        "packageStatus": {"status": "SHIPPED"},  # what was delivered before is not this package
        "carrier": "Bicycle Couriers",
        "shipTime": "2026-03-02T11:00:00Z",
        "shippingService": "By hand",
        "trackingNumber": "X1",
        "packageItems": [{"orderItemId": line.item_id, "quantity": 1} for line in lines.values()],
    }


async def test_who_asked_to_cancel_and_who_canceled(scene: Scene, selling: Selling) -> None:
    by_buyer, by_seller, by_us, asked = await scene.to_states(
        [State.CANCELED, State.UNSHIPPED, State.VERIFYING, State.UNSHIPPED]
    )
    await scene.cancel_by_seller(by_seller, "no_inventory", [(LAMP, 1)])
    await scene.decline(by_us)
    await scene.request_cancellation(asked, why="I found it cheaper.")

    async def told(key: OrderKey) -> list[Any]:
        return [item.get("cancellation") for item in (await ask(selling, key, ["CANCELLATION"]))["orderItems"]]

    executed = {"cancelledBy": "BUYER", "cancelReason": "BUYER_CANCELLED"}
    assert await told(by_buyer) == [{"cancellationExecution": executed}] * 2
    executed = {"cancelledBy": "MERCHANT", "cancelReason": "NO_INVENTORY"}
    assert await told(by_seller) == [{"cancellationExecution": executed}, None]
    await scene.cancel_by_seller(by_seller, "pricing_error", [(LAMP, 1)])
    executed = {"cancelledBy": "MERCHANT", "cancelReason": "PRICING_ERROR"}  # the last one
    assert await told(by_seller) == [{"cancellationExecution": executed}, None]
    executed = {"cancelledBy": "AMAZON", "cancelReason": "PAYMENT_DECLINED"}
    assert await told(by_us) == [{"cancellationExecution": executed}] * 2
    requested = {"requester": "BUYER", "cancelReason": "I found it cheaper."}
    assert await told(asked) == [{"cancellationRequest": requested}] * 2
    await scene.cancel_by_seller(asked, "buyer_canceled")
    executed = {"cancelledBy": "MERCHANT", "cancelReason": "BUYER_CANCELLED"}
    assert await told(asked) == [{"cancellationRequest": requested, "cancellationExecution": executed}] * 2


async def test_what_is_canceled_brings_no_proceeds(scene: Scene, selling: Selling) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.cancel_by_seller(key, items=[(LAMP, 1)])
    order = await ask(selling, key)
    assert order["proceeds"]["grandTotal"] == order["payment"]["paymentExecutions"][0]["paymentAmount"] == usd("39.90")
    assert order["orderItems"][0]["proceeds"]["proceedsTotal"] == usd("19.90")
    assert order["orderItems"][0]["quantityOrdered"] == 2


async def test_the_phone_is_gone_once_the_order_should_have_arrived(scene: Scene, selling: Selling) -> None:
    key = await scene.place(address=ADDRESS | {"phone": "+1 206 555 0100"})
    await scene.approve(key)
    await scene.advance(Policy().hold)
    await scene.confirm(key)

    async def phone() -> Any:
        return (await ask(selling, key, ["RECIPIENT"]))["recipient"]["deliveryAddress"].get("phone")

    assert await phone() == "+1 206 555 0100"
    await scene.advance(to=(await scene.order(key)).deliver_latest)
    assert await phone() == "+1 206 555 0100"
    await scene.advance(Policy().hold)
    assert await phone() is None


async def test_an_order_without_an_address_has_no_recipient(scene: Scene, selling: Selling) -> None:
    key = await scene.place(address=None)
    await scene.approve(key)
    await scene.advance(Policy().hold)
    assert "recipient" not in await ask(selling, key)


async def test_the_words_for_how_fast_it_goes(scene: Scene, selling: Selling) -> None:
    for service, level in {"SecondDay": "SECOND_DAY", "NextDay": "NEXT_DAY", "Expedited": "EXPEDITED"}.items():
        key = await scene.place(service=service)
        assert (await ask(selling, key))["fulfillment"]["fulfillmentServiceLevel"] == level


async def test_a_stranger_is_not_told_that_an_order_exists(
    scene: Scene, selling: Selling, authorize: Authorize
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    solo = await selling.of(await authorize(SOLO))
    path = f"{ORDERS}/{key.order_id}"
    nothing = await solo.get(f"{ORDERS}/000-0000000-0000000", includedData=SETS)
    strangers = await solo.get(path, includedData=SETS)
    assert strangers.status_code == nothing.status_code == 404
    assert strangers.json() == nothing.json()
    assert strangers.json()["errors"][0]["code"] == "NotFound"
    assert (await solo.get(ORDERS, createdAfter=EVER, includedData=SETS)).json()["orders"] == []
    await scene.place(items={MUG: 1})
    (own,) = (await solo.get(ORDERS, createdAfter=EVER)).json()["orders"]
    assert own["orderId"] != key.order_id
    assert (await selling.get(path)).status_code == 200


async def test_what_is_no_order_number(selling: Selling) -> None:
    for order_id in ("TEST_CASE_400", "1", "123-1234567-123456", "%00", "..%2f", "é" * 300):
        answer = await selling.get(f"{ORDERS}/{order_id}")
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()["errors"]
        assert (error["code"], error["details"]) == ("InvalidInput", "invalid_value")
        assert "orderId" in error["message"]


async def test_data_sets_that_do_not_exist(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    answer = await selling.get(f"{ORDERS}/{key.order_id}", includedData="BUYER,PRICES")
    assert answer.status_code == 400
    assert "'PRICES' is none of BUYER, RECIPIENT" in answer.json()["errors"][0]["message"]


async def test_without_a_token_nothing_is_told(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    for token in ("", "Atza|nonsense"):
        for path in (ORDERS, f"{ORDERS}/{key.order_id}"):
            answer = await selling.with_token(token).get(path, createdAfter=EVER)
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["code"] == "Unauthorized"


async def test_a_restricted_token_is_for_the_calls_that_it_names(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    restricted = await selling.restricted("/orders/v0/orders")
    assert (await restricted.get(f"{ORDERS}/{key.order_id}")).status_code == 403
