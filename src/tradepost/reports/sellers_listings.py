"""A seller's listings as the seller API shows them: what was put, and what the offer says by now."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.listings.items import attributes as of_attributes
from tradepost.listings.items.issues import Issue, missing
from tradepost.listings.items.submissions import facts_of
from tradepost.listings.records import Offer
from tradepost.people.records import Marketplace
from tradepost.refusals import Reason, Refused


class Status(StrEnum):
    """Whether shoppers find a listing, and whether there is something to buy."""

    BUYABLE = "BUYABLE"
    DISCOVERABLE = "DISCOVERABLE"


class ListedItem(NamedTuple):
    """A listing; `offer` is None until it has a title and a price."""

    sku: str
    marketplace: Marketplace
    product_id: str
    product_type: str
    put: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    offer: Offer | None

    @property
    def status(self) -> list[Status]:
        """What shoppers can do with it."""
        if self.offer is None or self.offer.closed:
            return []
        return [Status.BUYABLE, Status.DISCOVERABLE] if self.offer.on_sale else [Status.DISCOVERABLE]

    @property
    def attributes(self) -> dict[str, Any]:
        """What is known of it: what was put, and what its offer says by now."""
        facts, closed = facts_of(self.offer, self.product_id), self.offer is None or self.offer.closed
        return of_attributes.shown(self.put, facts, self.marketplace, closed=closed)

    @property
    def title(self) -> str | None:
        """What it is called."""
        return self.offer.title if self.offer else self._said.title

    @property
    def condition(self) -> str:
        """In which condition it is sold; new, if nobody said."""
        return self._said.condition or of_attributes.CONDITIONS[0]

    @property
    def _said(self) -> of_attributes.Said:
        return of_attributes.read(self.put or {}, self.marketplace)[0]

    @property
    def issues(self) -> list[Issue]:
        """What keeps it from being sold, as far as its seller can do something about it."""
        return [missing(of_attributes.OFFER)] if self.offer is None else []


async def listing(tx: Transaction, seller_id: str, sku: str) -> ListedItem:
    """One listing; refuses one that its seller never listed, or deleted."""
    row = None
    if storable((seller_id, sku)):
        statement = f"SELECT {SELECTED} FROM listings l {BESIDE} WHERE l.seller_id = $1 AND l.sku = $2"  # noqa: S608
        row = await tx.row(f"{statement} AND NOT l.deleted", seller_id, sku)
    if row is None:
        raise Refused(Reason.OFFER_NOT_FOUND, sku=sku)
    return item_of(row)


BESIDE = """
  LEFT JOIN offers o USING (seller_id, sku)
  JOIN sellers s USING (seller_id)
  JOIN marketplaces m USING (marketplace_id)"""
SELECTED = """l.sku, m.marketplace_id, m.name, m.country, m.currency, m.locale, m.policy_version,
       l.product_id, l.product_type, l.attributes, l.created_at, l.updated_at,
       o.seller_id, o.sku, o.product_id, o.title, o.price, o.available, o.closed, o.handling_days"""
"""What a statement selects first of the listings `l` that it shows, with BESIDE beside them."""


def item_of(row: Any) -> ListedItem:
    """The listing of a row that begins with SELECTED."""
    offer = Offer(*row[12:20]) if row[12] is not None else None
    return ListedItem._make((row[0], Marketplace(*row[1:7]), *row[7:12], offer))
