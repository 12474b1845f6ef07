"""Orders v0: the items of an order, and what is said of goods that nobody here sells."""

from datetime import timedelta

from tests.scene import BEA, LAMP, PRO, VASE, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.test_orders_v0 import ALL, NO_ORDER, ORDERS, told
from tradepost.lifecycle import PENDING, State


async def test_a_pending_item_has_no_price(selling: Selling, scene: Scene) -> None:
    for key in await scene.to_states(sorted(PENDING)):
        for item in (await told(selling, key, "/orderItems"))["OrderItems"]:
            assert not {"ItemPrice", "ItemTax", "PromotionDiscount", "IsGift"} & item.keys()
            assert item["QuantityOrdered"] > 0 == item["QuantityShipped"]


async def test_the_price_of_an_item_is_that_of_all_its_units(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    order = await scene.order(key)
    payload = await told(selling, key, "/orderItems")
    assert payload["AmazonOrderId"] == key.order_id
    lamps, vase = payload["OrderItems"]
    nothing = {"CurrencyCode": "USD", "Amount": "0.00"}
    assert lamps == {
        "ASIN": "P-LAMP",
        "SellerSKU": LAMP,
        "OrderItemId": order.lines[1].item_id,
        "Title": "Red lamp",
        "QuantityOrdered": 2,
        "QuantityShipped": 1,
        "ProductInfo": {"NumberOfItems": "1"},
        "ItemPrice": {"CurrencyCode": "USD", "Amount": "39.80"},
        "ItemTax": nothing,
        "PromotionDiscount": nothing,
        "IsGift": "false",
        "IsTransparency": False,
        "BuyerRequestedCancel": {"IsBuyerRequestedCancel": "false"},
    }
    assert (vase["SellerSKU"], vase["QuantityShipped"]) == (VASE, 0)


async def test_what_is_canceled_is_not_ordered_any_more(selling: Selling, scene: Scene) -> None:
    part, whole = await scene.place_all([{LAMP: 3}, {LAMP: 3}])
    for key in (part, whole):
        assert await scene.approve(key) is None
    await scene.advance(timedelta(minutes=30))
    assert await scene.cancel_by_seller(part, "no_inventory", [(LAMP, 1)]) is None
    assert await scene.cancel_by_seller(whole, "no_inventory") is None
    (left,) = (await told(selling, part, "/orderItems"))["OrderItems"]
    assert (left["QuantityOrdered"], left["ItemPrice"]["Amount"]) == (2, "39.80")
    assert (await told(selling, part))["OrderTotal"]["Amount"] == "39.80"
    (none,) = (await told(selling, whole, "/orderItems"))["OrderItems"]
    assert (none["QuantityOrdered"], "ItemPrice" in none) == (0, False)


async def test_the_buyer_asks_to_cancel(selling: Selling, scene: Scene) -> None:
    silent, wordy = await scene.to_states([State.UNSHIPPED, State.UNSHIPPED])
    assert await scene.request_cancellation(silent) is None
    assert await scene.request_cancellation(wordy, why="Bought it elsewhere.") is None
    for item in (await told(selling, silent, "/orderItems"))["OrderItems"]:
        assert item["BuyerRequestedCancel"] == {"IsBuyerRequestedCancel": "true"}
    for item in (await told(selling, wordy, "/orderItems"))["OrderItems"]:
        assert item["BuyerRequestedCancel"] == {
            "IsBuyerRequestedCancel": "true",
            "BuyerCancelReason": "Bought it elsewhere.",
        }
    assert (await told(selling, wordy))["OrderStatus"] == "Unshipped"
    assert await scene.cancel_by_seller(wordy, "buyer_canceled") is None
    assert (await told(selling, wordy))["OrderStatus"] == "Canceled"


async def test_an_order_of_many_lines_comes_in_pages(selling: Selling, scene: Scene) -> None:
    skus = [f"S-{number:03}" for number in range(205)]
    for sku in skus:
        await scene.list_offer(PRO, sku)
    key = await scene.place(items=dict.fromkeys(skus, 1))
    seen = await selling.restricted(f"{ALL}/orderItems/buyerInfo")
    for client, part in ((selling, "/orderItems"), (seen, "/orderItems/buyerInfo")):
        sizes, ids, query = [], [], {}
        while True:
            page = (await client.get(f"{ORDERS}/{key.order_id}{part}", **query)).json()["payload"]
            sizes.append(len(page["OrderItems"]))
            ids += [item["OrderItemId"] for item in page["OrderItems"]]
            if "NextToken" not in page:
                break
            query = {"NextToken": page["NextToken"]}
        assert sizes == [100, 100, 5]
        assert ids == [line.item_id for line in (await scene.order(key)).lines.values()]
    first = (await selling.get(f"{ORDERS}/{key.order_id}/orderItems")).json()["payload"]["NextToken"]
    other = await scene.place()
    for number, token in ((other.order_id, first), (key.order_id, "abc"), (key.order_id, first[:-3] + "AAA")):
        answer = await selling.get(f"{ORDERS}/{number}/orderItems", NextToken=token)
        assert answer.status_code == 400
        assert "NextToken" in answer.json()["errors"][0]["message"]


async def test_buyers_say_nothing_with_their_items(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    seen = await selling.restricted(f"{ALL}/orderItems/buyerInfo")
    payload = await told(seen, key, "/orderItems/buyerInfo")
    ids = [line.item_id for line in (await scene.order(key)).lines.values()]
    assert payload == {"AmazonOrderId": key.order_id, "OrderItems": [{"OrderItemId": one} for one in ids]}


async def test_no_order_has_regulated_goods(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    info = await told(selling, key, "/regulatedInfo")
    assert info["RegulatedInformation"] == {"Fields": []}
    assert info["RegulatedOrderVerificationStatus"]["RequiresMerchantAction"] is False


VERDICT = {"status": "Rejected", "externalReviewerId": "r1", "rejectionReasonId": "x"}


async def test_there_is_nothing_to_verify(selling: Selling, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    for verdict, said in (
        (VERDICT, "no regulated goods"),
        ({"status": "Approved"}, "externalReviewerId"),
        ({"status": "Perhaps", "externalReviewerId": "r1"}, "status"),
    ):
        body = {"regulatedOrderVerificationStatus": verdict}
        answer = await selling.patch(f"{ORDERS}/{key.order_id}/regulatedInfo", body)
        assert answer.status_code == 400
        assert said in answer.json()["errors"][0]["message"]


async def test_verification_of_an_order_that_is_not_there(selling: Selling) -> None:
    body = {"regulatedOrderVerificationStatus": VERDICT}
    assert (await selling.patch(f"{ORDERS}/{NO_ORDER}/regulatedInfo", body)).status_code == 404
    huge = await selling.ask("PATCH", f"{ORDERS}/{NO_ORDER}/regulatedInfo", content=b" " * (2 << 20))
    assert huge.status_code == 413


async def test_cancellation_within_the_hold_is_told_at_once(selling: Selling, scene: Scene) -> None:
    key = await scene.place()
    assert await scene.cancel_by_buyer(key, BEA) is None
    await scene.advance(timedelta(minutes=1))
    assert (await told(selling, key))["OrderStatus"] == "Canceled"
    assert (await told(selling, key))["NumberOfItemsUnshipped"] == 0
