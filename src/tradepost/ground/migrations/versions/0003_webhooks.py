"""Webhooks: who is called, and what each was told."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A message says which event of which order; what it tells is read from there when it is sent. All its moments, and
# those of the endpoints, are machine time.
TABLES = """
CREATE TABLE webhook_endpoints (
    seller_id        text NOT NULL, -- empty: the operator's, who hears of all sellers
    endpoint_id      text NOT NULL,
    url              text NOT NULL,
    name             text NOT NULL,
    acts             text[], -- null: all
    secret           text NOT NULL, -- as it is: a signature cannot be made from a digest
    old_secret       text,
    old_secret_until timestamptz,
    status           text NOT NULL DEFAULT 'enabled'
        CONSTRAINT status_is_known CHECK (status IN ('enabled', 'disabled')),
    disabled_why     text CONSTRAINT why_is_known CHECK (disabled_why IN ('by_hand', 'failing', 'gone')),
    failing_since    timestamptz, -- nothing has succeeded since
    made_at          timestamptz NOT NULL,
    PRIMARY KEY (seller_id, endpoint_id),
    CONSTRAINT only_the_disabled_say_why CHECK ((status = 'disabled') = (disabled_why IS NOT NULL))
);

CREATE TABLE webhook_messages (
    seller_id    text    NOT NULL, -- whose order it is
    endpoint_id  text    NOT NULL,
    order_id     text    NOT NULL,
    number       integer NOT NULL, -- of the event
    status       text    NOT NULL DEFAULT 'queued'
        CONSTRAINT status_is_known CHECK (status IN ('queued', 'delivered', 'undeliverable')),
    attempts     integer NOT NULL DEFAULT 0,
    queued_at    timestamptz NOT NULL,
    try_at       timestamptz NOT NULL,
    tried_at     timestamptz,
    answer_code  integer, -- the status code of the last answer
    answer       text, -- the beginning of the last answer, unless it was a good one
    last_error   text,
    PRIMARY KEY (seller_id, endpoint_id, order_id, number)
);
CREATE INDEX webhook_messages_to_send ON webhook_messages (endpoint_id, try_at) WHERE status = 'queued';
CREATE INDEX webhook_messages_given_up ON webhook_messages (endpoint_id, seller_id, order_id, number)
    WHERE status = 'undeliverable';
CREATE INDEX webhook_messages_log ON webhook_messages (endpoint_id, queued_at, seller_id, order_id, number);
CREATE INDEX webhook_messages_by_age ON webhook_messages (queued_at);
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE webhook_messages, webhook_endpoints")
