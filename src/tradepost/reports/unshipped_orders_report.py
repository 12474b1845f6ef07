"""The Unshipped Orders report: what a seller has still to ship, one row for each line, with where it goes (A39).

Columns and spelling are those of the Selling Partner API's GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING, and the four
that real files have at their end: they say which orders are about to be canceled or late, and which the buyer wants
canceled. It knows no prices.
"""

from collections import defaultdict
from datetime import datetime

from tradepost.calendar_days import local_date
from tradepost.ground.database import Transaction
from tradepost.lifecycle import TO_SHIP, Act
from tradepost.people import policies
from tradepost.reports.cells_in_sql import file_of, moment_in_utc, plain, text, truth, write_file
from tradepost.reports.released_lines import ALIAS, RELEASED, WORDS, home_of
from tradepost.reports.written import Write

COLUMNS = {
    "order-id": "order_id",
    "order-item-id": "item_id",
    "purchase-date": moment_in_utc("placed_at"),
    "payments-date": moment_in_utc("approved_at"),
    "reporting-date": moment_in_utc("released_at"),
    "promise-date": moment_in_utc("ship_latest"),
    "days-past-promise": "$7::date - ship_latest::date",
    "buyer-email": ALIAS,
    "buyer-phone-number": text("phone"),
    "sku": plain("sku"),
    "product-name": text("title"),
    "quantity-purchased": "quantity",
    "quantity-shipped": "shipped",
    "quantity-to-ship": "quantity - shipped - canceled",
    "ship-service-level": "service",
    "recipient-name": text("name"),
    "ship-address-1": text("line1"),
    "ship-address-2": text("line2"),
    "ship-address-3": text("line3"),
    "ship-city": text("city"),
    "ship-state": text("state"),
    "ship-postal-code": text("postal_code"),
    "ship-country": text("country"),
    "is-business-order": "'false'",  # business orders
    "purchase-order-number": "''",
    "price-designation": "''",
    "is-prime": "'false'",
    "verge-of-cancellation": truth(
        "placed_at < ($8::jsonb -> marketplace_id ->> policy_version::text)::timestamptz"
    ),  # A52
    "verge-of-lateShipment": truth("$7::date >= ship_latest::date"),
    "is-buyer-requested-cancellation": truth("cancellation_requested_at IS NOT NULL"),
    "buyer-requested-cancel-reason": text("why"),
}
_LEFT = f"SELECT * FROM ({RELEASED}) AS lines WHERE quantity - shipped - canceled > 0"  # noqa: S608
_FILE = file_of(COLUMNS, _LEFT, ("why", *WORDS))


async def unshipped_orders_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file; `since` and `until` choose by the moment of release; how many lines there are.

    Dates are in UTC; days are counted in the marketplace's zone. Raises Refused before the first piece for a seller who
    may not have it. `timekeeping.catch_up` comes before, or the file lacks what no sweep has released yet.
    """
    home = await home_of(tx, seller_id)
    values = (seller_id, TO_SHIP, since, until, Act.REQUEST_CANCELLATION, home.domains)
    today, reminded = local_date(tx.now, home.zone), await _reminded_before(tx)
    return await write_file(tx, write, COLUMNS, _FILE, *values, today, reminded, zone=home.zone)


async def _reminded_before(tx: Transaction) -> dict[str, dict[int, datetime]]:
    """Before which moment what has come to its reminder was placed, by marketplace and version of the policy."""
    versions = await tx.fetch("SELECT marketplace_id, version FROM policies")
    found: dict[str, dict[int, datetime]] = defaultdict(dict)
    for (marketplace_id, version), policy in (await policies.of(tx, [tuple(row) for row in versions])).items():
        found[marketplace_id][version] = policy.reminded_before(tx.now)
    return found
