"""The price-and-quantity file and the inventory loader: what a seller has, row by row (A3, A5).

Quantities are what is available: units that open orders hold are not part of them. With the option `quantitiesAsOf`
they are what was available at that moment, and what orders have taken since is subtracted: nothing is sold twice.
An empty cell leaves what it is about as it was.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from tradepost import money
from tradepost.feeds import lines, listings
from tradepost.feeds.kind import Content, Done, Line, Reading, steps
from tradepost.feeds.lines import told
from tradepost.feeds.listings import Known, Wanted
from tradepost.feeds.text import as_utf8
from tradepost.ground.database import Transaction
from tradepost.listings.items.attributes import (
    ASIN,
    AVAILABILITY,
    CONDITION,
    CONDITIONS,
    NUMBERED,
    OFFER,
    PRODUCT_ID,
)
from tradepost.listings.items.patches import Patch
from tradepost.listings.items.records import PRODUCT
from tradepost.listings.items.submissions import Changes, Deletion, Requirements, Whole
from tradepost.listings.offers import MOST_HANDLING_DAYS, MOST_SKU, MOST_STOCK
from tradepost.people.records import Marketplace
from tradepost.process.shipment import file_records
from tradepost.process.shipment.file_records import Form, Unreadable
from tradepost.process.shipment.processing_report import INCOMPLETE_OR_INVALID
from tradepost.refusals import Reason, Refusal

COMMA_COUNTRIES = ("AT", "BE", "BR", "CH", "DE", "DK", "ES", "FI", "FR", "IT", "NL", "NO", "PL", "PT", "SE", "TR")
"""Where 19,90 is a price."""
IDENTIFIERS = {"1": "asin", "2": "isbn", "3": "upc", "4": "ean"}
FIELDS = {
    OFFER: "price", AVAILABILITY: "quantity", ASIN: "product-id", PRODUCT_ID: "product-id", CONDITION: "item-condition",
    "item_name": "product-id",
}  # fmt: skip
ADD, DELETE = ("", "a"), ("d", "x")


class PriceAndQuantity(NamedTuple):
    """A row of the price-and-quantity file."""

    number: int
    sku: str = ""
    price: str = ""
    quantity: str = ""
    leadtime_to_ship: str = ""
    handling_time: str = ""


class Loaded(NamedTuple):
    """A row of the inventory loader."""

    number: int
    sku: str = ""
    price: str = ""
    quantity: str = ""
    leadtime_to_ship: str = ""
    handling_time: str = ""
    product_id: str = ""
    product_id_type: str = ""
    item_condition: str = ""
    add_delete: str = ""


_BOUNDS = frozenset({"minimum-seller-allowed-price", "maximum-seller-allowed-price"})
_QUANTITIES = ("sku", "price", "quantity", "leadtime-to-ship", "handling-time")
PRICES_AND_QUANTITIES = Form(
    "sku", ("sku",), _QUANTITIES, _BOUNDS | {"fulfillment-channel"}, PriceAndQuantity, translated=False
)
LOADER = Form(
    "sku",
    ("sku",),
    (*_QUANTITIES, "product-id", "product-id-type", "item-condition", "add-delete"),
    _BOUNDS
    | {"will-ship-internationally", "expedited-shipping", "standard-plus", "item-note", "fulfillment-center-id"}
    | {"product-tax-code", "merchant-shipping-group-name", "fulfillment-channel"},
    Loaded,
    translated=False,
)


def read_prices_and_quantities(content: Content) -> Reading:
    """The rows of the price-and-quantity file."""
    return _read(content, PRICES_AND_QUANTITIES, _changed)


def read_loader(content: Content) -> Reading:
    """The rows of the inventory loader."""
    return _read(content, LOADER, _loaded)


async def apply(tx: Transaction, content: Content, step: Any) -> Done:
    """Submit what the rows of a step say of listings."""
    return await listings.apply(tx, content, step, FIELDS)


class _Wrong(Exception):
    """A cell that cannot be understood: which column, and why."""


def _read(content: Content, form: Form, understand: Callable[[Any, Content], Wanted]) -> Reading:
    """Rows of one SKU go together, in their order, and so many rows are a step."""
    try:
        file = file_records.read(as_utf8(content.content, content.content_type), form)
    except Unreadable as no:
        return Reading(no.report.records, (), lines.of_entries(no.report.entries, content.language), fatal=True)
    told_of = lines.of_entries(file.entries, content.language)
    wanted: list[Wanted] = []
    for row in file.readable:
        try:
            wanted.append(understand(row, content))
        except _Wrong as wrong:
            field, problem = wrong.args
            told_of.append(_line(row, field, problem, content.language))
    return Reading(file.count, list(steps(wanted, lambda one: one.sku)), told_of)


def _line(row: PriceAndQuantity | Loaded, field: str, problem: str, language: str) -> Line:
    refusal = Refusal(Reason.INVALID_VALUE, {"field": field, "problem": problem})
    line = told(row.number, INCOMPLETE_OR_INVALID, field, refusal.sentence(language), language)
    return line._replace(sku=row.sku)


def _changed(row: PriceAndQuantity | Loaded, content: Content) -> Wanted:
    """A row that changes what is listed already."""
    if not row.sku or len(row.sku) > MOST_SKU:
        raise _Wrong("sku", f"it needs 1 to {MOST_SKU} characters")
    terms = _Terms.of(row, content.marketplace)
    if terms == _Terms():
        raise _Wrong("quantity", "the row gives neither a price, a quantity nor a handling time: fill one of them in")
    return Wanted(row.number, row.sku, partial(_changes, row.sku, terms))


def _loaded(row: Loaded, content: Content) -> Wanted:
    """A row that lists something, changes it or takes it away."""
    if row.add_delete.lower() in DELETE:
        return Wanted(row.number, row.sku, lambda _: Deletion())
    if row.add_delete.lower() not in ADD:
        raise _Wrong("add-delete", "it must be a, d or x")
    if not row.product_id and not row.item_condition:
        return _changed(row, content)
    terms, facts = _Terms.of(row, content.marketplace), _facts(row)

    def wish(known: Known) -> Whole | Changes:
        if row.sku in known.listed:
            patches = [Patch("replace", f"/attributes/{name}", value) for name, value in facts.items()]
            return Changes(PRODUCT, [*patches, *_patches(row.sku, terms, known)])
        return Whole(PRODUCT, facts | _attributes(row.sku, terms, known), Requirements.OFFER_ONLY)

    return Wanted(row.number, row.sku, wish)


class _Terms(NamedTuple):
    """What a row says of an offer; None: nothing."""

    price: dict[str, Any] | None = None
    quantity: int | None = None
    days: int | None = None

    @staticmethod
    def of(row: PriceAndQuantity | Loaded, market: Marketplace) -> "_Terms":
        """What the cells of a row mean."""
        days = row.handling_time or row.leadtime_to_ship
        return _Terms(
            _price(row.price, market) if row.price else None,
            _whole("quantity", row.quantity, MOST_STOCK),
            _whole("handling-time" if row.handling_time else "leadtime-to-ship", days, MOST_HANDLING_DAYS),
        )


def _price(text: str, market: Marketplace) -> dict[str, Any]:
    plain = text.replace(",", ".") if market.country in COMMA_COUNTRIES and "." not in text else text
    try:
        money.parse_amount(plain, market.currency)
    except ValueError as error:
        raise _Wrong("price", str(error).rstrip(".")) from error
    return {
        "currency": market.currency, "audience": "ALL", "our_price": [{"schedule": [{"value_with_tax": plain}]}]
    }  # fmt: skip


def _whole(name: str, text: str, most: int) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= most):
        raise _Wrong(name, f"it must be a whole number from 0 to {most}")
    return int(text)


def _facts(row: Loaded) -> dict[str, Any]:
    """The product and its condition, as attributes."""
    facts: dict[str, Any] = {}
    if row.product_id:
        kind = IDENTIFIERS.get(row.product_id_type, row.product_id_type.lower() or "asin")
        if kind not in IDENTIFIERS.values():
            raise _Wrong("product-id-type", f"it must be one of {', '.join(IDENTIFIERS)}")
        said = {"value": row.product_id} if kind == "asin" else {"type": kind, "value": row.product_id}
        facts[ASIN if kind == "asin" else PRODUCT_ID] = [said]
    if row.item_condition:
        condition = NUMBERED.get(row.item_condition, row.item_condition.lower())
        if condition not in CONDITIONS:
            raise _Wrong("item-condition", f"it must be one of {', '.join(NUMBERED)}; 11 is new")
        facts[CONDITION] = [{"value": condition}]
    return facts


def _changes(sku: str, terms: _Terms, known: Known) -> Changes:
    return Changes(PRODUCT, _patches(sku, terms, known))


def _patches(sku: str, terms: _Terms, known: Known) -> list[Patch]:
    return [
        Patch("merge", f"/attributes/{name}", instances) for name, instances in _attributes(sku, terms, known).items()
    ]


def _attributes(sku: str, terms: _Terms, known: Known) -> dict[str, Any]:
    """What a row says of the offer, as attributes; what orders took since the moment of the quantity is not there."""
    said: dict[str, Any] = {}
    if terms.price is not None:
        said[OFFER] = [terms.price]
    stock: dict[str, Any] = {}
    if terms.quantity is not None:
        stock["quantity"] = max(terms.quantity - known.taken.get(sku, 0), 0)
    if terms.days is not None:
        stock["lead_time_to_ship_max_days"] = terms.days
    if stock:
        said[AVAILABILITY] = [{"fulfillment_channel_code": "DEFAULT"} | stock]
    return said
