"""`tradepost explain`: one order, told to a person."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter

from tradepost.doors.cli.house import HERE, Where, open_house
from tradepost.doors.cli.moments import in_words, shown
from tradepost.doors.cli.words import HAPPENED
from tradepost.lifecycle import Act, State
from tradepost.money import format_amount
from tradepost.refusals import Reason, Refused
from tradepost.reports.order_details import Event, OrderDetails, order_details


async def explain(order: Annotated[str, Parameter(metavar="ORDER")], /, *, where: Where = HERE) -> int:
    """Tell where an order stands, why, until when, what will happen by itself, and its history.

    What is told is what the clock says at this moment, whether or not a worker has
    come by. Times are those of the marketplace's zone. The address is not shown.

    For example:
      tradepost explain 702-1234567-7654321

    Exit codes: 0 told; 1 there is no such order.

    Parameters
    ----------
    order
        The order number.
    """
    async with open_house(where) as house, house.database.transaction() as tx:
        details = await order_details(tx, order, tx.now)
    if details is None:
        raise Refused(Reason.ORDER_NOT_FOUND)
    print("\n".join(_told(details)))
    return 0


def _told(details: OrderDetails) -> Iterator[str]:
    order, zone = details.order, details.zone
    placed = shown(order.placed_at, zone)
    yield f"Order {order.order_id} of seller {order.seller_id}, placed by {order.buyer_id} on {placed}."
    yield f"It is {order.state.status}: {order.state.meaning}."
    if order.canceled_at:
        units = f"{order.canceled_units} of {order.ordered_units} units were canceled"
        by, when = str(order.canceled_by).lower(), shown(order.canceled_at, zone)
        yield f"{units}, the last by the {by} on {when}: {order.cancel_reason}."
    yield from _next(details)
    yield f"It is {shown(details.at, zone)} now; all times are those of {zone}."
    yield ""
    yield "Items"
    yield from _items(details)
    yield from _dates(details)
    if details.packages:
        yield ""
        yield "Packages"
        yield from _packages(details)
    yield ""
    yield "History"
    for event in details.events:
        yield from _event(event, details)


def _next(details: OrderDetails) -> Iterator[str]:
    coming = details.next
    if coming is None:
        yield "Nothing more will happen to it by itself."
    else:
        at, ahead = shown(coming.at, details.zone), in_words(coming.at - details.at)
        yield f"Next, by itself: {at}, in {ahead}. {coming.sentence}"
    payment = details.payment
    if payment and payment.asked_next:
        yield f"The payment gateway {payment.gateway} is asked next on {shown(payment.asked_next, details.zone)}."


def _items(details: OrderDetails) -> Iterator[str]:
    order = details.order
    for line in order.lines.values():
        price = format_amount(line.unit_price, order.currency)
        units = f"{line.left} to ship" if line.left else ""
        done = [f"{line.shipped} shipped" if line.shipped else "", f"{line.canceled} canceled" if line.canceled else ""]
        stand = ", ".join(filter(None, (units, *done)))
        what = f"{line.quantity} x {line.sku}  {line.title}, {price} {order.currency} each"
        yield f"  {what} (item {line.item_id}): {stand}"
    yield f"  {format_amount(order.total, order.currency)} {order.currency} in all, by {order.service} shipping"


def _dates(details: OrderDetails) -> Iterator[str]:
    order, zone = details.order, details.zone
    if order.units_left:
        yield f"  To be shipped by {_day(order.ship_latest, zone)}."
    if order.state is not State.CANCELED:
        yield f"  Promised to arrive by {_day(order.deliver_latest, zone)}."
    confirm_by = details.policy.last_day_to_confirm(order.placed_at)
    if order.units_left:
        yield f"  To be confirmed as shipped by the end of {confirm_by} to avoid cancellation."
    if order.cancellation_requested_at and order.units_left:
        yield f"  The buyer asked to cancel on {shown(order.cancellation_requested_at, zone)}; the seller decides."


def _packages(details: OrderDetails) -> Iterator[str]:
    for package in details.packages:
        units = ", ".join(f"{n} x {details.order.lines[line].sku}" for line, n in package.units.items())
        carrier = package.carrier_name or package.carrier_code
        tracking = f" {package.tracking}" if package.tracking else ", no tracking number"
        confirmed = shown(package.confirmed_at, details.zone)
        yield f"  {package.reference}: {units} by {carrier}{tracking}, confirmed {confirmed}"


def _event(event: Event, details: OrderDetails) -> Iterator[str]:
    zone = details.zone
    unwritten = "" if event.recorded_at else " (due; not recorded yet)"
    more = _detail(event.detail, details)
    said = f"{HAPPENED[Act(event.act)]}{f': {more}' if more else ''}"
    yield f"  {event.number:>3}  {shown(event.happened_at, zone)}  {said} [{event.party} {event.actor}]{unwritten}"
    for notice in details.notices:
        if notice.event == event.number:
            yield f"{'':28}told the {notice.receiver}: {notice.kind} ({notice.status or 'not queued yet'})"


def _detail(detail: Any, details: OrderDetails) -> str:
    """What an event's detail says, in words."""
    if not detail:
        return ""
    said = []
    if "units" in detail:
        lines = details.order.lines
        said.append(", ".join(f"{n} x {lines[int(line)].sku}" for line, n in detail["units"].items()))
    if "package" in detail:
        said.append(f"package {detail['package']}")
    if "reason" in detail:
        said.append(detail["reason"])
    if "why" in detail:
        said.append(f"“{detail['why']}”")
    if "deliver_latest" in detail:
        anew = datetime.fromisoformat(detail["deliver_latest"]["anew"])
        said.append(f"it is promised anew, to arrive by {_day(anew, details.zone)}")
    if "was" in detail:
        was = detail["was"]
        said.append(f"package {was['package']} was {was['carrier']} {was['tracking'] or 'without tracking number'}")
    return "; ".join(said)


def _day(at: datetime, zone: str) -> str:
    return shown(at, zone)[:10]
