"""The processing report of an XML feed, as sellers' tools read it."""

import re
from collections.abc import Iterator

from tradepost.feeds.kind import Content, Line, Report, Summary
from tradepost.reports.xml_text import text

XML = "text/xml; charset=utf-8"
ELEMENTS = {
    "order-id": "AmazonOrderID",
    "order-item-id": "AmazonOrderItemCode",
    "amazon-order-item-code": "AmazonOrderItemCode",
    "quantity": "Quantity",
    "ship-date": "FulfillmentDate",
    "carrier-code": "CarrierCode",
    "carrier-name": "CarrierName",
    "tracking-number": "ShipperTrackingNumber",
    "ship-method": "ShippingMethod",
    "cancellation-reason-code": "CancelReason",
}
"""What the columns of flat files are called in an envelope; sentences speak of columns."""
_COLUMN = re.compile(rf"(?<![\w-])({'|'.join(name for name in ELEMENTS if '-' in name)}|^quantity)(?![\w-])", re.ASCII)
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
  <Header>
    <DocumentVersion>1.02</DocumentVersion>
    <MerchantIdentifier>{seller}</MerchantIdentifier>
  </Header>
  <MessageType>ProcessingReport</MessageType>
  <Message>
    <MessageID>1</MessageID>
    <ProcessingReport>
      <DocumentTransactionID>{feed}</DocumentTransactionID>
      <StatusCode>Complete</StatusCode>
      <ProcessingSummary>
        <MessagesProcessed>{processed}</MessagesProcessed>
        <MessagesSuccessful>{successful}</MessagesSuccessful>
        <MessagesWithError>{errors}</MessagesWithError>
        <MessagesWithWarning>{warnings}</MessagesWithWarning>
      </ProcessingSummary>
"""
_TAIL = """    </ProcessingReport>
  </Message>
</AmazonEnvelope>
"""


def xml_report(content: Content, outcome: Summary) -> Report:
    """The report, with a result for everything that there is to say."""
    head = _HEAD.format(
        seller=text(content.seller_id),
        feed=text(content.feed_id),
        processed=outcome.records,
        successful=outcome.successful,
        errors=len({line.record for line in outcome.lines if line.type != "Warning"}),
        warnings=len({line.record for line in outcome.lines if line.type == "Warning"}),
    )
    return Report(XML, "".join([head, *map(_result, outcome.lines), _TAIL]).encode())


def _result(line: Line) -> str:
    return "".join(_lines_of(line))


def _lines_of(line: Line) -> Iterator[str]:
    yield "      <Result>\n"
    yield f"        <MessageID>{line.record}</MessageID>\n"
    yield f"        <ResultCode>{'Warning' if line.type == 'Warning' else 'Error'}</ResultCode>\n"
    yield f"        <ResultMessageCode>{line.code}</ResultMessageCode>\n"
    yield f"        <ResultDescription>{text(_of_elements(line.message))}</ResultDescription>\n"
    about = {"AmazonOrderID": line.order_id, "AmazonOrderItemCode": line.item_id, "SKU": line.sku}
    told = "".join(f"<{name}>{text(value)}</{name}>" for name, value in about.items() if value)
    if told:
        yield f"        <AdditionalInfo>{told}</AdditionalInfo>\n"
    yield "      </Result>\n"


def _of_elements(sentence: str) -> str:
    return _COLUMN.sub(lambda found: ELEMENTS[found[0]], sentence)
