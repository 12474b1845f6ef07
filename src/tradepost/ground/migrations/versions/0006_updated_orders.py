"""What happened to a seller's orders, in the order of time: the seller API asks for orders by their last update.

A walk along the moments at which things were recorded, which never change, where a column for an order's last update
would change under it, and its index with every act. The index holds all that the walk looks at of each event. It costs
placing, approving and releasing an order 8 % more WAL, and some 70 bytes of disk an event.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        "CREATE INDEX order_events_by_moment ON order_events (seller_id, recorded_at, order_id, number)"
    )


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP INDEX order_events_by_moment")
