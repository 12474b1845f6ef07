"""The order report as XML: what was released to a seller, one message for each order, with where it goes (A38).

Elements, their order and their spelling are those of the Selling Partner API's GET_ORDER_REPORT_DATA_SHIPPING. As the
Orders report does, it counts the units that the buyer gets. What the format demands and Tradepost does not know is said
as nothing: no tax, no fees.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import chain, groupby
from operator import attrgetter

from tradepost.address import NOWHERE, Address
from tradepost.ground.database import Transaction
from tradepost.money import format_amount
from tradepost.reports.released_lines import ReleasedLine, released_lines
from tradepost.reports.tab_separated import moment
from tradepost.reports.written import Write
from tradepost.reports.xml_text import text

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
  <Header>
    <DocumentVersion>1.01</DocumentVersion>
    <MerchantIdentifier>{seller}</MerchantIdentifier>
  </Header>
  <MessageType>OrderReport</MessageType>
"""
_MESSAGE = """  <Message>
    <MessageID>{number}</MessageID>
    <OrderReport>
      <AmazonOrderID>{order_id}</AmazonOrderID>
      <AmazonSessionID>{order_id}</AmazonSessionID>
      <OrderDate>{placed_at}</OrderDate>
      <OrderPostedDate>{approved_at}</OrderPostedDate>
      <BillingData>
        <BuyerEmailAddress>{email}</BuyerEmailAddress>
        <BuyerName>{buyer}</BuyerName>
        <BuyerPhoneNumber>{phone}</BuyerPhoneNumber>
      </BillingData>
      <FulfillmentData>
        <FulfillmentMethod>Ship</FulfillmentMethod>
        <FulfillmentServiceLevel>{service}</FulfillmentServiceLevel>
{address}      </FulfillmentData>
{items}    </OrderReport>
  </Message>
"""
_ITEM = """      <Item>
        <AmazonOrderItemCode>{item_id}</AmazonOrderItemCode>
        <SKU>{sku}</SKU>
        <Title>{title}</Title>
        <Quantity>{quantity}</Quantity>
        <ProductTaxCode>A_GEN_NOTAX</ProductTaxCode>
        <ItemPrice>
{components}        </ItemPrice>
        <ItemFees>
          <Fee><Type>Commission</Type><Amount currency="{currency}">{nothing}</Amount></Fee>
        </ItemFees>
      </Item>
"""
_COMPONENT = '          <Component><Type>{}</Type><Amount currency="{}">{}</Amount></Component>\n'
_TAIL = "</AmazonEnvelope>\n"


async def order_report_xml(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None, write: Write
) -> int:
    """Write the file: orders that were released from `since` on and before `until`; how many there are.

    Dates are in the marketplace's zone. Raises Refused before the first piece for a seller who may not have it.
    `timekeeping.catch_up` comes before, or the file lacks what no sweep has released yet.
    """
    written, piece = 0, _HEAD.format(seller=text(seller_id))
    async for orders in _whole_orders(released_lines(tx, seller_id, since, until)):
        piece += "".join(_message(number, lines) for number, lines in enumerate(orders, written + 1))
        await write(piece.encode())
        written, piece = written + len(orders), ""
    await write((piece + _TAIL).encode())
    return written


async def _whole_orders(pages: AsyncIterator[list[ReleasedLine]]) -> AsyncIterator[list[list[ReleasedLine]]]:
    """The lines of each order together: the last order of a page may go on on the next one."""
    last: list[ReleasedLine] = []
    async for page in pages:
        *orders, last = [list(lines) for _, lines in groupby(chain(last, page), attrgetter("order_id"))]
        yield orders
    if last:
        yield [last]


def _message(number: int, lines: list[ReleasedLine]) -> str:
    order = lines[0]
    return _MESSAGE.format(
        number=number,
        order_id=order.order_id,
        placed_at=moment(order.placed_at, order.policy.zone),
        approved_at=moment(order.approved_at, order.policy.zone),
        email=order.buyer_email,
        buyer=text(order.buyer_name),
        phone=text(order.ship_to.phone),
        service=order.service,
        address=_address(order.ship_to),
        items="".join(map(_item, lines)),
    )


def _address(to: Address) -> str:
    """Where it goes, without what is empty; nothing for an order that goes nowhere."""
    if to == NOWHERE:
        return ""
    parts = {
        "Name": to.name,
        "AddressFieldOne": to.line1,
        "AddressFieldTwo": to.line2,
        "AddressFieldThree": to.line3,
        "City": to.city,
        "StateOrRegion": to.state,
        "PostalCode": to.postal_code,
        "CountryCode": to.country,
        "PhoneNumber": to.phone,
    }
    said = "".join(f"          <{name}>{text(part)}</{name}>\n" for name, part in parts.items() if part)
    return f"        <Address>\n{said}        </Address>\n"


def _item(line: ReleasedLine) -> str:
    bought, currency = line.quantity - line.canceled, line.currency
    nothing = format_amount(0, currency)
    amounts = {
        "Principal": format_amount(line.unit_price * bought, currency),
        "Shipping": nothing,
        "Tax": nothing,
        "ShippingTax": nothing,
    }
    return _ITEM.format(
        item_id=line.item_id,
        sku=text(line.sku),
        title=text(line.title),
        quantity=bought,
        components="".join(_COMPONENT.format(kind, currency, amount) for kind, amount in amounts.items()),
        currency=currency,
        nothing=nothing,
    )
