"""The Inventory report: what a seller has open for sale, at which price, and how much of it is there (A3).

Columns are those of the Selling Partner API's GET_FLAT_FILE_OPEN_LISTINGS_DATA. What is sold out is in it with the
quantity 0, as it is there: programs that keep stock in step have to see that it came to an end. What its seller closed
is not, and neither is a listing that has no price yet.
"""

from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.money import format_amount
from tradepost.reports.released_lines import home_of
from tradepost.reports.tab_separated import plain, row
from tradepost.reports.written import Write

COLUMNS = ("sku", "asin", "price", "quantity")


async def open_listings_report(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file; how many listings there are in it. It shows them as they are now: `since` and `until` say
    nothing. What open orders hold is not part of the quantity. Raises Refused before the first piece for a seller who
    may not have it."""
    await home_of(tx, seller_id)
    written = 0
    await write(row(COLUMNS).encode())
    async for page in tx.cursor(
        """
        SELECT o.sku, o.product_id, o.price, o.available, m.currency
          FROM offers o
          JOIN sellers s USING (seller_id)
          JOIN marketplaces m USING (marketplace_id)
         WHERE o.seller_id = $1 AND NOT o.closed
         ORDER BY o.sku
        """,
        seller_id,
    ):
        lines = [
            row((plain(sku), plain(product_id), format_amount(price, currency), str(available)))
            for sku, product_id, price, available, currency in page
        ]
        await write("".join(lines).encode())
        written += len(lines)
    return written
