"""Listings: what of a listing its offer does not hold, and what a seller searches listings by.

Whatever sells writes offers and never listings, so `updated_at` is when the seller last said something: these indexes
cost a checkout nothing, and pages stay in their places while units are sold. What is deleted stays for its orders, and
out of the way of who searches.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE listings (
        seller_id    text NOT NULL,
        sku          text NOT NULL,
        product_id   text NOT NULL, -- of the offer too, where there is one
        product_type text NOT NULL,
        attributes   jsonb, -- as they were put; null: it was listed without any
        deleted      boolean NOT NULL, -- its offer is closed then
        created_at   timestamptz NOT NULL,
        updated_at   timestamptz NOT NULL,
        PRIMARY KEY (seller_id, sku)
    )
    """,
    """
    INSERT INTO listings (seller_id, sku, product_id, product_type, deleted, created_at, updated_at)
    SELECT seller_id, sku, product_id, 'PRODUCT', false, listed_at, updated_at FROM offers
    """,
    "CREATE INDEX listings_by_sku ON listings (seller_id, sku) WHERE NOT deleted",
    "CREATE INDEX listings_by_creation ON listings (seller_id, created_at, sku) WHERE NOT deleted",
    "CREATE INDEX listings_by_update ON listings (seller_id, updated_at, sku) WHERE NOT deleted",
    "CREATE INDEX listings_by_product ON listings (seller_id, product_id) WHERE NOT deleted",
)


def upgrade() -> None:
    for statement in UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE listings")
