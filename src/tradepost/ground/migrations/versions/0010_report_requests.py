"""Reports that sellers' software asks for, once or by a schedule; and which documents are theirs."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE documents ADD COLUMN purpose text NOT NULL DEFAULT 'feed'
    CONSTRAINT purpose_is_known CHECK (purpose IN ('feed', 'report'));

CREATE TABLE report_requests (
    seller_id       text NOT NULL,
    report_id       text NOT NULL,
    number          bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- in the order in which they came
    kind            text NOT NULL,
    marketplace_ids text[] NOT NULL,
    options         jsonb NOT NULL,
    since           timestamptz, -- business time, as asked for; of a scheduled one, as it was made
    until           timestamptz,
    schedule_id     text,
    status          text NOT NULL CONSTRAINT status_is_known CHECK
        (status IN ('IN_QUEUE', 'IN_PROGRESS', 'DONE', 'FATAL', 'CANCELLED')),
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    ended_at        timestamptz,
    document_id     text, -- what was made
    turn            integer NOT NULL DEFAULT 0, -- how often a worker took it: only the last one may write
    attempts        integer NOT NULL DEFAULT 0, -- turns since it last got on
    worked_until    timestamptz, -- machine time: until then one worker has it, or nobody is to try
    PRIMARY KEY (seller_id, report_id),
    CONSTRAINT finished_reports_have_ended CHECK ((status IN ('DONE', 'FATAL', 'CANCELLED')) = (ended_at IS NOT NULL))
);
CREATE INDEX report_requests_to_work ON report_requests (seller_id, kind, number)
    WHERE status IN ('IN_QUEUE', 'IN_PROGRESS');
CREATE INDEX report_requests_by_seller ON report_requests (seller_id, number DESC);
CREATE INDEX report_requests_by_document ON report_requests (seller_id, document_id) WHERE document_id IS NOT NULL;

CREATE TABLE report_schedules (
    seller_id       text NOT NULL,
    schedule_id     text NOT NULL,
    kind            text NOT NULL,
    marketplace_ids text[] NOT NULL,
    options         jsonb NOT NULL,
    period          text NOT NULL,
    first_at        timestamptz NOT NULL, -- business time: from here on its periods are counted
    next_at         timestamptz NOT NULL, -- business time
    told_until      timestamptz NOT NULL, -- business time: what came before it stands in an earlier report
    PRIMARY KEY (seller_id, schedule_id),
    CONSTRAINT one_schedule_a_kind UNIQUE (seller_id, kind)
);
CREATE INDEX report_schedules_due ON report_schedules (next_at)
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DELETE FROM documents WHERE purpose <> 'feed'")
    op.get_bind().exec_driver_sql("ALTER TABLE documents DROP COLUMN purpose")
    op.get_bind().exec_driver_sql("DROP TABLE report_requests, report_schedules")
