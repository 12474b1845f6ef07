"""What the rows of a Shipping Confirmation file say: which order, which items, which parcel; and which go together."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from tradepost.calendar_days import first_instant, time_zone
from tradepost.numbers import OrderKey, is_order_number
from tradepost.process.shipment.confirmations import Confirmation, Parcel
from tradepost.process.shipment.file_records import Record
from tradepost.process.shipment.processing_report import MOST_ECHOED, Complaint, Entry

MOST_ROWS_OF_ORDER = 1000
CLEARED = "null"  # written into tracking-number to remove it; an empty cell leaves it as it is

_QUANTITY = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_AMERICAN_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


class Row(NamedTuple):
    """A row that can be understood. No item: the whole order."""

    record: Record
    item: str | None
    quantity: int | None
    parcel: Parcel

    def confirmation(self, seller_id: str, at: datetime) -> Confirmation:
        """The row as the act that it asks for."""
        items = [(self.item, self.quantity)] if self.item else None
        quantity = None if self.item else self.quantity
        key = OrderKey(seller_id, self.record.order_id)
        return Confirmation(key, at, self.parcel, items, may_edit=True, quantity=quantity)


def understand(record: Record, zone: str) -> Row | Entry:
    """What a record says, or why that is not clear. A date without a zone is one of the marketplace's `zone`."""
    if not record.order_id:
        return _wrong(record, Complaint.FIELD_EMPTY, "order-id")
    if not is_order_number(record.order_id):
        return _wrong(record, Complaint.INVALID_ORDER_ID, "order-id")
    quantity = int(record.quantity) if _QUANTITY.fullmatch(record.quantity) else 0
    if record.quantity and not quantity:
        return _wrong(record, Complaint.INVALID_QUANTITY, "quantity")
    if not record.ship_date:
        return _wrong(record, Complaint.FIELD_EMPTY, "ship-date")
    shipped_on = _moment(record.ship_date, zone)
    if shipped_on is None:
        return _wrong(record, Complaint.INVALID_SHIP_DATE, "ship-date")
    tracking = "" if record.tracking_number.casefold() == CLEARED else record.tracking_number or None
    parcel = Parcel(
        record.carrier_code or None, tracking, record.carrier_name or None, record.ship_method or None, shipped_on
    )
    return Row(record, record.order_item_id or None, quantity or None, parcel)


def parcels(rows: Iterable[Row]) -> tuple[list[list[Row]], list[Entry]]:
    """Rows of one order that name the same parcel, together; and what is to be said of rows that are too many.

    Orders come in the order of their numbers, so that two files never wait for each other in a ring; what is said of
    one order stays in the order of the file.
    """
    by_order: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_order[row.record.order_id].append(row)
    surplus = [row.record for of_order in by_order.values() for row in of_order[MOST_ROWS_OF_ORDER:]]
    together = [parcel for _, of_order in sorted(by_order.items()) for parcel in _of_one_order(of_order)]
    return together, [_wrong(record, Complaint.TOO_MANY_ROWS_OF_ORDER, "order-id") for record in surplus]


@dataclass(slots=True)
class _Parcels:
    """The parcels of an order, and the last of them that speaks of each item and of the whole order."""

    found: list[list[Row]] = field(default_factory=list)
    number_of: dict[tuple[Parcel, bool], int] = field(default_factory=dict)
    last_of_item: dict[str, int] = field(default_factory=dict)
    last_of_whole: int = -1


def _of_one_order(rows: list[Row]) -> list[list[Row]]:
    """A row joins an earlier parcel unless a parcel between them speaks of the same units: the later word counts."""
    if len(rows) == 1:
        return [rows]
    order = _Parcels()
    for row in rows[:MOST_ROWS_OF_ORDER]:
        number = order.number_of.get((row.parcel, row.item is None), -1)
        blocked = max(order.last_of_whole, order.last_of_item.get(row.item, -1) if row.item else len(order.found) - 1)
        if number < 0 or number < blocked:
            number = len(order.found)
            order.found.append([])
            order.number_of[row.parcel, row.item is None] = number
        order.found[number].append(row)
        if row.item:
            order.last_of_item[row.item] = number
        else:
            order.last_of_whole = number
    return order.found


def _moment(text: str, zone: str) -> datetime | None:
    """A date (its first moment) or a date and time, as people and programs write them. None: it is neither."""
    try:
        if day := _DAY.fullmatch(text):
            return first_instant(date(*map(int, day.groups())), zone)
        if day := _AMERICAN_DAY.fullmatch(text):
            month, day_of_month, year = map(int, day.groups())
            return first_instant(date(year, month, day_of_month), zone)
        if not _MOMENT.fullmatch(text):
            return None
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=time_zone(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _wrong(record: Record, complaint: Complaint, about: str) -> Entry:
    facts: dict[str, object] = {"field": about, "most": MOST_ROWS_OF_ORDER}
    said = (record.order_id[:MOST_ECHOED], record.order_item_id[:MOST_ECHOED])
    return Entry(record.number, complaint, facts, *said)
