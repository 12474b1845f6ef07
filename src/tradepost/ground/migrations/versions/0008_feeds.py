"""Feeds: the documents that sellers' software sends and fetches, and how far each feed is."""

from secrets import token_bytes

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE document_key (
    one boolean PRIMARY KEY CHECK (one),
    key bytea NOT NULL -- what addresses of documents are signed with
);

CREATE TABLE documents (
    seller_id    text NOT NULL,
    document_id  text NOT NULL,
    content_type text NOT NULL,
    compression  text CONSTRAINT compression_is_known CHECK (compression IN ('GZIP')),
    made_at      timestamptz NOT NULL, -- machine time
    PRIMARY KEY (seller_id, document_id)
);

CREATE TABLE feeds (
    seller_id       text NOT NULL,
    feed_id         text NOT NULL,
    kind            text NOT NULL,
    marketplace_ids text[] NOT NULL,
    document_id     text NOT NULL,
    options         jsonb NOT NULL,
    status          text NOT NULL CONSTRAINT status_is_known CHECK
        (status IN ('IN_QUEUE', 'IN_PROGRESS', 'DONE', 'FATAL', 'CANCELLED')),
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    ended_at        timestamptz,
    digest          text, -- of what was read when it started
    records         integer, -- in all
    done            integer NOT NULL DEFAULT 0, -- records that are through
    steps           integer NOT NULL DEFAULT 0, -- batches that are through: from here it goes on
    successful      integer NOT NULL DEFAULT 0,
    result_id       text, -- the document with the processing report
    failures        integer NOT NULL DEFAULT 0, -- of the worker, one after the other
    worked_until    timestamptz, -- machine time: until then one worker has it
    PRIMARY KEY (seller_id, feed_id)
);
CREATE INDEX feeds_to_work ON feeds (created_at, feed_id) WHERE status IN ('IN_QUEUE', 'IN_PROGRESS');
CREATE INDEX feeds_by_seller ON feeds (seller_id, created_at DESC, feed_id);

CREATE TABLE feed_entries (
    seller_id text NOT NULL,
    feed_id   text NOT NULL,
    step      integer NOT NULL,
    entries   jsonb NOT NULL, -- what the processing report says of this step
    PRIMARY KEY (seller_id, feed_id, step)
)
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    op.get_bind().exec_driver_sql(f"INSERT INTO document_key VALUES (true, '\\x{token_bytes(32).hex()}')")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE feed_entries, feeds, documents, document_key")
