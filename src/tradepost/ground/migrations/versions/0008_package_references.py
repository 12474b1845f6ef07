"""Package references as sellers' software makes them: a moment in milliseconds, for one."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _to("bigint")


def downgrade() -> None:
    _to("integer")


def _to(kind: str) -> None:
    for table in ("packages", "package_items"):
        op.get_bind().exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN reference TYPE {kind}")
