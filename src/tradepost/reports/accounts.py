"""Pages of the seller and buyer accounts, in the order of their ids."""

from tradepost.ground.database import Transaction, storable
from tradepost.people import records as people
from tradepost.people.accounts import account_of
from tradepost.people.records import BuyerAccount, SellerAccount


async def sellers(tx: Transaction, marketplace_id: str | None, after: str, size: int) -> list[SellerAccount]:
    """So many sellers, of one marketplace or of all, from behind the id `after` on."""
    if not storable((marketplace_id, after)):
        return []
    rows = await tx.fetch(
        """
        SELECT seller_id
          FROM sellers
         WHERE seller_id > $1 AND ($2::text IS NULL OR marketplace_id = $2)
         ORDER BY seller_id
         LIMIT $3
        """,
        after, marketplace_id, size,
    )  # fmt: skip
    found = await people.sellers(tx, [row[0] for row in rows])
    return [account_of(found[row[0]]) for row in rows]


async def buyers(tx: Transaction, after: str, size: int) -> list[BuyerAccount]:
    """So many buyers, from behind the id `after` on."""
    if not storable(after):
        return []
    rows = await tx.fetch(
        "SELECT buyer_id, name, email, locale FROM buyers WHERE buyer_id > $1 ORDER BY buyer_id LIMIT $2", after, size
    )
    return [BuyerAccount(*row) for row in rows]
