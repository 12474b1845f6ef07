"""What the indexes of the busiest tables name. An update that changes no column of any index writes to none (HOT)."""

from tradepost.ground.database import Database

COLUMNS_OF_INDEXES = """
SELECT DISTINCT a.attname
  FROM pg_index i
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
 WHERE i.indrelid = $1::text::regclass
"""


async def named(database: Database, table: str) -> set[str]:
    """The columns that indexes of this table hold, compute with or choose rows by."""
    async with database.transaction() as tx:
        return {name for (name,) in await tx.fetch(COLUMNS_OF_INDEXES, table)}


async def test_selling_changes_no_index_of_the_offers(database: Database) -> None:
    assert await named(database, "offers") == {"seller_id", "sku", "product_id", "title"}


async def test_no_index_of_the_orders_names_what_most_acts_change(database: Database) -> None:
    changing = {"state", "approved_at", "released_at", "warned_at", "shipped_at", "updated_at", "last_event"}
    assert await named(database, "orders") & changing == set()
