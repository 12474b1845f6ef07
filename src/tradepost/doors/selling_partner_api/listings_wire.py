"""Listings as Listings Items 2021-08-01 spells them. What is absent is left out: the model knows no null."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from tradepost.listings.items import issues
from tradepost.listings.items.attributes import EVERYBODY, OWN_CHANNEL
from tradepost.money import format_amount
from tradepost.reports.sellers_listings import ListedItem


class Money(Struct, frozen=True, rename="camel"):
    """An amount as a decimal text."""

    currency_code: str
    amount: str


class Issue(Struct, frozen=True, rename="camel"):
    """What is wrong with a listing, or worth knowing."""

    code: str
    message: str
    severity: str
    categories: list[str]
    attribute_names: list[str] | UnsetType
    marketplace_ids: list[str]


class Summary(Struct, frozen=True, rename="camel"):
    """A listing in a marketplace at a glance."""

    marketplace_id: str
    asin: str
    product_type: str
    condition_type: str
    status: Sequence[str]
    item_name: str | UnsetType
    created_date: datetime
    last_updated_date: datetime


class Audience(Struct, frozen=True, rename="camel"):
    """For whom an offer is."""

    value: str = EVERYBODY
    display_name: str = "Everybody"


class ItemOffer(Struct, frozen=True, rename="camel"):
    """For how much a listing is sold."""

    marketplace_id: str
    price: Money
    offer_type: str = "B2C"
    audience: Audience = Audience()


class Availability(Struct, frozen=True, rename="camel"):
    """How many units are for sale; what open orders hold is not among them."""

    quantity: int
    fulfillment_channel_code: str = OWN_CHANNEL


class ProductType(Struct, frozen=True, rename="camel"):
    """What kind of thing a listing is."""

    marketplace_id: str
    product_type: str


class Item(Struct, frozen=True, rename="camel"):
    """A listing, with the data that a call wants to have included."""

    sku: str
    summaries: list[Summary] | UnsetType
    attributes: Mapping[str, Any] | UnsetType
    issues: list[Issue] | UnsetType
    offers: list[ItemOffer] | UnsetType
    fulfillment_availability: list[Availability] | UnsetType
    procurement: list[str] | UnsetType
    relationships: list[str] | UnsetType
    product_types: list[ProductType] | UnsetType


def item_of(listed: ListedItem, included: Collection[str], language: str) -> Item:
    """The listing with what is `included`; vendors' procurement and related listings are empty here."""
    return Item(listed.sku, *(make(listed, language) if name in included else UNSET for name, make in _PARTS.items()))


def issues_of(found: Sequence[issues.Issue], marketplace_id: str, language: str) -> list[Issue]:
    """Issues in the words of the model."""
    return [
        Issue(
            issue.code,
            issue.refusal.sentence(language),
            issue.severity,
            issue.categories,
            [issue.attribute] if issue.attribute else UNSET,
            [marketplace_id],
        )
        for issue in found
    ]


def _summaries(listed: ListedItem, _: str) -> list[Summary]:
    return [
        Summary(
            listed.marketplace.marketplace_id,
            listed.product_id,
            listed.product_type,
            listed.condition,
            listed.status,
            listed.title or UNSET,
            listed.created_at,
            listed.updated_at,
        )
    ]


def _offers(listed: ListedItem, _: str) -> list[ItemOffer]:
    if listed.offer is None:
        return []
    currency = listed.marketplace.currency
    return [ItemOffer(listed.marketplace.marketplace_id, Money(currency, format_amount(listed.offer.price, currency)))]


def _availability(listed: ListedItem, _: str) -> list[Availability]:
    return [Availability(listed.offer.available)] if listed.offer else []


_PARTS: dict[str, Callable[[ListedItem, str], Any]] = {
    "summaries": _summaries,
    "attributes": lambda listed, _: listed.attributes,
    "issues": lambda listed, language: issues_of(listed.issues, listed.marketplace.marketplace_id, language),
    "offers": _offers,
    "fulfillmentAvailability": _availability,
    "procurement": lambda listed, _: [],
    "relationships": lambda listed, _: [],
    "productTypes": lambda listed, _: [ProductType(listed.marketplace.marketplace_id, listed.product_type)],
}

INCLUDED = tuple(_PARTS)
"""The data that a call may want to have included."""
