"""What is on sale: offers by words, of one product, and one by itself.

Whoever may buy may look, and so may those who run the marketplace; a seller's tools have the seller's own door.
"""

from datetime import datetime
from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.requests import text
from tradepost.doors.http.routes import TheDesk, Who, cursor, uncursor
from tradepost.doors.http.shown import shown
from tradepost.refusals import Reason, Refused
from tradepost.reports import offers_on_sale
from tradepost.reports.offers_on_sale import AfterOffer, AfterPrice, OfferOnSale, Page

Service = Annotated[str, QueryParameter(description="The delivery service that the delivery window is told for.")]
Search = Annotated[
    str | None,
    QueryParameter(description="Words of the title, in any order; of the last one its beginning is enough."),
]
Product = Annotated[str | None, QueryParameter(description="Only the offers of this product, the cheapest first.")]


class Offer(Struct, frozen=True):
    """An offer that can be bought now.

    `price` is in minor units of `currency`; `available` is 10 where there are more. The delivery window is that of an
    order placed now.
    """

    seller_id: str
    seller_name: str
    sku: str
    product_id: str
    title: str
    price: int
    currency: str
    available: int
    marketplace_id: str
    handling_days: int
    estimated_delivery_from: datetime
    estimated_delivery_by: datetime


class OfferPage(Struct, frozen=True):
    """Some offers. `next` is what `after` has to be for the page that follows; null: these were the last ones.

    A page may hold fewer offers than were asked for, even none, although others follow.
    """

    items: list[Offer]
    next: str | None


@get("/offers", summary="Browse offers")
async def browse(
    who: Who,
    desk: TheDesk,
    search: Search = None,
    product: Product = None,
    service: Service = "Standard",
    after: After = None,
    limit: Limit = 50,
) -> OfferPage:
    """The offers on sale: all, those with all these words in their title, or those of one product."""
    if product is not None and search is not None:
        problem = "a product is asked for by its id, without `search`"
        raise Refused(Reason.INVALID_VALUE, field="product", problem=problem)
    if product is not None:
        return await _of_product(desk, product, service, after, limit)
    words = None if search is None else text("search", search)
    place = uncursor(after, AfterOffer)
    async with desk.database.transaction() as tx:
        return _page(await offers_on_sale.browse(tx, tx.now, words=words, after=place, size=limit, service=service))


@get("/products/{product_id:str}/offers", summary="Who sells a product")
async def sellers_of_product(
    who: Who,
    desk: TheDesk,
    product_id: FromPath[str],
    service: Service = "Standard",
    after: After = None,
    limit: Limit = 50,
) -> OfferPage:
    """The offers of one product that can be bought now, the cheapest first. Of a product that nobody sells, none.

    A product id with a slash in it goes into `product` of /api/v1/offers.
    """
    return await _of_product(desk, product_id, service, after, limit)


# A SKU is the seller's own text, and may hold a slash.
@get("/offers/{seller_id:str}/{sku:path}", summary="Look at an offer")
async def look_at_offer(
    who: Who, desk: TheDesk, seller_id: FromPath[str], sku: FromPath[str], service: Service = "Standard"
) -> Offer:
    """One offer that can be bought now."""
    sku = sku.removeprefix("/")
    async with desk.database.transaction() as tx:
        offer = await offers_on_sale.offer_on_sale(tx, seller_id, sku, tx.now, service=service)
    if offer is None:
        raise Refused(Reason.OFFER_NOT_FOUND, sku=sku)
    return _offer(offer)


async def _of_product(desk: TheDesk, product_id: str, service: str, after: str | None, limit: int) -> OfferPage:
    place = uncursor(after, AfterPrice)
    async with desk.database.transaction() as tx:
        return _page(
            await offers_on_sale.sellers_of_product(tx, product_id, tx.now, after=place, size=limit, service=service)
        )


def _page(page: Page) -> OfferPage:
    return OfferPage([_offer(offer) for offer in page.offers], cursor(page.after))


def _offer(offer: OfferOnSale) -> Offer:
    return shown(
        Offer, offer, estimated_delivery_from=offer.deliver_earliest, estimated_delivery_by=offer.deliver_latest
    )


BROWSING: list[Any] = [browse, sellers_of_product, look_at_offer]
