"""Where a released order goes, for those who may know it: its seller and the operator (A37, A40)."""

from msgspec import Struct

from tradepost.doors.http.shown import shown
from tradepost.ground.database import Transaction
from tradepost.orders import sweep
from tradepost.reports.order_details import WITH_ADDRESS, OrderDetails, ship_to


class Destination(Struct, frozen=True):
    """Where an order goes; an empty text where there is nothing to say."""

    name: str
    line1: str
    line2: str
    line3: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str


async def destination(tx: Transaction, details: OrderDetails) -> Destination | None:
    """Where the order goes; None unless it is released and something of it is the buyer's."""
    order = details.order
    if order.state not in WITH_ADDRESS:
        return None
    address = await ship_to(tx, order.key)
    if address is None:  # the clock has released it, and no sweep has written that down yet
        await sweep.fire(tx, [order.key], tx.now)
        address = await ship_to(tx, order.key)
    return shown(Destination, address) if address else None
