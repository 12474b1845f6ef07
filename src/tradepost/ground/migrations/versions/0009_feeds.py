"""Feeds: the documents that sellers' software sends and fetches, and how far each feed is."""

from secrets import token_bytes

from alembic import op

revision = "0009"
down_revision = "0008"
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
    number          bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- in the order in which they came
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
    records         integer NOT NULL DEFAULT 0, -- in all, once it was read
    done            integer NOT NULL DEFAULT 0, -- records that are through
    successful      integer NOT NULL DEFAULT 0,
    result_id       text, -- the document with the processing report
    turn            integer NOT NULL DEFAULT 0, -- how often a worker took it: only the last one may write
    attempts        integer NOT NULL DEFAULT 0, -- turns since it last got on
    worked_until    timestamptz, -- machine time: until then one worker has it, or nobody is to try
    PRIMARY KEY (seller_id, feed_id),
    CONSTRAINT finished_feeds_have_ended CHECK ((status IN ('DONE', 'FATAL', 'CANCELLED')) = (ended_at IS NOT NULL))
);
CREATE INDEX feeds_to_work ON feeds (seller_id, kind, number) WHERE status IN ('IN_QUEUE', 'IN_PROGRESS');
CREATE INDEX feeds_by_seller ON feeds (seller_id, number DESC);

CREATE TABLE feed_entries ( -- of the steps that are through; those without a row are still to be gone through
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
