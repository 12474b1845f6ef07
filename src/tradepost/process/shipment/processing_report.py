"""The processing report: what became of a file, record by record, in the form that sellers' tools read.

Where Amazon's code and sentence for something are known they are used; codes from 99000 on are Tradepost's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property

from tradepost.refusals import Reason, Refusal

HEADINGS = ("original-record-number", "order-id", "order-item-id", "error-code", "error-type", "error-message")
MOST_ECHOED = 50  # characters of a cell that the report repeats
OPENS_A_FORMULA = (*"=+-@＝＋－＠", '"')  # to a spreadsheet, or a cell that ends further on

INCOMPLETE_OR_INVALID = 18028


class ErrorType(StrEnum):
    """How bad it is: a Fatal is about the file, of which nothing was taken; a Warning was taken all the same."""

    ERROR = "Error"
    WARNING = "Warning"
    FATAL = "Fatal"


class Complaint(Enum):
    """What can be wrong with a file before any order is looked at: code, type, and the sentence in two languages."""

    FIELD_MISSING = (
        90012, ErrorType.FATAL,
        "The required {field} field is missing from the file. To correct this error, download the template again and "
        "use the new copy, or insert the required field into your existing file.",
        "文件中缺少必填字段 {field}。请重新下载模板并使用新副本，或在现有文件中加入该字段。",
    )  # fmt: skip
    UNKNOWN_FIELD = (
        90061, ErrorType.WARNING,
        "The {field} field heading is invalid, so values in this field were ignored. To correct this, use the headings "
        "of the template.",
        "字段标题 {field} 无效，该字段的内容已被忽略。请使用模板中的标题。",
    )  # fmt: skip
    FIELD_TWICE = (
        90061, ErrorType.FATAL,
        "The {field} field heading is invalid, because it stands in the file twice. Remove one of the two columns.",
        "字段标题 {field} 无效，因为它在文件中出现了两次。请删除其中一列。",
    )  # fmt: skip
    NOT_TEXT = (
        99001, ErrorType.FATAL,
        "This is not a text file: line {line} cannot be read. Save it as tab-delimited text and upload it again.",
        "这不是文本文件：第 {line} 行无法读取。请另存为制表符分隔的文本文件后重新上传。",
    )  # fmt: skip
    NOTHING_IN_IT = (
        99002, ErrorType.FATAL,
        "The file has no rows below its headings. Add the rows and upload it again.",
        "文件标题行下没有任何数据。请添加数据行后重新上传。",
    )  # fmt: skip
    FILE_TOO_LARGE = (
        99003, ErrorType.FATAL,
        "The file is larger than {most} MiB. Split it and upload the parts one after the other.",
        "文件大于 {most} MiB。请拆分后依次上传。",
    )  # fmt: skip
    TOO_MANY_ROWS = (
        99003, ErrorType.FATAL,
        "The file has more than {most} rows. Split it and upload the parts one after the other.",
        "文件超过 {most} 行。请拆分后依次上传。",
    )  # fmt: skip
    TOO_MANY_COLUMNS = (
        99003, ErrorType.FATAL,
        "The file has more than {most} columns. Use the columns of the template.",
        "文件超过 {most} 列。请使用模板中的列。",
    )  # fmt: skip
    ROW_IS_NOT_TEXT = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "Line {line} of the file holds a NUL character, which no text has. Write the row again.",
        "文件第 {line} 行包含 NUL 字符，不是有效文本。请重新填写该行。",
    )  # fmt: skip
    ROW_TOO_LONG = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "Line {line} of the file is longer than {most} characters. Write the row again.",
        "文件第 {line} 行超过 {most} 个字符。请重新填写该行。",
    )  # fmt: skip
    ROW_TOO_WIDE = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "Line {line} of the file has more cells than there are headings. Remove the tabs that are too many.",
        "文件第 {line} 行的单元格多于标题。请删除多余的制表符。",
    )  # fmt: skip
    BROKEN_QUOTES = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "A quoted cell of line {line} of the file does not end with its quotation mark. Remove the quotation marks.",
        "文件第 {line} 行中带引号的单元格没有正确结束。请删除引号。",
    )  # fmt: skip
    FIELD_EMPTY = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: This field is required. Fill it in.",
        "{field}：该字段为必填项，请填写。",
    )  # fmt: skip
    INVALID_ORDER_ID = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: An order number has 3, 7 and 7 digits with hyphens between them, such as 123-1234567-1234567. "
        "Copy it from the order.",
        "{field}：订单编号由 3、7、7 位数字组成，以连字符分隔，例如 123-1234567-1234567。请从订单中复制。",
    )  # fmt: skip
    INVALID_QUANTITY = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: The quantity must be a whole number from 1 on, in digits. "
        "Leave the field empty to confirm all that is left.",
        "{field}：数量必须是大于 0 的整数。如需确认全部剩余商品，请留空。",
    )  # fmt: skip
    INVALID_SHIP_DATE = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: This is not a date. Write it as year-month-day, such as 2026-01-31.",
        "{field}：日期无效。请按年-月-日填写，例如 2026-01-31。",
    )  # fmt: skip
    TOO_LONG = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: The value is longer than {most} characters. Shorten it.",
        "{field}：内容超过 {most} 个字符，请缩短。",
    )  # fmt: skip
    TOO_MANY_ROWS_OF_ORDER = (
        INCOMPLETE_OR_INVALID, ErrorType.ERROR,
        "{field}: More than {most} rows of the file name this order. Put what travels together into one row.",
        "{field}：文件中该订单超过 {most} 行。请将同一包裹的商品合并填写。",
    )  # fmt: skip
    TRACKING_LOOKS_WRONG = (
        99004, ErrorType.WARNING,
        "{field}: The tracking number does not have the form that this carrier uses. It was accepted; check it.",
        "{field}：追踪编码与该承运人的格式不符。已接受，请核对。",
    )  # fmt: skip

    @property
    def code(self) -> int:
        """The number in the column error-code."""
        return self.value[0]

    @property
    def error_type(self) -> ErrorType:
        """How bad it is."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the error table. Record 0 is the file itself; 1 is the first row below the headings."""

    record: int
    what: Complaint | Refusal
    facts: dict[str, object] = field(default_factory=dict)
    order_id: str = ""
    order_item_id: str = ""

    @property
    def code(self) -> int:
        """The number in the column error-code."""
        if isinstance(self.what, Complaint):
            return self.what.code
        return CODES.get(self.what.reason, INCOMPLETE_OR_INVALID)

    @property
    def error_type(self) -> ErrorType:
        """How bad it is."""
        return self.what.error_type if isinstance(self.what, Complaint) else ErrorType.ERROR

    @property
    def about(self) -> str:
        """The column that it is about; empty where it is about none, or its sentence names it."""
        if isinstance(self.what, Refusal):
            return FIELDS.get(self.what.reason, "order-id")
        return str(self.facts.get("field", ""))

    def message(self, language: str = "en") -> str:
        """What is wrong with which field, and what to do; `language` is "en" or "zh"."""
        chinese = language.startswith("zh")
        if isinstance(self.what, Refusal):
            colon = "：" if chinese else ": "
            said = self.what.sentence(language)
            return f"{self.about}{colon}{said}" if self.about else said
        _, _, in_english, in_chinese = self.what.value
        return (in_chinese if chinese else in_english).format_map(self.facts)


@dataclass(frozen=True)
class ProcessingReport:
    """What became of a file. Records with nothing but warnings are successful."""

    records: int
    successful: int
    entries: Sequence[Entry] = ()

    @cached_property
    def errors(self) -> int:
        """How many entries are errors or fatal."""
        return len(self.entries) - self.warnings

    @cached_property
    def warnings(self) -> int:
        """How many entries are warnings."""
        return sum(entry.error_type is ErrorType.WARNING for entry in self.entries)

    def text(self, language: str = "en") -> str:
        """The report as sellers' tools read it: tab-separated from its fifth line on, if anything went wrong."""
        lines = summary(language, self.records, self.successful)
        if self.entries:
            lines += ["", "\t".join(HEADINGS), *(_line(entry, language) for entry in self.entries)]
        return "\n".join(lines) + "\n"


_SUMMARY = {
    "en": ("Feed Processing Summary:", "Number of records processed", "Number of records successful"),
    "zh": ("上传数据处理摘要：", "已处理的记录数", "成功的记录数"),
}

CODES = {
    Reason.QUANTITY_TOO_LARGE: 18021,
    Reason.NOTHING_LEFT: 18021,
}

FIELDS = {
    Reason.LINE_NOT_FOUND: "order-item-id",
    Reason.NOTHING_LEFT: "order-item-id",
    Reason.ITEM_NEEDED: "order-item-id",
    Reason.SEVERAL_PACKAGES: "order-item-id",
    Reason.QUANTITY_TOO_LARGE: "quantity",
    Reason.QUANTITY_NOT_POSITIVE: "quantity",
    Reason.PACKAGE_QUANTITIES_FIXED: "quantity",
    Reason.SHIP_DATE_IN_FUTURE: "ship-date",
    Reason.SHIP_DATE_BEFORE_ORDER: "ship-date",
    Reason.CARRIER_NEEDED: "carrier-code",
    Reason.CARRIER_NAME_NEEDED: "carrier-name",
    Reason.INVALID_VALUE: "",  # its sentence names the field
}
"""The field that a refusal is about; the order where it is none of these."""


def summary(language: str, records: int, successful: int) -> list[str]:
    """How every report begins."""
    title, of_processed, of_successful = _SUMMARY["zh" if language.startswith("zh") else "en"]
    return [title, f"\t{of_processed}\t\t{records}", f"\t{of_successful}\t\t{successful}"]


def cell(value: object) -> str:
    """A value in one cell of the table."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def echoed(number: str) -> str:
    """The number of an order or an item as it stood in a file, which may have been anything: it begins no formula."""
    line = cell(number[:MOST_ECHOED]).strip()
    return f"'{line}" if line.startswith(OPENS_A_FORMULA) else line


def _line(entry: Entry, language: str) -> str:
    cells = (
        entry.record, echoed(entry.order_id), echoed(entry.order_item_id), entry.code, entry.error_type,
        entry.message(language),
    )  # fmt: skip
    return "\t".join(map(cell, cells))
