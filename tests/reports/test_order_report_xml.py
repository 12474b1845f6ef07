"""The order report as XML, from orders that acts have made, as another program reads it."""

import re
from datetime import timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from busy_market import open_busy_market
from received import received

from tests.scene import BEA, LAMP, PRO, SOLO, START, VASE, Scene, open_market
from tradepost.address import Address, to_document
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refused
from tradepost.reports.order_report_xml import order_report_xml
from tradepost.reports.released_lines import alias

HOLD = timedelta(minutes=30)
HOME = Address(
    "Bea Buyer", "1 Secret Street", "Floor 2", "c/o Ann", "Springfield", "IL", "62701", "US", "+1 217 555 0100"
)
DEMANDED = {
    "OrderReport": "AmazonOrderID AmazonSessionID OrderDate OrderPostedDate BillingData FulfillmentData Item Item",
    "BillingData": "BuyerEmailAddress BuyerName BuyerPhoneNumber",
    "FulfillmentData": "FulfillmentMethod FulfillmentServiceLevel Address",
    "Item": "AmazonOrderItemCode SKU Title Quantity ProductTaxCode ItemPrice ItemFees",
    "ItemPrice": "Component Component Component Component",
    "ItemFees": "Fee",
}
"""What the interface's format has in its elements, in this order; of an order of two lines."""


async def orders_in(database: Database, seller: str = PRO, **window: object) -> list[Element]:
    """The orders of the report, which says how many there are, in a well-formed envelope."""
    report = await received(database, order_report_xml, seller, **window)  # type: ignore[arg-type]
    envelope = ElementTree.fromstring(b"".join(report.pieces))  # noqa: S314  # ours
    header, kind, *messages = envelope
    assert (envelope.tag, header.tag, kind.text) == ("AmazonEnvelope", "Header", "OrderReport")
    assert envelope.findtext("Header/MerchantIdentifier") == seller
    assert [one.findtext("MessageID") for one in messages] == [str(n) for n in range(1, report.written + 1)]
    return [one[1] for one in messages]


def numbers(orders: list[Element]) -> list[str | None]:
    return [order.findtext("AmazonOrderID") for order in orders]


def said(element: Element) -> dict[str, str | None]:
    return {one.tag: one.text for one in element}


async def test_every_element_of_an_order(database: Database) -> None:
    scene = await open_market(database, zone="America/Sao_Paulo")
    key = await scene.place(BEA, {LAMP: 3, VASE: 1}, address=to_document(HOME), service="Expedited")
    await scene.advance(timedelta(minutes=10))
    await scene.approve(key)
    await scene.advance(HOLD)
    (order,) = await orders_in(database)
    lamps = next(line for line in (await scene.order(key)).lines.values() if line.sku == LAMP)
    for name, parts in DEMANDED.items():
        found = order if name == "OrderReport" else next(order.iter(name))
        assert [one.tag for one in found] == parts.split()
    assert said(order) | dict.fromkeys(("BillingData", "FulfillmentData", "Item")) == {
        "AmazonOrderID": key.order_id,
        "AmazonSessionID": key.order_id,
        "OrderDate": "2026-03-02T07:00:00-03:00",
        "OrderPostedDate": "2026-03-02T07:10:00-03:00",
        "BillingData": None,
        "FulfillmentData": None,
        "Item": None,
    }
    assert re.fullmatch(r"\d{3}-\d{7}-\d{7}", str(order.findtext("AmazonSessionID")))
    assert said(order[4]) == {
        "BuyerEmailAddress": alias("MARKET", PRO, BEA),
        "BuyerName": "Bea",
        "BuyerPhoneNumber": "+1 217 555 0100",
    }
    assert order.findtext("FulfillmentData/FulfillmentMethod") == "Ship"
    assert order.findtext("FulfillmentData/FulfillmentServiceLevel") == "Expedited"
    assert [(one.tag, one.text) for one in order.iterfind("FulfillmentData/Address/*")] == [
        ("Name", "Bea Buyer"),
        ("AddressFieldOne", "1 Secret Street"),
        ("AddressFieldTwo", "Floor 2"),
        ("AddressFieldThree", "c/o Ann"),
        ("City", "Springfield"),
        ("StateOrRegion", "IL"),
        ("PostalCode", "62701"),
        ("CountryCode", "US"),
        ("PhoneNumber", "+1 217 555 0100"),
    ]
    item = next(one for one in order.iterfind("Item") if one.findtext("SKU") == LAMP)
    assert said(item) | dict.fromkeys(("ItemPrice", "ItemFees")) == {
        "AmazonOrderItemCode": lamps.item_id,
        "SKU": LAMP,
        "Title": "Red lamp",
        "Quantity": "3",
        "ProductTaxCode": "A_GEN_NOTAX",
        "ItemPrice": None,
        "ItemFees": None,
    }
    assert [(one.findtext("Type"), one.findtext("Amount")) for one in item.iterfind("*/*")] == [
        ("Principal", "59.70"),
        ("Shipping", "0.00"),
        ("Tax", "0.00"),
        ("ShippingTax", "0.00"),
        ("Commission", "0.00"),
    ]
    assert {one.get("currency") for one in order.iter("Amount")} == {"USD"}


async def test_without_orders_it_is_an_empty_envelope(scene: Scene) -> None:
    await scene.to_states([state for state in State if state not in (State.UNSHIPPED, State.SHIPPED)][:3])
    assert await orders_in(scene.database) == []


async def test_pending_and_canceled_orders_are_not_in_it(scene: Scene) -> None:
    """A6, A37; nor does anything of their addresses leave."""
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    released = [State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED]
    assert set(numbers(await orders_in(scene.database))) == {keys[state].order_id for state in released}
    report = await received(scene.database, order_report_xml)
    assert report.text.count("Secret Street") == len(released)
    assert "@example.com" not in report.text


async def test_canceled_units_are_not_counted(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.cancel_by_seller(key, items=[(LAMP, 1), (VASE, 1)]) is None
    (order,) = await orders_in(scene.database)
    (item,) = order.iterfind("Item")
    principal = item.findtext("ItemPrice/Component/Amount")
    assert (item.findtext("SKU"), item.findtext("Quantity"), principal) == (LAMP, "1", "19.90")


async def test_the_window_is_of_releases_its_end_left_out(scene: Scene) -> None:
    early = await scene.to_state(State.UNSHIPPED)
    first = await scene.now()
    late = await scene.to_state(State.UNSHIPPED)
    second = await scene.now()
    assert numbers(await orders_in(scene.database)) == [early.order_id, late.order_id]
    assert numbers(await orders_in(scene.database, until=second)) == [early.order_id]
    assert numbers(await orders_in(scene.database, since=first + timedelta(microseconds=1))) == [late.order_id]
    assert numbers(await orders_in(scene.database, since=first, until=first)) == []


async def test_a_seller_sees_only_its_own_orders(database: Database) -> None:
    _, orders = await open_busy_market(database)
    for seller in (PRO, SOLO):
        own = {key.order_id for key in orders.values() if key.seller_id == seller}
        found = numbers(await orders_in(database, seller))
        assert set(found) <= own
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("</Name><Name>&amp; ]]> <![CDATA[ <!-- ", "</Name><Name>&amp; ]]> <![CDATA[ <!-- "),
        ("{order_id} {0} %s", "{order_id} {0} %s"),
        ("\"quoted\" and 'quoted'", "\"quoted\" and 'quoted'"),
        ("two\tcells\r\nand\u2028two lines", "two cells  and two lines"),
        ("bell \x07, escape \x1b, C1 \x85\x9f, none \ufffe\uffff", "bell  , escape  , C1   , none   "),
        ("👩‍👩‍👧 张伟 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧 张伟 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("long " * 20_000 + ".", "long " * 20_000 + "."),
    ],
    ids=["formula", "markup", "braces", "quotes", "lines", "controls", "emoji", "long"],
)
async def test_any_text_is_read_back(scene: Scene, given: str, read: str) -> None:
    async with scene.database.transaction() as tx:
        await people.put_buyers(tx, [BuyerAccount("odd", given, None, "en")], START)
    address = to_document(Address(given, given, given, given, given, given, given, given, given))
    await scene.approve(await scene.place("odd", {LAMP: 1}, address=address))
    await scene.advance(HOLD)
    (order,) = await orders_in(scene.database)
    texts = [one.text for one in order.iterfind("FulfillmentData/Address/*")]
    assert texts == [read] * 9
    assert said(order[4])["BuyerName"] == said(order[4])["BuyerPhoneNumber"] == read


async def test_titles_and_skus_are_read_back(scene: Scene) -> None:
    sku, title = '-A&<1>"', "=Ümlaut & ]]> 👩‍👧 " + "x" * 400
    assert await scene.list_offer(PRO, sku, title=title) is None
    await scene.approve(await scene.place(BEA, {sku: 1}))
    await scene.advance(HOLD)
    (order,) = await orders_in(scene.database)
    assert (order.findtext("Item/SKU"), order.findtext("Item/Title")) == (sku, title)


async def test_an_order_without_an_address_has_none(scene: Scene) -> None:
    await scene.approve(await scene.place(address=None))
    await scene.advance(HOLD)
    (order,) = await orders_in(scene.database)
    assert [one.tag for one in order.iterfind("FulfillmentData/*")] == ["FulfillmentMethod", "FulfillmentServiceLevel"]


async def test_money_has_the_digits_of_its_currency(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("JP", "Ichiba", country="JP", currency="JPY"))
        await people.put_sellers(tx, [SellerAccount("yuki", "JP", "Yuki", None, "ja", "professional")], START)
    assert await scene.list_offer("yuki", "TEA", price=1200) is None
    await scene.approve(await scene.place(BEA, {"TEA": 2}))
    await scene.advance(HOLD)
    (order,) = await orders_in(scene.database, "yuki")
    amounts = [(one.text, one.get("currency")) for one in order.iter("Amount")]
    assert amounts == [("2400", "JPY"), *[("0", "JPY")] * 4]


async def test_who_may_not_have_it_gets_no_beginning_of_one(database: Database) -> None:
    await open_market(database, policy=Policy(individual_reports=False))
    pieces: list[bytes] = []

    async def write(piece: bytes) -> None:
        pieces.append(piece)

    for seller, reason in ((SOLO, Reason.PROFESSIONAL_PLAN_NEEDED), ("nobody", Reason.SELLER_NOT_FOUND)):
        with pytest.raises(Refused) as no:
            async with database.transaction() as tx:
                await order_report_xml(tx, seller, None, None, write)
        assert no.value.refusal.reason is reason
    assert pieces == []


async def test_an_order_is_one_message_wherever_a_page_ends(scene: Scene) -> None:
    """Three lines each: no page of lines ends where an order does."""
    skus = ["PIN", "NUT", "BOLT"]
    for sku in skus:
        await scene.list_offer(PRO, sku, quantity=2000)
    few = await received(scene.database, order_report_xml)
    keys = await scene.to_states([State.UNSHIPPED] * 700, [dict.fromkeys(skus, 1)] * 700)
    many = await received(scene.database, order_report_xml)
    orders = await orders_in(scene.database)
    assert sorted(map(str, numbers(orders))) == sorted(key.order_id for key in keys)
    assert {frozenset(item.findtext("SKU") for item in order.iterfind("Item")) for order in orders} == {frozenset(skus)}
    assert {len(order.findall("Item")) for order in orders} == {3}
    assert len(many.pieces) > 3
    assert max(map(len, many.pieces)) < len(many.text) / 2
    # The version of the policy is read once, whatever the number of its orders.
    assert many.statements - few.statements <= 1
