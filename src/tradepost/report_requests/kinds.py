"""The kinds of reports that can be asked for, by the names that sellers' software knows."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from tradepost.ground.database import Transaction
from tradepost.reports.all_orders_report import all_orders_by_last_update, all_orders_by_order_date
from tradepost.reports.merchant_listings_report import (
    active_listings_report,
    all_listings_report,
    inactive_listings_report,
)
from tradepost.reports.open_listings_report import open_listings_report
from tradepost.reports.order_report_xml import order_report_xml
from tradepost.reports.orders_report import orders_report
from tradepost.reports.pending_orders_report import pending_orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.reports.written import Write

TAB_SEPARATED = "text/tab-separated-values; charset=UTF-8"
XML = "text/xml; charset=UTF-8"
A_MONTH, A_QUARTER = timedelta(days=30), timedelta(days=90)


class Kind(NamedTuple):
    """One kind of report. `make` writes what lies in [since, until), and answers how much it was; it refuses a seller
    who may not have it before it writes anything."""

    make: Callable[[Transaction, str, datetime | None, datetime | None, Write], Awaitable[int]]
    content_type: str = TAB_SEPARATED
    of_buyers: bool = False
    """Whether it says who bought and where it goes: then a restricted data token fetches it."""
    usual: timedelta | None = None
    """How far back it reaches when nobody says; then, too, a schedule tells what is new since the last one. None: it
    tells how things stand, whenever they came to be so, as far as nobody asks for a part of it."""
    kept: timedelta = A_MONTH
    """How long it can be fetched."""


KINDS: dict[str, Kind] = {
    "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING": Kind(orders_report, of_buyers=True, usual=A_MONTH),
    "GET_ORDER_REPORT_DATA_SHIPPING": Kind(order_report_xml, XML, of_buyers=True, usual=A_MONTH),
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING": Kind(unshipped_orders_report, of_buyers=True),
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": Kind(all_orders_by_last_update, usual=A_MONTH),
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": Kind(all_orders_by_order_date, usual=A_MONTH),
    "GET_FLAT_FILE_PENDING_ORDERS_DATA": Kind(pending_orders_report),
    "GET_MERCHANT_LISTINGS_ALL_DATA": Kind(all_listings_report, kept=A_QUARTER),
    "GET_MERCHANT_LISTINGS_DATA": Kind(active_listings_report, kept=A_QUARTER),
    "GET_MERCHANT_LISTINGS_INACTIVE_DATA": Kind(inactive_listings_report, kept=A_QUARTER),
    "GET_FLAT_FILE_OPEN_LISTINGS_DATA": Kind(open_listings_report, kept=A_QUARTER),
}
