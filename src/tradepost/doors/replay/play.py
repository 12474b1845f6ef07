"""Playing a history: each row at its own moment, through the acts that every other door calls."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from tradepost import timekeeping
from tradepost.doors.replay.history import CURRENCY, Row
from tradepost.ground.database import Database, Transaction
from tradepost.listings.offers import list_offers, set_stock
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Verdict
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
from tradepost.process.shipment.confirmations import Confirmation, Parcel, confirm_shipments
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.process.verification.verdicts import Finding, record_verdicts
from tradepost.refusals import Reason, Refusal

MARKETPLACE = "REPLAY"
ROWS_AT_ONCE = 500


@dataclass(slots=True)
class Played:
    """What a replay knows besides the database: which order is which, and what was refused."""

    orders: dict[str, OrderKey] = field(default_factory=dict)  # by the history's reference
    buyers: dict[str, str] = field(default_factory=dict)  # of each order
    refused: list[tuple[Row, Refusal]] = field(default_factory=list)
    rows: int = 0
    known_sellers: set[str] = field(default_factory=set)
    known_buyers: set[str] = field(default_factory=set)


async def play(
    database: Database, rows: Sequence[Row], zone: str, until: datetime, progress: Callable[[int], object]
) -> Played:
    """Play a whole history on an empty database, then let time pass until `until`."""
    start = rows[0].at if rows else until
    await timekeeping.simulate(database, start, ticking=False)
    new = NewMarketplace(MARKETPLACE, "Replay", currency=CURRENCY, policy=Policy(zone=zone))
    await database.run(lambda tx: open_marketplace(tx, new))
    played = Played()
    for chunk in _chunks(list(_happenings(rows)), ROWS_AT_ONCE):
        await _play_chunk(database, chunk, played)
        progress(sum(len(happening) for happening in chunk))
    await timekeeping.move_clock(database, until, [])
    return played


async def _play_chunk(database: Database, chunk: Sequence[Sequence[Row]], played: Played) -> None:
    async with database.transaction(alone=True) as tx:
        for happening in chunk:
            at = happening[0].at
            tx.act_at(at)
            await timekeeping.pass_time(tx, at, [])
            await _play_one(tx, happening, played)
            played.rows += len(happening)
        clock = await tx.read_clock()
        await tx.move_clock(clock.moved_to(chunk[-1][0].at))


def _happenings(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """What happens at once: the rows of one checkout together, every other row by itself."""
    for _, together in groupby(rows, key=_checkout_of):
        yield list(together)


def _checkout_of(row: Row) -> tuple[object, ...]:
    if row.event != "checkout":
        return (row.line,)
    return (row.at, "cart", row.detail) if row.detail else (row.at, "order", row.order)


def _chunks(happenings: list[list[Row]], size: int) -> Iterator[list[list[Row]]]:
    for start in range(0, len(happenings), size):
        yield happenings[start : start + size]


async def _play_one(tx: Transaction, happening: Sequence[Row], played: Played) -> None:
    row = happening[0]
    if row.event == "checkout":
        refusal = await _check_out(tx, happening, played)
    elif row.event in _ON_OFFERS:
        refusal = await _ON_OFFERS[row.event](tx, row, played)
    elif row.order not in played.orders:
        refusal = Refusal(Reason.ORDER_NOT_FOUND)
    else:
        refusal = await _act(tx, row, played.orders[row.order], played.buyers[row.order])
    if refusal:
        played.refused += [(line, refusal) for line in happening]


async def _act(tx: Transaction, row: Row, key: OrderKey, buyer_id: str) -> Refusal | None:
    """A row about an order, as the act that it is."""
    items = [(row.sku, row.quantity)] if row.sku else None
    outcome: object
    match row.event:
        case "verify":
            (outcome,) = await record_verdicts(tx, [Finding(key, Verdict(row.detail), row.at, "replay")])
        case "buyer_cancel":
            (outcome,) = await cancel_by_buyers(tx, [BuyerCancellation(key, buyer_id, row.at)])
        case "request_cancel":
            (outcome,) = await request_cancellations(tx, [BuyerCancellation(key, buyer_id, row.at)])
        case "confirm":
            carrier, _, tracking = row.detail.partition(" ")
            parcel = Parcel(carrier, tracking.strip() or None)
            (outcome,) = await confirm_shipments(tx, [Confirmation(key, row.at, parcel, items)])
        case "seller_cancel":
            (outcome,) = await cancel_by_sellers(tx, [SellerCancellation(key, row.at, row.detail, items)])
        case "deliver":
            (outcome,) = await record_deliveries(tx, [Delivery(key, row.at)])
        case _:
            raise AssertionError(row.event)
    return outcome if isinstance(outcome, Refusal) else None


async def _check_out(tx: Transaction, rows: Sequence[Row], played: Played) -> Refusal | None:
    orders = [(reference, list(lines)) for reference, lines in groupby(rows, key=lambda row: row.order)]
    references = [reference for reference, _ in orders]
    problem = _mixed_up(rows, references, played)
    if problem:
        return Refusal(Reason.CART_IS_MIXED_UP, {"problem": problem})
    buyer_id = rows[0].buyer
    if buyer_id not in played.known_buyers:
        await people.put_buyers(tx, [BuyerAccount(buyer_id, buyer_id, None, "en")], rows[0].at)
        played.known_buyers.add(buyer_id)
    lines = tuple(CartLine(row.seller, row.sku, row.quantity or 0, row.price, row.order) for row in rows)
    (outcome,) = await place_orders(tx, [Cart(buyer_id, rows[0].at, lines)])
    if not isinstance(outcome, Placed):
        return outcome
    for reference, key in zip(references, outcome.orders, strict=True):
        played.orders[reference] = key
        played.buyers[reference] = buyer_id
    return None


def _mixed_up(rows: Sequence[Row], references: list[str], played: Played) -> str | None:
    if known := [reference for reference in references if reference in played.orders]:
        return f"order {known[0]} exists already"
    if len(set(references)) < len(references):
        return "the lines of one order do not stand together"
    if len({row.buyer for row in rows}) > 1:
        return "it has two buyers"
    if len({(row.order, row.seller) for row in rows}) > len(references):
        return "one of its orders has two sellers"
    return None


async def _open_seller(tx: Transaction, row: Row, played: Played) -> Refusal | None:
    await _put_seller(tx, row, row.detail, played)
    return None


async def _list(tx: Transaction, row: Row, played: Played) -> Refusal | None:
    if row.seller not in played.known_sellers:
        await _put_seller(tx, row, "individual", played)
    listing = Listing(row.seller, row.sku, row.sku, row.detail, row.price or 0, row.quantity or 0, None)
    (outcome,) = await list_offers(tx, [listing], row.at)
    return outcome


async def _set_stock(tx: Transaction, row: Row, played: Played) -> Refusal | None:
    (outcome,) = await set_stock(tx, [(row.seller, row.sku, row.quantity or 0)], row.at)
    return outcome


async def _put_seller(tx: Transaction, row: Row, plan: str, played: Played) -> None:
    await people.put_sellers(tx, [SellerAccount(row.seller, MARKETPLACE, row.seller, None, "en", plan)], row.at)
    played.known_sellers.add(row.seller)


_ON_OFFERS = {"seller": _open_seller, "list": _list, "stock": _set_stock}
