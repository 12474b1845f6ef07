"""What the people of the demonstration do, as the acts that every other door calls."""

from dataclasses import dataclass, field
from datetime import datetime

from tradepost import timekeeping
from tradepost.doors.cli.demo_story import (
    OFFERS,
    OPENS,
    SELLERS,
    ZONE,
    Arrives,
    BuyerAsks,
    BuyerCancels,
    ChangesPayment,
    CheckOut,
    Deed,
    SellerCancels,
    Ships,
    Uploads,
    Verdict,
)
from tradepost.doors.cli.house import House
from tradepost.doors.cli.moments import moment
from tradepost.ground.database import Transaction
from tradepost.listings.offers import list_offers
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.orders import records as orders
from tradepost.orders.order import Order
from tradepost.payments import gateway
from tradepost.payments.records import Means
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.policy import Policy
from tradepost.process.cancellation.cancellations import (
    BuyerCancellation,
    SellerCancellation,
    cancel_by_buyers,
    cancel_by_sellers,
    request_cancellations,
)
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.confirmations import Confirmation, Confirmed, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, PaymentChange, change_payments, record_verdicts
from tradepost.refusals import Refusal

MARKETPLACE = "DEMO"
LOOKS_WRONG = "Accepted, with a warning: the tracking number does not look like one of {carrier}."
FILE_HEADER = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\ttracking-number"


@dataclass
class Stage:
    """The house, and what the story calls its orders."""

    house: House
    keys: dict[str, OrderKey] = field(default_factory=dict)
    buyers: dict[str, str] = field(default_factory=dict)  # of each order

    def name(self, key: OrderKey) -> str:
        """What the story calls an order."""
        return next(name for name, known in self.keys.items() if known == key)

    async def order(self, name: str) -> Order:
        """An order as it is recorded, with its lines."""
        async with self.house.database.transaction() as tx:
            order = await orders.read(tx, *self.keys[name])
            assert order is not None
            await orders.load_lines(tx, [order])
            return order


async def open_demo(stage: Stage) -> None:
    """Open the marketplace, its sellers and their offers."""
    opens = moment(OPENS, ZONE)
    await timekeeping.simulate(stage.house.database, opens, ticking=False)

    async def furnish(tx: Transaction) -> None:
        await open_marketplace(tx, NewMarketplace(MARKETPLACE, "Demo Market", policy=Policy(zone=ZONE)))
        accounts = [
            SellerAccount(one.seller_id, MARKETPLACE, one.name, f"{one.seller_id}@example.com", one.locale, one.plan)
            for one in SELLERS
        ]
        await people.put_sellers(tx, accounts, opens)
        listings = [Listing(seller, sku, sku, title, price, stock, None) for seller, sku, title, price, stock in OFFERS]
        for refusal in await list_offers(tx, listings, opens):
            assert refusal is None, refusal

    await stage.house.database.run(furnish)


async def do(stage: Stage, deed: Deed, at: datetime) -> tuple[Refusal | None, str]:
    """Do a deed; the refusal that it met, and what else there is to say of it."""
    if isinstance(deed, Uploads):
        return await _upload(stage, deed)
    return await stage.house.database.run(lambda tx: _act(stage, tx, deed, at))


async def _act(stage: Stage, tx: Transaction, deed: Deed, at: datetime) -> tuple[Refusal | None, str]:
    outcome: object
    match deed:
        case CheckOut():
            outcome = await _check_out(stage, tx, deed, at)
        case BuyerCancels(name):
            wish = BuyerCancellation(stage.keys[name], stage.buyers[name], at)
            (outcome,) = await cancel_by_buyers(tx, [wish])
        case BuyerAsks(name, why):
            wish = BuyerCancellation(stage.keys[name], stage.buyers[name], at, why=why)
            (outcome,) = await request_cancellations(tx, [wish])
        case ChangesPayment(name, pays_with):
            means = Means("simulated", pays_with)
            (outcome,) = await change_payments(tx, [PaymentChange(stage.keys[name], stage.buyers[name], means, at)])
        case Verdict(name, verdict):
            finding = Finding(stage.keys[name], gateway.Verdict(verdict), at, "bank")
            (outcome,) = await record_verdicts(tx, [finding])
        case Ships(name, carrier, tracking, items, package):
            confirmation = Confirmation(stage.keys[name], at, Parcel(carrier, tracking), items, package)
            (outcome,) = await confirm_shipments(tx, [confirmation])
        case SellerCancels(name, reason, items):
            (outcome,) = await cancel_by_sellers(tx, [SellerCancellation(stage.keys[name], at, reason, items)])
        case Arrives(name):
            (outcome,) = await record_deliveries(tx, [Delivery(stage.keys[name], at, "UPS")])
        case _:
            raise AssertionError(deed)
    if isinstance(outcome, Refusal):
        return outcome, ""
    wrong = isinstance(deed, Ships) and isinstance(outcome, Confirmed) and outcome.tracking_looks_wrong
    return None, LOOKS_WRONG.format(carrier=deed.carrier) if wrong and isinstance(deed, Ships) else ""


async def _check_out(stage: Stage, tx: Transaction, deed: CheckOut, at: datetime) -> Refusal | None:
    name = deed.buyer.capitalize()
    await people.put_buyers(tx, [BuyerAccount(deed.buyer, name, f"{deed.buyer}@example.com", "en")], at)
    address: dict[str, object] = {
        "name": name, "line1": "1 Market Street", "city": "Springfield", "state": "NY", "postal_code": "10001",
        "country": "US",
    }  # fmt: skip
    lines = tuple(CartLine(*line) for line in deed.lines)
    cart = Cart(deed.buyer, at, lines, address, payment=Means("simulated", deed.pays_with))
    (outcome,) = await place_orders(tx, [cart])
    if not isinstance(outcome, Placed):
        return outcome
    for order, key in zip(deed.names, outcome.orders, strict=True):
        stage.keys[order], stage.buyers[order] = key, deed.buyer
    return None


async def _upload(stage: Stage, deed: Uploads) -> tuple[Refusal | None, str]:
    rows = [await _file_row(stage, *row) for row in deed.rows]
    content = "\n".join([FILE_HEADER, *rows, ""]).encode()
    report = await apply_file(stage.house.database, deed.seller, content)
    return (report, "") if isinstance(report, Refusal) else (None, report.text())


async def _file_row(stage: Stage, name: str, quantity: str, carrier: str, tracking: str) -> str:
    order = await stage.order(name)
    item = order.lines[1].item_id if quantity else ""
    return "\t".join((order.order_id, item, quantity, "2026-03-03", carrier, tracking))
