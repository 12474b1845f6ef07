"""What happened to a seller's orders, in the order of time: the seller API asks for orders by their last update.

TODO cost
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
