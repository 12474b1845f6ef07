"""The Orders report: what was released to a seller, one row for each line, with all that is needed to ship it (A38).

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING. None of them is
for what was canceled: the report counts the units that the buyer gets, and leaves out a line of which there are none.
"""

from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act
from tradepost.reports.cells_in_sql import file_of, moment, money, no_money, plain, text, write_file
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.released_lines import ALIAS, RELEASED, WORDS, home_of
from tradepost.reports.written import Write

COLUMNS = {
    "order-id": "order_id",
    "order-item-id": "item_id",
    "purchase-date": moment("placed_at"),
    "payments-date": moment("approved_at"),
    "buyer-email": ALIAS,
    "buyer-name": text("buyer_name"),
    "buyer-phone-number": text("phone"),
    "sku": plain("sku"),
    "product-name": text("title"),
    "quantity-purchased": "quantity - canceled",
    "currency": "currency",
    "item-price": money("unit_price", "(quantity - canceled)"),
    "item-tax": no_money(),
    "shipping-price": no_money(),
    "shipping-tax": no_money(),
    "ship-service-level": "service",
    "recipient-name": text("name"),
    "ship-address-1": text("line1"),
    "ship-address-2": text("line2"),
    "ship-address-3": text("line3"),
    "ship-city": text("city"),
    "ship-state": text("state"),
    "ship-postal-code": text("postal_code"),
    "ship-country": text("country"),
    "ship-phone-number": text("phone"),
    "delivery-start-date": "''",  # scheduled delivery
    "delivery-end-date": "''",
    "delivery-time-zone": "''",
    "delivery-Instructions": "''",
    "earliest-ship-date": moment("ship_earliest"),
    "latest-ship-date": moment("ship_latest"),
    "earliest-delivery-date": moment("deliver_earliest"),
    "latest-delivery-date": moment("deliver_latest"),
    "is-business-order": "'false'",  # business orders
    "purchase-order-number": "''",
    "price-designation": "''",
}
_FILE = file_of(COLUMNS, RELEASED, WORDS)


async def orders_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file: orders that were released from `since` on and before `until`; how many lines there are.

    Dates are in the marketplace's zone. Raises Refused before the first piece for a seller who may not have it.
    `timekeeping.catch_up` comes before, or the file lacks what no sweep has released yet.
    """
    home = await home_of(tx, seller_id)
    values = (seller_id, WITH_ADDRESS, since, until, Act.REQUEST_CANCELLATION, home.domains)
    return await write_file(tx, write, COLUMNS, _FILE, *values, zone=home.zone)
