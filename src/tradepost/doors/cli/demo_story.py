"""The story that `tradepost demo` tells: what people do, when, and what Tradepost says no to.

What the marketplace does by itself is not written here: it happens.
"""

from dataclasses import dataclass

from tradepost.refusals import Reason

ZONE = "America/New_York"
OPENS = "2026-03-02T08:00"


@dataclass(frozen=True)
class Seller:
    """Someone who sells."""

    seller_id: str
    name: str
    locale: str
    plan: str


SELLERS = (
    Seller("lumen", "Lumen Lights", "en", "professional"),
    Seller("jade", "玉窑 Jade Kiln", "zh_CN", "individual"),
)

OFFERS = (  # seller, SKU, title, price in cents, stock
    ("lumen", "LAMP", "Desk lamp", 4990, 20),
    ("lumen", "BULB", "Bulb, warm white", 450, 200),
    ("jade", "MUG", "青瓷杯 Celadon mug", 1850, 30),
    ("jade", "VASE", "青瓷花瓶 Celadon vase", 12800, 1),
)


@dataclass(frozen=True)
class CheckOut:
    """A buyer checks out a cart (seller, SKU, quantity). The orders get these names, one per seller."""

    buyer: str
    pays_with: str
    lines: tuple[tuple[str, str, int], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuyerCancels:
    """The buyer cancels."""

    order: str


@dataclass(frozen=True)
class BuyerAsks:
    """The buyer asks the seller to cancel."""

    order: str
    why: str


@dataclass(frozen=True)
class ChangesPayment:
    """The buyer brings another payment."""

    order: str
    pays_with: str


@dataclass(frozen=True)
class Verdict:
    """The payment world calls."""

    order: str
    verdict: str


@dataclass(frozen=True)
class Ships:
    """The seller confirms a shipment; with a package number that is known, corrects it."""

    order: str
    carrier: str
    tracking: str
    items: tuple[tuple[str, int], ...] | None = None
    package: int | None = None


@dataclass(frozen=True)
class SellerCancels:
    """The seller cancels units; no items: all that is left."""

    order: str
    reason: str
    items: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True)
class Arrives:
    """The carrier delivers."""

    order: str


@dataclass(frozen=True)
class Uploads:
    """The seller uploads a Shipping Confirmation file: rows of order, item quantity, carrier and tracking."""

    seller: str
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class ShowsStock:
    """What is left of an offer."""

    seller: str
    sku: str


@dataclass(frozen=True)
class ShowsMail:
    """The last letter of this kind, as its receiver reads it."""

    kind: str
    order: str


@dataclass(frozen=True)
class ShowsDates:
    """What the buyer was promised, and is promised now."""

    order: str


@dataclass(frozen=True)
class ShowsReports:
    """The seller's order reports."""

    seller: str


Deed = (
    CheckOut | BuyerCancels | BuyerAsks | ChangesPayment | Verdict | Ships | SellerCancels | Arrives | Uploads
    | ShowsStock | ShowsMail | ShowsDates | ShowsReports
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """At this local time somebody does something; `no` is the refusal that it meets. No deed: time passes."""

    at: str
    says: str
    deed: Deed | None = None
    no: Reason | None = None


@dataclass(frozen=True)
class Chapter:
    """A step of the process."""

    title: str
    scenes: tuple[Scene, ...]


UPS, UPS_MISTYPED, UPS_CORRECTED = "1Z999AA10123456784", "1Z12345E6605272235", "1Z12345E6605272234"
USPS = "9400100000000000000006"
SF = "SF1234567890123"

FILE = (
    ("J1", "", "UPS", UPS),  # all of it
    ("K1", "5", "USPS", USPS),  # five of eight
    ("G1", "", "UPS", UPS),  # Pending
    ("I1", "", "UPS", UPS),  # canceled
    ("A2", "", "UPS", UPS),  # of another seller
)

STORY = (
    Chapter(
        "Checkout and the 30-minute hold",
        (
            Scene(
                "2026-03-02T09:00",
                "Ann puts a lamp of Lumen and two mugs of Jade Kiln into one cart. It becomes two orders.",
                CheckOut("ann", "approve", (("lumen", "LAMP", 1), ("jade", "MUG", 2)), ("A1", "A2")),
            ),
            Scene(
                "2026-03-02T09:05",
                "Bo buys the last vase.",
                CheckOut("bo", "approve", (("jade", "VASE", 1),), ("B1",)),
            ),
            Scene("2026-03-02T09:06", "The vase is off sale now.", ShowsStock("jade", "VASE")),
            Scene(
                "2026-03-02T09:07",
                "Cem wants the vase too, and a mug. All of a cart is placed, or nothing of it.",
                CheckOut("cem", "approve", (("jade", "VASE", 1), ("jade", "MUG", 1))),
                no=Reason.OUT_OF_STOCK,
            ),
            Scene(
                "2026-03-02T09:10",
                "Lumen is in a hurry and wants to ship Ann's lamp. It is paid, but on hold.",
                Ships("A1", "UPS", UPS),
                no=Reason.ORDER_IS_PENDING,
            ),
            Scene("2026-03-02T09:20", "Bo changes his mind: inside the hold he is free to.", BuyerCancels("B1")),
            Scene("2026-03-02T09:21", "The vase is back on sale.", ShowsStock("jade", "VASE")),
        ),
    ),
    Chapter(
        "Verification",
        (
            Scene(
                "2026-03-02T09:25",
                "Cem buys the vase. His bank fails at first; Tradepost asks again five minutes later.",
                CheckOut("cem", "fail-once", (("jade", "VASE", 1),), ("C1",)),
            ),
            Scene("2026-03-02T09:30", "Half an hour after Ann's checkout her orders are released.", None),
            Scene(
                "2026-03-02T09:31",
                "Too late for Ann to cancel by herself.",
                BuyerCancels("A1"),
                no=Reason.HOLD_IS_OVER,
            ),
            Scene(
                "2026-03-02T09:40",
                "Dee's card is declined. The sellers of such orders are not told, and the stock comes back.",
                CheckOut("dee", "decline", (("lumen", "LAMP", 2),), ("D1",)),
            ),
            Scene(
                "2026-03-02T09:45",
                "Someone pays with a stolen card.",
                CheckOut("eve", "fraud", (("lumen", "LAMP", 9),), ("E1",)),
            ),
            Scene(
                "2026-03-02T09:50",
                "Pia's card fails, and would fail again.",
                CheckOut("pia", "fail-always", (("jade", "MUG", 1),), ("P1",)),
            ),
            Scene("2026-03-02T09:52", "She reads the notice and brings another card.", ChangesPayment("P1", "approve")),
            Scene(
                "2026-03-02T10:00",
                "Fay pays at a counter: her bank will call.",
                CheckOut("fay", "defer", (("lumen", "LAMP", 1),), ("F1",)),
            ),
            Scene(
                "2026-03-02T10:05",
                "Gus pays in a way that never answers.",
                CheckOut("gus", "silent", (("lumen", "BULB", 10),), ("G1",)),
            ),
        ),
    ),
    Chapter(
        "Release: the notices",
        (
            Scene("2026-03-02T10:10", "What Ann reads.", ShowsMail("order_confirmation", "A1")),
            Scene(
                "2026-03-02T10:11",
                "What Jade Kiln reads, in its own language. No notice holds an address.",
                ShowsMail("sold_ship_now", "A2"),
            ),
            Scene(
                "2026-03-02T11:00",
                "A good morning for Lumen. Hal orders six bulbs and a lamp.",
                CheckOut("hal", "approve", (("lumen", "BULB", 6), ("lumen", "LAMP", 1)), ("H1",)),
            ),
            Scene("2026-03-02T11:01", "Ida's lamp.", CheckOut("ida", "approve", (("lumen", "LAMP", 1),), ("I1",))),
            Scene("2026-03-02T11:02", "Jo's bulbs.", CheckOut("jo", "approve", (("lumen", "BULB", 4),), ("J1",))),
            Scene("2026-03-02T11:03", "Kim's bulbs.", CheckOut("kim", "approve", (("lumen", "BULB", 8),), ("K1",))),
            Scene("2026-03-02T11:04", "Lou's bulbs.", CheckOut("lou", "approve", (("lumen", "BULB", 3),), ("L1",))),
        ),
    ),
    Chapter(
        "The sellers ship, or cancel",
        (
            Scene("2026-03-03T10:00", "Lumen ships Ann's lamp.", Ships("A1", "UPS", UPS)),
            Scene("2026-03-03T10:05", "Jade Kiln, an individual seller, confirms by hand.", Ships("A2", "SF", SF)),
            Scene(
                "2026-03-03T10:06",
                "Files are for professional sellers.",
                Uploads("jade", (("C1", "", "SF", SF),)),
                no=Reason.PROFESSIONAL_PLAN_NEEDED,
            ),
            Scene(
                "2026-03-03T11:00", "Lumen ships two of Hal's bulbs.", Ships("H1", "UPS", UPS_MISTYPED, (("BULB", 2),))
            ),
            Scene(
                "2026-03-03T11:10",
                "That is not how UPS numbers look: Lumen mistyped it, and corrects the package.",
                Ships("H1", "UPS", UPS_CORRECTED, package=1),
            ),
            Scene(
                "2026-03-03T11:20",
                "Hal's lamp fell off the shelf. Canceled for want of stock, it does not come back on sale.",
                SellerCancels("H1", "no_inventory", (("LAMP", 1),)),
            ),
            Scene("2026-03-03T11:30", "The other four bulbs go in a second package.", Ships("H1", "USPS", USPS)),
            Scene("2026-03-03T12:00", "Ida asks Lumen to cancel.", BuyerAsks("I1", "I ordered twice.")),
            Scene(
                "2026-03-03T12:01",
                "She asks again.",
                BuyerAsks("I1", "Please!"),
                no=Reason.CANCELLATION_ALREADY_REQUESTED,
            ),
            Scene("2026-03-03T12:30", "Lumen agrees.", SellerCancels("I1", "buyer_canceled")),
            Scene(
                "2026-03-03T15:00",
                "Lumen uploads a Shipping Confirmation file: two good rows, and three that are not.",
                Uploads("lumen", FILE),
            ),
            Scene(
                "2026-03-03T15:05",
                "It uploads the same file again.",
                Uploads("lumen", FILE),
                no=Reason.FILE_ALREADY_APPLIED,
            ),
            Scene("2026-03-04T14:00", "Ann's lamp arrives.", Arrives("A1")),
            Scene("2026-03-04T15:00", "Cem's vase leaves the kiln.", Ships("C1", "SF", SF)),
            Scene("2026-03-04T15:05", "And Pia's mug.", Ships("P1", "SF", SF)),
        ),
    ),
    Chapter(
        "What time does",
        (
            Scene("2026-03-05T16:00", "Fay's bank calls, days after the hold: approved.", Verdict("F1", "approved")),
            Scene(
                "2026-03-05T16:01",
                "The delay was the marketplace's: Fay gets a new delivery date, counted from the release.",
                ShowsDates("F1"),
            ),
            Scene("2026-03-06T09:00", "Lumen ships Fay's lamp.", Ships("F1", "UPS", UPS)),
            Scene("2026-03-23T12:00", "21 days have passed since Gus ordered, and nobody paid.", None),
            Scene("2026-03-27T09:00", "Lumen forgot Lou, and the rest of Kim's bulbs. It is reminded.", None),
            Scene("2026-03-27T09:01", "What Lumen reads:", ShowsMail("confirm_shipment_reminder", "L1")),
            Scene(
                "2026-03-27T09:30", "Mia orders a lamp.", CheckOut("mia", "approve", (("lumen", "LAMP", 1),), ("M1",))
            ),
            Scene("2026-04-02T08:00", "30 days are over. What was not confirmed in time is canceled.", None),
            Scene(
                "2026-04-02T08:01",
                "Lumen is too late.",
                Ships("L1", "UPS", UPS),
                no=Reason.ORDER_IS_CANCELED,
            ),
            Scene(
                "2026-04-02T08:10", "Ned orders bulbs.", CheckOut("ned", "approve", (("lumen", "BULB", 2),), ("N1",))
            ),
            Scene(
                "2026-04-02T08:15",
                "Lumen looks at its reports. Ned's order is Pending: it is in neither.",
                ShowsReports("lumen"),
            ),
        ),
    ),
)
