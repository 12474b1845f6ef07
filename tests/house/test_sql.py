"""The rules of the SQL: where it stands, and what it says and does not say."""

import re

from source import Module, Sql, modules

STATEMENTS = [statement for module in modules() for statement in module.statements()]

OF_A_SELLER = (
    "offers", "orders", "order_lines", "order_events", "cancellations", "packages", "package_items", "payments",
    "confirmation_files", "notices", "webhook_endpoints", "webhook_messages", "listings", "documents", "feeds",
    "feed_entries", "report_requests", "report_schedules", "notifications", "notification_subscriptions",
)  # fmt: skip
_TABLES = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO)\s+({'|'.join(OF_A_SELLER)})\b")
_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)")
_NAMES_SELLERS = re.compile(r"(?<!OR )\b(?:\w+\.)?seller_id = (?:ANY\((?:\(SELECT )?)?\$")
_READS_TIME = re.compile(
    r"\bnow\(|(clock|statement|transaction)_timestamp|timeofday|\b(current|local)_?(time|date|timestamp)\b"
)

WRITTEN_BY_THE_JOURNAL = {"orders", "order_lines", "order_events", "cancellations"}

OVER_ALL_SELLERS = {
    "orders/records.py::due": "the sweep looks for what is due, whoever's it is",
    "orders/records.py::any_order": "asks for one order, whoever's it is, before a clock is simulated",
    "orders/records.py::next_wake": "the next moment at which anything happens, to anyone",
    "listings/records.py::titles_of": "a product is called the same, whoever sells it",
    "payments/records.py::claim": "the worker asks what is due to be asked, whoever's it is",
    "documents/records.py::ended": "what is old is old, whoever's it is",
    "process/checkout/records.py::read": "a buyer's cart holds offers of many sellers",
    "people/records.py::unverified_units": "a buyer's orders lie with all of their sellers",
    "report_requests/records.py::due_schedules": "a worker asks for what is due, whoever's it is",
    "notifications/subscribed/records.py::one_that_uses": "a destination is the application's, for all of its sellers",
    "notifications/subscribed/records.py::one_to_test": "a destination is the application's, for all of its sellers",
    "notifications/subscribed/records.py::of_application": "an application's own token is for all of its sellers",
    "notices/records.py::claim": "the worker takes what is due to be delivered, whoever's it is",
    "notices/records.py::backlog": "an operator looks at the whole outbox",
    "notices/records.py::undeliverable": "an operator looks at the whole outbox",
    "webhooks/endpoints/records.py::every": "an operator looks at everybody's endpoints",
    "webhooks/endpoints/records.py::waiting": "the courier calls who waits, whoever's it is",
    "webhooks/records.py::claim": "an endpoint of the operator's hears of all sellers",
    "webhooks/records.py::begin_again": "an endpoint of the operator's hears of all sellers",
    "webhooks/records.py::log": "an endpoint of the operator's hears of all sellers",
    "webhooks/records.py::resend_undeliverable": "an endpoint of the operator's hears of all sellers",
    "webhooks/records.py::undeliverable": "an operator looks at everybody's messages",
    "webhooks/records.py::forget": "what is old is old, whoever's it is",
    "notifications/records.py::waiting": "the courier tells who waits, whoever's it is",
    "notifications/records.py::claim": "a destination hears of all sellers who subscribed there",
    "notifications/records.py::undeliverable": "an operator looks at everybody's notifications",
    "notifications/records.py::forget": "what is old is old, whoever's it is",
}
"""The statements on sellers' tables that cannot say whose rows they want, and why."""

MAY_SAY_SQL = re.compile(r"(.*/)?records\.py|(reports|ground)/.*")

READS_ADDRESSES = re.compile(r"reports/.*|orders/records\.py|notifications/told/records\.py")


def tables(statement: Sql) -> set[str]:
    """The tables of sellers that a statement reads or changes; what it inserts names its sellers row by row."""
    if statement.text.lstrip().startswith("INSERT"):
        return set()
    return set(_TABLES.findall(statement.text))


def sql(text: str) -> list[Sql]:
    return Module("x", text).statements()


def test_sql_stands_in_records_reports_and_the_ground_only() -> None:
    assert {statement.module for statement in STATEMENTS if not MAY_SAY_SQL.fullmatch(statement.module)} == set()


def test_no_statement_reads_the_time() -> None:
    """Time is an argument: the database server's clock decides nothing."""
    assert [statement.place for statement in STATEMENTS if _READS_TIME.search(statement.text.lower())] == []


def test_only_the_records_of_orders_write_what_the_journal_writes() -> None:
    writers = {one.module for one in STATEMENTS if WRITTEN_BY_THE_JOURNAL & set(_WRITES.findall(one.text))}
    assert writers == {"orders/records.py"}


def test_statements_on_sellers_rows_say_whose() -> None:
    """So that on several machines each is asked only for what it holds; the exceptions are listed, and are needed."""
    records = [statement for statement in STATEMENTS if statement.module.endswith("records.py") and tables(statement)]
    silent = {statement.place for statement in records if not _NAMES_SELLERS.search(statement.text)}
    assert silent == set(OVER_ALL_SELLERS)


def test_addresses_are_read_where_the_state_is_looked_at_first() -> None:
    """No address leaves before release (A37 to A39), and none is ever in a notice (A40)."""
    saying = [one for one in STATEMENTS if "ship_to" in one.text and not one.module.startswith("ground/migrations/")]
    assert [one.place for one in saying if not READS_ADDRESSES.fullmatch(one.module)] == []
    reading = [one for one in saying if not one.text.lstrip().startswith("INSERT")]
    assert [one.place for one in reading if "state" not in one.text] == []


def test_the_checks_see_what_they_look_for() -> None:
    assert [
        statement.text for statement in sql('def f():\n    """SELECT a poem."""\n    g("SELECT 1 FROM orders")')
    ] == ["SELECT 1 FROM orders"]
    assert sql('g = f"""\n    UPDATE offers SET x = {y}"""')[0].text.split() == [
        "UPDATE",
        "offers",
        "SET",
        "x",
        "=",
        "{}",
    ]
    assert sql('f("Select an order")') == []
    assert tables(sql('f("SELECT * FROM notices JOIN orders o USING (seller_id)")')[0]) == {"notices", "orders"}
    assert _READS_TIME.search("select current_date")
    assert _READS_TIME.search("set x = now()")
    assert not _NAMES_SELLERS.search("SELECT 1 FROM orders o JOIN offers USING (seller_id)")
