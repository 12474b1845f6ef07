"""A seller's orders with all that the seller API tells of them, as they are recorded.

They are not foreseen: on a real clock a sweep writes what is due within a second, and moving a simulated clock does
everything on the way. Of one page everything is read in one statement, so that state, units and packages of an order
belong together. Who bought an order and where it goes is there for released orders only (A37 to A40), and the address
only for those who ask for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from tradepost import address
from tradepost.address import NOWHERE, Address
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey, is_order_number
from tradepost.people import policies
from tradepost.policy import Policy
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.released_lines import alias


class Home(NamedTuple):
    """The marketplace that an order was placed in; `zone` is that of the policy it was placed under."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    locale: str
    zone: str


class Item(NamedTuple):
    """One line of an order: `unit_price` in minor units of the order's currency, quantities in units.

    `product_id` is that of the offer as it is now; None when there is no such offer any more.
    """

    line_no: int
    item_id: str
    sku: str
    product_id: str | None
    title: str
    unit_price: int
    quantity: int
    shipped: int
    canceled: int

    @property
    def left(self) -> int:
        """Units that are neither shipped nor canceled."""
        return self.quantity - self.shipped - self.canceled

    @property
    def bought(self) -> int:
        """Units that the buyer gets or has: all but the canceled ones."""
        return self.quantity - self.canceled

    @property
    def price(self) -> int:
        """What the buyer pays for the line, in minor units: nothing for what is canceled."""
        return self.unit_price * self.bought


class CanceledUnits(NamedTuple):
    """Units of a line that were canceled in one act; `canceled_by` is BUYER, SELLER or MARKETPLACE."""

    line_no: int
    quantity: int
    canceled_by: str
    reason: str
    at: datetime


class CancellationRequest(NamedTuple):
    """The buyer asks the seller to cancel; `why` are the buyer's own words, if there were any."""

    at: datetime
    why: str | None


class Parcel(NamedTuple):
    """One package: `units` by line number; `shipped_on` as the seller said it, `confirmed_at` when they said it."""

    reference: int
    carrier_code: str
    carrier_name: str | None
    ship_method: str | None
    tracking: str | None
    shipped_on: datetime | None
    confirmed_at: datetime
    edited_at: datetime | None
    units: Mapping[int, int]


class Buyer(NamedTuple):
    """Who bought the order; `email` is the one under which this seller knows them, as in the order reports."""

    buyer_id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class SellersOrder:
    """One order; money in minor units of `currency`, moments in UTC.

    `last_update` is when the newest thing that happened to it was recorded. `buyer` is None before the order is
    released and when it is canceled; `ship_to` too, and whenever no addresses were asked for.
    """

    key: OrderKey
    state: State
    placed_at: datetime
    last_update: datetime
    approved_at: datetime | None
    released_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    canceled_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    ordered_units: int
    shipped_units: int
    canceled_units: int
    currency: str
    total: int
    service: str
    handling_days: int
    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    home: Home
    gateway: str | None  # of the payment; None: it is verified from outside
    items: tuple[Item, ...]
    cancellations: tuple[CanceledUnits, ...]
    request: CancellationRequest | None
    parcels: tuple[Parcel, ...]
    buyer: Buyer | None
    ship_to: Address | None

    @property
    def units_left(self) -> int:
        """Units that are neither shipped nor canceled."""
        return self.ordered_units - self.shipped_units - self.canceled_units

    def address_at(self, moment: datetime) -> Address | None:
        """Where it goes; None where that is not to be told. The telephone is needed until the parcel should have
        arrived, and not longer."""
        if self.ship_to is None or self.ship_to == NOWHERE:
            return None
        arrived = self.state is State.SHIPPED and moment > self.deliver_latest
        return replace(self.ship_to, phone="") if arrived else self.ship_to

    @property
    def price(self) -> int:
        """What the buyer pays for all lines, in minor units."""
        return sum(item.price for item in self.items)


async def one(tx: Transaction, key: OrderKey, *, with_addresses: bool = False) -> SellersOrder | None:
    """The order of this name; None when there is none, or when it is another seller's."""
    return next(iter(await many(tx, key.seller_id, [key.order_id], with_addresses=with_addresses)), None)


async def many(
    tx: Transaction, seller_id: str, order_ids: Sequence[str], *, with_addresses: bool = False
) -> list[SellersOrder]:
    """The seller's orders of these numbers, in their order; those that do not exist or are another's are missing."""
    wanted = list(filter(is_order_number, order_ids))
    rows = await tx.fetch(_STATEMENTS[with_addresses], seller_id, wanted, WITH_ADDRESS) if wanted else []
    of_policy = await policies.of(tx, {(row["marketplace_id"], row["policy_version"]) for row in rows})
    return [_order(row, of_policy[row["marketplace_id"], row["policy_version"]]) for row in rows]


_COLUMNS = (
    "placed_at", "last_update", "approved_at", "released_at", "shipped_at", "delivered_at", "canceled_at",
    "canceled_by", "cancel_reason", "ordered_units", "shipped_units", "canceled_units", "currency", "total", "service",
    "handling_days", "ship_earliest", "ship_latest", "deliver_earliest", "deliver_latest",
)  # fmt: skip
"""The fields that are as the statement names them."""


def _statement(ship_to: str) -> str:
    return f"""
        SELECT o.seller_id, o.order_id, o.marketplace_id, o.policy_version, o.buyer_id, o.state,
               {", ".join(f"o.{name}" for name in _COLUMNS if name != "last_update")}, o.cancellation_requested_at,
               m.name, m.country, m.currency AS home_currency, m.locale,
               (SELECT max(e.recorded_at)
                  FROM order_events e
                 WHERE e.seller_id = o.seller_id AND e.order_id = o.order_id) AS last_update,
               CASE WHEN o.cancellation_requested_at IS NOT NULL THEN
                   (SELECT e.detail ->> 'why'
                      FROM order_events e
                     WHERE e.seller_id = o.seller_id AND e.order_id = o.order_id AND e.act = 'request_cancellation')
               END AS why,
               (SELECT p.gateway
                  FROM payments p
                 WHERE p.seller_id = o.seller_id AND p.order_id = o.order_id) AS gateway,
               ARRAY(SELECT (l.line_no, l.item_id, l.sku, f.product_id, l.title, l.unit_price, l.quantity, l.shipped,
                             l.canceled)
                       FROM order_lines l
                       LEFT JOIN offers f USING (seller_id, sku)
                      WHERE l.seller_id = o.seller_id AND l.order_id = o.order_id
                      ORDER BY l.line_no) AS items,
               CASE WHEN o.canceled_at IS NOT NULL THEN
                   ARRAY(SELECT (c.line_no, c.quantity, c.canceled_by, c.reason, e.happened_at)
                           FROM cancellations c
                           JOIN order_events e
                             ON e.seller_id = c.seller_id AND e.order_id = c.order_id AND e.number = c.event
                          WHERE c.seller_id = o.seller_id AND c.order_id = o.order_id
                          ORDER BY c.event, c.line_no)
               END AS cancellations,
               CASE WHEN o.shipped_at IS NOT NULL THEN
                   ARRAY(SELECT (p.reference, p.carrier_code, p.carrier_name, p.ship_method, p.tracking, p.shipped_on,
                                 p.confirmed_at, p.edited_at,
                                 ARRAY(SELECT (i.line_no, i.quantity)
                                         FROM package_items i
                                        WHERE i.seller_id = p.seller_id AND i.order_id = p.order_id
                                          AND i.reference = p.reference
                                        ORDER BY i.line_no))
                           FROM packages p
                          WHERE p.seller_id = o.seller_id AND p.order_id = o.order_id
                          ORDER BY p.confirmed_at, p.reference)
               END AS parcels,
               CASE WHEN o.state = ANY($3) THEN
                   coalesce((SELECT b.name FROM buyers b WHERE b.buyer_id = o.buyer_id), '')
               END AS buyer_name,
               {ship_to} AS ship_to
          FROM unnest($2::text[]) WITH ORDINALITY AS wanted (order_id, place)
          JOIN orders o ON o.seller_id = $1 AND o.order_id = wanted.order_id
          JOIN marketplaces m USING (marketplace_id)
         ORDER BY wanted.place
        """  # noqa: S608


_STATEMENTS = {
    False: _statement("NULL::jsonb"),
    True: _statement("CASE WHEN o.state = ANY($3) THEN o.ship_to END"),
}
"""With addresses or without."""


def _order(row: Any, policy: Policy) -> SellersOrder:
    state = State(row["state"])
    key = OrderKey(row["seller_id"], row["order_id"])
    home = Home(row["marketplace_id"], row["name"], row["country"], row["home_currency"], row["locale"], policy.zone)
    requested_at, buyer_name = row["cancellation_requested_at"], row["buyer_name"]
    return SellersOrder(
        key=key,
        state=state,
        **{name: row[name] for name in _COLUMNS},
        home=home,
        gateway=row["gateway"],
        items=tuple(Item(*item) for item in row["items"]),
        cancellations=tuple(CanceledUnits(*units) for units in row["cancellations"] or ()),
        request=CancellationRequest(requested_at, row["why"]) if requested_at else None,
        parcels=tuple(Parcel._make((*parcel[:8], dict(parcel[8]))) for parcel in row["parcels"] or ()),
        buyer=None
        if buyer_name is None
        else Buyer(row["buyer_id"], buyer_name, alias(home.marketplace_id, key.seller_id, row["buyer_id"])),
        ship_to=address.from_document(row["ship_to"]) if row["ship_to"] is not None else None,
    )
