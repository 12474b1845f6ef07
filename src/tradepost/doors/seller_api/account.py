"""A seller's own account as it is."""

from datetime import date, time
from typing import Any

from litestar import get
from msgspec import Struct

from tradepost.doors.http.routes import TheDesk, Who
from tradepost.doors.http.shown import shown
from tradepost.people import policies
from tradepost.people import records as people
from tradepost.refusals import Reason, Refused


class SellerMarketplace(Struct, frozen=True):
    """Where the seller sells: prices are in minor units of `currency`, and days are counted in `zone`."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    zone: str


class Account(Struct, frozen=True):
    """A seller account; `plan` is professional or individual.

    `handling_days` are business days from the order to the hand-over, counted from the same day for what is ordered
    before `cut_off` there. `operating_weekdays` (0 is Monday) and the days in `works_on` are worked besides the
    marketplace's own.
    """

    seller_id: str
    name: str
    email: str | None
    locale: str
    plan: str
    marketplace: SellerMarketplace
    handling_days: int
    cut_off: time
    operating_weekdays: list[int]
    works_on: list[date]


@get("/account", summary="The seller's account")
async def look_at_account(who: Who, desk: TheDesk) -> Account:
    """The account as the marketplace's operator keeps it."""
    async with desk.database.transaction() as tx:
        seller = (await people.sellers(tx, [who.subject])).get(who.subject)
        if seller is None:
            raise Refused(Reason.SELLER_NOT_FOUND, seller=who.subject)
        of_id = {market.marketplace_id: market for market in await people.marketplaces(tx)}
        market = of_id[seller.marketplace_id]
        version = (market.marketplace_id, market.policy_version)
        zone = (await policies.of(tx, [version]))[version].zone
    return shown(
        Account,
        seller,
        marketplace=shown(SellerMarketplace, market, zone=zone),
        handling_days=seller.shipping.handling_days,
        cut_off=seller.shipping.cut_off,
        operating_weekdays=sorted(seller.shipping.operating_weekdays),
        works_on=sorted(seller.shipping.works_on),
    )


ACCOUNT: list[Any] = [look_at_account]
