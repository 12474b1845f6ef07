"""What a sandbox begins with: a marketplace, two sellers with offers, a buyer, and everybody's keys and tokens."""

from datetime import datetime
from typing import NamedTuple

from tradepost.access import applications
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.doors.sandbox.orders import ADDRESS, BUYER
from tradepost.ground.database import Transaction
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.people.accounts import NewMarketplace, open_buyers, open_marketplace, open_sellers
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.policy import Policy

MARKETPLACE = "ATVPDKIKX0DER"
"""What sellers' software knows as the marketplace of the United States."""

SELLERS = (
    SellerAccount("A1SANDBOXPRO", MARKETPLACE, "Cedar Professional", "pro@example.com", "en", "professional"),
    SellerAccount("A2SANDBOXIND", MARKETPLACE, "Birch Individual", "individual@example.com", "en", "individual"),
)
OFFERS = (  # product, title, price in cents
    ("B0SANDBX01", "Kettle, 1.7 litres", 2499),
    ("B0SANDBX02", "Teapot, stoneware", 3150),
    ("B0SANDBX03", "Cup, blue", 890),
    ("B0SANDBX04", "Tea towel", 450),
    ("B0SANDBX05", "Tray, beech", 1999),
)
STOCK = 1000


class SellerOfSandbox(NamedTuple):
    """What a program needs in order to act for a seller."""

    seller_id: str
    plan: str
    client_id: str
    client_secret: str
    refresh_token: str
    skus: list[str]


class Credentials(NamedTuple):
    """All keys and tokens of a sandbox."""

    marketplace_id: str
    buyer_id: str
    buyer_key: str
    operator_key: str
    sellers: list[SellerOfSandbox]

    def __repr__(self) -> str:
        return "Credentials(...)"


async def furnish(tx: Transaction, at: datetime) -> Credentials:
    """Open the marketplace and everything in it."""
    name, zone = "Tradepost Sandbox", "America/Los_Angeles"
    await open_marketplace(tx, NewMarketplace(MARKETPLACE, name, policy=Policy(zone=zone)))
    await open_sellers(tx, SELLERS, at)
    await open_buyers(tx, [BuyerAccount(BUYER, ADDRESS.name, f"{BUYER}@example.com", "en")], at)
    buyer, operator = await make_keys(
        tx, [NewKey(Scope.BUYER, BUYER, "sandbox"), NewKey(Scope.OPERATOR, name="sandbox")]
    )
    assert isinstance(buyer, Made)
    assert isinstance(operator, Made)
    application = await applications.register(tx, "Sandbox application")
    sellers = [await _seller(tx, seller, application, at) for seller in SELLERS]
    return Credentials(MARKETPLACE, BUYER, buyer.text, operator.text, sellers)


async def _seller(
    tx: Transaction, seller: SellerAccount, application: applications.Registered, at: datetime
) -> SellerOfSandbox:
    initial = seller.plan[0].upper()
    listings = [
        Listing(seller.seller_id, f"{initial}-{product[-2:]}", product, title, price, STOCK, None)
        for product, title, price in OFFERS
    ]
    for refusal in await list_offers(tx, listings, at):
        assert refusal is None, refusal
    refresh_token = await applications.authorize(tx, application.client_id, seller.seller_id)
    skus = [listing.sku for listing in listings]
    return SellerOfSandbox(seller.seller_id, seller.plan, *application, refresh_token, skus)
