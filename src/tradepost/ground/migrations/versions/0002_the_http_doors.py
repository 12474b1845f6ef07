"""What the HTTP doors stand on: keys, answers kept under an Idempotency-Key, address books and carts."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHANGES = """
CREATE TABLE access_keys (
    digest     bytea PRIMARY KEY, -- SHA-256: a key that was lost cannot be read from here
    key_id     text NOT NULL UNIQUE,
    scope      text NOT NULL CONSTRAINT scope_is_known
        CHECK (scope IN ('buyer', 'seller', 'operator', 'customer_service')),
    subject    text, -- the buyer or the seller whose key it is
    name       text NOT NULL,
    made_at    timestamptz NOT NULL, -- machine time, as the next one
    ends_at    timestamptz,
    replaced_by text, -- the id of the key that was put in its place
    CONSTRAINT whose_key_it_is CHECK ((scope IN ('buyer', 'seller')) = (subject IS NOT NULL))
);
CREATE INDEX access_keys_by_subject ON access_keys (scope, subject, key_id);

CREATE TABLE kept_answers (
    caller  text  NOT NULL, -- scope and subject, or the key's id
    key     text  NOT NULL,
    digest  bytea NOT NULL, -- of what was asked for
    status  smallint NOT NULL,
    body    bytea NOT NULL,
    kept_at timestamptz NOT NULL, -- machine time
    PRIMARY KEY (caller, key)
);
CREATE INDEX kept_answers_by_age ON kept_answers (kept_at);

CREATE TABLE addresses (
    buyer_id   text  NOT NULL,
    address_id text  NOT NULL,
    document   jsonb NOT NULL,
    saved_at   timestamptz NOT NULL,
    PRIMARY KEY (buyer_id, address_id)
);

CREATE TABLE cart_lines (
    buyer_id  text NOT NULL,
    seller_id text NOT NULL,
    sku       text NOT NULL,
    quantity  integer NOT NULL CONSTRAINT something_wanted CHECK (quantity > 0),
    put_at    timestamptz NOT NULL,
    PRIMARY KEY (buyer_id, seller_id, sku)
);

ALTER TABLE orders ADD COLUMN locale text -- in which the buyer checked out (null: the account's)
;
CREATE FUNCTION words_of(title text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple', regexp_replace(title, '([぀-ヿ㐀-䶿一-鿿가-힣豈-﫿])', ' \\1 ', 'g'));
CREATE INDEX offers_by_title ON offers USING gin (words_of(title));
CREATE INDEX offers_by_product ON offers (product_id, seller_id, sku);
"""

# As before, and whether the clock is real for good: it can be simulated only before the first order.
ENTER = """
CREATE FUNCTION enter_business_time(alone boolean) RETURNS TABLE
    (simulated boolean, ticking boolean, shows timestamptz, set_at timestamptz, real_for_good boolean)
LANGUAGE plpgsql AS $$
BEGIN
    IF alone THEN
        PERFORM pg_advisory_xact_lock(7233087);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7233087);
    END IF;
    RETURN QUERY SELECT c.simulated, c.ticking, c.shows, c.set_at,
                        NOT c.simulated AND EXISTS (SELECT 1 FROM orders)
                   FROM business_clock c;
END $$
"""
ENTER_BEFORE = """
CREATE FUNCTION enter_business_time(alone boolean) RETURNS TABLE
    (simulated boolean, ticking boolean, shows timestamptz, set_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
    IF alone THEN
        PERFORM pg_advisory_xact_lock(7233087);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7233087);
    END IF;
    RETURN QUERY SELECT c.simulated, c.ticking, c.shows, c.set_at FROM business_clock c;
END $$
"""


def upgrade() -> None:
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    _enter_by(ENTER)


def downgrade() -> None:
    _enter_by(ENTER_BEFORE)
    op.get_bind().exec_driver_sql("DROP INDEX offers_by_product, offers_by_title")
    op.get_bind().exec_driver_sql("DROP FUNCTION words_of(text)")
    op.get_bind().exec_driver_sql("ALTER TABLE orders DROP COLUMN locale")
    op.get_bind().exec_driver_sql("DROP TABLE cart_lines, addresses, kept_answers, access_keys")


def _enter_by(function: str) -> None:
    op.get_bind().exec_driver_sql("DROP FUNCTION enter_business_time(boolean)")
    op.get_bind().exec_driver_sql(function)
