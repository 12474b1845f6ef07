"""The processing report of a flat file, as sellers' tools read it: tab-separated from its fifth line on."""

from collections.abc import Callable, Sequence

from tradepost.feeds.kind import Content, Line, Report, Summary
from tradepost.process.shipment.processing_report import HEADINGS, MOST_ECHOED, cell, summary

OF_LISTINGS = ("original-record-number", "sku", "error-code", "error-type", "error-message")
TEXT = "text/plain; charset=utf-8"


def of_orders(content: Content, outcome: Summary) -> Report:
    """The report of a file about orders."""
    return _report(content, outcome, HEADINGS, lambda line: (line.order_id, line.item_id))


def of_listings(content: Content, outcome: Summary) -> Report:
    """The report of a file about listings."""
    return _report(content, outcome, OF_LISTINGS, lambda line: (line.sku,))


def _report(
    content: Content, outcome: Summary, headings: Sequence[str], about: Callable[[Line], tuple[str, ...]]
) -> Report:
    said = summary(content.language, outcome.records, outcome.successful)
    if outcome.lines:
        said += ["", "\t".join(headings)]
    for line in outcome.lines:
        named = (one[:MOST_ECHOED] for one in about(line))
        said.append("\t".join(map(cell, (line.record, *named, line.code, line.type, line.message))))
    return Report(TEXT, ("\n".join(said) + "\n").encode())
