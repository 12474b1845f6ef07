"""What the attributes of a listing mean for its offer, and how an offer is told as attributes.

An attribute is an array of instances, objects that differ in their selectors (`marketplace_id`, `language_tag`, ...).
Title, price, stock, condition and product are understood; whatever else a seller says is kept and given back.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from tradepost import money
from tradepost.listings import product_ids
from tradepost.listings.items.issues import Issue, invalid, not_served
from tradepost.listings.offers import MOST_HANDLING_DAYS, MOST_SKU, MOST_STOCK, MOST_TITLE, is_line
from tradepost.people.records import Marketplace

ITEM_NAME, OFFER, AVAILABILITY = "item_name", "purchasable_offer", "fulfillment_availability"
CONDITION, ASIN, PRODUCT_ID = "condition_type", "merchant_suggested_asin", "externally_assigned_product_identifier"
LIST_PRICE = "list_price"
SALES_TERMS = frozenset(
    {OFFER, AVAILABILITY, CONDITION, ASIN, "condition_note", "max_order_quantity", "merchant_shipping_group"}
)
"""What is the seller's own; all else is about the product."""

CONDITIONS = (
    "new_new", "new_open_box", "new_oem", "refurbished_refurbished", "used_like_new", "used_very_good", "used_good",
    "used_acceptable", "collectible_like_new", "collectible_very_good", "collectible_good", "collectible_acceptable",
    "club_club",
)  # fmt: skip
NUMBERED = {
    "1": "used_like_new", "2": "used_very_good", "3": "used_good", "4": "used_acceptable", "5": "collectible_like_new",
    "6": "collectible_very_good", "7": "collectible_good", "8": "collectible_acceptable",
    "10": "refurbished_refurbished", "11": "new_new",
}  # fmt: skip
"""Conditions by the numbers that flat files have for them."""
EVERYBODY, OWN_CHANNEL = "ALL", "DEFAULT"  # what an instance is for that does not say

Attributes = Mapping[str, Any]
Instances = list[dict[str, Any]]
ValueT = TypeVar("ValueT")


class Stock(NamedTuple):
    """How much of an offer is available, and its own handling time in days, if it has one."""

    quantity: int = 0
    handling_days: int | None = None


class Said(NamedTuple):
    """What attributes say of an offer; None: nothing. `price` is in minor units."""

    title: str | None
    price: int | None
    stock: Stock | None
    condition: str | None
    product_id: str | None


class _Wrong(Exception):
    """What is wrong with an attribute."""


def read(attributes: Attributes, market: Marketplace) -> tuple[Said, list[Issue]]:
    """What the attributes say, and what is wrong with them."""
    issues: list[Issue] = []

    def say(name: str, reader: Callable[[Instances, Marketplace], ValueT]) -> ValueT | None:
        try:
            instances = _instances(attributes.get(name), market)
            return reader(instances, market) if instances else None
        except _Wrong as wrong:
            issues.append(invalid(name, str(wrong)))
            return None

    title, price, stock = say(ITEM_NAME, _title), say(OFFER, _price), say(AVAILABILITY, _stock)
    condition = say(CONDITION, _condition)
    asin, external = say(ASIN, _asin), say(PRODUCT_ID, _external)
    say(LIST_PRICE, _list_price)
    if AVAILABILITY not in {issue.attribute for issue in issues}:
        channels = dict.fromkeys(map(_channel, _instances(attributes.get(AVAILABILITY), market)))
        issues += [not_served(channel) for channel in channels if channel != OWN_CHANNEL]
    return Said(title, price, stock, condition, asin or external), issues


def shown(put: Attributes | None, offer: Said, market: Marketplace, *, closed: bool) -> dict[str, Any]:
    """The attributes of a listing as they were put, with what its offer says by now in the place of what differs.

    Without any that were put they are the offer's alone. One that its seller took back is not shown while the offer is
    closed or empty, which is what taking it back leads to.
    """
    attributes = dict(put or {})
    was = read(attributes, market)[0]
    here = {"marketplace_id": market.marketplace_id}
    if offer.title is not None and offer.title != was.title:
        attributes[ITEM_NAME] = [{"value": offer.title, "language_tag": language_of(market)} | here]
    if offer.price is not None and offer.price != was.price and (put is None or was.price is not None or not closed):
        attributes[OFFER] = _with(attributes.get(OFFER), OFFER, market, _price_said(offer.price, market.currency))
    if put is None or (offer.stock is not None and offer.stock != (was.stock or Stock())):
        attributes[AVAILABILITY] = _with(attributes.get(AVAILABILITY), AVAILABILITY, market, _stock_said(offer.stock))
    if put is None:
        attributes[CONDITION] = [{"value": CONDITIONS[0]} | here]
    if put is None or (was.product_id is not None and offer.product_id != was.product_id):
        attributes[ASIN] = [{"value": offer.product_id} | here]
    return attributes


class Selectors(NamedTuple):
    """What tells the instances of an attribute apart."""

    place: tuple[Any, ...]
    language: str

    def meet(self, other: "Selectors") -> bool:
        """Whether instances with these are the same; one without a language is in every language, and one without a
        country in every country's."""
        short, long = sorted((self.language, other.language))
        return self.place == other.place and short in ("", long, long.split("_")[0])


def selectors_of(instance: Attributes, market: Marketplace) -> Selectors:
    """The selectors of an instance in a marketplace; what it does not say is as usual."""
    usual = (
        ("marketplace_id", market.marketplace_id),
        ("audience", EVERYBODY),
        ("fulfillment_channel_code", OWN_CHANNEL),
    )
    language = str(_selected(instance, "language_tag", "")).replace("-", "_").lower()
    return Selectors(tuple(_selected(instance, name, value) for name, value in usual), language)


def language_of(market: Marketplace) -> str:
    """The language of a marketplace as attributes name it, with a country."""
    locale = market.locale.replace("-", "_")
    return locale if "_" in locale else f"{locale}_{market.country}"


def _selected(instance: Attributes, name: str, usual: str) -> Any:
    said = instance.get(name)
    return usual if said is None else said


def _channel(instance: Attributes) -> str:
    return str(_selected(instance, "fulfillment_channel_code", OWN_CHANNEL))[:40]


def _instances(value: Any, market: Marketplace) -> Instances:
    """The instances of an attribute; wrong, where they are none or another marketplace's."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Wrong("it must be an array of objects")
    for instance in value:
        named = _selected(instance, "marketplace_id", market.marketplace_id)
        if named != market.marketplace_id:
            raise _Wrong(f"its marketplace_id must be {market.marketplace_id}")
    return value


def _title(instances: Instances, market: Marketplace) -> str:
    language = market.locale[:2].lower()
    spoken = [one for one in instances if str(one.get("language_tag", "")).lower().startswith(language)]
    return _line((spoken or instances)[0].get("value"), MOST_TITLE)


def _price(instances: Instances, market: Marketplace) -> int | None:
    for instance in instances:
        if _selected(instance, "audience", EVERYBODY) == EVERYBODY and instance.get("our_price") is not None:
            _check_currency(instance, market)
            return _amount(_inside(instance, "our_price", 0, "schedule", 0, "value_with_tax"), market.currency)
    return None


def _list_price(instances: Instances, market: Marketplace) -> int:
    instance = instances[0]
    _check_currency(instance, market)
    return _amount(instance.get("value_with_tax", instance.get("value")), market.currency)


def _stock(instances: Instances, market: Marketplace) -> Stock | None:
    for instance in instances:
        if _channel(instance) == OWN_CHANNEL:
            days = instance.get("lead_time_to_ship_max_days")
            return Stock(
                _whole("quantity", instance.get("quantity", 0), MOST_STOCK),
                None if days is None else _whole("lead_time_to_ship_max_days", days, MOST_HANDLING_DAYS),
            )
    return None


def _condition(instances: Instances, market: Marketplace) -> str:
    said = instances[0].get("value")
    if said not in CONDITIONS:
        raise _Wrong(f"it must be one of {', '.join(CONDITIONS)}")
    return str(said)


def _asin(instances: Instances, market: Marketplace) -> str:
    return _line(instances[0].get("value"), MOST_SKU)


def _external(instances: Instances, market: Marketplace) -> str:
    instance = instances[0]
    return product_ids.of_identifier(_line(instance.get("type"), MOST_SKU), _line(instance.get("value"), MOST_SKU))


def _check_currency(instance: Attributes, market: Marketplace) -> None:
    if _selected(instance, "currency", market.currency) != market.currency:
        raise _Wrong(f"its currency must be {market.currency}")


def _inside(value: Any, *place: str | int) -> Any:
    """What lies at this place of a JSON value; None where there is no such place."""
    for step in place:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _line(said: Any, most: int) -> str:
    if not isinstance(said, str) or not is_line(said, most):
        raise _Wrong(f"it needs 1 to {most} characters in one line")
    return said


def _whole(name: str, said: Any, most: int) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= most:
        raise _Wrong(f"its {name} must be a whole number from 0 to {most}")
    return said


def _amount(said: Any, currency: str) -> int:
    """Minor units of a price, which is a number in JSON; 19.9 and 19.90 are the same."""
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        raise _Wrong("it needs a price, a number such as 19.90")
    plain = said if isinstance(said, str) else format(Decimal(str(said)).normalize(), "f")
    try:
        return money.parse_amount(plain, currency)
    except ValueError as error:
        raise _Wrong(str(error).rstrip(".")) from error


def _with(put: Any, name: str, market: Marketplace, said: dict[str, Any]) -> list[dict[str, Any]]:
    """The instances of an attribute, with `said` in that of the marketplace's offer to everybody."""
    instances = [dict(one) for one in put] if isinstance(put, list) else []
    usual = selectors_of({}, market)
    for instance in instances:
        if selectors_of(instance, market).meet(usual):
            instance.update(said)
            return instances
    selectors = {OFFER: {"audience": EVERYBODY}, AVAILABILITY: {"fulfillment_channel_code": OWN_CHANNEL}}[name]
    return [*instances, {"marketplace_id": market.marketplace_id} | selectors | said]


def _price_said(price: int, currency: str) -> dict[str, Any]:
    amount = Decimal(money.format_amount(price, currency))
    number = int(amount) if amount == int(amount) else float(amount)
    return {"currency": currency, "our_price": [{"schedule": [{"value_with_tax": number}]}]}


def _stock_said(stock: Stock | None) -> dict[str, Any]:
    quantity, days = stock or Stock()
    return {"quantity": quantity} | ({} if days is None else {"lead_time_to_ship_max_days": days})
