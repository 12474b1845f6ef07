"""Lines of processing reports, from what a room refuses and from what a file complains of."""

from collections.abc import Mapping, Sequence

from tradepost.feeds.kind import Line
from tradepost.process.shipment.processing_report import CODES, INCOMPLETE_OR_INVALID, Entry, ErrorType
from tradepost.reasons import Reason
from tradepost.refusals import Refusal


def of_entries(entries: Sequence[Entry], language: str) -> list[Line]:
    """What is to be said of a file as it was read, and of its shipments."""
    return [
        Line(one.record, one.code, one.error_type, one.message(language), one.about, one.order_id, one.order_item_id)
        for one in entries
    ]


def of_refusal(
    record: int,
    refusal: Refusal,
    language: str,
    fields: Mapping[Reason, str],
    *,
    order_id: str = "",
    item_id: str = "",
    sku: str = "",
) -> Line:
    """What is to be said of a record that a room refused; `fields` tells which column each reason is about."""
    about = str(refusal.facts.get("field", "")) if refusal.reason is Reason.INVALID_VALUE else fields[refusal.reason]
    code = CODES.get(refusal.reason, INCOMPLETE_OR_INVALID)
    return told(record, code, about, refusal.sentence(language), language)._replace(
        order_id=order_id, item_id=item_id, sku=sku
    )


def told(record: int, code: int, about: str, sentence: str, language: str) -> Line:
    """An error about a column; the sentence says what to do."""
    colon = "：" if language.startswith("zh") else ": "
    named = sentence if not about or sentence.startswith(about) else f"{about}{colon}{sentence}"
    return Line(record, code, ErrorType.ERROR, named, about)
