"""Notifications: where sellers' applications want to be told, of what, and what each is still to be told."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# A notification says of which subject it is; what it tells is read from there when it is sent. It carries what a
# courier needs, and no foreign key: who unsubscribes while somebody checks out must not fail the checkout. One that has
# arrived is deleted: the table is as large as what waits, not as what was told.
TABLES = """
CREATE TABLE notification_destinations (
    destination_id text PRIMARY KEY,
    client_id      text NOT NULL REFERENCES applications,
    name           text NOT NULL,
    kind           text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('sqs', 'webhook')),
    address        text NOT NULL, -- an ARN, or a URL
    secret         text, -- as it is: a signature cannot be made from a digest
    made_at        timestamptz NOT NULL, -- machine time
    failing_since  timestamptz, -- machine time; nothing has arrived since
    CONSTRAINT webhooks_are_signed CHECK ((kind = 'webhook') = (secret IS NOT NULL))
);
CREATE INDEX notification_destinations_by_client ON notification_destinations (client_id);

CREATE TABLE notification_subscriptions (
    seller_id       text NOT NULL,
    subscription_id text NOT NULL,
    client_id       text NOT NULL REFERENCES applications,
    destination_id  text NOT NULL REFERENCES notification_destinations,
    kind            text NOT NULL,
    payload_version text NOT NULL,
    change_types    text[], -- of ORDER_CHANGE; null: all
    made_at         timestamptz NOT NULL, -- machine time
    PRIMARY KEY (seller_id, subscription_id),
    UNIQUE (seller_id, client_id, kind)
);
CREATE INDEX notification_subscriptions_by_destination ON notification_subscriptions (destination_id);
CREATE INDEX notification_subscriptions_by_client ON notification_subscriptions (client_id, subscription_id);

CREATE TABLE notifications (
    seller_id       text NOT NULL,
    subscription_id text NOT NULL,
    number          bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- within a subject, as it happened
    destination_id  text NOT NULL,
    kind            text NOT NULL,
    notification_id uuid NOT NULL DEFAULT gen_random_uuid(),
    subject         text NOT NULL, -- the order, SKU, feed or report: of one, one goes out after the other
    sequence        integer, -- the number of the order's event
    happened_at     timestamptz NOT NULL, -- business time; all other moments are machine time
    detail          jsonb,
    fresh           boolean NOT NULL DEFAULT true, -- no courier has had it in hand yet
    status          text NOT NULL DEFAULT 'queued'
        CONSTRAINT status_is_known CHECK (status IN ('queued', 'undeliverable')),
    attempts        integer NOT NULL DEFAULT 0,
    queued_at       timestamptz NOT NULL,
    try_at          timestamptz NOT NULL,
    tried_at        timestamptz,
    last_error      text,
    PRIMARY KEY (seller_id, subscription_id, subject, number)
);
CREATE INDEX notifications_to_send ON notifications (destination_id, try_at, number) WHERE status = 'queued';
CREATE UNIQUE INDEX notifications_of_quantities ON notifications (seller_id, subscription_id, subject)
    WHERE fresh AND kind = 'LISTINGS_ITEM_MFN_QUANTITY_CHANGE';
CREATE INDEX notifications_given_up ON notifications (destination_id, seller_id, subscription_id, subject, number)
    WHERE status = 'undeliverable';
CREATE INDEX notifications_by_age ON notifications (queued_at)
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE notifications, notification_subscriptions, notification_destinations")
