"""What sellers submit of their listings: put one, patch it, delete it (A3, A5).

A listing has an offer as soon as it has a title and a price. Taking the price away closes the offer, and so does
deleting the listing; orders keep what they have. A quantity is what is for sale: what orders took is not part of it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.listings import offers, product_ids
from tradepost.listings import records as offer_records
from tradepost.listings.items import attributes as of_attributes
from tradepost.listings.items import limits, records
from tradepost.listings.items.attributes import ASIN, ITEM_NAME, OFFER, SALES_TERMS, Said, Stock
from tradepost.listings.items.issues import Issue, Severity, invalid, missing, not_listed
from tradepost.listings.items.patches import Patch, patched
from tradepost.listings.items.records import PRODUCT, Item
from tradepost.listings.records import Listing, Offer, OfferKey
from tradepost.people import records as people
from tradepost.people.records import Marketplace
from tradepost.refusals import NOT_TEXT, Reason, Refusal, Refused

MOST_TYPE = 200  # characters of a product type


class Requirements(StrEnum):
    """What a listing is put with: all of it, its sales terms alone, or the product's facts alone; the rest stays."""

    LISTING = "LISTING"
    OFFER_ONLY = "LISTING_OFFER_ONLY"
    PRODUCT_ONLY = "LISTING_PRODUCT_ONLY"


class Whole(NamedTuple):
    """A listing that is put, new or known."""

    product_type: str
    attributes: dict[str, Any]
    requirements: Requirements = Requirements.LISTING


class Changes(NamedTuple):
    """Patches of a listing; a product type other than PRODUCT becomes the listing's."""

    product_type: str
    patches: Sequence[Patch]


class Deletion(NamedTuple):
    """A listing is to be no more."""


class Submission(NamedTuple):
    """What to do with the listing of a SKU; `preview` only says what would become of it."""

    key: OfferKey
    at: datetime
    wish: Whole | Changes | Deletion
    preview: bool = False


class Submitted(NamedTuple):
    """What became of a submission: without an error among its issues, it was accepted."""

    issues: Sequence[Issue]
    product_id: str | None

    @property
    def valid(self) -> bool:
        """Whether nothing stood in the way."""
        return not any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(slots=True)
class _Listed:
    """A listing while a batch works on it."""

    market: Marketplace
    item: Item | None
    offer: Offer | None
    changed: bool = False

    @property
    def there(self) -> bool:
        return self.item is not None and not self.item.deleted

    def shown(self) -> dict[str, Any]:
        """Its attributes as it stands; none where there is no such listing."""
        if self.item is None or self.item.deleted:
            return {}
        facts, closed = facts_of(self.offer, self.item.product_id), self.offer is None or self.offer.closed
        return of_attributes.shown(self.item.attributes, facts, self.market, closed=closed)


async def submit(tx: Transaction, submissions: Sequence[Submission]) -> list[Submitted | Refusal]:
    """Do what was submitted, one after the other. Outcomes in the order of the submissions; a refusal is for what
    cannot be read as one, and issues say what is wrong with a listing."""
    listed = await _lock(tx, {submission.key for submission in submissions})
    titles = await offer_records.titles_of(tx, set(_products(submissions, listed)))
    outcomes: list[Submitted | Refusal] = []
    for submission in submissions:
        try:
            outcomes.append(_submit(listed.get(submission.key), submission, titles))
        except Refused as no:
            outcomes.append(no.refusal)
    if submissions:
        await _write(tx, listed, submissions[-1].at)
    return outcomes


def facts_of(offer: Offer | None, product_id: str) -> Said:
    """What an offer says, as its listing's attributes would."""
    if offer is None:
        return Said(None, None, None, None, product_id)
    return Said(offer.title, offer.price, Stock(offer.available, offer.handling_days), None, offer.product_id)


async def _lock(tx: Transaction, keys: Collection[OfferKey]) -> dict[OfferKey, _Listed]:
    """The listings of these keys, and places for new ones; those of no seller are missing."""
    sellers = await people.sellers(tx, {key.seller_id for key in keys if storable(key.seller_id)})
    markets = {market.marketplace_id: market for market in await people.marketplaces(tx)}
    items = await records.lock(tx, keys)
    found = await offer_records.lock(tx, keys)
    return {
        key: _Listed(markets[sellers[key.seller_id].marketplace_id], items.get(key), found.get(key))
        for key in keys
        if key.seller_id in sellers
    }


def _products(submissions: Sequence[Submission], listed: dict[OfferKey, _Listed]) -> Iterable[str]:
    """The products that are only offered, by somebody who need not say what they are called."""
    for submission in submissions:
        place = listed.get(submission.key)
        wish = submission.wish
        if not place or not isinstance(wish, Whole) or wish.requirements is not Requirements.OFFER_ONLY:
            continue
        if limits.problem_of(wish.attributes) is None:
            product_id = of_attributes.read(wish.attributes, place.market)[0].product_id
            if product_id is not None and not product_ids.is_of_sku(product_id):
                yield product_id


def _submit(listed: _Listed | None, submission: Submission, titles: dict[str, str]) -> Submitted:
    key, wish = submission.key, submission.wish
    if listed is None:
        raise Refused(Reason.SELLER_NOT_FOUND, seller=key.seller_id)
    match wish:
        case Whole():
            return _put(listed, submission, wish, titles)
        case _ if not listed.there:
            return Submitted([not_listed(key.sku)], None)
        case Changes():
            return _patch(listed, submission, wish)
    return _delete(listed)


def _put(listed: _Listed, submission: Submission, wish: Whole, titles: dict[str, str]) -> Submitted:
    if not offers.is_line(submission.key.sku, offers.MOST_SKU):
        problem = f"it needs 1 to {offers.MOST_SKU} characters in one line"
        raise Refused(Reason.INVALID_VALUE, field="sku", problem=problem)
    attributes, before = dict(wish.attributes), listed.shown()
    if wish.requirements is Requirements.OFFER_ONLY:
        attributes = {name: said for name, said in before.items() if name not in SALES_TERMS} | attributes
    elif wish.requirements is Requirements.PRODUCT_ONLY:
        attributes = {name: said for name, said in before.items() if name in SALES_TERMS} | attributes
    _check(wish.product_type, attributes)
    said, issues = of_attributes.read(attributes, listed.market)
    if wish.requirements is not Requirements.PRODUCT_ONLY and OFFER not in attributes:
        issues.append(missing(OFFER))
    if wish.requirements is Requirements.OFFER_ONLY and said.product_id is None and not listed.there:
        issues.append(missing(ASIN))
    if said.title is None:
        said = said._replace(title=titles.get(said.product_id or ""))
    closed = wish.requirements is Requirements.PRODUCT_ONLY and listed.offer is not None and listed.offer.closed
    return _settle(listed, submission, wish.product_type, attributes, (said, issues), closed=closed)


def _patch(listed: _Listed, submission: Submission, wish: Changes) -> Submitted:
    before = listed.shown()
    attributes = patched(before, wish.patches, listed.market)
    _check(wish.product_type, attributes)
    assert listed.item
    product_type = listed.item.product_type if wish.product_type == PRODUCT else wish.product_type
    read = of_attributes.read(attributes, listed.market)
    # Who gives a closed offer a new price leaves it closed; who gives one to a listing without any puts it on sale.
    closed = OFFER in before and listed.offer is not None and listed.offer.closed
    return _settle(listed, submission, product_type, attributes, read, closed=closed)


def _settle(
    listed: _Listed,
    submission: Submission,
    product_type: str,
    attributes: dict[str, Any],
    read: tuple[Said, list[Issue]],
    *,
    closed: bool,
) -> Submitted:
    """Make a listing what its attributes say, unless something is wrong with them or it is only a preview."""
    (said, issues), key = read, submission.key
    if said.title is None and ITEM_NAME not in {issue.attribute for issue in issues}:
        issues.append(missing(ITEM_NAME))
    if said.price is None and OFFER in attributes and OFFER not in {issue.attribute for issue in issues}:
        issues.append(invalid(OFFER, "it needs our_price with a schedule and its value_with_tax"))
    known = listed.item.product_id if listed.item and listed.there else None
    product_id = said.product_id or known or product_ids.of_sku(*key)
    if product_ids.is_anothers(product_id, key.seller_id):
        issues.append(invalid(ASIN, product_ids.ANOTHERS))
    outcome = Submitted(issues, product_id)
    if not outcome.valid or submission.preview:
        return outcome
    assert said.title is not None
    stock = said.stock or Stock()
    price = listed.offer.price if said.price is None and listed.offer else said.price
    listed.item = Item(key, product_id, product_type, attributes, False)
    listed.changed = True
    if price is not None:
        listed.offer = Offer(
            *key, product_id, said.title, price, stock.quantity, closed or said.price is None, stock.handling_days
        )
    return outcome


def _delete(listed: _Listed) -> Submitted:
    assert listed.item
    listed.item, listed.changed = listed.item._replace(deleted=True), True
    if listed.offer:
        listed.offer.closed = True
    return Submitted([], listed.item.product_id)


def _check(product_type: str, attributes: dict[str, Any]) -> None:
    if not offers.is_line(product_type, MOST_TYPE):
        problem = f"it needs 1 to {MOST_TYPE} characters in one line"
        raise Refused(Reason.INVALID_VALUE, field="productType", problem=problem)
    if too_much := limits.problem_of(attributes):
        raise Refused(Reason.INVALID_VALUE, field="attributes", problem=too_much)
    if not storable(attributes):
        raise Refused(Reason.INVALID_VALUE, field="attributes", problem=NOT_TEXT)


async def _write(tx: Transaction, listed: dict[OfferKey, _Listed], at: datetime) -> None:
    changed = [one for one in listed.values() if one.changed]
    if not changed:
        return
    items = [one.item for one in changed if one.item]
    await records.enter(tx, [(*item.key, item.product_id) for item in items], at)
    refused = await offers.list_offers(
        tx,
        [
            Listing(of.seller_id, of.sku, of.product_id, of.title, of.price, of.available, of.handling_days, of.closed)
            for one in changed
            if (of := one.offer)
        ],
        at,
    )
    assert set(refused) <= {None}, refused
    await records.describe(tx, items)
