"""The Orders report: what was released to a seller, one row for each line, with all that is needed to ship it (A38).

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING. None of them is
for what was canceled: the report counts the units that the buyer gets, and leaves out a line of which there are none.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.money import format_amount
from tradepost.reports.released_lines import ReleasedLine, released_lines
from tradepost.reports.tab_separated import moment, plain, row, text

COLUMNS = (
    "order-id", "order-item-id", "purchase-date", "payments-date", "buyer-email", "buyer-name", "buyer-phone-number",
    "sku", "product-name", "quantity-purchased", "currency", "item-price", "item-tax", "shipping-price",
    "shipping-tax", "ship-service-level", "recipient-name", "ship-address-1", "ship-address-2", "ship-address-3",
    "ship-city", "ship-state", "ship-postal-code", "ship-country", "ship-phone-number", "delivery-start-date",
    "delivery-end-date", "delivery-time-zone", "delivery-Instructions", "earliest-ship-date", "latest-ship-date",
    "earliest-delivery-date", "latest-delivery-date", "is-business-order", "purchase-order-number",
    "price-designation",
)  # fmt: skip


async def orders_report(
    tx: Transaction, seller_id: str, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[str]:
    """The file in pieces of text, the header first: orders that were released from `since` on and before `until`.

    Dates are in the marketplace's zone. Raises Refused before the first piece for a seller who may not have it.
    `timekeeping.catch_up` comes before, or the file lacks what no sweep has released yet.
    """
    pages = released_lines(tx, seller_id, since, until)
    first: list[ReleasedLine] = await anext(pages, [])
    yield row(COLUMNS) + _rows(first)
    async for page in pages:
        yield _rows(page)


def _rows(lines: list[ReleasedLine]) -> str:
    return "".join(row(_cells(line)) for line in lines)


def _cells(line: ReleasedLine) -> tuple[str, ...]:
    zone, to, nothing = line.policy.zone, line.ship_to, format_amount(0, line.currency)
    bought = line.quantity - line.canceled
    return (
        line.order_id, line.item_id, moment(line.placed_at, zone), moment(line.approved_at, zone),
        line.buyer_email, text(line.buyer_name), text(to.phone),
        plain(line.sku), text(line.title), str(bought), line.currency,
        format_amount(line.unit_price * bought, line.currency), nothing, nothing, nothing,
        line.service, text(to.name), text(to.line1), text(to.line2), text(to.line3),
        text(to.city), text(to.state), text(to.postal_code), text(to.country), text(to.phone),
        "", "", "", "",  # scheduled delivery
        moment(line.ship_earliest, zone), moment(line.ship_latest, zone),
        moment(line.deliver_earliest, zone), moment(line.deliver_latest, zone),
        "false", "", "",  # business orders
    )  # fmt: skip
