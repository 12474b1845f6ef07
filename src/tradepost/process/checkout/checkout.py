"""Checkout: carts become orders, one per seller, and take their stock; all of a cart or nothing of it (A1 to A5)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from secrets import token_hex
from typing import NamedTuple

from tradepost import delivery_promise
from tradepost.delivery_promise import SERVICES, ShippingCalendar
from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import Party, State
from tradepost.listings import records as offers
from tradepost.listings.records import Offer, OfferKey
from tradepost.money import MOST_MINOR_UNITS
from tradepost.numbers import OrderKey, new_order_item_numbers, new_order_numbers
from tradepost.orders.journal import Actor, Journal
from tradepost.orders.order import Line, Order
from tradepost.orders.records import Wishes
from tradepost.payments import records as payments
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.people.records import Marketplace, Seller
from tradepost.policy import Policy
from tradepost.process.checkout import records
from tradepost.refusals import NOT_TEXT, Reason, Refusal, Refused

MOST_UNITS = 1_000_000  # of one offer in one cart
MOST_UNITS_OF_CART = 1_000_000_000  # fits 32 bits
MOST_LINES = 10_000
MOST_TOTAL = MOST_MINOR_UNITS * MOST_UNITS  # of one cart; fits 64 bits


class CartLine(NamedTuple):
    """So many units of one seller's offer.

    `agreed_price` (minor units) stands in for the offer's own price. Lines of one seller become one order, unless
    they are kept `apart` under different names.
    """

    seller_id: str
    sku: str
    quantity: int
    agreed_price: int | None = None
    apart: str = ""


class Cart(NamedTuple):
    """What one buyer checks out at one moment. Without a payment no gateway is asked: verdicts come from outside.

    `address_id` names an address of the buyer's book instead of `address`, and `from_cart` what is in the buyer's cart
    instead of `lines`: purchases.py looks both up.
    """

    buyer_id: str
    at: datetime
    lines: tuple[CartLine, ...]
    address: dict[str, object] | None = None
    service: str = "Standard"
    payment: payments.Means | None = None
    address_id: str | None = None
    from_cart: bool = False
    locale: str | None = None  # to be written to in; None: the account's


@dataclass(frozen=True, slots=True)
class Placed:
    """The orders that a cart became, in the order in which they first appear in it."""

    checkout_id: str
    orders: tuple[OrderKey, ...]
    hold_ends_at: datetime
    details: tuple[Order, ...] = field(repr=False, compare=False)


async def place_orders(tx: Transaction, carts: Sequence[Cart]) -> list[Placed | Refusal]:
    """Check out many carts, each by itself; the answers stand in the order of the carts."""
    counter = await _Counter.open(tx, carts)
    outcomes = [_check_out(counter, cart) for cart in carts]
    if counter.taken:  # named first, and so done last of all that is written together: others wait for it
        await offers.take(tx, counter.taken, counter.offers)
    await counter.journal.write()
    if counter.payments:
        await payments.insert(tx, counter.payments)
    return outcomes


class _Counter:
    """What a batch of checkouts stands on: offers, the sellers and policies behind them, and what was taken."""

    def __init__(self, journal: Journal, carts: Sequence[Cart]) -> None:
        self.journal = journal
        self.storable = storable([_said(cart) for cart in carts])  # looked at all together: hardly ever one is not
        self.offers: dict[tuple[str, str], Offer] = {}  # by seller and SKU
        self.sellers: dict[str, Seller] = {}
        self.marketplaces: dict[str, Marketplace] = {}
        self.policies: dict[str, Policy] = {}  # of each marketplace, in force
        self.calendars: dict[str, ShippingCalendar] = {}  # of each marketplace
        self.unverified: dict[str, int] = {}  # units by buyer, read only where a policy limits them
        self.taken: dict[OfferKey, offers.Units] = {}
        self.payments: list[payments.Payment] = []
        self.order_numbers = _endless(new_order_numbers, len(carts))
        self.item_numbers = _endless(new_order_item_numbers, len(carts))

    @classmethod
    async def open(cls, tx: Transaction, carts: Sequence[Cart]) -> "_Counter":
        if any(policy.unverified_units for policy in policies.met(tx)):  # before the offers, as everywhere
            await people.lock_buyers(tx, _buyers(carts))
        offers, sellers, marketplaces = await records.open_counter(
            tx, [(line.seller_id, line.sku) for cart in carts for line in cart.lines]
        )
        in_force = {(market.marketplace_id, market.policy_version) for market in marketplaces.values()}
        of_policy = await policies.of(tx, in_force)
        shipping = {seller.seller_id: seller.shipping for seller in sellers.values()}
        counter = cls(Journal.new(tx, of_policy, shipping), carts)
        counter.offers, counter.sellers, counter.marketplaces = offers, sellers, marketplaces
        counter.policies = {marketplace_id: policy for (marketplace_id, _), policy in of_policy.items()}
        counter.calendars = {name: policies.shipping_calendar(policy) for name, policy in counter.policies.items()}
        if any(policy.unverified_units for policy in counter.policies.values()):
            await people.lock_buyers(tx, _buyers(carts))
            counter.unverified = await people.unverified_units(tx, _buyers(carts), tx.now)
        return counter


def _buyers(carts: Sequence[Cart]) -> set[str]:
    return {cart.buyer_id for cart in carts if storable(cart.buyer_id)}


def _check_out(counter: _Counter, cart: Cart) -> Placed | Refusal:
    try:
        _check_values(counter, cart)
        wanted = _wanted(cart)
        marketplace = _check(counter, cart, wanted)
    except Refused as no:
        return no.refusal
    for key, quantity in wanted.items():
        counter.offers[key].available -= quantity
        offers.add_units(counter.taken, OfferKey(*key), quantity, cart.at)
    counter.unverified[cart.buyer_id] = counter.unverified.get(cart.buyer_id, 0) + sum(wanted.values())
    return _place(counter, cart, marketplace)


def _check_values(counter: _Counter, cart: Cart) -> None:
    """What the database could not hold would sink the whole batch."""
    if not counter.storable:
        for name, value in _said(cart).items():
            if not storable(value):
                raise Refused(Reason.INVALID_VALUE, field=name, problem=NOT_TEXT)
    for line in cart.lines:
        if line.agreed_price is not None and not 0 <= line.agreed_price <= MOST_MINOR_UNITS:
            problem = f"it must be from 0 to {MOST_MINOR_UNITS} minor units"
            raise Refused(Reason.INVALID_VALUE, field="price", problem=problem)


def _said(cart: Cart) -> dict[str, object]:
    """All texts of a cart that are written as they are."""
    return {"buyer": cart.buyer_id, "address": cart.address, "payment": cart.payment, "locale": cart.locale}


def _wanted(cart: Cart) -> dict[tuple[str, str], int]:
    """Units by seller and SKU: the same offer on two lines is summed before anything is checked."""
    if not cart.lines:
        raise Refused(Reason.CART_IS_EMPTY)
    if len(cart.lines) > MOST_LINES:
        raise Refused(Reason.CART_IS_MIXED_UP, problem=f"it has more than {MOST_LINES} lines")
    if cart.service not in SERVICES:
        raise Refused(Reason.INVALID_VALUE, field="service", problem=f"it must be one of {', '.join(SERVICES)}")
    wanted: dict[tuple[str, str], int] = {}
    for line in cart.lines:
        units = wanted.get((line.seller_id, line.sku), 0) + line.quantity
        wanted[line.seller_id, line.sku] = units
        if line.quantity <= 0 or units > MOST_UNITS:
            wrong = units if line.quantity > 0 else line.quantity
            raise Refused(Reason.QUANTITY_NOT_POSITIVE, quantity=wrong, limit=MOST_UNITS)
    if sum(wanted.values()) > MOST_UNITS_OF_CART:
        raise Refused(Reason.CART_IS_MIXED_UP, problem=f"it has more than {MOST_UNITS_OF_CART} units")
    return wanted


def _check(counter: _Counter, cart: Cart, wanted: dict[tuple[str, str], int]) -> Marketplace:
    for (seller_id, sku), quantity in wanted.items():
        offer = counter.offers.get((seller_id, sku))
        if offer is None:
            raise Refused(Reason.OFFER_NOT_FOUND, sku=sku)
        if offer.closed:
            raise Refused(Reason.OFFER_IS_CLOSED, sku=sku)
        if offer.available < quantity:
            raise Refused(Reason.OUT_OF_STOCK, sku=sku, available=offer.available, wanted=quantity)
    if sum(_price(counter, line) * line.quantity for line in cart.lines) > MOST_TOTAL:
        raise Refused(Reason.INVALID_VALUE, field="total", problem=f"it may be {MOST_TOTAL} minor units at most")
    homes = {counter.sellers[seller_id].marketplace_id for seller_id, _ in wanted}
    if len(homes) > 1:
        raise Refused(Reason.CART_IS_MIXED_UP, problem="its sellers belong to different marketplaces")
    (home,) = homes
    limit, held = counter.policies[home].unverified_units, counter.unverified.get(cart.buyer_id, 0)
    if limit is not None and held + sum(wanted.values()) > limit:
        raise Refused(Reason.TOO_MUCH_UNVERIFIED, held=held, limit=limit)
    return counter.marketplaces[home]


def _place(counter: _Counter, cart: Cart, marketplace: Marketplace) -> Placed:
    by_order: dict[tuple[str, str], list[CartLine]] = {}
    for line in cart.lines:
        by_order.setdefault((line.seller_id, line.apart), []).append(line)
    checkout_id = token_hex(16)
    orders = [
        _order(counter, cart, marketplace, checkout_id, counter.sellers[seller_id], lines)
        for (seller_id, _), lines in by_order.items()
    ]
    for order in orders:
        counter.journal.place(order, Wishes(cart.address, cart.locale), Actor(Party.BUYER, cart.buyer_id))
        if cart.payment:
            counter.payments.append(payments.Payment(*order.key, *cart.payment))
    policy = counter.policies[marketplace.marketplace_id]
    return Placed(checkout_id, tuple(order.key for order in orders), cart.at + policy.hold, tuple(orders))


def _order(
    counter: _Counter,
    cart: Cart,
    marketplace: Marketplace,
    checkout_id: str,
    seller: Seller,
    lines: list[CartLine],
) -> Order:
    made = _lines(counter, lines)
    handling_days = _handling_days(counter, seller, lines)
    shipping = seller.shipping
    if shipping.handling_days != handling_days:
        shipping = replace(shipping, handling_days=handling_days)
    promise = delivery_promise.promise(
        cart.at, counter.calendars[marketplace.marketplace_id], shipping, SERVICES[cart.service]
    )
    return Order(
        seller_id=seller.seller_id,
        order_id=next(counter.order_numbers),
        marketplace_id=marketplace.marketplace_id,
        policy_version=marketplace.policy_version,
        checkout_id=checkout_id,
        buyer_id=cart.buyer_id,
        state=State.HELD,
        placed_at=cart.at,
        ordered_units=sum(line.quantity for line in made),
        shipped_units=0,
        canceled_units=0,
        currency=marketplace.currency,
        total=sum(line.unit_price * line.quantity for line in made),
        service=cart.service,
        handling_days=handling_days,
        ship_earliest=promise.ship_earliest,
        ship_latest=promise.ship_latest,
        deliver_earliest=promise.deliver_earliest,
        deliver_latest=promise.deliver_latest,
        verify_at=cart.at if cart.payment else None,
        updated_at=cart.at,
        last_event=0,
        lines={line.line_no: line for line in made},
    )


def _price(counter: _Counter, line: CartLine) -> int:
    """The buyer pays what was agreed, whatever the offer says now."""
    return counter.offers[line.seller_id, line.sku].price if line.agreed_price is None else line.agreed_price


def _lines(counter: _Counter, lines: list[CartLine]) -> list[Line]:
    """One line per offer and price."""
    quantities: dict[tuple[str, int], int] = {}
    for line in lines:
        of_price = line.sku, _price(counter, line)
        quantities[of_price] = quantities.get(of_price, 0) + line.quantity
    seller_id = lines[0].seller_id
    return [
        Line(number, next(counter.item_numbers), sku, counter.offers[seller_id, sku].title, price, quantity)
        for number, ((sku, price), quantity) in enumerate(quantities.items(), start=1)
    ]


def _handling_days(counter: _Counter, seller: Seller, lines: list[CartLine]) -> int:
    """The slowest offer decides; an offer without a handling time of its own has its seller's."""
    own = [counter.offers[line.seller_id, line.sku].handling_days for line in lines]
    return max(seller.shipping.handling_days if days is None else days for days in own)


def _endless(make: Callable[[int], list[str]], at_once: int) -> Iterator[str]:
    """New numbers, made many at once: randomness costs a call to the system."""
    while True:
        yield from make(at_once)
