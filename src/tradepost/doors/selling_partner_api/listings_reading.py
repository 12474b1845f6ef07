"""Listings Items 2021-08-01: one listing, and a search among all that a seller has (A3, A5)."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api import page_tokens
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query
from tradepost.doors.selling_partner_api.listings_asked import ITEM, ITEMS, check_seller, key_of, market_of
from tradepost.doors.selling_partner_api.listings_wire import INCLUDED, Item, item_of
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.clock import machine_now
from tradepost.listings import product_ids
from tradepost.listings.items.issues import Severity
from tradepost.refusals import Reason, Refused
from tradepost.reports import listings_search, sellers_listings
from tradepost.reports.listings_search import MOST_IDENTIFIERS, MOST_ON_PAGE, Place, Search, SortBy, Span
from tradepost.reports.sellers_listings import Status

USUAL_PAGE = 10
TYPES = ("ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
_RELATIVES = ("variationParentSku", "packageHierarchySku")  # no listing has any here


class Pagination(Struct, frozen=True, rename="camel"):
    """The tokens of the pages after and before this one."""

    next_token: str | UnsetType
    previous_token: str | UnsetType


class SearchResults(Struct, frozen=True, rename="camel"):
    """A page of listings, and how many were found, up to as many as can be paged through."""

    number_of_results: int
    pagination: Pagination | UnsetType
    items: list[Item]


@get(ITEM, opt=operation("getListingsItem", 5, 10))
async def get_listings_item(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, seller_id: FromPath[str]
) -> Response[bytes]:
    """One listing."""
    key, query = key_of(request, partner, seller_id), Query(request)
    included = query.choices("includedData", INCLUDED) or ["summaries"]
    async with desk.database.transaction() as tx:
        market = await market_of(tx, query, partner)
        listed = await sellers_listings.listing(tx, *key)
    return sent(request, item_of(listed, included, market.language))


@get(ITEMS, opt=operation("searchListingsItems", 5, 5))
async def search_listings_items(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, seller_id: FromPath[str]
) -> Response[bytes]:
    """A page of the listings that were searched for."""
    check_seller(partner, seller_id)
    query = Query(request)
    included = query.choices("includedData", INCLUDED) or ["summaries"]
    size = query.number("pageSize", 1, MOST_ON_PAGE) or USUAL_PAGE
    wanted, token = _wanted(query), query.text("pageToken")
    bound = ("searchListingsItems", seller_id, wanted)
    place = page_tokens.unseal("pageToken", token, Place, bound, machine_now()) if token else None
    async with desk.database.transaction() as tx:
        market = await market_of(tx, query, partner)
        page = await listings_search.search(tx, seller_id, wanted, place, size)

    def token_of(place: Place | None) -> str | UnsetType:
        return page_tokens.seal(place, bound, machine_now()) if place else UNSET

    pagination = Pagination(token_of(page.after), token_of(page.before)) if page.after or page.before else UNSET
    items = [item_of(listed, included, market.language) for listed in page.items]
    return sent(request, SearchResults(page.found, pagination, items))


def _wanted(query: Query) -> Search:
    skus, product_ids = _identified(query)
    return Search(
        SortBy((query.choices("sortBy", tuple(SortBy)) or [SortBy.UPDATED])[0]),
        query.choices("sortOrder", ("ASC", "DESC")) != ["ASC"],
        skus,
        product_ids,
        _span(query, "created"),
        _span(query, "lastUpdated"),
        [Status(word) for word in query.choices("withStatus", tuple(Status))],
        [Status(word) for word in query.choices("withoutStatus", tuple(Status))],
        [Severity(word) for word in query.choices("withIssueSeverity", tuple(Severity))],
    )


def _identified(query: Query) -> tuple[list[str] | None, list[str] | None]:
    """The SKUs or the product ids that are asked for, None where they are not; no listing is another's relative.

    Clients write them with commas, as the model says. A SKU that has one in it is found by naming the parameter for
    each identifier, and for a single one a second time without any: `identifiers=A%2CB&identifiers=`.
    """
    identifiers, kinds = (
        query.texts("identifiers", MOST_IDENTIFIERS, commas=True),
        query.choices("identifiersType", TYPES),
    )
    relatives = [name for name in _RELATIVES if query.text(name) is not None]
    if bool(identifiers) != bool(kinds):
        name, other = ("identifiersType", "identifiers") if identifiers else ("identifiers", "identifiersType")
        raise Refused(Reason.INVALID_VALUE, field=name, problem=f"it is needed with {other}")
    if len(relatives) + bool(identifiers) > 1:
        problem = "give one of identifiers, variationParentSku and packageHierarchySku"
        raise Refused(Reason.INVALID_VALUE, field=relatives[-1], problem=problem)
    match kinds[:1]:
        case []:
            return ([], None) if relatives else (None, None)
        case ["SKU"]:
            return identifiers, None
        case ["ASIN"]:
            return None, identifiers
        case [kind]:
            return None, [product_ids.of_identifier(kind, identifier) for identifier in identifiers]
    raise AssertionError(kinds)


def _span(query: Query, name: str) -> Span:
    after, before = query.moment(f"{name}After"), query.moment(f"{name}Before")
    if after is not None and before is not None and before < after:
        raise Refused(Reason.INVALID_VALUE, field=f"{name}Before", problem=f"it must not lie before {name}After")
    return Span(after, before)


OPERATIONS: list[Any] = [get_listings_item, search_listings_items]
