"""What the files of orders are made of: the lines of one seller's released orders, with where they go (A38, A39).

A Pending order is in no file (A6, A7), and neither is one that is canceled as a whole: it goes nowhere.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from tradepost.address import Address
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refused
from tradepost.reports.order_details import WITH_ADDRESS


class ReleasedLine(NamedTuple):
    """One line of a released order; money in minor units of `currency`."""

    order_id: str
    item_id: str
    marketplace_id: str
    buyer_id: str
    buyer_name: str
    placed_at: datetime
    approved_at: datetime
    released_at: datetime
    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    service: str
    currency: str
    sku: str
    title: str
    unit_price: int
    quantity: int
    shipped: int
    canceled: int
    cancellation_requested_at: datetime | None
    why: str  # the buyer's words with that request
    seller_id: str
    ship_to: Address
    policy: Policy

    @property
    def left(self) -> int:
        """Units that are neither shipped nor canceled."""
        return self.quantity - self.shipped - self.canceled

    @property
    def buyer_email(self) -> str:
        """The name under which this seller knows the buyer; see `alias`."""
        return alias(self.marketplace_id, self.seller_id, self.buyer_id)


async def released_lines(
    tx: Transaction, seller_id: str, since: datetime | None, until: datetime | None
) -> AsyncIterator[list[ReleasedLine]]:
    """Pages of lines whose orders were released from `since` on and before `until`, in the order of their release.

    Lines that are canceled as a whole are left out. Raises Refused for a seller who may not have files.
    """
    await home_of(tx, seller_id)
    async for page in tx.cursor(RELEASED, seller_id, WITH_ADDRESS, since, until, Act.REQUEST_CANCELLATION):
        of_policy = await policies.of(tx, {(row["marketplace_id"], row["policy_version"]) for row in page})
        yield [
            ReleasedLine._make(
                (*row[:_OTHERS], Address(*row[-_PARTS:]), of_policy[row["marketplace_id"], row["policy_version"]])
            )
            for row in page
        ]


RELEASED = f"""
SELECT released.*,
       {", ".join(f"coalesce(ship_to ->> '{field.name}', '') AS {field.name}" for field in fields(Address))}
  FROM (SELECT o.order_id, l.item_id, o.marketplace_id, o.buyer_id, coalesce(b.name, '') AS buyer_name, o.placed_at,
               o.approved_at, o.released_at, o.ship_earliest, o.ship_latest, o.deliver_earliest, o.deliver_latest,
               o.service, o.currency, l.sku, l.title, l.unit_price, l.quantity, l.shipped, l.canceled,
               o.cancellation_requested_at,
               CASE WHEN o.cancellation_requested_at IS NULL THEN '' ELSE coalesce(
                   (SELECT e.detail ->> 'why' FROM order_events e
                     WHERE e.seller_id = o.seller_id AND e.order_id = o.order_id AND e.act = $5), '') END AS why,
               o.seller_id, o.policy_version, o.ship_to
          FROM orders o
          JOIN order_lines l USING (seller_id, order_id)
          LEFT JOIN buyers b USING (buyer_id)
         WHERE o.seller_id = $1
           AND o.state = ANY($2)
           AND ($3::timestamptz IS NULL OR o.released_at >= $3)
           AND ($4::timestamptz IS NULL OR o.released_at < $4)
           AND l.canceled < l.quantity
         ORDER BY o.released_at, o.order_id, l.line_no) AS released
"""  # noqa: S608
"""The lines of the orders of seller $1 that are in states $2, all of them `WITH_ADDRESS`; $3 and $4 are the window, $5
is REQUEST_CANCELLATION. The parts of the address come last."""

WORDS = (
    "buyer_name", "sku", "title", "name", "line1", "line2", "line3", "city", "state", "postal_code", "country", "phone",
)  # fmt: skip
"""What people wrote of it; see `cells_in_sql.file_of`."""

_OTHERS = ReleasedLine._fields.index("ship_to")
_PARTS = len(fields(Address))


def alias(marketplace_id: str, seller_id: str, buyer_id: str) -> str:
    """The mail address under which one seller knows one buyer: always the same one, and another for every seller.

    The buyer's own never leaves. This one ends in .invalid, so that no mail server delivers to it by accident.
    """
    digest = sha256(f"{len(seller_id)}:{seller_id}{buyer_id}".encode()).hexdigest()
    return f"{digest[:20]}@{domain(marketplace_id)}"


ALIAS = """left(encode(sha256(convert_to(length($1)::text || ':' || $1 || buyer_id, 'UTF8')), 'hex'), 20)
    || '@' || ($6::jsonb ->> marketplace_id)"""
"""The same in the statement of a file; $1 is the seller, $6 are the domains by marketplace."""


def domain(marketplace_id: str) -> str:
    """The marketplace as a host that there is not."""
    return f"{re.sub('[^a-z0-9]+', '-', marketplace_id.lower()).strip('-') or 'market'}.marketplace.invalid"


class Home(NamedTuple):
    """Where a seller sells: the zone of the marketplace as it is now; and the domains of all marketplaces by id."""

    zone: str
    domains: dict[str, str]


async def home_of(tx: Transaction, seller_id: str) -> Home:
    """Where a seller sells who may have files. Raises Refused for one who may not, and when there is none."""
    seller = (await people.sellers(tx, [seller_id])).get(seller_id)
    if seller is None:
        raise Refused(Reason.SELLER_NOT_FOUND, seller=seller_id)
    version_of = {market.marketplace_id: market.policy_version for market in await people.marketplaces(tx)}
    version = (seller.marketplace_id, version_of[seller.marketplace_id])
    policy = (await policies.of(tx, [version]))[version]
    if not (seller.professional or policy.individual_reports):
        raise Refused(Reason.PROFESSIONAL_PLAN_NEEDED)
    return Home(policy.zone, {marketplace_id: domain(marketplace_id) for marketplace_id in version_of})
