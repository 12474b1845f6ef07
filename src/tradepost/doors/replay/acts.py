"""The rows of a history as the acts that every other door calls, many rows at a time."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tradepost import carriers
from tradepost.doors.replay.history import Row
from tradepost.ground.database import Transaction
from tradepost.listings.offers import list_offers, set_stock
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.payments.gateway import Verdict
from tradepost.people import records as people
from tradepost.people.records import BuyerAccount, SellerAccount
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
Happening = Sequence[Row]
"""What happens at once: the rows of one checkout, or one row of any other kind."""


@dataclass(slots=True)
class Played:
    """What a replay knows besides the database: which order is which, and what was refused."""

    orders: dict[str, OrderKey] = field(default_factory=dict)  # by the history's reference
    buyers: dict[str, str] = field(default_factory=dict)  # of each order
    refused: list[tuple[Row, Refusal]] = field(default_factory=list)
    sellers: set[str] = field(default_factory=set)


async def perform(tx: Transaction, kind: str, happenings: Sequence[Happening], played: Played) -> list[Happening]:
    """Let happenings of one kind happen, in their order; those that were taken. The others are noted as refused."""
    outcomes = await _PERFORM[kind](tx, happenings, played)
    taken = []
    for happening, outcome in zip(happenings, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            played.refused += [(row, outcome) for row in happening]
        else:
            taken.append(happening)
    return taken


async def _open_sellers(tx: Transaction, happenings: Sequence[Happening], played: Played) -> Sequence[object]:
    last = {row.seller: row for (row,) in happenings}
    await _put_sellers(tx, ((row, row.detail) for row in last.values()), played)
    return [None] * len(happenings)


async def _list(tx: Transaction, happenings: Sequence[Happening], played: Played) -> Sequence[object]:
    rows = [row for (row,) in happenings]
    new = {row.seller: row for row in rows if row.seller not in played.sellers}
    await _put_sellers(tx, ((row, "professional") for row in new.values()), played)
    listings = [
        Listing(row.seller, row.sku, row.sku, _one_line(row.detail, 500), row.price or 0, row.quantity or 0, None)
        for row in rows
    ]
    return await list_offers(tx, listings, rows[-1].at)


async def _set_stock(tx: Transaction, happenings: Sequence[Happening], played: Played) -> Sequence[object]:
    rows = [row for (row,) in happenings]
    return await set_stock(tx, [(row.seller, row.sku, row.quantity or 0) for row in rows], rows[-1].at)


async def _check_out(tx: Transaction, happenings: Sequence[Happening], played: Played) -> Sequence[object]:
    buyers = {happening[0].buyer: happening[0] for happening in happenings}
    accounts = [BuyerAccount(buyer_id, buyer_id, None, "en") for buyer_id in buyers]
    await people.put_buyers(tx, accounts, happenings[0][0].at)
    problems = [_mixed_up(happening, played) for happening in happenings]
    carts = [_cart(happening) for happening, problem in zip(happenings, problems, strict=True) if not problem]
    placed = iter(await place_orders(tx, carts))
    outcomes = [problem or next(placed) for problem in problems]
    for happening, outcome in zip(happenings, outcomes, strict=True):
        if isinstance(outcome, Placed):
            references = dict.fromkeys(row.order for row in happening)
            played.orders.update(zip(references, outcome.orders, strict=True))
            played.buyers.update(dict.fromkeys(references, happening[0].buyer))
    return outcomes


def _cart(rows: Happening) -> Cart:
    lines = tuple(CartLine(row.seller, row.sku, row.quantity or 0, row.price, row.order) for row in rows)
    return Cart(rows[0].buyer, rows[0].at, lines)


def _mixed_up(rows: Happening, played: Played) -> Refusal | None:
    references = [reference for reference, _ in groupby(rows, key=lambda row: row.order)]
    problem = ""
    if known := [reference for reference in references if reference in played.orders]:
        problem = f"order {known[0]} exists already"
    elif len(set(references)) < len(references):
        problem = "the lines of one order do not stand together"
    elif len({row.buyer for row in rows}) > 1:
        problem = "it has two buyers"
    elif len({(row.order, row.seller) for row in rows}) > len(references):
        problem = "one of its orders has two sellers"
    return Refusal(Reason.CART_IS_MIXED_UP, {"problem": problem}) if problem else None


Performance = Callable[[Transaction, Sequence[Happening], Played], Awaitable[Sequence[object]]]


def _on_orders(
    act: Callable[[Transaction, list[tuple[Row, OrderKey, str]]], Awaitable[Sequence[object]]],
) -> Performance:
    """An act on orders that the history knows; the rows about others are refused without it."""

    async def performance(tx: Transaction, happenings: Sequence[Happening], played: Played) -> Sequence[object]:
        rows = [row for (row,) in happenings]
        known = [
            (row, played.orders[row.order], played.buyers[row.order]) for row in rows if row.order in played.orders
        ]
        outcomes = iter(await act(tx, known))
        return [next(outcomes) if row.order in played.orders else Refusal(Reason.ORDER_NOT_FOUND) for row in rows]

    return performance


def _items(row: Row) -> list[tuple[str, int | None]] | None:
    return [(row.sku, row.quantity)] if row.sku else None


def _parcel(row: Row) -> Parcel:
    first, *rest = row.detail.split(maxsplit=1)
    carrier = _one_line(first, 50)
    other = carriers.known_carrier(carrier) is carriers.OTHER  # such a carrier has to have a name, too
    return Parcel(carrier, _one_line(rest[0], 100) if rest else None, carrier if other else None)


def _one_line(words: str, most: int) -> str:
    """Words that decide nothing, as the process takes them: in one line, and not too long. No row fails for them."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    return " ".join(printable.split())[:most] or "-"


async def _put_sellers(tx: Transaction, plans: Iterable[tuple[Row, str]], played: Played) -> None:
    for row, plan in plans:
        await people.put_sellers(tx, [SellerAccount(row.seller, MARKETPLACE, row.seller, None, "en", plan)], row.at)
        played.sellers.add(row.seller)


_PERFORM: dict[str, Performance] = {
    "seller": _open_sellers,
    "list": _list,
    "stock": _set_stock,
    "checkout": _check_out,
    "verify": _on_orders(
        lambda tx, rows: record_verdicts(
            tx, [Finding(key, Verdict(row.detail), row.at, "replay") for row, key, _ in rows]
        )
    ),
    "buyer_cancel": _on_orders(
        lambda tx, rows: cancel_by_buyers(tx, [BuyerCancellation(key, buyer, row.at) for row, key, buyer in rows])
    ),
    "request_cancel": _on_orders(
        lambda tx, rows: request_cancellations(tx, [BuyerCancellation(key, buyer, row.at) for row, key, buyer in rows])
    ),
    "confirm": _on_orders(
        lambda tx, rows: confirm_shipments(
            tx, [Confirmation(key, row.at, _parcel(row), _items(row)) for row, key, _ in rows]
        )
    ),
    "seller_cancel": _on_orders(
        lambda tx, rows: cancel_by_sellers(
            tx, [SellerCancellation(key, row.at, row.detail, _items(row)) for row, key, _ in rows]
        )
    ),
    "deliver": _on_orders(lambda tx, rows: record_deliveries(tx, [Delivery(key, row.at) for row, key, _ in rows])),
}
