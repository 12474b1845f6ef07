"""Reading an XML feed: from bytes to messages, whatever is in them.

Nothing of the document is expanded or fetched: a document type, and with it every entity, is refused. A message is held
while it is read, and only so much of it; memory is bounded whatever the bytes are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar
from xml.parsers import expat

from tradepost.feeds.kind import Line
from tradepost.feeds.text import xml_in_utf8
from tradepost.process.shipment.file_records import MOST_IN_CELL, MOST_RECORDS

ENVELOPE, MESSAGE, MESSAGE_ID, TYPE = "AmazonEnvelope", "Message", "MessageID", "MessageType"
MOST_DEPTH = 12
MOST_ELEMENTS = 10_000  # of one message
MOST_IN_ALL = 10 * MOST_RECORDS  # elements
MOST_IN_TAG = 1 << 20  # bytes, or in anything else that has to be held until its end has come
_PIECE = 1 << 16

PartT = TypeVar("PartT")


class Trouble(Enum):
    """What is wrong with a document as a whole: code, and the sentence in two languages."""

    NOT_XML = (
        99020,
        "This is not well-formed XML: line {line}, column {column}: {problem}. Correct it and upload it again.",
        "XML 格式不正确：第 {line} 行第 {column} 列：{problem}。请更正后重新上传。",
    )
    WITH_DOCTYPE = (
        99021,
        "The document declares a document type or entities, which are not read. Remove the declaration and upload it "
        "again.",
        "文档声明了文档类型或实体，无法读取。请删除该声明后重新上传。",
    )
    ANOTHER_DOCUMENT = (
        99022,
        "The document is not an AmazonEnvelope with the MessageType {expected}; it says {found}. Choose the feed type "
        "that belongs to it.",
        "文档不是 MessageType 为 {expected} 的 AmazonEnvelope，实际为 {found}。请选择对应的上传类型。",
    )
    NOTHING_IN_IT = (
        99002,
        "The document has no Message. Add one for each order and upload it again.",
        "文档中没有任何 Message。请为每个订单添加一个后重新上传。",
    )
    TOO_MUCH = (
        99003,
        "The document has more than {most} messages or items, or something in it is too long or nested too deeply. "
        "Split it and upload the parts one after the other.",
        "文档中的 Message 或 Item 超过 {most} 个，或其中的内容过长或嵌套过深。请拆分后依次上传。",
    )

    def line(self, language: str, **facts: object) -> Line:
        """What the processing report says."""
        code, english, chinese = self.value
        return Line(0, code, "Fatal", (chinese if language.startswith("zh") else english).format_map(facts))


class NoEnvelope(Exception):
    """Nothing of the document can be taken."""

    def __init__(self, trouble: Trouble, **facts: object) -> None:
        super().__init__(trouble.name)
        self.trouble, self.facts = trouble, facts


@dataclass(slots=True)
class Element:
    """An element with its text and the elements in it."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> list["Element"]:
        """The elements of this name right below."""
        return [child for child in self.children if child.name == name]

    def said(self, *path: str) -> str:
        """The text of the first element on this path, without spaces around it; empty where there is none."""
        found: Element | None = self
        for name in path:
            found = next(iter(found.all(name)), None) if found else None
        return found.text.strip() if found else ""


Understand = Callable[[int, Element], Sequence[PartT]]
"""What a message says, in parts: its number, which no other has, and what is in it."""


def read(content: bytes, content_type: str, expected: str, understand: Understand[PartT]) -> list[Sequence[PartT]]:
    """What the messages of an envelope with this MessageType say. Raises NoEnvelope."""
    in_utf8 = xml_in_utf8(content, content_type)
    reader = _Reader(expected, understand)
    parser = expat.ParserCreate("utf-8" if in_utf8 is not content else None)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse  # it comes before any entity could be declared
    parser.EntityDeclHandler = _refuse
    try:
        for start in range(0, len(in_utf8), _PIECE):
            parser.Parse(in_utf8[start : start + _PIECE], False)
            if start - parser.CurrentByteIndex > MOST_IN_TAG:
                raise NoEnvelope(Trouble.TOO_MUCH, most=MOST_RECORDS)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        facts = {"line": error.lineno, "column": error.offset + 1, "problem": expat.ErrorString(error.code)}
        raise NoEnvelope(Trouble.NOT_XML, **facts) from error
    except (LookupError, ValueError) as error:  # an encoding that nobody knows, or of several bytes a sign
        raise NoEnvelope(Trouble.NOT_XML, line=1, column=1, problem="unknown encoding") from error
    if not reader.messages:
        raise NoEnvelope(Trouble.NOTHING_IN_IT)
    return reader.messages


def _refuse(*_: Any) -> None:
    raise NoEnvelope(Trouble.WITH_DOCTYPE)


class _Reader(Generic[PartT]):
    """What the parser tells, as messages; each is understood when it has come to its end, and let go."""

    def __init__(self, expected: str, understand: Understand[PartT]) -> None:
        self.messages: list[Sequence[PartT]] = []
        self._expected = expected
        self._understand = understand
        self._numbers: set[int] = set()
        self._free = 1  # what lies between it and the place of a message is taken
        self._open: list[Element] = []
        self._elements = self._of_message = self._parts = 0

    def start(self, name: str, _: Any) -> None:
        """An element begins."""
        name = name.rpartition(":")[2]
        self._elements += 1
        self._of_message += 1
        if not self._open and name != ENVELOPE:
            raise NoEnvelope(Trouble.ANOTHER_DOCUMENT, expected=self._expected, found=name[:50])
        too_much = len(self._open) >= MOST_DEPTH or max(len(self.messages), self._parts) >= MOST_RECORDS
        if too_much or self._elements > MOST_IN_ALL or self._of_message > MOST_ELEMENTS:
            raise NoEnvelope(Trouble.TOO_MUCH, most=MOST_RECORDS)
        self._open.append(Element(name))

    def text(self, text: str) -> None:
        """Text within an element; more of it than anything may have is passed over."""
        if self._open and len(self._open[-1].text) <= MOST_IN_CELL:
            self._open[-1].text += text[: MOST_IN_CELL + 1]

    def end(self, _: str) -> None:
        """An element ends."""
        element = self._open.pop()
        if len(self._open) == 1 and element.name == TYPE and element.text.strip() != self._expected:
            raise NoEnvelope(Trouble.ANOTHER_DOCUMENT, expected=self._expected, found=element.text.strip()[:50])
        if len(self._open) == 1 and element.name == MESSAGE:
            self.messages.append(self._understand(self._number(element), element))
            self._parts += len(self.messages[-1])
            self._of_message = 0
        elif len(self._open) > 1:
            self._open[-1].children.append(element)

    def _number(self, message: Element) -> int:
        """The number that the sender gave a message; its place, or the next that is free, where that is none."""
        said = message.said(MESSAGE_ID)
        own = said.isascii() and said.isdecimal() and len(said) < 10
        number = int(said) if own else 0
        if number < 1 or number in self._numbers:
            number = max(len(self.messages) + 1, self._free)
            while number in self._numbers:
                number += 1
            self._free = number + 1
        self._numbers.add(number)
        return number
