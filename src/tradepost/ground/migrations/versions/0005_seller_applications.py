"""What the seller API stands on: sellers' applications, their tokens, and how much of its plan each has used."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Tokens live by machine time, and are known by their SHA-256 alone, as keys are.
TABLES = """
CREATE TABLE applications (
    client_id        text PRIMARY KEY,
    name             text NOT NULL,
    secret           bytea NOT NULL,
    old_secret       bytea, -- the secret before, which still opens for a while
    old_secret_until timestamptz,
    made_at          timestamptz NOT NULL,
    CONSTRAINT old_secrets_end CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);

CREATE TABLE authorizations (
    seller_id     text NOT NULL,
    client_id     text NOT NULL REFERENCES applications,
    refresh_token bytea NOT NULL UNIQUE,
    made_at       timestamptz NOT NULL,
    ended_at      timestamptz,
    PRIMARY KEY (seller_id, client_id)
);

CREATE TABLE access_tokens (
    digest        bytea PRIMARY KEY,
    client_id     text NOT NULL REFERENCES applications,
    refresh_token bytea, -- it came from, and ends with; null: the application's own, which opens no seller's data
    scope         text, -- of the application's own
    resources     jsonb, -- what a restricted token is for; null: it is not restricted
    ends_at       timestamptz NOT NULL,
    CONSTRAINT scopes_are_of_applications CHECK ((refresh_token IS NULL) = (scope IS NOT NULL))
);
CREATE INDEX access_tokens_by_end ON access_tokens (ends_at);

CREATE UNLOGGED TABLE usage_plans (
    client_id text NOT NULL,
    seller_id text NOT NULL,
    operation text NOT NULL,
    left_over double precision NOT NULL, -- requests that may still come at once, as of then
    at        timestamptz NOT NULL,
    PRIMARY KEY (client_id, seller_id, operation)
)
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE usage_plans, access_tokens, authorizations, applications")
