"""What a notification says, by Amazon's schemas: made when it is sent, from what is recorded.

An order is told as it stood after the event, however late that is; a quantity as it is. Of the buyer nothing is told,
and of the address the postal code alone, once the order is released.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tradepost.lifecycle import ROW_OF, TO_SHIP, Act, State, Units
from tradepost.notifications.kinds import VERSIONS, ChangeType, Kind
from tradepost.notifications.records import Claimed
from tradepost.notifications.told.records import OrderThen

Json = dict[str, Any]

_PASCAL = (Kind.ORDER_CHANGE, Kind.QUANTITY_CHANGE)  # the others spell their fields in camel case

_PROMISED = (*TO_SHIP, State.SHIPPED)

_WHY = {
    Act.PLACE: "Order Placed",
    Act.RELEASE: "Order Released",
    Act.CONFIRM_SHIPMENT: "Shipment Confirmed",
    Act.CANCEL_BY_BUYER: "Canceled By Buyer",
    Act.CANCEL_BY_SELLER: "Canceled By Seller",
    Act.CANCEL_UNCONFIRMED: "Not Confirmed In Time",
    Act.REQUEST_CANCELLATION: "Buyer Requested Cancel",
}
_OTHERWISE = "Canceled By Marketplace"  # what verification found is not for the seller


def body(told: Claimed, payload: Json, client_id: str, published: datetime) -> bytes:
    """The whole notification, in the same words however often it is sent, but for the moment at which it is.

    It is ASCII: SQS refuses some of the characters that a SKU may have.
    """
    kind = Kind(told.kind)
    metadata = {
        "applicationId": client_id,
        "subscriptionId": told.subscription_id,
        "publishTime": moment(published),
        "notificationId": str(told.notification_id),
    }
    whole = {
        "notificationVersion": VERSIONS[kind],
        "notificationType": kind,
        "payloadVersion": VERSIONS[kind],
        "eventTime": moment(told.happened_at),
        "payload": payload,
        "notificationMetadata": _spelled(metadata, kind),
    }
    return json.dumps(_spelled(whole, kind), separators=(",", ":")).encode("ascii")


def quantity_change(seller_id: str, sku: str, available: int) -> Json:
    """What is available of an offer."""
    return {"SellerId": seller_id, "FulfillmentChannelCode": "DEFAULT", "Sku": sku, "Quantity": available}


def order_change(order: OrderThen) -> Json:
    """What an event has changed of an order, and the order after it."""
    act = Act(order.act)
    asked = act is Act.REQUEST_CANCELLATION
    return {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": order.seller_id,
            "AmazonOrderId": order.order_id,
            "OrderChangeType": ChangeType.BUYER_REQUEST if asked else ChangeType.STATUS,
            "OrderChangeTrigger": {
                "TimeOfOrderChange": moment(order.happened_at),
                "ChangeReason": _WHY.get(act, _OTHERWISE),
            },
            "Summary": _summary(order, State(order.state)),
        }
    }


def moment(at: datetime) -> str:
    """A moment as Amazon's examples spell it: UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _spelled(fields: Mapping[str, Any], kind: Kind) -> Json:
    return {name[0].upper() + name[1:] if kind in _PASCAL else name: value for name, value in fields.items()}


def _summary(order: OrderThen, state: State) -> Json:
    items = _items(order)
    promised = {
        "EarliestDeliveryDate": moment(order.deliver_earliest),
        "LatestDeliveryDate": moment(order.deliver_latest),
    }
    return {
        "MarketplaceId": order.marketplace_id,
        "OrderStatus": state.status,
        "PurchaseDate": moment(order.placed_at),
        "DestinationPostalCode": order.postal_code,
        "FulfillmentType": "MFN",
        "OrderType": "StandardOrder",
        "NumberOfItemsShipped": sum(item["QuantityShipped"] for item in items),
        "NumberOfItemsUnshipped": sum(item["Quantity"] - item["QuantityShipped"] for item in items),
        **(promised if state in _PROMISED else {}),
        "EarliestShipDate": moment(order.ship_earliest),
        "LatestShipDate": moment(order.ship_latest),
        "OrderItems": items,
    }


def _items(order: OrderThen) -> list[Json]:
    """The items as the history up to the event leaves them; what is canceled is not ordered any more."""
    shipped, canceled = Counter[str](), Counter[str]()
    asked = False
    for name, units in order.history:
        act = Act(name)
        asked = asked or act is Act.REQUEST_CANCELLATION
        if moved := ROW_OF[act].units:
            (shipped if moved is Units.SHIP else canceled).update(units or {})
    items: list[Json] = []
    for number, item_id, sku, quantity in order.lines:
        line = str(number)
        items.append(
            {
                "OrderItemId": item_id,
                "SellerSKU": sku,
                "SupplySourceId": None,
                "Quantity": quantity - canceled[line],
                "QuantityShipped": shipped[line],
                "IsBuyerRequestedCancel": asked,
            }
        )
    if order.state == State.PARTIALLY_SHIPPED:  # where the items differ
        for item in items:
            item["OrderItemStatus"] = "Shipped" if item["QuantityShipped"] == item["Quantity"] else "Unshipped"
    return items
