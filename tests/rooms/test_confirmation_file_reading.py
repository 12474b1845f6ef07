"""Shipping Confirmation files in the forms that programs and people give them, down to no form at all."""

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uploaded_files import HEADINGS, row, table

from tests.scene import LAMP, PRO, Scene
from tradepost.lifecycle import State
from tradepost.process.shipment import file_records
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.file_records import Record, Unreadable, read
from tradepost.process.shipment.file_rows import Row, parcels, understand
from tradepost.process.shipment.processing_report import Complaint, Entry, ProcessingReport
from tradepost.refusals import Reason, Refusal

NUMBER = "123-1234567-1234567"
WHOLE = Record(1, NUMBER, "11223344556677", "2", "2026-03-02", "UPS", "", "1Z", "Café")
PLAIN = "\t".join(HEADINGS.split()) + "\r\n" + "\t".join(WHOLE[1:]) + "\r\n"
TEMPLATE = "TemplateType=OrderFulfillment\tVersion=2011.1102\tThis row for marketplace use only.\t\t\r\n"
JAPANESE = "注文番号\t注文商品番号\t出荷数\t出荷日\t配送業者コード\t配送業者名\tお問い合わせ伝票番号\t配送方法\r\n"
NEWER = [
    "transparency_code",
    *(f"ship_from_address_{part}" for part in ("name", "line1", "line2", "line3", "city", "county")),
    *(f"ship_from_address_{part}" for part in ("state_or_region", "postalcode", "countrycode")),
]


def fatal(content: bytes) -> tuple[ProcessingReport, str]:
    """The report on a file that cannot be taken, and its one sentence."""
    with pytest.raises(Unreadable) as no:
        read(content)
    (entry,) = no.value.report.entries
    assert (entry.record, entry.error_type) == (0, "Fatal")
    assert no.value.report.successful == 0
    return no.value.report, entry.message()


def one(content: bytes) -> Record:
    found = read(content)
    assert found.entries == []
    (record,) = found.readable
    return record


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_encodings_and_line_ends(encoding: str, line_end: str) -> None:
    assert one(PLAIN.replace("\r\n", line_end).encode(encoding)) == WHOLE
    assert one(PLAIN.replace("\r\n", line_end).rstrip(line_end).encode(encoding)) == WHOLE


def test_both_byte_orders_of_utf_16() -> None:
    assert one(b"\xff\xfe" + PLAIN.encode("utf-16-le")) == one(b"\xfe\xff" + PLAIN.encode("utf-16-be")) == WHOLE


def test_bytes_that_windows_leaves_open_are_read_all_the_same() -> None:
    assert one(PLAIN.replace("Café", "\x81\x8d").encode("latin-1")).ship_method == "\x81\x8d"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: TEMPLATE + text,
        lambda text: TEMPLATE + JAPANESE + text,
        lambda text: text.replace("\r\n", "\r\n" + JAPANESE, 1),
        lambda text: TEMPLATE + text.replace("\r\n", "\r\n" + JAPANESE, 1),
        lambda text: "\r\n \t\t\r\n" + text + "\t\t\t\r\n\r\n",
        lambda text: text.replace("\t", '"\t"').replace("\r\n", '"\r\n"').join('""').removesuffix('""'),
        lambda text: text.replace("\t", " \t "),
        lambda text: text.replace("order-id", "Order_ID", 1).replace("ship-date", "SHIP DATE"),
        lambda text: text.replace("\r\n", "\t\t\r\n"),
    ],
    ids=["template", "template-twice", "translated", "both", "blank-rows", "quoted", "spaces", "spelling", "wide"],
)
def test_what_may_stand_around_the_cells(change: Callable[[str], str]) -> None:
    assert one(change(PLAIN).encode()) == WHOLE


def test_columns_in_any_order() -> None:
    pairs = list(zip(HEADINGS.split(), WHOLE[1:], strict=True))[::-1]
    rows = ["\t".join(cells) for cells in zip(*pairs, strict=True)]
    assert one("\n".join(rows).encode()) == WHOLE


def test_columns_that_may_be_missing() -> None:
    assert one(f"ship-date\torder-id\n2026-03-02\t{NUMBER}".encode()) == Record(1, NUMBER, ship_date="2026-03-02")


def test_the_newer_template_of_18_columns() -> None:
    headings = HEADINGS.split() + NEWER
    assert len(headings) == 18
    cells = [*WHOLE[1:], *("x" for _ in NEWER)]
    assert one(("\t".join(headings) + "\n" + "\t".join(map(str, cells))).encode()) == WHOLE


def test_an_unknown_column_is_warned_about_and_ignored() -> None:
    found = read(PLAIN.replace("\r\n", "\tcolour\r\n", 1).replace("Café", "Café\tred").encode())
    assert found.readable == [WHOLE]
    assert [(entry.record, entry.code, entry.error_type, entry.message()) for entry in found.entries] == [
        (
            0, 90061, "Warning",
            "The colour field heading is invalid, so values in this field were ignored. To correct this, use the "
            "headings of the template.",
        )
    ]  # fmt: skip


def test_quotation_marks_inside_cells_and_tabs_inside_quoted_ones() -> None:
    content = f'order-id\tship-date\tship-method\tcarrier-name\n{NUMBER}\t2026-03-02\t"a ""b""\tc"\t5" pipe'
    assert one(content.encode()) == Record(
        1, NUMBER, ship_date="2026-03-02", ship_method='a "b"\tc', carrier_name='5" pipe'
    )


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (f"{NUMBER}\t\0", Complaint.ROW_IS_NOT_TEXT),
        (f'{NUMBER}\t"2026-03-02', Complaint.BROKEN_QUOTES),
        (f"{NUMBER}\t2026-03-02\t\tstray", Complaint.ROW_TOO_WIDE),
        (NUMBER + "\t" + "x" * 40_000, Complaint.ROW_TOO_LONG),
        (NUMBER + "\t" + "\t" * 40_000, Complaint.ROW_TOO_LONG),
        (f"{NUMBER}\t{'x' * 501}", Complaint.TOO_LONG),
    ],
)
def test_a_row_that_cannot_be_read_spoils_no_other(bad: str, complaint: Complaint) -> None:
    good = f"{NUMBER}\t2026-03-02"
    found = read(f"order-id\tship-date\n\n{good}\n{bad}\n{good}\n".encode())
    assert [record.number for record in found.readable] == [1, 3]
    (entry,) = found.entries
    assert (entry.record, entry.what, entry.error_type) == (2, complaint, "Error")
    assert entry.message() != entry.message("zh")
    if complaint is not Complaint.TOO_LONG:
        assert "ine 4 of the file" in entry.message()


def test_half_a_row_is_explained() -> None:
    found = read(PLAIN[: PLAIN.index("2026")].encode())
    (record,) = found.readable
    entry = understand(record, "UTC")
    assert isinstance(entry, Entry)
    assert entry.message() == "ship-date: This field is required. Fill it in."


@pytest.mark.parametrize(
    ("content", "records", "code", "message"),
    [
        (b"", 0, 99002, "The file has no rows below its headings."),
        (b"\xef\xbb\xbf\r\n \t \r\n", 0, 99002, "The file has no rows below its headings."),
        (b"order-id\tship-date\n\n", 0, 99002, "The file has no rows below its headings."),
        ("order-id\tship-date\n注文番号\t出荷日\n".encode(), 0, 99002, "The file has no rows"),
        (b"PK\x03\x04\x00\x00", 0, 99001, "This is not a text file: line 1 cannot be read."),
        (PLAIN.encode("utf-16-le"), 0, 99001, "This is not a text file: line 1 cannot be read."),
        (b"\xff\xfeo", 0, 90012, "The required order-id field is missing"),
        (b"x" * 100_000, 0, 99001, "This is not a text file: line 1 cannot be read."),
        (b"order\tship-date\n1\t2\n1\t2\n", 2, 90012, "The required order-id field is missing from the file."),
        (TEMPLATE.encode() + b"order\n1\n", 1, 90012, "The required order-id field is missing from the file."),
        (b"order-id,ship-date\n1,2\n", 1, 90012, "The required order-id field is missing from the file."),
        (b"order-id\tday\n1\t2\n", 1, 90012, "The required ship-date field is missing from the file."),
        (b"order-id\tship-date\torder-id\n1\t2\t3\n", 1, 90061, "The order-id field heading is invalid, because"),
        (b"order-id\tship-date" + b"\tx" * 199 + b"\n1\t2\n", 1, 99003, "The file has more than 200 columns."),
        (b"row\n" * 20 + b"order-id\tship-date\n1\t2\n", 21, 90012, "The required order-id field is missing"),
    ],
)
def test_files_that_cannot_be_taken(content: bytes, records: int, code: int, message: str) -> None:
    report, sentence = fatal(content)
    assert (report.records, report.entries[0].code) == (records, code)
    assert sentence.startswith(message)
    assert report.text("zh") != report.text()


def test_files_that_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_records, "MOST_MIB", 1)
    monkeypatch.setattr(file_records, "MOST_RECORDS", 2)
    assert fatal(b" " * (1 << 20) + b" ")[1].startswith("The file is larger than 1 MiB.")
    assert read(b"order-id\tship-date\n1\t2\n1\t2\n").count == 2
    assert fatal(b"order-id\tship-date\n1\t2\n1\t2\n1\t2\n")[1].startswith("The file has more than 2 rows.")


def test_one_endless_line_is_never_held_whole() -> None:
    content = b"order-id\tship-date\n" + "é".encode() * (16 << 20)
    tracemalloc.start()
    try:
        found = read(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [entry.what for entry in found.entries] == [Complaint.ROW_TOO_LONG]
    assert most < 8 << 20


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02", "2026-03-02T05:00:00+00:00"),
        ("3/2/2026", "2026-03-02T05:00:00+00:00"),
        ("2026-03-02T01:02:03", "2026-03-02T06:02:03+00:00"),
        ("2026-03-02 01:02", "2026-03-02T06:02:00+00:00"),
        ("2026-03-02T01:02:03.5Z", "2026-03-02T01:02:03.500000+00:00"),
        ("2026-03-02T01:02:03+0900", "2026-03-01T16:02:03+00:00"),
        *((text, None) for text in ("2026-3-2", "20260302", "2026-W10-1", "2026-02-30", "13/1/2026", "1/2/26")),
        *((text, None) for text in ("٣/2/2026", "2026-03-02T25:00", "2026-03-02T01:02+99:99", "=TODAY()")),
        ("0001-01-01T00:00+10:00", None),
    ],
)  # fmt: skip
def test_ship_dates(text: str, moment: str | None) -> None:
    found = understand(Record(1, NUMBER, ship_date=text), "America/New_York")
    if moment is None:
        assert isinstance(found, Entry)
        assert found.what is Complaint.INVALID_SHIP_DATE
    else:
        assert isinstance(found, Row)
        assert found.parcel.shipped_on is not None
        assert found.parcel.shipped_on.isoformat() == moment


def said(*orders: str) -> list[Row]:
    """Rows "item parcel" of one order; a dot is the whole order."""
    records = [
        Record(number, NUMBER, "" if item == "." else item, ship_date="2026-03-02", tracking_number=tracking)
        for number, (item, tracking) in enumerate((order.split() for order in orders), start=1)
    ]
    return [row for record in records if isinstance(row := understand(record, "UTC"), Row)]


@pytest.mark.parametrize(
    ("rows", "together"),
    [
        (["A 1", "B 1", "A 1"], [[1, 2, 3]]),
        (["A 1", "B 2", "C 1"], [[1, 3], [2]]),
        (["A 1", "A 2", "A 1"], [[1], [2], [3]]),
        (["A 1", "A 2", "B 1", "A 1", "B 1"], [[1, 3], [2], [4, 5]]),
        (["A 1", ". 1", "B 1"], [[1], [2], [3]]),
        ([". 1", ". 1", ". 2", ". 1"], [[1, 2], [3], [4]]),
        ([". 1", "A 2", ". 1", "A 2"], [[1], [2], [3], [4]]),
    ],
)
def test_which_rows_go_together(rows: list[str], together: list[list[int]]) -> None:
    found, surplus = parcels(said(*rows))
    assert [[one.record.number for one in parcel] for parcel in found] == together
    assert surplus == []


CELLS = st.sampled_from(
    ["", " ", NUMBER, "1", "-1", "2026-03-02", "9999-12-31T23:59:59Z", "UPS", "Other", "NULL", "=1+1", '"', '"x"', "\0",
     "\ud7ff", "\u2028", "\x85", "\x1a", "é" * 600, "1e400", "order-id", LAMP]
) | st.text(max_size=20)  # fmt: skip
TABLES = st.builds(
    lambda headings, rows, end, encoding: end.join(
        "\t".join(cells) for cells in [*headings, *rows]
    ).encode(encoding, "replace"),
    st.sampled_from([[HEADINGS.split()], [HEADINGS.split()[::-1]], [["order-id", "ship-date", "x"]], [[]], []]),
    st.lists(st.lists(CELLS, max_size=10), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "utf-32"]),
)  # fmt: skip


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(content=st.binary(max_size=300) | TABLES)
@example(content=b"order-id\tship-date\n" + b"\xff\xfe\xfd\n\x80")
async def test_any_bytes_get_a_report_and_change_nothing(scene: Scene, content: bytes) -> None:
    """No row of these names an order that exists."""
    before = await scene.dump()
    report = await apply_file(scene.database, PRO, content)
    assert isinstance(report, ProcessingReport)
    assert report.successful == 0
    assert report.errors
    assert report.records >= len({entry.record for entry in report.entries if entry.record})
    for language in ("en", "zh"):
        lines = report.text(language).split("\n")
        assert all(line.count("\t") == 5 for line in lines[4:-1])
    assert await scene.dump() == before


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=100)
@given(
    cells=st.tuples(CELLS, CELLS, st.just("2026-03-02") | CELLS, CELLS, CELLS, CELLS, CELLS),
    state=st.sampled_from([State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED]),
)
async def test_any_cells_beside_an_order_that_exists_are_taken_or_explained(
    scene: Scene, cells: tuple[str, ...], state: State
) -> None:
    await scene.set_stock(PRO, LAMP, 10)
    key = await scene.to_state(state)
    report = await apply_file(scene.database, PRO, table([(key.order_id, *cells)]))
    if isinstance(report, Refusal):
        assert report.reason is Reason.FILE_ALREADY_APPLIED
    elif report.records == 1:
        assert bool(report.successful) != bool([entry for entry in report.entries if entry.error_type == "Error"])


async def test_a_file_of_every_form_at_once_is_applied(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    text = TEMPLATE + table([row(key, LAMP, 2)]).decode().replace("\r\n", "\r\n" + JAPANESE, 1)
    report = await apply_file(scene.database, PRO, text.encode("utf-16"))
    assert isinstance(report, ProcessingReport)
    assert (report.records, report.successful, report.entries) == (1, 1, [])
