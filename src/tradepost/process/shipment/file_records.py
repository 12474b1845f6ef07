"""Reading a flat file, such as a Shipping Confirmation file: from bytes to records, whatever program wrote them.

Tab-separated text in UTF-8, UTF-16 with its mark, or the Western encoding of Windows; any line ends; columns in any
order below any number of template rows. Nothing here knows an order; memory is bounded whatever the bytes are.
"""

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from typing import Any, NamedTuple

from tradepost.process.shipment.processing_report import Complaint, Entry, ProcessingReport

MOST_MIB = 64
MOST_RECORDS = 200_000
MOST_LINES = 10 * MOST_RECORDS  # with those that are empty
MOST_COLUMNS = 200
MOST_IN_LINE = 32_768  # characters
MOST_IN_CELL = 500
ROWS_ABOVE_HEADINGS = 20
MOST_WARNINGS = 20  # about headings

REQUIRED = ("order-id", "ship-date")
USED = (
    "order-id", "order-item-id", "quantity", "ship-date", "carrier-code", "carrier-name", "tracking-number",
    "ship-method",
)  # fmt: skip
KNOWN_BUT_UNUSED = frozenset(
    {"transparency-code", "cod-collection-method", "ship-from-supply-source-id"}
    | {f"ship-from-address-{part}" for part in ("name", "line1", "line2", "line3", "city", "county")}
    | {f"ship-from-address-{part}" for part in ("state-or-region", "postalcode", "countrycode")}
)


class Record(NamedTuple):
    """A row below the headings: its cells as they stand there, empty where there is none."""

    number: int  # the first one is 1; rows without any text are not counted
    order_id: str = ""
    order_item_id: str = ""
    quantity: str = ""
    ship_date: str = ""
    carrier_code: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    ship_method: str = ""


class Form(NamedTuple):
    """The columns of a kind of file. `key` names the row of headings; a record has its number and the used columns."""

    key: str
    required: tuple[str, ...]
    used: tuple[str, ...]
    known_but_unused: frozenset[str]
    record: Callable[..., Any]
    translated: bool = True  # the headings may stand there again in another language


SHIPMENTS = Form("order-id", REQUIRED, USED, KNOWN_BUT_UNUSED, Record)


class Unreadable(Exception):
    """Nothing of the file can be taken; the report says why."""

    def __init__(self, complaint: Complaint, records: int = 0, **facts: object) -> None:
        super().__init__(complaint.name)
        self.report = ProcessingReport(records, 0, [Entry(0, complaint, facts)])


@dataclass
class FileRecords:
    """What a file holds: how many records, those that can be read, and what is to be said of the others."""

    count: int = 0
    readable: list[Any] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def read(content: bytes, form: Form = SHIPMENTS) -> FileRecords:
    """The records of a file of this form. Raises Unreadable when the file as a whole cannot be taken."""
    if len(content) > MOST_MIB << 20:
        raise Unreadable(Complaint.FILE_TOO_LARGE, most=MOST_MIB)
    lines = _lines(content)
    headings = _find_headings(lines, form)
    _check_headings(headings, lines, form)
    found = FileRecords(entries=_unknown_headings(headings, form))
    columns = [headings.index(name) if name in headings else None for name in form.used]
    for line in lines:
        _take(found, line, columns, len(headings), form)
        if form.translated:
            form = form._replace(translated=False)  # right below the headings, if anywhere
    if not found.count:
        raise Unreadable(Complaint.NOTHING_IN_IT)
    return found


class _Line(NamedTuple):
    number: int  # in the file, from 1
    text: str
    whole: bool  # false where it went on beyond the limit

    def cells(self) -> list[str]:
        """The cells without the quotation marks around them. Raises csv.Error for marks that do not match."""
        if '"' not in self.text:
            return [cell.strip() for cell in self.text.split("\t")]
        (cells,) = csv.reader([self.text], delimiter="\t", strict=True)
        return [cell.strip() for cell in cells]


def _take(found: FileRecords, line: _Line, columns: list[int | None], width: int, form: Form) -> None:
    """Add a line to what was found: a record, a complaint, or nothing."""
    try:
        cells = line.cells() if line.whole and "\0" not in line.text else []
    except csv.Error:
        _complain(found, line, Complaint.BROKEN_QUOTES)
        return
    if not line.whole:
        _complain(found, line, Complaint.ROW_TOO_LONG, most=MOST_IN_LINE)
    elif not cells:
        _complain(found, line, Complaint.ROW_IS_NOT_TEXT)
    elif any(cells[width:]):
        _complain(found, line, Complaint.ROW_TOO_WIDE)
    else:
        used = [cells[column] if column is not None and column < len(cells) else "" for column in columns]
        if not form.translated or not _are_translated_headings(used, form):
            _take_cells(found, used, form)


def _take_cells(found: FileRecords, cells: list[str], form: Form) -> None:
    _count(found)
    record = form.record(found.count, *cells)
    longest = max(cells, key=len)
    if len(longest) > MOST_IN_CELL:
        facts: dict[str, object] = {"field": form.used[cells.index(longest)], "most": MOST_IN_CELL}
        of = (getattr(record, name, "") for name in ("order_id", "order_item_id"))
        found.entries.append(Entry(found.count, Complaint.TOO_LONG, facts, *of))
    else:
        found.readable.append(record)


def _complain(found: FileRecords, line: _Line, complaint: Complaint, **facts: object) -> None:
    _count(found)
    found.entries.append(Entry(found.count, complaint, {"line": line.number, **facts}))


def _count(found: FileRecords) -> None:
    found.count += 1
    if found.count > MOST_RECORDS:
        raise Unreadable(Complaint.TOO_MANY_ROWS, most=MOST_RECORDS)


def _are_translated_headings(cells: list[str], form: Form) -> bool:
    """Whether the row right below the headings says them again in another language, as Japanese templates do."""
    required = [cell for name, cell in zip(form.used, cells, strict=True) if name in form.required]
    return all(required) and not any(sign.isdigit() for cell in cells for sign in cell)


def _find_headings(lines: Iterator[_Line], form: Form) -> list[str]:
    """The headings, with `lines` left at what is below them. Rows above them belong to the template."""
    passed = 0
    first = ""
    for line in lines:
        if not line.whole and line.text.count("\t") > MOST_COLUMNS and "\0" not in line.text:
            raise Unreadable(Complaint.TOO_MANY_COLUMNS, most=MOST_COLUMNS)
        if not line.whole or "\0" in line.text:
            raise Unreadable(Complaint.NOT_TEXT, line=line.number)
        headings = _headings(line)
        if form.key in headings:
            return headings
        first = first or line.text
        passed += 1
        if passed == ROWS_ABOVE_HEADINGS:
            break
    if not passed:
        raise Unreadable(Complaint.NOTHING_IN_IT)
    records = passed + _how_many(lines) - (2 if first.startswith("TemplateType=") else 1)
    raise Unreadable(Complaint.FIELD_MISSING, max(records, 0), field=form.key)


def _headings(line: _Line) -> list[str]:
    """A row's cells as headings: small letters, hyphens between words, nothing after the last one."""
    try:
        cells = line.cells()
    except csv.Error:
        return []
    while cells and not cells[-1]:
        cells.pop()
    return ["-".join(cell.casefold().replace("_", " ").replace("-", " ").split()) for cell in cells]


def _check_headings(headings: list[str], below: Iterator[_Line], form: Form) -> None:
    """Raises Unreadable where the rows below the headings could not be understood."""
    if len(headings) > MOST_COLUMNS:
        raise Unreadable(Complaint.TOO_MANY_COLUMNS, _how_many(below), most=MOST_COLUMNS)
    for name in form.required:
        if name not in headings:
            raise Unreadable(Complaint.FIELD_MISSING, _how_many(below), field=name)
    for name in form.used:
        if headings.count(name) > 1:
            raise Unreadable(Complaint.FIELD_TWICE, _how_many(below), field=name)


def _how_many(lines: Iterator[_Line]) -> int:
    return sum(1 for _ in lines)


def _unknown_headings(headings: list[str], form: Form) -> list[Entry]:
    known = form.known_but_unused | set(form.used)
    unknown = [name for name in headings if name and name not in known]
    return [Entry(0, Complaint.UNKNOWN_FIELD, {"field": name[:50]}) for name in unknown[:MOST_WARNINGS]]


def _lines(content: bytes) -> Iterator[_Line]:
    """The lines with anything in them. What a line has beyond the limit is read over, never held."""
    text = TextIOWrapper(BytesIO(content), encoding_of(content))
    number = 0
    while line := text.readline(MOST_IN_LINE + 1):
        number += 1
        if number > MOST_LINES:
            raise Unreadable(Complaint.TOO_MANY_ROWS, most=MOST_RECORDS)
        whole = line.endswith("\n") or len(line) <= MOST_IN_LINE
        rest = line
        while not whole and rest and not rest.endswith("\n"):
            rest = text.readline(MOST_IN_LINE)
        if not whole or line.strip(' \t\r\n"'):
            yield _Line(number, line.rstrip("\n"), whole)


def encoding_of(content: bytes) -> str:
    """The first encoding in which all of it makes sense; the last one takes anything."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _makes_sense(content, "utf-16"):
        return "utf-16"
    return next(one for one in ("utf-8-sig", "cp1252", "latin-1") if _makes_sense(content, one))


def _makes_sense(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), 1 << 20):
            decoder.decode(content[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
