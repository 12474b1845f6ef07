"""The marketplaces that a call names: a seller sells in one of them, and that one has to be among them."""

from collections.abc import Collection

from tradepost.ground.database import Transaction
from tradepost.people import records as people
from tradepost.refusals import Reason, Refused


async def check_marketplaces(tx: Transaction, seller_id: str, named: Collection[str]) -> None:
    """Refuse a call for other marketplaces than the seller's: an empty answer would hide a wrong setting for long."""
    home = (await people.sellers(tx, [seller_id]))[seller_id].marketplace_id
    if home not in named:
        problem = f"it is for the marketplace {home}, and not for {', '.join(named)[:100] or 'none'}"
        raise Refused(Reason.TOKEN_NOT_FOR_THIS, problem=problem)
