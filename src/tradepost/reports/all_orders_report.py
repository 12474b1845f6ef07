"""The All Orders reports: every order of a seller, wherever it stands, one row for each line; what was canceled, too.

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL and
..._BY_ORDER_DATE_GENERAL. They are not restricted: no row says who bought, or names a street. Where an order goes is
told of released ones, and what it costs of those that are Pending no more; of a line that is canceled there is no unit
left, and no price.
"""

from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING, State
from tradepost.reports.cells_in_sql import file_of, moment_in_utc, money, no_money, plain, text, write_file
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.released_lines import home_of
from tradepost.reports.written import Write


def status_of(state: State) -> str:
    """The status as these reports spell it."""
    return {State.PARTIALLY_SHIPPED: "Shipping", State.CANCELED: "Cancelled"}.get(state, state.status)


_STATUSES = " ".join(f"WHEN '{state}' THEN '{status_of(state)}'" for state in State)
_PENDING = f"state = ANY('{{{','.join(sorted(PENDING))}}}')"
_NOTHING = f"CASE WHEN told THEN {no_money()} ELSE '' END"

BY_LAST_UPDATE = {
    "amazon-order-id": "order_id",
    "merchant-order-id": "order_id",
    "purchase-date": moment_in_utc("placed_at"),
    "last-updated-date": moment_in_utc("last_update"),
    "order-status": f"CASE state {_STATUSES} END",
    "fulfillment-channel": "'Merchant'",
    "sales-channel": text("marketplace"),
    "order-channel": "''",
    "ship-service-level": "service",
    "product-name": text("title"),
    "sku": plain("sku"),
    "asin": plain("product_id"),
    "item-status": f"""
       CASE WHEN canceled = quantity THEN 'Cancelled'
            WHEN {_PENDING} THEN 'Pending'
            WHEN shipped + canceled = quantity THEN 'Shipped'
            WHEN shipped > 0 THEN 'Shipping'
            ELSE 'Unshipped'
       END""",
    "quantity": "quantity - canceled",
    "currency": "CASE WHEN told THEN currency ELSE '' END",
    "item-price": f"CASE WHEN told THEN {money('unit_price', '(quantity - canceled)')} ELSE '' END",
    "item-tax": _NOTHING,
    "shipping-price": _NOTHING,
    "shipping-tax": _NOTHING,
    "gift-wrap-price": "''",
    "gift-wrap-tax": "''",
    "item-promotion-discount": "''",
    "ship-promotion-discount": "''",
    "ship-city": text("ship_city"),
    "ship-state": text("ship_state"),
    "ship-postal-code": text("ship_postal_code"),
    "ship-country": text("ship_country"),
    "promotion-ids": "''",
    "is-business-order": "'false'",
    "purchase-order-number": "''",
    "price-designation": "''",
}
BY_ORDER_DATE = {
    name: cell
    for given, sql in BY_LAST_UPDATE.items()
    for name, cell in ([(given, sql), ("cpf", "''")] if given == "promotion-ids" else [(given, sql)])
}
_WORDS = ("marketplace", "title", "sku", "product_id", "ship_city", "ship_state", "ship_country", "ship_postal_code")


def _lines(orders: str, place: str) -> str:
    return f"""
    SELECT line.*, {", ".join(f"coalesce(ship_to ->> '{part}', '') AS ship_{part}" for part in _SHOWN)},
           NOT {_PENDING} AND canceled < quantity AS told
      FROM (SELECT o.order_id, o.state, o.placed_at, e.last_update, o.service, o.currency, m.name AS marketplace,
                   l.title, l.sku, coalesce(f.product_id, '') AS product_id, l.unit_price, l.quantity, l.shipped,
                   l.canceled, CASE WHEN o.state = ANY($4) THEN o.ship_to END AS ship_to
              FROM {orders}
              JOIN order_lines l USING (seller_id, order_id)
              JOIN marketplaces m USING (marketplace_id)
              LEFT JOIN offers f USING (seller_id, sku)
             WHERE o.seller_id = $1
             ORDER BY {place}, o.order_id, l.line_no) AS line
    """  # noqa: S608


_SHOWN = ("city", "state", "postal_code", "country")
_UPDATED = """
orders o JOIN (SELECT order_id, max(recorded_at) AS last_update
                 FROM order_events
                WHERE seller_id = $1 AND ($2::timestamptz IS NULL OR recorded_at >= $2)
                GROUP BY order_id
               HAVING $3::timestamptz IS NULL OR max(recorded_at) < $3) e USING (order_id)
"""
_PLACED = """
(SELECT * FROM orders
  WHERE seller_id = $1
    AND ($2::timestamptz IS NULL OR placed_at >= $2)
    AND ($3::timestamptz IS NULL OR placed_at < $3)) o
  JOIN (SELECT order_id, max(recorded_at) AS last_update
          FROM order_events
         WHERE seller_id = $1 AND ($2::timestamptz IS NULL OR recorded_at >= $2)
         GROUP BY order_id) e USING (order_id)
"""
_FILE_BY_LAST_UPDATE = file_of(BY_LAST_UPDATE, _lines(_UPDATED, "e.last_update"), _WORDS)
_FILE_BY_ORDER_DATE = file_of(BY_ORDER_DATE, _lines(_PLACED, "o.placed_at"), _WORDS)


async def all_orders_by_last_update(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file of the orders to which something happened last from `since` on and before `until`, in that order;
    how many lines there are.

    Dates are in UTC. Raises Refused before the first piece for a seller who may not have it. `timekeeping.catch_up`
    comes before, or the file shows orders as they were when a sweep last came by.
    """
    await home_of(tx, seller_id)
    return await write_file(tx, write, BY_LAST_UPDATE, _FILE_BY_LAST_UPDATE, seller_id, since, until, WITH_ADDRESS)


async def all_orders_by_order_date(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file of the orders that were placed from `since` on and before `until`; see
    `all_orders_by_last_update`."""
    await home_of(tx, seller_id)
    return await write_file(tx, write, BY_ORDER_DATE, _FILE_BY_ORDER_DATE, seller_id, since, until, WITH_ADDRESS)
