"""JSON_LISTINGS_FEED: listings that are put, changed and deleted by messages, and its report in JSON.

A message is a record, by the number that its sender gave it.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from tradepost.feeds import listings
from tradepost.feeds.kind import Content, Done, Line, Reading, Report, Summary, steps
from tradepost.feeds.listings import Known, Wanted
from tradepost.feeds.text import in_utf8
from tradepost.ground.database import Transaction, storable
from tradepost.listings.items.patches import Patch
from tradepost.listings.items.submissions import Changes, Deletion, Requirements, Whole
from tradepost.listings.offers import MOST_SKU
from tradepost.process.shipment.file_records import MOST_RECORDS
from tradepost.refusals import Reason, Refusal

VERSION = "2.0"
MOST_ABOUT_SKU = 1 << 20  # bytes of messages, which are done in one step
BYTES_LIKE_A_ROW = 2_000
MOST_PATCHES = 1_000
UNREADABLE, INVALID, TOO_MUCH, NOTHING = 99030, 90000900, 99003, 99002
_SO_MANY = f"there must be 1 to {MOST_RECORDS}"

Id = Annotated[int, Meta(ge=1, lt=2**31)]


class Header(Struct, frozen=True, rename="camel"):
    """Whose feed it is."""

    seller_id: str
    version: str
    issue_locale: str | None = None


class Feed(Struct, frozen=True):
    """The whole feed; its messages are read one by one."""

    header: Header
    messages: list[Raw]


class TooMany(Exception):
    """There are more messages than are read."""


class Named(Struct, frozen=True, rename="camel"):
    """What a message is called, whatever else is wrong with it."""

    message_id: Id
    sku: str = ""


class Operation(Struct, frozen=True):
    """One patch of an attribute."""

    op: Literal["add", "replace", "merge", "delete"]
    path: str
    value: list[dict[str, Any]] | None = None


class Message(Struct, frozen=True, rename="camel"):
    """What to do with one listing."""

    message_id: Id
    sku: Annotated[str, Meta(min_length=1)]
    operation_type: Literal["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE"]
    product_type: Annotated[str, Meta(min_length=1)] | None = None
    requirements: Requirements = Requirements.LISTING
    attributes: dict[str, Any] | None = None
    patches: Annotated[list[Operation], Meta(min_length=1, max_length=MOST_PATCHES)] | None = None


class _Step(NamedTuple):
    """Some messages, and the language in which issues are told."""

    wanted: list[Wanted]
    language: str


def read(content: Content) -> Reading:
    """Messages about one SKU go together, in their order, and so many messages are a step."""
    try:
        text = in_utf8(content.content, content.content_type)
        _count(text)
        feed = msgspec.json.decode(text, type=Feed)
    except TooMany:
        return _fatal(TOO_MUCH, _invalid("messages", _SO_MANY), content.language, "messages")
    except msgspec.ValidationError as error:
        field, problem = _trouble(error)
        return _fatal(INVALID, _invalid(field or "feed", problem), content.language, field)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        return _fatal(UNREADABLE, Refusal(Reason.NOT_JSON, {"problem": str(error).rstrip(".")}), content.language)
    language = feed.header.issue_locale or content.language
    if feed.header.seller_id != content.seller_id or feed.header.version != VERSION:
        field, known = ("version", VERSION) if feed.header.version != VERSION else ("sellerId", content.seller_id)
        return _fatal(INVALID, _invalid(f"header.{field}", f"it must be {known}"), language, f"header.{field}")
    if not feed.messages:
        return _fatal(NOTHING, _invalid("messages", _SO_MANY), language, "messages")
    seen = _Seen(set(), defaultdict(int))
    weighed: list[tuple[Wanted, int]] = []
    told: list[Line] = []
    for place, raw in enumerate(feed.messages):
        found = _understood(raw, place, seen, language)
        if isinstance(found, Line):
            told.append(found)
        else:
            weighed.append((found, 1 + _size(raw) // BYTES_LIKE_A_ROW))
    divided = steps(weighed, lambda one: one[0].sku, lambda one: one[1])
    return Reading(len(feed.messages), [_Step([one for one, _ in step], language) for step in divided], told)


def _count(text: bytes) -> None:
    """Raises TooMany before as many messages as a document could hold are made, each of which may be two bytes long."""
    left = MOST_RECORDS

    def count(_: Struct) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise TooMany

    message = msgspec.defstruct("Counted", [], namespace={"__post_init__": count})
    msgspec.json.decode(text, type=msgspec.defstruct("Counting", [("messages", list[message])]))  # type: ignore[valid-type]


class _Seen(NamedTuple):
    """What came before a message: numbers, and how many bytes about each SKU."""

    numbers: set[int]
    about: defaultdict[str, int]


def _size(raw: Raw) -> int:
    return len(memoryview(raw))


def _understood(raw: Raw, place: int, seen: _Seen, language: str) -> Wanted | Line:
    """What a message wants, or what is wrong with it."""
    name = Named(1)
    number = 0
    try:
        name = msgspec.json.decode(raw, type=Named)
        number = name.message_id
        if number in seen.numbers:
            return _line(number, name.sku, _invalid("messageId", "another message has it already"), language)
        seen.numbers.add(number)
        seen.about[name.sku] += _size(raw)
        if seen.about[name.sku] > MOST_ABOUT_SKU:
            problem = (
                f"with those before it about the SKU it is longer than {MOST_ABOUT_SKU} bytes: bring it in another feed"
            )
            return _line(number, name.sku, _invalid("message", problem), language)
        message = msgspec.json.decode(raw, type=Message)
    except (msgspec.MsgspecError, RecursionError) as error:
        field, problem = _trouble(error)
        field = field or "message"
        where = f"messages[{place}].{field}" if not number else field
        return _line(number, name.sku, _invalid(where, problem), language)
    if not storable(message.sku):
        return _line(number, "", _invalid("sku", "it holds a character that no text has"), language)
    wish = _wish(message)
    return (
        _line(number, name.sku, wish, language)
        if isinstance(wish, Refusal)
        else Wanted(number, message.sku, _later(raw))
    )


def _trouble(error: Exception) -> tuple[str, str]:
    """Where something is wrong, empty where it is wrong as a whole, and what."""
    problem, _, field = str(error).partition(" - at `$")
    return field.rstrip("`").removeprefix("."), problem[:1].lower() + problem[1:]


def _later(raw: Raw) -> Callable[[Known], Whole | Changes | Deletion]:
    """What a message wants, read again when its turn comes: until then it is only held as it was sent."""

    def wish(_: Known) -> Whole | Changes | Deletion:
        found = _wish(msgspec.json.decode(raw, type=Message))
        assert not isinstance(found, Refusal)
        return found

    return wish


def _wish(message: Message) -> Whole | Changes | Deletion | Refusal:
    if message.operation_type == "DELETE":
        return Deletion()
    if message.product_type is None:
        return _invalid("productType", f"{message.operation_type} needs it")
    if message.operation_type == "PATCH":
        if message.patches is None:
            return _invalid("patches", "PATCH needs them")
        return Changes(message.product_type, [Patch(one.op, one.path, one.value) for one in message.patches])
    if not message.attributes:
        return _invalid("attributes", f"{message.operation_type} needs them")
    if message.operation_type == "UPDATE":
        return Whole(message.product_type, message.attributes, message.requirements)
    for name, value in message.attributes.items():
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            return _invalid(f"attributes.{name[:100]}", "it must be an array of objects")
    return Changes(
        message.product_type, [Patch("replace", _path(name), value) for name, value in message.attributes.items()]
    )


def _path(name: str) -> str:
    return "/attributes/" + name.replace("~", "~0").replace("/", "~1")


async def apply(tx: Transaction, content: Content, step: Any) -> Done:
    """Do what the messages of a step want."""
    return await listings.apply(tx, content, step.wanted, language=step.language)


def _invalid(field: str, problem: str) -> Refusal:
    return Refusal(Reason.INVALID_VALUE, {"field": field, "problem": problem})


def _line(number: int, sku: str, refusal: Refusal, language: str) -> Line:
    field, sku = str(refusal.facts["field"]), sku[:MOST_SKU]
    return Line(number, INVALID, "Error", refusal.sentence(language), field, sku=sku)


def _fatal(code: int, refusal: Refusal, language: str, field: str = "") -> Reading:
    return Reading(0, (), [Line(0, code, "Fatal", refusal.sentence(language), field)], fatal=True)


# The report


class ReportHeader(Struct, frozen=True, rename="camel"):
    """Which feed it is about."""

    seller_id: str
    version: str
    feed_id: str


class ReportIssue(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What there is to say of a message; without a number it is about the feed."""

    code: str
    severity: str
    message: str
    message_id: int = 0
    sku: str = ""
    attribute_name: str = ""


class ReportSummary(Struct, frozen=True, rename="camel"):
    """How many there are of everything."""

    errors: int
    warnings: int
    messages_processed: int
    messages_accepted: int
    messages_invalid: int


class ProcessingReport(Struct, frozen=True):
    """The report."""

    header: ReportHeader
    issues: list[ReportIssue]
    summary: ReportSummary


def report(content: Content, outcome: Summary) -> Report:
    """The processing report in JSON."""
    warnings = sum(line.type == "Warning" for line in outcome.lines)
    said = ProcessingReport(
        ReportHeader(content.seller_id, VERSION, content.feed_id),
        [
            ReportIssue(
                str(line.code), "WARNING" if line.type == "Warning" else "ERROR", line.message, line.record, line.sku,
                line.field,
            )
            for line in outcome.lines
        ],
        ReportSummary(
            len(outcome.lines) - warnings, warnings, outcome.records, outcome.successful,
            outcome.records - outcome.successful,
        ),
    )  # fmt: skip
    return Report("application/json; charset=utf-8", msgspec.json.encode(said))
