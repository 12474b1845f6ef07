"""What every call about listings says: whose they are, which one, in which marketplace, and in which language."""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.selling_partner_api.asked import Query
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.routes import Partner
from tradepost.ground.database import Transaction
from tradepost.listings.records import OfferKey
from tradepost.refusals import Reason, Refused

_BEFORE = "/listings/2021-08-01/items/"
ITEMS = f"{_BEFORE}{{seller_id:str}}"
ITEM = f"{ITEMS}/{{sku:path}}"  # a SKU may have a slash in it


class Market(NamedTuple):
    """The marketplace that a call is for, and the language to name issues in."""

    marketplace_id: str
    language: str


def check_seller(partner: Partner, seller_id: str) -> None:
    """Refuse a call about another seller's listings."""
    if seller_id != partner.seller_id:
        raise Refused(Reason.TOKEN_NOT_FOR_THIS, problem="it acts for another seller")


def key_of(request: AnyRequest, partner: Partner, seller_id: str) -> OfferKey:
    """The listing that the path names, for the partner's own seller. It is read as it was sent: %2F is no slash between
    parts, but a sign of the SKU. The path by which calls are routed has lost slashes that stand together or at its end,
    so a bare one of them is refused: nobody knows whether it was meant."""
    check_seller(partner, seller_id)
    raw = (request.scope.get("raw_path") or b"").partition(b"?")[0]
    before = f"{_BEFORE}{seller_id}".encode().split(b"/")
    parts = raw.split(b"/", len(before))
    sent, encoded = [unquote_to_bytes(part) for part in parts[:-1]], parts[-1]
    if sent != before or b"" in encoded.split(b"/"):
        raise Refused(Reason.INVALID_VALUE, field="path", problem="a slash that belongs to the SKU is written as %2F")
    try:
        sku = unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.INVALID_VALUE, field="sku", problem="it is not UTF-8") from error
    return OfferKey(seller_id, sku)


async def market_of(tx: Transaction, query: Query, partner: Partner, most: int = 50) -> Market:
    """The seller's marketplace, which has to be named; `most` is how many may be."""
    named = query.texts("marketplaceIds", most)
    if not named:
        raise Refused(Reason.INVALID_VALUE, field="marketplaceIds", problem="it is missing")
    home = await check_marketplaces(tx, partner.seller_id, named)
    asked = query.text("issueLocale") or home.locale
    return Market(home.marketplace_id, "zh" if asked.lower().startswith("zh") else "en")
