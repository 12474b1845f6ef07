"""One order in full, as its seller may see it.

Neither who the buyer is nor where the order goes is told before it is released, nor after it is canceled (A37, A40);
and never with what it is paid, nor the buyer's own mail address.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from tradepost.doors.http.destination import Destination, destination
from tradepost.doors.http.shown import shown
from tradepost.ground.database import Transaction
from tradepost.lifecycle import TO_SHIP
from tradepost.numbers import OrderKey, is_order_number
from tradepost.reports.order_details import OrderDetails, Package, order_details
from tradepost.reports.released_lines import alias


class OrderedLine(Struct, frozen=True):
    """One offer of an order; `unit_price` in minor units of the order's currency."""

    item_id: str
    sku: str
    title: str
    unit_price: int
    quantity: int
    shipped: int
    canceled: int
    left: int


class ItemInPackage(Struct, frozen=True):
    """Units of a line in a package."""

    item_id: str
    quantity: int


class PackageOfOrder(Struct, frozen=True):
    """A package, by its number within the order."""

    reference: int
    carrier_code: str
    carrier_name: str | None
    ship_method: str | None
    tracking: str | None
    shipped_on: datetime | None
    confirmed_at: datetime
    edited_at: datetime | None
    items: list[ItemInPackage]


class CanceledItem(Struct, frozen=True):
    """Units of a line that were canceled by the event of this number, and whether they went back into stock."""

    event: int
    item_id: str
    quantity: int
    canceled_by: str
    reason: str
    returned: bool


class OrderEvent(Struct, frozen=True):
    """One thing that happened, and the state of the order after it."""

    number: int
    act: str
    state: str
    party: str
    happened_at: datetime
    detail: Mapping[str, Any] | None


class ComingNext(Struct, frozen=True):
    """What the clock will do if nobody acts before."""

    at: datetime
    act: str
    sentence: str


class OrderInFull(Struct, frozen=True):
    """An order as it stands now; money in minor units of `currency`.

    `ship_to` and `buyer_email`, under which this seller alone knows the buyer, are null unless the order is released.
    `confirm_until` is the last day, in the marketplace's zone, to confirm the shipment, and `reminded` whether it is
    near.
    """

    order_id: str
    marketplace_id: str
    status: str
    state: str
    placed_at: datetime
    released_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    canceled_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    cancellation_requested_at: datetime | None
    service: str
    currency: str
    total: int
    ordered_units: int
    shipped_units: int
    canceled_units: int
    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    confirm_until: date | None
    reminded: bool
    buyer_email: str | None
    ship_to: Destination | None
    lines: list[OrderedLine]
    packages: list[PackageOfOrder]
    cancellations: list[CanceledItem]
    events: list[OrderEvent]
    next: ComingNext | None


async def order_page(tx: Transaction, key: OrderKey) -> OrderInFull | None:
    """The seller's order as it stands at this moment; None when there is none, or when it is another seller's."""
    if not is_order_number(key.order_id):
        return None
    details = await order_details(tx, key.order_id, tx.now, seller_id=key.seller_id)
    if details is None:
        return None
    return _page(details, await destination(tx, details))


def _page(details: OrderDetails, goes_to: Destination | None) -> OrderInFull:
    order = details.order
    item_ids = {line.line_no: line.item_id for line in order.lines.values()}
    to_ship = order.state in TO_SHIP
    return shown(
        OrderInFull,
        order,
        status=order.state.status,
        confirm_until=details.policy.last_day_to_confirm(order.placed_at) if to_ship else None,
        reminded=to_ship and order.warned_at is not None,
        buyer_email=alias(order.marketplace_id, order.seller_id, order.buyer_id) if goes_to else None,
        ship_to=goes_to,
        lines=[shown(OrderedLine, line) for line in order.lines.values()],
        packages=[_package(package, item_ids) for package in details.packages],
        cancellations=[shown(CanceledItem, one, item_id=item_ids[one.line_no]) for one in details.cancellations],
        events=[shown(OrderEvent, event) for event in details.events],
        next=shown(ComingNext, details.next) if details.next else None,
    )


def _package(package: Package, item_ids: Mapping[int, str]) -> PackageOfOrder:
    items = [ItemInPackage(item_ids[line_no], quantity) for line_no, quantity in package.units.items()]
    return shown(PackageOfOrder, package, items=items)
