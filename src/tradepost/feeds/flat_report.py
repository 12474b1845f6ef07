"""The processing report of a flat file, as sellers' tools read it: tab-separated from its fifth line on (3.5)."""

from collections.abc import Sequence

from tradepost.feeds.kind import Line, Report
from tradepost.process.shipment.processing_report import HEADINGS, cell, summary

TEXT = "text/plain; charset=utf-8"


def flat_report(language: str, records: int, successful: int, lines: Sequence[Line]) -> Report:
    """The report, with what is wrong record by record. Of a feed that is Fatal nothing was taken."""
    said = summary(language, records, successful)
    if lines:
        said += ["", "\t".join(HEADINGS)]
        said += [
            "\t".join(
                cell(one) for one in (line.record, line.order_id, line.item_id, line.code, line.type, line.message)
            )
            for line in lines
        ]
    return Report(TEXT, ("\n".join(said) + "\n").encode())
