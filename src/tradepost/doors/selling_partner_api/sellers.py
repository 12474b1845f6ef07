"""Sellers v1: where the seller of an application sells, and as what. Clients ask it to see whether they are let in."""

from typing import Any

from litestar import Response, get
from msgspec import Struct

from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.marketplaces import Home, home_of
from tradepost.doors.selling_partner_api.routes import Partner, ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.listings.items.attributes import language_of
from tradepost.reports.released_lines import domain


class MarketplaceShown(Struct, frozen=True, rename="camel"):
    """A marketplace as its operator opened it."""

    id: str
    name: str
    country_code: str
    default_currency_code: str
    default_language_code: str
    domain_name: str


class Participation(Struct, frozen=True, rename="camel"):
    """Whether the seller may sell there, and does."""

    is_participating: bool = True
    has_suspended_listings: bool = False


class MarketplaceParticipation(Struct, frozen=True, rename="camel"):
    """The seller in a marketplace."""

    marketplace: MarketplaceShown
    participation: Participation
    store_name: str


class Account(Struct, frozen=True, rename="camel"):
    """The seller's account. Nobody here is asked for papers: who pays for the plan counts as a business."""

    marketplace_participation_list: list[MarketplaceParticipation]
    business_type: str
    selling_plan: str


class Participations(Struct, frozen=True):
    """The answer of getMarketplaceParticipations."""

    payload: list[MarketplaceParticipation]


class TheAccount(Struct, frozen=True):
    """The answer of getAccount."""

    payload: Account


@get("/sellers/v1/marketplaceParticipations", opt=operation("getMarketplaceParticipations", 0.016, 15))
async def get_marketplace_participations(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The one marketplace in which the seller sells."""
    home = await _home(desk, partner)
    return sent(request, Participations([_participation(home)]))


@get("/sellers/v1/account", opt=operation("getAccount", 0.016, 15))
async def get_account(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The account, with its plan."""
    home = await _home(desk, partner)
    business = "SOLE_PROPRIETORSHIP" if home.seller.professional else "INDIVIDUAL"
    account = Account([_participation(home)], business, home.seller.plan.upper())
    return sent(request, TheAccount(account))


async def _home(desk: Desk, partner: Partner) -> Home:
    async with desk.database.transaction() as tx:
        return await home_of(tx, partner.seller_id)


def _participation(home: Home) -> MarketplaceParticipation:
    market = home.marketplace
    shown = MarketplaceShown(
        market.marketplace_id,
        market.name,
        market.country,
        market.currency,
        language_of(market),
        domain(market.marketplace_id),
    )
    return MarketplaceParticipation(shown, Participation(), home.seller.name)


OPERATIONS: list[Any] = [get_marketplace_participations, get_account]
