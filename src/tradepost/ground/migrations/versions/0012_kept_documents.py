"""Until when documents of sellers' software are kept, by the business clock; and feeds and reports by their ends."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE documents ADD COLUMN kept_until timestamptz;
UPDATE documents SET kept_until = made_at + interval '90 days';
ALTER TABLE documents ALTER COLUMN kept_until SET NOT NULL;
CREATE INDEX documents_by_end ON documents (kept_until);

CREATE INDEX feeds_ended ON feeds (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX report_requests_ended ON report_requests (ended_at) WHERE ended_at IS NOT NULL
"""

DOWN = """
DROP INDEX report_requests_ended;
DROP INDEX feeds_ended;
ALTER TABLE documents DROP COLUMN kept_until
"""


def upgrade() -> None:
    _run(UP)


def downgrade() -> None:
    _run(DOWN)


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        op.get_bind().exec_driver_sql(statement)
