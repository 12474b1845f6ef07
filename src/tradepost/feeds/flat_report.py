"""The processing report of a flat file, as sellers' tools read it: tab-separated from its fifth line on."""

from collections.abc import Callable, Sequence
from io import StringIO

from tradepost.feeds.kind import Content, Line, Report, Summary
from tradepost.listings.offers import MOST_SKU
from tradepost.process.shipment.processing_report import HEADINGS, cell, echoed, summary
from tradepost.reports.tab_separated import plain

OF_LISTINGS = ("original-record-number", "sku", "error-code", "error-type", "error-message")
TEXT = "text/plain; charset=utf-8"


def of_orders(content: Content, outcome: Summary) -> Report:
    """The report of a file about orders."""
    return _report(content, outcome, HEADINGS, lambda line: (echoed(line.order_id), echoed(line.item_id)))


def of_listings(content: Content, outcome: Summary) -> Report:
    """The report of a file about listings."""
    return _report(content, outcome, OF_LISTINGS, lambda line: (plain(line.sku[:MOST_SKU]),))


def _report(
    content: Content, outcome: Summary, headings: Sequence[str], about: Callable[[Line], tuple[str, ...]]
) -> Report:
    said = StringIO()
    said.writelines(f"{line}\n" for line in summary(content.language, outcome.records, outcome.successful))
    if outcome.lines:
        said.write("\n" + "\t".join(headings) + "\n")
    for line in outcome.lines:
        said.write("\t".join(map(cell, (line.record, *about(line), line.code, line.type, line.message))) + "\n")
    return Report(TEXT, said.getvalue().encode())
