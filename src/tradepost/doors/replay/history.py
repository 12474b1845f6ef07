"""Reading a recorded history: every row is understood before the first one is played."""

import csv
from _csv import Reader as CsvReader
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tradepost.money import parse_amount
from tradepost.payments.gateway import Verdict

COLUMNS = ("at", "event", "order", "seller", "buyer", "sku", "quantity", "price", "detail")
NEEDED = {
    "seller": ("seller", "detail"),
    "list": ("seller", "sku", "quantity", "price", "detail"),
    "stock": ("seller", "sku", "quantity"),
    "checkout": ("order", "seller", "buyer", "sku", "quantity", "price"),
    "verify": ("order", "detail"),
    "buyer_cancel": ("order",),
    "request_cancel": ("order",),
    "confirm": ("order", "detail"),
    "seller_cancel": ("order", "detail"),
    "deliver": ("order",),
}
PLANS = ("professional", "individual")
VERDICTS = (Verdict.APPROVED, Verdict.DECLINED, Verdict.FRAUD, Verdict.DEFERRED)
CURRENCY = "USD"
_MOST_QUANTITY = 10**9
_YEARS = range(1000, 9000)  # written with four digits, and with room for every deadline


class UnreadableHistory(Exception):
    """A history that cannot be played; the sentence names the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a history."""

    line: int  # in the file, the header being line 1
    at: datetime
    event: str
    order: str
    seller: str
    buyer: str
    sku: str
    quantity: int | None
    price: int | None  # minor units
    detail: str


def read_history(file: Path) -> list[Row]:
    """All rows of a history file, in its order. Raises UnreadableHistory."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return list(_rows(csv.reader(text, strict=True)))
    except OSError as error:
        raise UnreadableHistory(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnreadableHistory(f"{file} is not UTF-8 text (byte {error.start}).") from error


def _rows(reader: CsvReader) -> Iterator[Row]:
    previous: datetime | None = None
    records = _records(reader)
    _, header = next(records, (1, ()))
    if tuple(header) != COLUMNS:
        raise UnreadableHistory(f"Line 1: the header must be {','.join(COLUMNS)}.")
    for line, cells in records:
        try:
            row = _row(line, cells)
        except ValueError as error:
            raise UnreadableHistory(f"Line {line}: {error}") from error
        if previous is not None and row.at < previous:
            raise UnreadableHistory(f"Line {line}: {cells[0]} comes before the row above it; sort the rows by at.")
        previous = row.at
        yield row


def _records(reader: CsvReader) -> Iterator[tuple[int, Sequence[str]]]:
    """The records with the line that each begins on."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableHistory(f"Line {line}: this is not CSV: {error}.") from error
        if cells:
            yield line, cells


def _row(line: int, cells: Sequence[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"there are {len(cells)} fields, and {len(COLUMNS)} are needed.")
    values = dict(zip(COLUMNS, cells, strict=True))
    event = values["event"]
    if event not in NEEDED:
        raise ValueError(f"{event!r} is no event; use one of {', '.join(NEEDED)}.")
    if missing := [name for name in NEEDED[event] if not values[name].strip()]:
        raise ValueError(f"{event} needs {' and '.join(missing)}.")
    if bad := [name for name in COLUMNS if "\0" in values[name]]:
        raise ValueError(f"{bad[0]} contains a NUL character.")
    _check_detail(event, values["detail"])
    if values["quantity"] and not values["sku"]:
        raise ValueError(f"the quantity {values['quantity']} belongs to no sku.")
    return Row(
        line,
        _moment(values["at"]),
        event,
        values["order"],
        values["seller"],
        values["buyer"],
        values["sku"],
        _quantity(values["quantity"], 0 if event == "stock" else 1),
        parse_amount(values["price"], CURRENCY) if values["price"] else None,
        values["detail"],
    )


def _check_detail(event: str, detail: str) -> None:
    known: Sequence[str] = {"seller": PLANS, "verify": VERDICTS}.get(event, ())
    if known and detail not in known:
        raise ValueError(
            f"{detail!r} is no {'plan' if event == 'seller' else 'verdict'}; use one of {', '.join(known)}."
        )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and moment.year in _YEARS:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no time with an offset such as 2026-03-01T10:00:00+00:00.")


def _quantity(text: str, least: int) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= _MOST_QUANTITY:
        raise ValueError(f"the quantity {text[:32]!r} is no whole number from {least} to {_MOST_QUANTITY}.")
    return int(text)
