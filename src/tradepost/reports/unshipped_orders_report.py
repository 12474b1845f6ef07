"""The Unshipped Orders report: what a seller has still to ship, one row for each line, with where it goes (A39).

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING, and the four
that real files have at their end: they say which orders are about to be canceled or late, and which the buyer wants
canceled. It knows no prices.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from tradepost.calendar_days import local_date
from tradepost.ground.database import Transaction
from tradepost.lifecycle import TO_SHIP
from tradepost.reports.released_lines import ReleasedLine, released_lines
from tradepost.reports.tab_separated import days_past, moment, plain, row, text, truth

COLUMNS = (
    "order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date",
    "days-past-promise", "buyer-email", "buyer-phone-number", "sku", "product-name", "quantity-purchased",
    "quantity-shipped", "quantity-to-ship", "ship-service-level", "recipient-name", "ship-address-1",
    "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "is-business-order", "purchase-order-number", "price-designation", "is-prime",
    "verge-of-cancellation", "verge-of-lateShipment", "is-buyer-requested-cancellation",
    "buyer-requested-cancel-reason",
)  # fmt: skip


async def unshipped_orders_report(
    tx: Transaction, seller_id: str, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[str]:
    """The file in pieces of text, the header first; `since` and `until` choose by the moment of release.

    Dates are in UTC; days are counted in the marketplace's zone. Raises Refused before the first piece for a seller who
    may not have it. `timekeeping.catch_up` comes before, or the file lacks what no sweep has released yet.
    """
    pages = released_lines(tx, seller_id, since, until, states=TO_SHIP)
    first: list[ReleasedLine] = await anext(pages, [])
    yield row(COLUMNS) + _rows(first, tx.now)
    async for page in pages:
        yield _rows(page, tx.now)


def _rows(lines: list[ReleasedLine], now: datetime) -> str:
    return "".join(row(_cells(line, now)) for line in lines if line.left)


def _cells(line: ReleasedLine, now: datetime) -> tuple[str, ...]:
    zone, to = line.policy.zone, line.ship_to
    today, promised = local_date(now, zone), local_date(line.ship_latest, zone)
    return (
        line.order_id, line.item_id, _utc(line.placed_at), _utc(line.approved_at), _utc(line.released_at),
        _utc(line.ship_latest), days_past(today, promised),
        line.buyer_email, text(to.phone), plain(line.sku), text(line.title),
        str(line.quantity), str(line.shipped), str(line.left),
        line.service, text(to.name), text(to.line1), text(to.line2), text(to.line3),
        text(to.city), text(to.state), text(to.postal_code), text(to.country),
        "false", "", "", "false",  # business orders; Prime
        truth(now >= line.policy.remind_at(line.placed_at)),  # A52
        truth(today >= promised),
        truth(line.cancellation_requested_at), text(line.why),
    )  # fmt: skip


def _utc(value: datetime) -> str:
    return moment(value, "UTC")
