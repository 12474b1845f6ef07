"""What the files of orders are made of: the lines of one seller's released orders, with where they go (A38, A39).

A Pending order is in no file (A6, A7), and neither is one that is canceled as a whole: it goes nowhere.
"""

import re
from base64 import b32encode
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from tradepost import address
from tradepost.address import Address
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, State
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
    tx: Transaction,
    seller_id: str,
    since: datetime | None,
    until: datetime | None,
    *,
    states: Collection[State] = WITH_ADDRESS,
) -> AsyncIterator[list[ReleasedLine]]:
    """Pages of lines whose orders were released from `since` on and before `until`, in the order of their release.

    Lines that are canceled as a whole are left out. Raises Refused for a seller who may not have files.
    """
    await _check_seller(tx, seller_id)
    async for page in tx.cursor(
        """
        SELECT o.order_id, l.item_id, o.marketplace_id, o.buyer_id, coalesce(b.name, ''), o.placed_at, o.approved_at,
               o.released_at, o.ship_earliest, o.ship_latest, o.deliver_earliest, o.deliver_latest, o.service,
               o.currency, l.sku, l.title, l.unit_price, l.quantity, l.shipped, l.canceled,
               o.cancellation_requested_at,
               CASE WHEN o.cancellation_requested_at IS NULL THEN '' ELSE coalesce(
                   (SELECT e.detail ->> 'why' FROM order_events e
                     WHERE e.seller_id = o.seller_id AND e.order_id = o.order_id AND e.act = $5), '') END,
               o.seller_id, o.ship_to, o.policy_version
          FROM orders o
          JOIN order_lines l USING (seller_id, order_id)
          LEFT JOIN buyers b USING (buyer_id)
         WHERE o.seller_id = $1
           AND o.state = ANY($2)
           AND ($3::timestamptz IS NULL OR o.released_at >= $3)
           AND ($4::timestamptz IS NULL OR o.released_at < $4)
           AND l.canceled < l.quantity
         ORDER BY o.released_at, o.order_id, l.line_no
        """,
        seller_id, sorted(set(states) & set(WITH_ADDRESS)), since, until, Act.REQUEST_CANCELLATION,
    ):  # fmt: skip
        of_policy = await policies.of(tx, {(row["marketplace_id"], row["policy_version"]) for row in page})
        yield [
            ReleasedLine._make(
                (*row[:-2], address.from_document(row["ship_to"]), of_policy[row["marketplace_id"], row[-1]])
            )
            for row in page
        ]


def alias(marketplace_id: str, seller_id: str, buyer_id: str) -> str:
    """The mail address under which one seller knows one buyer: always the same one, and another for every seller.

    The buyer's own never leaves. This one ends in .invalid, so that no mail server delivers to it by accident.
    """
    digest = sha256(f"{len(seller_id)}:{seller_id}{buyer_id}".encode()).digest()
    return f"{b32encode(digest)[:16].decode().lower()}@{domain(marketplace_id)}"


def domain(marketplace_id: str) -> str:
    """The marketplace as a host that there is not."""
    return f"{re.sub('[^a-z0-9]+', '-', marketplace_id.lower()).strip('-') or 'market'}.marketplace.invalid"


async def _check_seller(tx: Transaction, seller_id: str) -> None:
    seller = (await people.sellers(tx, [seller_id])).get(seller_id)
    if seller is None:
        raise Refused(Reason.SELLER_NOT_FOUND, seller=seller_id)
    if seller.professional:
        return
    (version,) = [
        (market.marketplace_id, market.policy_version)
        for market in await people.marketplaces(tx)
        if market.marketplace_id == seller.marketplace_id
    ]
    if not (await policies.of(tx, [version]))[version].individual_reports:
        raise Refused(Reason.PROFESSIONAL_PLAN_NEEDED)
