"""The Pending Orders report: what was ordered and waits for its hold or its verification, one row for each line (A6).

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_PENDING_ORDERS_DATA. It says nothing of
buyers, addresses and prices: of a Pending order its seller sees only what was ordered, to have enough of it there.
"""

from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING
from tradepost.reports.cells_in_sql import file_of, moment_in_utc, plain, text, write_file
from tradepost.reports.released_lines import home_of
from tradepost.reports.written import Write

COLUMNS = {
    "order-id": "order_id",
    "order-item-id": "item_id",
    "purchase-date": moment_in_utc("placed_at"),
    "sku": plain("sku"),
    "product-name": text("title"),
    "quantity-purchased": "quantity - canceled",
    "payment-type": "'Other'",  # with what a buyer pays is nobody's business
}
# They are open ones, which an index has for itself in the order of their placing.
_LINES = """
SELECT o.order_id, l.item_id, o.placed_at, l.sku, l.title, l.quantity, l.canceled
  FROM orders o
  JOIN order_lines l USING (seller_id, order_id)
 WHERE o.seller_id = $1
   AND o.state = ANY($2)
   AND o.shipped_units + o.canceled_units < o.ordered_units
   AND ($3::timestamptz IS NULL OR o.placed_at >= $3)
   AND ($4::timestamptz IS NULL OR o.placed_at < $4)
   AND l.canceled < l.quantity
 ORDER BY o.placed_at, o.order_id, l.line_no
"""
_FILE = file_of(COLUMNS, _LINES, ("sku", "title"))


async def pending_orders_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file: Pending orders that were placed from `since` on and before `until`; how many lines there are.

    Dates are in UTC. Raises Refused before the first piece for a seller who may not have it. `timekeeping.catch_up`
    comes before, or the file has orders that are Pending no more.
    """
    await home_of(tx, seller_id)
    return await write_file(tx, write, COLUMNS, _FILE, seller_id, sorted(PENDING), since, until)
