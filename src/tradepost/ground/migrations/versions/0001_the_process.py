"""The tables of the process: people, offers, orders and what happened to them, notices.

`seller_id` leads every key of what a seller owns, and no foreign key crosses sellers: on several machines the rows of
one seller stay together. Numbers and names of things are made by the program.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE business_clock (
    only_one  boolean PRIMARY KEY DEFAULT true CONSTRAINT only_one_clock CHECK (only_one),
    simulated boolean     NOT NULL,
    ticking   boolean     NOT NULL,
    shows     timestamptz NOT NULL,
    set_at    timestamptz NOT NULL
);

CREATE TABLE marketplaces (
    marketplace_id text PRIMARY KEY,
    name           text NOT NULL,
    country        text NOT NULL,
    currency       text NOT NULL,
    locale         text NOT NULL,
    policy_version int  NOT NULL
);

CREATE TABLE policies (
    marketplace_id text  NOT NULL REFERENCES marketplaces,
    version        int   NOT NULL,
    document       jsonb NOT NULL,
    PRIMARY KEY (marketplace_id, version)
);

CREATE TABLE sellers (
    seller_id          text PRIMARY KEY,
    marketplace_id     text NOT NULL REFERENCES marketplaces,
    name               text NOT NULL,
    email              text,
    locale             text NOT NULL,
    plan               text NOT NULL CONSTRAINT plan_is_known CHECK (plan IN ('individual', 'professional')),
    handling_days      int  NOT NULL CONSTRAINT handling_days_in_range CHECK (handling_days BETWEEN 0 AND 60),
    cut_off            time NOT NULL,
    operating_weekdays int[] NOT NULL,
    works_on           date[] NOT NULL,
    opened_at          timestamptz NOT NULL
);

CREATE TABLE buyers (
    buyer_id  text PRIMARY KEY,
    name      text NOT NULL,
    email     text,
    locale    text NOT NULL,
    opened_at timestamptz NOT NULL
);

CREATE TABLE offers (
    seller_id     text    NOT NULL,
    sku           text    NOT NULL,
    product_id    text    NOT NULL,
    title         text    NOT NULL,
    price         bigint  NOT NULL CONSTRAINT price_not_negative CHECK (price >= 0),
    available     bigint  NOT NULL CONSTRAINT stock_not_negative CHECK (available >= 0),
    supplied      bigint  NOT NULL, -- what the seller put in, net: available = supplied - sold + returned
    closed        boolean NOT NULL,
    handling_days integer CONSTRAINT handling_days_in_range CHECK (handling_days BETWEEN 0 AND 60),
    listed_at     timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (seller_id, sku)
);
ALTER TABLE offers SET (fillfactor = 70);

CREATE TABLE orders (
    seller_id       text NOT NULL,
    order_id        text NOT NULL,
    marketplace_id  text NOT NULL,
    policy_version  int  NOT NULL,
    checkout_id     text NOT NULL,
    buyer_id        text NOT NULL,
    state           text NOT NULL CONSTRAINT state_is_known CHECK (state IN
        ('held', 'approved', 'verifying', 'unshipped', 'partially_shipped', 'shipped', 'canceled')),
    placed_at       timestamptz NOT NULL,
    approved_at     timestamptz,
    released_at     timestamptz,
    warned_at       timestamptz,
    shipped_at      timestamptz,
    delivered_at    timestamptz,
    canceled_at     timestamptz,
    canceled_by     text CONSTRAINT canceler_is_known CHECK (canceled_by IN ('BUYER', 'SELLER', 'MARKETPLACE')),
    cancel_reason   text,
    cancellation_requested_at timestamptz,
    ordered_units   integer NOT NULL CONSTRAINT something_ordered CHECK (ordered_units > 0),
    shipped_units   integer NOT NULL DEFAULT 0,
    canceled_units  integer NOT NULL DEFAULT 0,
    currency        text   NOT NULL,
    total           bigint NOT NULL,
    service         text   NOT NULL,
    handling_days   integer NOT NULL,
    ship_earliest    timestamptz NOT NULL,
    ship_latest      timestamptz NOT NULL,
    deliver_earliest timestamptz NOT NULL,
    deliver_latest   timestamptz NOT NULL,
    wakes_at        timestamptz, -- the next thing that the clock does
    verify_at       timestamptz, -- when the payment gateway is asked next; null: it is not, or it calls by itself
    updated_at      timestamptz NOT NULL,
    last_event      integer NOT NULL,
    ship_to         jsonb, -- read only by the two statements that look at the state first
    PRIMARY KEY (seller_id, order_id),
    CONSTRAINT units_add_up CHECK (shipped_units >= 0 AND canceled_units >= 0
        AND shipped_units + canceled_units <= ordered_units),
    CONSTRAINT finished_orders_sleep CHECK
        ((state IN ('shipped', 'canceled')) = (wakes_at IS NULL)),
    CONSTRAINT finished_means_nothing_left CHECK
        ((state IN ('shipped', 'canceled')) = (shipped_units + canceled_units = ordered_units)),
    CONSTRAINT only_the_unverified_are_verified CHECK
        (verify_at IS NULL OR state IN ('held', 'verifying'))
);
ALTER TABLE orders SET (fillfactor = 80);
CREATE INDEX orders_to_wake ON orders (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE INDEX orders_to_verify ON orders (verify_at) WHERE verify_at IS NOT NULL;
CREATE INDEX orders_by_buyer ON orders (buyer_id, placed_at DESC, order_id);
CREATE INDEX orders_by_seller ON orders (seller_id, placed_at DESC, order_id);

CREATE TABLE order_lines (
    seller_id  text     NOT NULL,
    order_id   text     NOT NULL,
    line_no    smallint NOT NULL,
    item_id    text     NOT NULL,
    sku        text     NOT NULL,
    title      text     NOT NULL,
    unit_price bigint   NOT NULL,
    quantity   integer  NOT NULL CONSTRAINT something_ordered CHECK (quantity > 0),
    shipped    integer  NOT NULL DEFAULT 0,
    canceled   integer  NOT NULL DEFAULT 0,
    PRIMARY KEY (seller_id, order_id, line_no),
    CONSTRAINT units_add_up CHECK (shipped >= 0 AND canceled >= 0 AND shipped + canceled <= quantity)
);

CREATE TABLE order_events (
    seller_id   text NOT NULL,
    order_id    text NOT NULL,
    number      integer NOT NULL CONSTRAINT numbered_from_one CHECK (number > 0),
    act         text NOT NULL,
    state       text NOT NULL, -- after the act
    party       text NOT NULL,
    actor       text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    detail      jsonb,
    PRIMARY KEY (seller_id, order_id, number)
);

CREATE TABLE cancellations (
    seller_id   text     NOT NULL,
    order_id    text     NOT NULL,
    event       integer  NOT NULL,
    line_no     smallint NOT NULL,
    quantity    integer  NOT NULL CONSTRAINT something_canceled CHECK (quantity > 0),
    canceled_by text     NOT NULL,
    reason      text     NOT NULL,
    returned    boolean  NOT NULL, -- to the stock of the offer
    PRIMARY KEY (seller_id, order_id, event, line_no)
);

CREATE TABLE packages (
    seller_id    text    NOT NULL,
    order_id     text    NOT NULL,
    reference    integer NOT NULL CONSTRAINT reference_positive CHECK (reference > 0),
    carrier_code text    NOT NULL,
    carrier_name text,
    ship_method  text,
    tracking     text,
    shipped_on   timestamptz, -- as the seller typed it; rules look at confirmed_at
    confirmed_at timestamptz NOT NULL,
    edited_at    timestamptz,
    PRIMARY KEY (seller_id, order_id, reference)
);

CREATE TABLE package_items (
    seller_id text     NOT NULL,
    order_id  text     NOT NULL,
    reference integer  NOT NULL,
    line_no   smallint NOT NULL,
    quantity  integer  NOT NULL CONSTRAINT something_packed CHECK (quantity > 0),
    PRIMARY KEY (seller_id, order_id, reference, line_no)
);

CREATE TABLE payments (
    seller_id text    NOT NULL,
    order_id  text    NOT NULL,
    gateway   text    NOT NULL,
    token     text    NOT NULL,
    attempts  integer NOT NULL DEFAULT 0, -- with this token
    reference text, -- the gateway's own, once it approved
    asked_until timestamptz, -- machine time: until then one worker is asking the gateway
    PRIMARY KEY (seller_id, order_id)
);

CREATE TABLE confirmation_files (
    seller_id  text NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL,
    records    integer NOT NULL,
    successful integer NOT NULL,
    PRIMARY KEY (seller_id, digest)
);

CREATE TABLE notices (
    seller_id    text NOT NULL,
    notice_id    uuid NOT NULL,
    order_id     text NOT NULL,
    event        integer NOT NULL, -- the event that caused it
    receiver     text NOT NULL CONSTRAINT receiver_is_known CHECK (receiver IN ('buyer', 'seller')),
    receiver_id  text NOT NULL,
    kind         text NOT NULL,
    happened_at  timestamptz NOT NULL,
    status       text NOT NULL DEFAULT 'queued'
        CONSTRAINT status_is_known CHECK (status IN ('queued', 'delivered', 'undeliverable')),
    attempts     integer NOT NULL DEFAULT 0,
    try_at       timestamptz NOT NULL, -- machine time
    delivered_at timestamptz, -- machine time
    last_error   text,
    PRIMARY KEY (seller_id, notice_id)
);
CREATE INDEX notices_to_deliver ON notices (try_at) WHERE status = 'queued';
CREATE INDEX notices_given_up ON notices (seller_id, notice_id) WHERE status = 'undeliverable';
CREATE INDEX notices_of_order ON notices (seller_id, order_id, event);
"""

# The lock and the clock in one round trip. The row is read by a statement that begins after the lock is held, so that
# whoever waited for the clock to move sees the moved clock.
ENTER = """
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

# Real time, unless a marketplace is told otherwise before its first order; the moments count for nothing then.
REAL_CLOCK = "INSERT INTO business_clock VALUES (true, false, true, '2000-01-01 00:00Z', '2000-01-01 00:00Z')"


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    op.get_bind().exec_driver_sql(ENTER)
    op.get_bind().exec_driver_sql(REAL_CLOCK)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP FUNCTION enter_business_time(boolean)")
    for table in (
        "notices", "confirmation_files", "payments", "package_items", "packages", "cancellations", "order_events",
        "order_lines", "orders", "offers", "buyers", "sellers", "policies", "marketplaces", "business_clock",
    ):  # fmt: skip
        op.get_bind().exec_driver_sql(f"DROP TABLE {table}")
