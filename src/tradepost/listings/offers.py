"""Offers: what sellers list, how much of it is there, and whether it is on sale (A3 to A5, A34).

Whatever a seller says of an offer is written of its listing too, which is locked first (items/records.py).
"""

from collections.abc import Sequence
from datetime import datetime
from unicodedata import category

from tradepost.ground.database import Transaction, storable
from tradepost.listings import product_ids, records
from tradepost.listings.items import records as items
from tradepost.listings.records import Listing, OfferKey
from tradepost.money import MOST_MINOR_UNITS
from tradepost.people import records as people
from tradepost.refusals import NOT_TEXT, Reason, Refusal

MOST_STOCK = 1_000_000_000
MOST_SKU, MOST_TITLE = 200, 500  # characters
MOST_HANDLING_DAYS = 60


async def list_offers(tx: Transaction, listings: Sequence[Listing], at: datetime) -> list[Refusal | None]:
    """List offers, or list them again: quantity, price and title are set anew, and the offer is opened unless it is to
    be closed.

    Outcomes in the order of the listings; None: listed. Of several listings of one SKU the last one counts.
    """
    sellers = await people.sellers(tx, {listing.seller_id for listing in listings})
    outcomes = [_problem(listing, listing.seller_id in sellers) for listing in listings]
    good = {
        OfferKey(listing.seller_id, listing.sku): listing
        for listing, problem in zip(listings, outcomes, strict=True)
        if problem is None
    }
    if good:
        await items.enter(tx, [(*key, listing.product_id) for key, listing in good.items()], at)
        known = await records.lock(tx, good)
        await records.put(tx, list(good.values()), known, at)
    return outcomes


async def set_stock(tx: Transaction, quantities: Sequence[tuple[str, str, int]], at: datetime) -> list[Refusal | None]:
    """Set what is available of offers, as (seller, SKU, quantity); what open orders hold is not part of it."""
    outcomes = [
        None if 0 <= quantity <= MOST_STOCK else _invalid("quantity", f"it must be from 0 to {MOST_STOCK}")
        for _, _, quantity in quantities
    ]
    good = {
        OfferKey(seller_id, sku): quantity
        for (seller_id, sku, quantity), problem in zip(quantities, outcomes, strict=True)
        if problem is None
    }
    await items.touch(tx, good, at)
    found = await records.lock(tx, good)
    if found:
        await records.set_available(tx, {key: good[key] for key in found}, found, at)
    return [
        problem or (None if (seller_id, sku) in found else Refusal(Reason.OFFER_NOT_FOUND, {"sku": sku}))
        for (seller_id, sku, _), problem in zip(quantities, outcomes, strict=True)
    ]


async def close_offers(tx: Transaction, keys: Sequence[OfferKey], at: datetime) -> list[Refusal | None]:
    """Take offers off sale; stock that comes back does not open them again."""
    return await _set_closed(tx, keys, True, at)


async def open_offers(tx: Transaction, keys: Sequence[OfferKey], at: datetime) -> list[Refusal | None]:
    """Put closed offers on sale again."""
    return await _set_closed(tx, keys, False, at)


async def _set_closed(tx: Transaction, keys: Sequence[OfferKey], closed: bool, at: datetime) -> list[Refusal | None]:
    await items.touch(tx, keys, at, opened=not closed)
    found = await records.lock(tx, keys)
    if found:
        await records.set_closed(tx, found.keys(), closed, at)
    return [None if key in found else Refusal(Reason.OFFER_NOT_FOUND, {"sku": key.sku}) for key in keys]


def _problem(listing: Listing, seller_exists: bool) -> Refusal | None:
    if not seller_exists:
        return Refusal(Reason.SELLER_NOT_FOUND, {"seller": listing.seller_id})
    if not is_line(listing.sku, MOST_SKU):
        return _invalid("sku", f"it needs 1 to {MOST_SKU} characters in one line")
    if not storable(listing.product_id):
        return _invalid("product", NOT_TEXT)
    if product_ids.is_anothers(listing.product_id, listing.seller_id):
        return _invalid("product", product_ids.ANOTHERS)
    if not is_line(listing.title, MOST_TITLE):
        return _invalid("title", f"it needs 1 to {MOST_TITLE} characters in one line")
    if not 0 <= listing.price <= MOST_MINOR_UNITS:
        return _invalid("price", f"it must be from 0 to {MOST_MINOR_UNITS} minor units")
    if not 0 <= listing.quantity <= MOST_STOCK:
        return _invalid("quantity", f"it must be from 0 to {MOST_STOCK}")
    if listing.handling_days is not None and not 0 <= listing.handling_days <= MOST_HANDLING_DAYS:
        return _invalid("handling days", f"they must be from 0 to {MOST_HANDLING_DAYS}")
    return None


def is_line(text: str, most: int) -> bool:
    """Whether the text is a line that every file can hold. Odd spaces and joined emoji may be in it, as in life."""
    return 0 < len(text) <= most and not any(category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text)


def _invalid(field: str, problem: str) -> Refusal:
    return Refusal(Reason.INVALID_VALUE, {"field": field, "problem": problem})
