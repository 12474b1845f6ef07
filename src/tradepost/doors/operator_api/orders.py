"""One order in full, for operators and for customer service: everything that has happened to it, and who did it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from litestar import get
from litestar.params import FromPath
from msgspec import Struct, structs

from tradepost.doors.http.destination import Destination, destination
from tradepost.doors.http.routes import TheDesk, Who
from tradepost.doors.http.shown import shown
from tradepost.ground.database import Transaction
from tradepost.lifecycle import TO_SHIP
from tradepost.numbers import is_order_number
from tradepost.refusals import Reason, Refused
from tradepost.reports.order_details import OrderDetails, Package, order_details


class Line(Struct, frozen=True):
    """One offer of an order; `unit_price` in minor units of the order's currency."""

    line_no: int
    item_id: str
    sku: str
    title: str
    unit_price: int
    quantity: int
    shipped: int
    canceled: int
    left: int


class Happening(Struct, frozen=True):
    """One thing that happened, who did it, and the state of the order after it. `recorded_at` is null for what the
    clock has done and nobody has written down yet."""

    number: int
    act: str
    state: str
    party: str
    actor: str
    happened_at: datetime
    recorded_at: datetime | None
    detail: Mapping[str, Any] | None


class CanceledUnits(Struct, frozen=True):
    """Units of a line that were canceled by the event of this number, and whether they went back into stock."""

    event: int
    line_no: int
    quantity: int
    canceled_by: str
    reason: str
    returned: bool


class UnitsInPackage(Struct, frozen=True):
    """Units of a line in a package."""

    line_no: int
    quantity: int


class Shipped(Struct, frozen=True):
    """A package, by its number within the order."""

    reference: int
    carrier_code: str
    carrier_name: str | None
    ship_method: str | None
    tracking: str | None
    shipped_on: datetime | None
    confirmed_at: datetime
    edited_at: datetime | None
    units: list[UnitsInPackage]


class Told(Struct, frozen=True):
    """A notice that the event of this number caused; `status` is null until that event is written down."""

    event: int
    receiver: str
    kind: str
    happened_at: datetime
    status: str | None
    attempts: int


class PaymentStanding(Struct, frozen=True):
    """How the payment stands; with what the order is paid is nobody's business here."""

    gateway: str
    attempts: int
    reference: str | None
    asked_next: datetime | None


class NextByItself(Struct, frozen=True):
    """What the clock will do if nobody acts before."""

    at: datetime
    act: str
    sentence: str


class OrderWithHistory(Struct, frozen=True):
    """An order as it stands now; money in minor units of `currency`. `confirm_until` is the last day, in the
    marketplace's zone, to confirm the shipment of what is left."""

    order_id: str
    seller_id: str
    buyer_id: str
    marketplace_id: str
    policy_version: int
    checkout_id: str
    status: str
    state: str
    placed_at: datetime
    hold_ends_at: datetime
    approved_at: datetime | None
    released_at: datetime | None
    warned_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancellation_requested_at: datetime | None
    canceled_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    confirm_until: date | None
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
    lines: list[Line]
    history: list[Happening]
    cancellations: list[CanceledUnits]
    packages: list[Shipped]
    notices: list[Told]
    payment: PaymentStanding | None
    next: NextByItself | None


class OrderWithAddress(OrderWithHistory, frozen=True):
    """An order as it stands now. `ship_to` is null unless the order is released."""

    ship_to: Destination | None


@get("/orders/{order_id:str}", summary="Look at any order")
async def look_at_order(who: Who, desk: TheDesk, order_id: FromPath[str]) -> OrderWithAddress:
    """Any order in full, by its number."""
    return await desk.database.run(lambda tx: _with_address(tx, order_id))


async def in_full(tx: Transaction, order_id: str) -> OrderWithHistory:
    """The order of this number as it stands at this moment; refuses one that there is not."""
    return _shown(await _details(tx, order_id))


async def _with_address(tx: Transaction, order_id: str) -> OrderWithAddress:
    details = await _details(tx, order_id)
    return OrderWithAddress(**structs.asdict(_shown(details)), ship_to=await destination(tx, details))


async def _details(tx: Transaction, order_id: str) -> OrderDetails:
    details = await order_details(tx, order_id, tx.now) if is_order_number(order_id) else None
    if details is None:
        raise Refused(Reason.ORDER_NOT_FOUND)
    return details


def _shown(details: OrderDetails) -> OrderWithHistory:
    order, policy = details.order, details.policy
    return shown(
        OrderWithHistory,
        order,
        status=order.state.status,
        hold_ends_at=order.placed_at + policy.hold,
        confirm_until=policy.last_day_to_confirm(order.placed_at) if order.state in TO_SHIP else None,
        lines=[shown(Line, line) for line in order.lines.values()],
        history=[shown(Happening, event) for event in details.events],
        cancellations=[shown(CanceledUnits, one) for one in details.cancellations],
        packages=[_package(package) for package in details.packages],
        notices=[shown(Told, notice) for notice in details.notices],
        payment=shown(PaymentStanding, details.payment) if details.payment else None,
        next=shown(NextByItself, details.next) if details.next else None,
    )


def _package(package: Package) -> Shipped:
    units = [UnitsInPackage(line_no, quantity) for line_no, quantity in package.units.items()]
    return shown(Shipped, package, units=units)


ORDERS: list[Any] = [look_at_order]
