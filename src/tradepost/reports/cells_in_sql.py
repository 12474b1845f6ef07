"""Long tab-separated files, which PostgreSQL writes by itself: the cells of tab_separated.py as SQL.

Nothing has to be mended in almost every row. One regular expression over all words of a row finds those that may need
it; only they pay for the cells one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from tradepost.ground.database import Transaction
from tradepost.money import OTHER_DIGITS, USUAL_DIGITS
from tradepost.reports.tab_separated import (
    BREAKS_A_LINE,
    NO_TELEPHONE_NUMBER,
    OPENS_A_FORMULA,
    OPENS_A_QUOTATION,
    WHITE,
    row,
)
from tradepost.reports.written import Write

_BETWEEN = "|"  # the words of a row: where a word holds it itself, its row may be mended for nothing
_MAY_NEED_MENDING = "|".join(
    (
        BREAKS_A_LINE,
        f"(^|[{_BETWEEN}])[{WHITE}{OPENS_A_QUOTATION}=@＝＋－＠]",
        f"[{WHITE}]([{_BETWEEN}]|$)",
        f"(^|[{_BETWEEN}]){NO_TELEPHONE_NUMBER}",  # a number never goes on into the next word: only the last may be one
    )
)


def file_of(cells: Mapping[str, str], rows: str, words: Sequence[str]) -> str:
    """The statement for `write_file`: the rows of a file in the order of `rows`, a SELECT without nulls.

    `cells` are SQL by column, made by the functions below or with nothing to mind in it. `words` are the columns of
    `rows` that people wrote; the last one is that which is often a telephone number with a plus.
    """
    # OFFSET 0: each row is computed and looked at once, and not once for each of its cells.
    return f"""
    SELECT {", ".join(cells.values())}
      FROM (SELECT *, concat_ws('{_BETWEEN}', {", ".join(words)}) ~ '{_MAY_NEED_MENDING}' AS may_need_mending
              FROM ({rows} OFFSET 0) AS read
            OFFSET 0) AS looked_at
    """  # noqa: S608


async def write_file(
    tx: Transaction, write: Write, columns: Mapping[str, str], statement: str, *values: object, zone: str = "UTC"
) -> int:
    """Write a file: the header, and the rows of a statement that `file_of` made; how many there are. Days, and moments
    that are not in UTC, are those of the zone."""
    await write(row(columns).encode())
    return await tx.copy_out(statement, *values, write=write, zone=zone)


def plain(column: str) -> str:
    """A name that programs look things up by, as `tab_separated.plain`."""
    return _mended(column, f"regexp_replace({_one_line(column)}, '^{OPENS_A_QUOTATION}', '''\\&')")


def text(column: str) -> str:
    """Words of people, as `tab_separated.text`."""
    line = f"btrim({_one_line(column)}, '{WHITE}')"
    return _mended(column, f"regexp_replace({line}, '^({OPENS_A_QUOTATION}|{OPENS_A_FORMULA})', '''\\&')")


def moment(column: str) -> str:
    """A moment in whole seconds with the offset of the file's zone, as `tab_separated.moment`."""
    return f"coalesce({_iso(column)}, '')"


def moment_in_utc(column: str) -> str:
    """The same in UTC, whatever the file's zone is."""
    in_utc = _iso(f"{column} AT TIME ZONE 'UTC'")
    return f"coalesce({in_utc} || '+00:00', '')"


def truth(condition: str) -> str:
    """true or false."""
    return f"CASE WHEN {condition} THEN 'true' ELSE 'false' END"


def money(*factors: str) -> str:
    """The product as an amount of the column `currency`, as `money.format_amount`; one factor in minor units."""
    unit = _by_currency(lambda digits: f"{10**-digits:.{digits}f}")
    return f"({' * '.join((unit, *factors))})::text"


def no_money() -> str:
    """Nothing, as an amount of the column `currency`."""
    return _by_currency(lambda digits: f"'{0:.{digits}f}'")


def _mended(column: str, mended: str) -> str:
    return f"CASE WHEN may_need_mending THEN {mended} ELSE {column} END"


def _one_line(value: str) -> str:
    return f"regexp_replace({value}, '{BREAKS_A_LINE}', ' ', 'g')"


def _iso(moment: str) -> str:
    # Half of what to_char takes. date_bin cuts seconds off without a look at the zone, as date_trunc would take one.
    return f"to_jsonb(date_bin('1 s', {moment}, 'epoch')) #>> '{{}}'"


def _by_currency(value: Callable[[int], str]) -> str:
    """What is made of the decimal digits of the row's currency. Almost all have the usual ones: they are seen first."""
    codes_of: dict[int, list[str]] = defaultdict(list)
    for code, digits in OTHER_DIGITS.items():
        codes_of[digits].append(code)
    others = (f"WHEN currency = ANY('{{{','.join(codes)}}}') THEN {value(n)}" for n, codes in codes_of.items())
    unusual = f"'{{{','.join(OTHER_DIGITS)}}}'"
    return f"CASE WHEN currency <> ALL({unusual}) THEN {value(USUAL_DIGITS)} {' '.join(others)} END"
