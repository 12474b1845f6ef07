"""The marketplaces that a call names: a seller sells in one of them, and that one has to be among them."""

from collections.abc import Collection
from typing import NamedTuple

from tradepost.ground.database import Transaction
from tradepost.people import records as people
from tradepost.people.records import Marketplace, Seller
from tradepost.refusals import Reason, Refused


class Home(NamedTuple):
    """A seller, and the marketplace in which they sell."""

    seller: Seller
    marketplace: Marketplace


async def home_of(tx: Transaction, seller_id: str) -> Home:
    """Where a seller sells, who is there: an application acts for them."""
    seller = (await people.sellers(tx, [seller_id]))[seller_id]
    markets = {market.marketplace_id: market for market in await people.marketplaces(tx)}
    return Home(seller, markets[seller.marketplace_id])


async def check_marketplaces(tx: Transaction, seller_id: str, named: Collection[str]) -> Marketplace:
    """The seller's marketplace. Refuses a call for others only: an empty answer would hide a wrong setting for long."""
    market = (await home_of(tx, seller_id)).marketplace
    if market.marketplace_id not in named:
        wrong = ", ".join(named)[:100] or "none"
        problem = f"it is for the marketplace {market.marketplace_id}, and not for {wrong}"
        raise Refused(Reason.TOKEN_NOT_FOR_THIS, problem=problem)
    return market
