"""Which units of an order somebody means."""

from collections.abc import Sequence

from tradepost.orders.order import Line, Order
from tradepost.refusals import Reason, Refused

Items = Sequence[tuple[str, int | None]]
"""Items named by item number or SKU, each with a quantity; None: all that is left of it."""


def units_left(order: Order, items: Items | None) -> dict[int, int]:
    """The units meant, by line number; no items: all that is left. Refuses what is not there any more."""
    if items is None:
        return {line.line_no: line.left for line in order.lines.values() if line.left}
    meant: dict[int, int] = {}
    for item, quantity in items:
        lines = lines_named(order, item)
        left = {line.line_no: line.left - meant.get(line.line_no, 0) for line in lines}
        if quantity is not None and quantity <= 0:
            raise Refused(Reason.QUANTITY_NOT_POSITIVE, quantity=quantity, limit=sum(line.quantity for line in lines))
        if not any(left.values()):
            raise Refused(Reason.NOTHING_LEFT, item=item)
        if quantity is not None and quantity > sum(left.values()):
            raise Refused(Reason.QUANTITY_TOO_LARGE, item=item, left=sum(left.values()), quantity=quantity)
        for line_no, units in _spread(sum(left.values()) if quantity is None else quantity, left).items():
            meant[line_no] = meant.get(line_no, 0) + units
    if not meant:
        raise Refused(Reason.INVALID_VALUE, field="items", problem="name at least one")
    return meant


def lines_named(order: Order, item: str) -> list[Line]:
    """The line with this item number, or the lines of this SKU: one offer bought at two prices stands on two."""
    lines = [line for line in order.lines.values() if line.item_id == item]
    lines = lines or [line for line in order.lines.values() if line.sku == item]
    if not lines:
        raise Refused(Reason.LINE_NOT_FOUND, item=item)
    return lines


def _spread(quantity: int, left: dict[int, int]) -> dict[int, int]:
    spread = {}
    for line_no, units in left.items():
        if taken := min(quantity, units):
            spread[line_no] = taken
            quantity -= taken
    return spread
