"""The cells that PostgreSQL writes are, byte for byte, those of tab_separated.py."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tradepost.ground.database import Database, columns
from tradepost.money import OTHER_DIGITS, format_amount
from tradepost.reports import cells_in_sql as sql
from tradepost.reports import tab_separated as python

ZONES = (
    "UTC", "America/Los_Angeles", "Europe/London", "Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Apia",
)  # fmt: skip
HOSTILE = (
    "=", "+", "-", "@", "＝", "＋", "－", "＠", '"', "'", "|", "\\", "\\N", "\\.", "\\t", "$1", "{}", ",", ";", " ",
    "\t", "\n", "\r", "\r\n", "\v", "\f", "\x01", "\x02", "\x1b", "\x1c", "\x7f", "\x80", "\x85", "\x9f", "\xa0",
    "\xad",
    "\u1680", "\u2000", "\u200b", "\u2028", "\u2029", "\u202e", "\u3000", "\ufeff", "\ufffe", "\uffff", "\U0001f600",
    "\U0010ffff", "e\u0301", "張", "1", "(217) 555-0100", "a",
)  # fmt: skip


class Row(NamedTuple):
    """What a row is made of; `phone` is the last of the words, as in the reports."""

    sku: str
    title: str
    phone: str
    at: datetime | None
    currency: str
    price: int
    quantity: int


WORDS = st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
MOMENTS = st.integers(0, 40 * 365 * 86_400 * 10**6).map(lambda n: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(0, 0, n))
ROWS = st.builds(
    Row,
    WORDS,
    WORDS,
    WORDS,
    st.none() | MOMENTS,
    st.sampled_from(["USD", "EUR", "CNY", *OTHER_DIGITS]),
    st.integers(0, 10**12),
    st.integers(0, 10**5),
)
CELLS = {
    "sku": sql.plain("sku"),
    "title": sql.text("title"),
    "phone": sql.text("phone"),
    "at": sql.moment("at"),
    "at-in-utc": sql.moment_in_utc("at"),
    "price": sql.money("price", "quantity"),
    "nothing": sql.no_money(),
    "many": sql.truth("quantity > 1"),
}
READ = """
SELECT *
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[], $7::bigint[])
       AS given (sku, title, phone, at, currency, price, quantity)
"""


def with_words(*words: str) -> list[Row]:
    return [Row(word, word, word, None, "USD", 1, 1) for word in words]


def at(*moments: datetime) -> list[Row]:
    return [Row("", "", "", moment, "USD", 1, 1) for moment in moments]


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROWS, min_size=1, max_size=20), zone=st.sampled_from(ZONES))
@example(
    with_words("=1", " =1", "\x01=1", "\xa0+a", "+1 217", "-1+1", "|=", "a|", "|-1", '"', ' "', "\\", "\\t"), "UTC"
)
@example(at(datetime(2026, 3, 8, 9, 59, 59, 999_999, UTC), datetime(2026, 3, 8, 10, tzinfo=UTC)), ZONES[1])
@example(at(datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 30, tzinfo=UTC)), ZONES[1])
@example(at(datetime(1999, 12, 31, 23, 59, 59, 1, UTC), datetime(1999, 12, 31, 23, tzinfo=UTC)), "Asia/Kathmandu")
async def test_every_cell_is_the_one_of_the_rule_in_python(database: Database, rows: list[Row], zone: str) -> None:
    expected = [
        python.row(
            (
                python.plain(row.sku),
                python.text(row.title),
                python.text(row.phone),
                python.moment(row.at, zone),
                python.moment(row.at, "UTC"),
                format_amount(row.price * row.quantity, row.currency),
                format_amount(0, row.currency),
                "true" if row.quantity > 1 else "false",
            )
        )
        for row in rows
    ]
    assert (await written(database, rows, zone)).split("\n") == "".join([python.row(CELLS), *expected]).split("\n")


async def test_a_zone_that_the_server_does_not_know_is_utc(database: Database) -> None:
    (row,) = at(datetime(2026, 7, 1, tzinfo=UTC))
    cells = (await written(database, [row], "Nowhere/Yet")).split("\n")[1].split("\t")
    assert cells[3:5] == ["2026-07-01T00:00:00+00:00"] * 2


@pytest.mark.parametrize("name", ["TimeZone", "work_mem", "random_page_cost"])
async def test_what_is_set_for_a_file_ends_with_it(database: Database, name: str) -> None:
    async def nowhere(piece: bytes) -> None:
        pass

    async with database.transaction() as tx:
        before = await tx.value("SELECT current_setting($1)", name)
        during: list[bytes] = []

        async def keep(piece: bytes) -> None:
            during.append(piece)

        await tx.copy_out("SELECT current_setting($1)", name, write=keep, zone="Asia/Tokyo")
        assert b"".join(during) != f"{before}\n".encode()
        assert await tx.value("SELECT current_setting($1)", name) == before


async def written(database: Database, rows: list[Row], zone: str) -> str:
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    statement = sql.file_of(CELLS, READ, ("sku", "title", "phone"))
    async with database.transaction() as tx:
        count = await sql.write_file(tx, keep, CELLS, statement, *columns(rows, len(Row._fields)), zone=zone)
    assert count == len(rows)
    return b"".join(pieces).decode()
