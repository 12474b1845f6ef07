"""A seller's inventory: listing offers, their stock, and whether they are on sale. Many at once, each for itself."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Response, get, patch, post, put
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Raw, Struct

from tradepost.doors.http import problems
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction
from tradepost.listings import offers
from tradepost.listings.records import Listing, OfferKey
from tradepost.refusals import Refusal
from tradepost.reports import inventory
from tradepost.reports.inventory import OfferStatus

MOST_AT_ONCE = 500

Search = Annotated[str | None, QueryParameter(description="Only offers with this text in their SKU or title.")]
Status = Annotated[OfferStatus | None, QueryParameter(description="Only offers in this status.")]


class InventoryOffer(Struct, frozen=True):
    """An offer; `price` in minor units of `currency`. What open orders hold is not `available`.

    Without `handling_days` those of the account count.
    """

    sku: str
    product_id: str
    title: str
    price: int
    currency: str
    available: int
    status: OfferStatus
    handling_days: int | None
    listed_at: datetime
    updated_at: datetime


class InventoryPage(Struct, frozen=True):
    """Some offers, by SKU. `next` is the `after` of the page that follows; null: these were the last.

    A page may hold fewer offers than were asked for, even none, although others follow.
    """

    items: list[InventoryOffer]
    next: str | None


class OfferToList(Struct, frozen=True, forbid_unknown_fields=True):
    """What to list under a SKU; `price` in minor units of the marketplace's currency."""

    sku: str
    product_id: Annotated[str, Meta(min_length=1, max_length=200)]
    title: str
    price: int
    quantity: int
    handling_days: int | None = None


class OffersToList(Struct, frozen=True, forbid_unknown_fields=True):
    """Offers to list, new ones and known ones."""

    offers: Annotated[list[OfferToList], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Stock(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of an offer is available, without what open orders hold."""

    sku: str
    quantity: int


class Stocks(Struct, frozen=True, forbid_unknown_fields=True):
    """The stock of offers."""

    offers: Annotated[list[Stock], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Skus(Struct, frozen=True, forbid_unknown_fields=True):
    """Offers by their SKUs."""

    skus: Annotated[list[str], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class OutcomeOfOffer(Struct, frozen=True):
    """What became of one offer of many: `problem` is null, or the problem document of its refusal."""

    sku: str
    problem: Raw | None


class OutcomesOfOffers(Struct, frozen=True):
    """The outcomes, in the order of the offers; `done` counts those without a problem."""

    done: int
    items: list[OutcomeOfOffer]


class _Place(NamedTuple):
    sku: str


_ENCODER = msgspec.json.Encoder()

Work = Callable[[Transaction], Awaitable[list[Refusal | None]]]


@get("/offers", summary="Manage Inventory")
async def list_inventory(
    who: Who, desk: TheDesk, search: Search = None, status: Status = None, after: After = None, limit: Limit = 50
) -> InventoryPage:
    """All offers by SKU, the sold-out and the closed too."""
    place = uncursor(after, _Place)
    sku = place.sku if place else None
    async with desk.database.transaction() as tx:
        page = await inventory.inventory(tx, who.subject, search=search, status=status, after=sku, size=limit)
    items = [shown(InventoryOffer, offer) for offer in page.offers]
    return InventoryPage(items, cursor(None if page.after is None else _Place(page.after)))


@put("/offers", summary="List offers")
async def list_offers(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[OffersToList]
) -> Response[OutcomesOfOffers]:
    """List offers, or list them again: price, title and stock are set anew, and the offer is open. Each is done or
    refused for itself; of several of one SKU the last one counts."""
    listings = [
        Listing(who.subject, one.sku, one.product_id, one.title, one.price, one.quantity, one.handling_days)
        for one in data.offers
    ]
    skus = [one.sku for one in data.offers]
    return await _do(desk, skus, lambda tx: offers.list_offers(tx, listings, tx.now), language, once)


@patch("/offers/stock", summary="Set the stock of offers")
async def set_stock(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Stocks]
) -> Response[OutcomesOfOffers]:
    """Set what is available; what open orders hold is not part of it. Each is done or refused for itself."""
    quantities = [(who.subject, one.sku, one.quantity) for one in data.offers]
    skus = [one.sku for one in data.offers]
    return await _do(desk, skus, lambda tx: offers.set_stock(tx, quantities, tx.now), language, once)


@post("/offers/close", status_code=200, summary="Take offers off sale")
async def close_offers(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Skus]
) -> Response[OutcomesOfOffers]:
    """Take offers off sale; stock that comes back does not open them again. Each is done or refused for itself."""
    keys = [OfferKey(who.subject, sku) for sku in data.skus]
    return await _do(desk, data.skus, lambda tx: offers.close_offers(tx, keys, tx.now), language, once)


@post("/offers/open", status_code=200, summary="Put closed offers on sale again")
async def open_offers(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Skus]
) -> Response[OutcomesOfOffers]:
    """Put closed offers on sale again. Each is done or refused for itself."""
    keys = [OfferKey(who.subject, sku) for sku in data.skus]
    return await _do(desk, data.skus, lambda tx: offers.open_offers(tx, keys, tx.now), language, once)


async def _do(
    desk: Desk, skus: Sequence[str], room: Work, language: str, once: Once | None
) -> Response[OutcomesOfOffers]:
    async def work(tx: Transaction) -> Answer:
        outcomes = await room(tx)
        items = [OutcomeOfOffer(sku, _problem(one, language)) for sku, one in zip(skus, outcomes, strict=True)]
        return Answer(200, _ENCODER.encode(OutcomesOfOffers(outcomes.count(None), items)))

    return sent(await desk.alone(work, language, once))


def _problem(outcome: Refusal | None, language: str) -> Raw | None:
    return Raw(problems.refused(outcome, language).body) if outcome else None


OFFERS: list[Any] = [list_inventory, list_offers, set_stock, close_offers, open_offers]
