"""Histories in which everybody wants the same few things at the same few moments.

Where histories.py tells the lives of orders, this one throws acts at a grid of moments: the boundaries of orders that
were placed on the grid themselves, and a second to either side. So a checkout meets the end of another order's 21 days,
carts share names, moments and references, sellers list again what open orders hold, and each row spells its own offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from .histories import STARTS
from .marketplace_model import HOLD, SELLER_REASONS, VERIFICATION_LIMIT, confirm_by_of, first_instant, warning_of
from .play import COLUMNS, Row

SECOND = timedelta(seconds=1)
SELLERS = ("ana", "bo")
SKUS = ("CUP", "123")
BUYERS = ("gil", "hana")
CARTS = ("", "", "c1", "c2")
Drawn = tuple[datetime, list[Row]]


def crowd(random: Random, size: int, zone: str) -> list[Row]:
    """About `size` rows in order of time; rows of one moment in any order, but for the lines of a checkout."""
    placing, later = _grids(random, zone)
    blocks = list(_opening(random, placing[0]))
    placed: list[tuple[datetime, str]] = []
    rows = len(blocks)
    while rows < size:
        block = random.choices((_cart, _act, _supply), weights=(1, 9, 1))[0](random, placing, later, placed)
        blocks.append(block)
        rows += len(block[1])
    opening = len(SELLERS) * len(SKUS)
    first, rest = blocks[:opening], blocks[opening:]
    random.shuffle(rest)
    in_order = sorted(first + rest, key=lambda block: block[0])
    return [row | {"at": _spelled(random, at, zone)} for at, block in in_order for row in block]


def _grids(random: Random, zone: str) -> tuple[list[datetime], list[datetime]]:
    """The moments at which orders are placed, and all that matter to any of them."""
    tz = ZoneInfo(zone)
    opening = first_instant(random.choice(STARTS[zone]), tz)
    roots = [opening + timedelta(hours=1), opening + timedelta(days=random.choice((1, 21, 23)))]
    roots += [opening + VERIFICATION_LIMIT + timedelta(hours=1), roots[1] + HOLD]
    placing = sorted({root + second * SECOND for root in roots for second in (-1, 0, 1)})
    later = set(placing)
    for moment in placing:
        boundaries = (HOLD, VERIFICATION_LIMIT, warning_of(moment, tz) - moment, confirm_by_of(moment, tz) - moment)
        later |= {moment + after + second * SECOND for after in boundaries for second in (-1, 0, 1)}
        later.add(moment + timedelta(days=random.randrange(1, 31)))
    return placing, sorted(later)


def _opening(random: Random, first: datetime) -> Iterator[Drawn]:
    for seller in SELLERS:
        for sku in SKUS:
            yield (
                first,
                [_row("list", seller=seller, sku=sku, quantity=random.choice((2, 5, 15)), price="5", detail="x")],
            )


def _cart(random: Random, placing: list[datetime], _: list[datetime], placed: list[tuple[datetime, str]]) -> Drawn:
    """One to four orders, often of one seller; the rows of some carts are mixed up in one of many ways."""
    at, cart, buyer = random.choice(placing), random.choice(CARTS), random.choice(BUYERS)
    rows: list[Row] = []
    for _order in range(random.choice((1, 1, 2, 3, 4)) if cart else 1):
        known = bool(placed) and random.random() < 0.1
        reference = random.choice(placed)[1] if known else f"o{len(placed) * 7919 % 10007}"
        placed.append((at, reference))
        seller = random.choice((*SELLERS, "nobody") if random.random() < 0.04 else SELLERS)
        for _line in range(random.choice((1, 1, 2, 3))):
            line = {"order": reference, "seller": seller, "buyer": buyer, "sku": random.choice(SKUS), "detail": cart}
            quantity, price = random.choice((1, 1, 2)), random.choice(("5", "4.50"))
            rows.append(_row("checkout", **line, quantity=quantity, price=price))
    if random.random() < 0.05:
        random.choice(rows).update(random.choice(({"buyer": "ivo"}, {"seller": "bo"}, {"detail": "c1"})))
    if random.random() < 0.05:
        random.shuffle(rows)
    return at, rows


def _act(random: Random, _: list[datetime], later: list[datetime], placed: list[tuple[datetime, str]]) -> Drawn:
    """Any act on any order, mostly at a moment from its placing on."""
    placed_at, reference = random.choice(placed) if placed else (later[0], "o")
    early = (placed_at, placed_at + SECOND, placed_at + HOLD - SECOND, placed_at + HOLD, placed_at + VERIFICATION_LIMIT)
    event = random.choices(
        ("verify", "buyer_cancel", "request_cancel", "confirm", "seller_cancel", "deliver"),
        weights=(6, 1, 1, 4, 2, 2),
    )[0]
    soon = 0.7 if event in ("verify", "buyer_cancel") else 0.1
    at = random.choice(early if random.random() < soon else [moment for moment in later if moment >= placed_at])
    cells: dict[str, object] = {"order": reference}
    if event == "verify":
        cells["detail"] = random.choice((*["approved"] * 7, "deferred", "declined", "fraud"))
    if event in ("confirm", "seller_cancel"):
        cells["detail"] = "DHL 1" if event == "confirm" else random.choice((*SELLER_REASONS, "no_reason"))
        cells |= random.choice(({}, {"sku": random.choice(SKUS)}, {"sku": random.choice(SKUS), "quantity": 1}))
    return at, [_row(event, **cells)]


def _supply(random: Random, _: list[datetime], later: list[datetime], _placed: list[tuple[datetime, str]]) -> Drawn:
    """A seller lists again, sets a quantity, or changes plan."""
    offer = {"seller": random.choice(SELLERS), "sku": random.choice(SKUS)}
    event = random.choice(("list", "stock", "stock", "seller"))
    if event == "list":
        return random.choice(later), [_row("list", **offer, quantity=random.choice((1, 4, 15)), price="6", detail="y")]
    if event == "stock":
        return random.choice(later), [_row("stock", **offer, quantity=random.choice((0, 1, 4, 15)))]
    plan = random.choice(("individual", "professional"))
    return random.choice(later), [_row("seller", seller=offer["seller"], detail=plan)]


def _row(event: str, **cells: object) -> Row:
    return dict.fromkeys(COLUMNS, "") | {"event": event} | {name: str(value) for name, value in cells.items()}


def _spelled(random: Random, at: datetime, zone: str) -> str:
    return at.astimezone(random.choice((UTC, ZoneInfo(zone), ZoneInfo("Asia/Kolkata")))).isoformat()
