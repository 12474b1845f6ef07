"""An order as a transaction holds it: what is true of it now. Only the journal changes one."""

from dataclasses import dataclass, field
from datetime import datetime

from tradepost.lifecycle import State
from tradepost.numbers import OrderKey


@dataclass(slots=True)
class Line:
    """One offer of an order; units are neither shipped nor canceled until the seller or the clock decides."""

    line_no: int
    item_id: str
    sku: str
    title: str
    unit_price: int  # minor units of the order's currency
    quantity: int
    shipped: int = 0
    canceled: int = 0

    @property
    def left(self) -> int:
        """Units that are neither shipped nor canceled."""
        return self.quantity - self.shipped - self.canceled


@dataclass(slots=True)
class Order:
    """The fields up to `lines` are the columns that orders/records.py reads, in its order."""

    seller_id: str
    order_id: str
    marketplace_id: str
    policy_version: int
    checkout_id: str
    buyer_id: str
    state: State
    placed_at: datetime
    ordered_units: int
    shipped_units: int
    canceled_units: int
    currency: str
    total: int
    service: str
    handling_days: int
    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    updated_at: datetime
    last_event: int
    verify_at: datetime | None = None
    wakes_at: datetime | None = None
    approved_at: datetime | None = None
    released_at: datetime | None = None
    warned_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    canceled_at: datetime | None = None
    canceled_by: str | None = None
    cancel_reason: str | None = None
    cancellation_requested_at: datetime | None = None
    lines: dict[int, Line] = field(default_factory=dict)  # by line number; empty until the journal loads them
    key: OrderKey = field(init=False, compare=False)  # the order's name, asked for at every turn

    def __post_init__(self) -> None:
        self.key = OrderKey(self.seller_id, self.order_id)

    @property
    def units_left(self) -> int:
        """Units that are neither shipped nor canceled."""
        return self.ordered_units - self.shipped_units - self.canceled_units
