"""Arrays as texts: PostgreSQL reads of them what the driver would have sent."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradepost.ground.database import Database
from tradepost.ground.literals import literal


class Word(StrEnum):
    PLAIN = "plain"
    ODD = 'a "b" \\c, {NULL}'


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(Word)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
DOCUMENTS = st.dictionaries(TEXTS.map(str), TEXTS.map(str) | st.integers(-(2**40), 2**40) | st.none(), max_size=3)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "timestamptz": MOMENTS,
    "date": st.dates(date(1, 1, 2)),
    "bytea": st.binary(),
    "jsonb": DOCUMENTS,
    "time": st.times(),
    "uuid": st.uuids(),
}


ARRAYS = st.sampled_from(sorted(OF_TYPE)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(OF_TYPE[kind]) | st.lists(OF_TYPE[kind] | st.none()))
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(ARRAYS)
async def test_postgresql_reads_the_array_that_was_written(database: Database, array: tuple[str, list[Any]]) -> None:
    kind, values = array
    assert await database.pool.fetchval(f"SELECT $1::text::{kind}[]", literal(values)) == values


async def test_what_is_written_later_may_be_any_text(database: Database) -> None:
    """Among others that go with it in one statement, and by itself."""
    odd = ["", "NULL", "null", '"', "\\", "{", "}", ",", "a b", "\n", "'", "$1", "\U0001f600", "=1+1"]
    await database.pool.execute("CREATE TABLE one (at timestamptz, text text); CREATE TABLE other (text text)")
    insert = "INSERT INTO one SELECT $2, * FROM unnest($1::text[])"
    async with database.transaction() as tx:
        await tx.later(insert, odd, tx.now)
    async with database.transaction() as tx:
        await tx.later(insert, odd, tx.now)
        await tx.later("INSERT INTO other SELECT * FROM unnest($1::text[])", odd)
    rows = await database.pool.fetch("SELECT text FROM one")
    assert sorted(row[0] for row in rows) == sorted(odd * 2)
