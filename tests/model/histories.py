"""Random histories for replay comparisons: mostly ordinary life, with many acts at the very second of a boundary.

`random_history(random.Random(seed), size, zone)` gives rows as the file has them; `histories()` is the same as a
hypothesis strategy. `python -m tests.model.histories FILE --seed 7 --size 500 --zone Z` writes one to a file.

Left out on purpose, since the paper does not decide it: rows of one order that are apart in one cart, and rows of one
order side by side in two carts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from .marketplace_model import HOLD, SELLER_REASONS, VERIFICATION_LIMIT, confirm_by_of, first_instant, warning_of
from .play import COLUMNS, Row, write_history

STARTS = {
    "UTC": (date(2026, 3, 1), date(2024, 1, 27)),
    "Asia/Shanghai": (date(2026, 3, 1), date(2025, 12, 20)),
    # 31 or 24 days after the first days of these, the clocks skip 00:00 (or, from 2017-01-16 on, fall back to 23:00).
    "America/Sao_Paulo": (date(2016, 9, 13), date(2017, 1, 16), date(2017, 9, 12), date(2018, 9, 30)),
    "America/Los_Angeles": (date(2026, 2, 3), date(2026, 9, 30)),
    "Pacific/Auckland": (date(2026, 3, 3), date(2026, 8, 25)),
}
ZONES = tuple(STARTS)
SECOND = timedelta(seconds=1)
SELLERS = ("ana", "bo", "cy", "dov", "Eve")  # sorted by code point, Eve comes first
SKUS = ("BULB", "CUP", "LAMP", "MUG", "pen, blue")


class History(NamedTuple):
    zone: str
    rows: list[Row]


Block = tuple[datetime, list[Row]]
"""Rows that belong together, all at one moment: the rows of a cart, or one row."""


@dataclass
class World:
    """What the generator knows while it invents: no outcome, only names and moments."""

    random: Random
    zone: ZoneInfo
    opening: datetime
    days: int
    sellers: Sequence[str]
    skus: Sequence[str]
    plenty: int  # more than all the buyers want
    blocks: list[Block] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    carts: int = 0

    def add(self, at: datetime, *rows: Row) -> None:
        self.blocks.append((at, list(rows)))


def random_history(random: Random, size: int = 300, zone: str = "UTC") -> list[Row]:
    """About `size` rows (to the end of the last story), in order of time, that a replay in this zone can read."""
    world = _new_world(random, size, zone)
    _open_market(world)
    stories = (_order_story, _stock_story, _odd_act)
    while sum(len(rows) for _, rows in world.blocks) < size:
        random.choices(stories, weights=(8, 2, 1))[0](world)
    return _in_order(world)


@st.composite
def histories(
    draw: st.DrawFn, min_size: int = 10, max_size: int = 80, zones: st.SearchStrategy[str] | None = None
) -> History:
    zone = draw(st.sampled_from(ZONES) if zones is None else zones)
    size = draw(st.integers(min_size, max_size))
    return History(zone, random_history(draw(st.randoms(use_true_random=False)), size, zone))


# The market


def _new_world(random: Random, size: int, zone: str) -> World:
    tz = ZoneInfo(zone)
    opening = first_instant(random.choice(STARTS[zone]), tz)
    sellers = SELLERS[: 2 if size < 40 else len(SELLERS)]
    skus = SKUS[: 2 if size < 40 else len(SKUS)]
    return World(random, tz, opening, random.choice((1, 4, 10, 40)), sellers, skus, plenty=9 * size)


def _open_market(world: World) -> None:
    for seller in world.sellers:
        plan = world.random.choice(("professional", "individual", None))
        if plan is not None:
            world.add(world.opening, _row("seller", seller=seller, detail=plan))
        for sku in world.skus:
            if world.random.random() < 0.95:
                _list(world, world.opening, seller, sku)


def _list(world: World, at: datetime, seller: str, sku: str) -> None:
    quantity = world.random.choice((1, 2, 4, *[world.plenty] * 16))
    price = world.random.choice(("9.99", "5", "0.50", "1200.00"))
    world.add(at, _row("list", seller=seller, sku=sku, quantity=quantity, price=price, detail=f'"{sku}", neu'))


def _stock_story(world: World) -> None:
    """The seller sets a quantity, lists again, or changes plan; sometimes of an offer that nobody listed."""
    at, seller = _any_moment(world), world.random.choice(world.sellers)
    sku = world.random.choice((*world.skus, "never listed") if world.random.random() < 0.2 else world.skus)
    kind = world.random.random()
    if kind < 0.6:
        world.add(
            at, _row("stock", seller=seller, sku=sku, quantity=world.random.choice((0, 1, 2, *[world.plenty] * 16)))
        )
    elif kind < 0.9 and sku in SKUS:
        _list(world, at, seller, sku)
    else:
        world.add(at, _row("seller", seller=seller, detail=world.random.choice(("professional", "individual"))))


# The orders


def _order_story(world: World) -> None:
    """A cart of one or more orders, and what then happens to each of them."""
    placed = _placing_moment(world)
    for reference, skus in _checkout(world, placed):
        _verdicts(world, placed, reference)
        for _ in range(world.random.choice((0, 0, 1, 1, 2, 3, 5))):
            _seller_act(world, _moment_of_order(world, placed), reference, skus)
        if world.random.random() < 0.25:
            at = world.random.choice((placed, *_around(placed + HOLD), _moment_of_order(world, placed)))
            world.add(at, _row("buyer_cancel", order=reference))
        for event, chance in (("request_cancel", 0.2), ("request_cancel", 0.1), ("deliver", 0.4), ("deliver", 0.1)):
            if world.random.random() < chance:
                world.add(_moment_of_order(world, placed), _row(event, order=reference))


def _checkout(world: World, placed: datetime) -> list[tuple[str, list[str]]]:
    """One cart; gives its order references, each with its skus."""
    random = world.random
    orders = random.choice((1, 1, 1, 2, 3))
    cart = ""
    if orders > 1 or random.random() < 0.3:
        world.carts += 1
        cart = f"cart{world.carts}"
    buyer = random.choice(("gil", "hana", "ivo"))
    rows: list[Row] = []
    bought: list[tuple[str, list[str]]] = []
    for _ in range(orders):
        reference = _reference(world, [used for used, _ in bought])
        seller = random.choice(world.sellers)
        skus = random.choices(world.skus, k=random.choice((1, 1, 2, 3)))  # the same sku may come twice
        if random.random() < 0.03:
            skus.append("never listed")
        bought.append((reference, skus))
        for sku in skus:
            line = {"order": reference, "seller": seller, "buyer": buyer, "sku": sku, "detail": cart}
            rows.append(_row("checkout", **line, quantity=random.choice((1, 1, 2, 3)), price="7.25"))
    if random.random() < 0.03:
        rows[-1]["buyer"] = "somebody else"
    if random.random() < 0.03:
        rows[-1]["seller"] = random.choice(world.sellers)
    world.add(placed, *rows)
    world.moments += [placed, placed + HOLD, placed + VERIFICATION_LIMIT, confirm_by_of(placed, world.zone)]
    return bought


def _reference(world: World, used: list[str]) -> str:
    """A new reference; at times one that another cart has, which the marketplace may or may not know by then."""
    if world.references and world.random.random() < 0.06:
        known = world.random.choice(world.references)
        if known not in used:
            return known
    world.references.append(f"o{len(world.references) * 7919 % 10007:05}")  # not in order of time
    return world.references[-1]


def _verdicts(world: World, placed: datetime, reference: str) -> None:
    random = world.random
    early = [placed, placed + timedelta(seconds=random.randrange(1800)), *_around(placed + HOLD)]
    late = [placed + timedelta(hours=random.randrange(1, 500)), *_around(placed + VERIFICATION_LIMIT)]
    story = random.random()
    if story < 0.55:
        given = [("approved", random.choice(early))]
    elif story < 0.7:
        given = [("approved", random.choice(late))]
    elif story < 0.8:
        given = [(random.choice(("declined", "fraud")), random.choice(early + late))]
    elif story < 0.93:
        final = random.choice(("approved", "approved", "declined", "fraud", "deferred"))
        given = [("deferred", random.choice(early)), (final, random.choice(early + late))]
    else:
        given = []
    if random.random() < 0.15:
        given.append((random.choice(("approved", "declined", "fraud", "deferred")), random.choice(early + late)))
    for verdict, at in given:
        world.add(at, _row("verify", order=reference, detail=verdict))


def _seller_act(world: World, at: datetime, reference: str, skus: Sequence[str]) -> None:
    """Confirm or cancel: all, all of a sku, or some of it; now and then too many, or a sku of another order."""
    random = world.random
    sku, quantity = "", ""
    if random.random() < 0.65:
        sku = random.choice(skus) if random.random() < 0.93 else random.choice(SKUS)
        quantity = random.choice(("", "1", "1", "1", "2", "3"))
    if random.random() < 0.65:
        world.add(at, _row("confirm", order=reference, sku=sku, quantity=quantity, detail="UPS 1Z999AA10123456784"))
    else:
        reason = random.choice((*SELLER_REASONS, *SELLER_REASONS, "changed_mind"))
        world.add(at, _row("seller_cancel", order=reference, sku=sku, quantity=quantity, detail=reason))


def _odd_act(world: World) -> None:
    """Any act on any order at any moment, an unknown order included."""
    at, reference = _any_moment(world), world.random.choice(["nobody's order", *world.references])
    kind = world.random.choice(("verify", "buyer_cancel", "request_cancel", "deliver", "seller"))
    if kind == "seller":
        _seller_act(world, at, reference, world.skus)
    elif kind == "verify":
        world.add(at, _row("verify", order=reference, detail=world.random.choice(("approved", "declined", "deferred"))))
    else:
        world.add(at, _row(kind, order=reference))


# The moments


def _around(boundary: datetime) -> list[datetime]:
    return [boundary - SECOND, boundary, boundary + SECOND]


def _placing_moment(world: World) -> datetime:
    """Somewhere in the days of the market, at the turn of a date, or at a moment that matters to another order."""
    random = world.random
    day = world.opening + timedelta(days=random.randrange(world.days))
    kind = random.random()
    if kind < 0.5:
        return day + timedelta(seconds=random.randrange(86400))
    if kind < 0.75:
        return max(world.opening, random.choice(_around(first_instant(day.astimezone(world.zone).date(), world.zone))))
    return _any_moment(world)


def _any_moment(world: World) -> datetime:
    if world.moments and world.random.random() < 0.7:
        return world.random.choice(world.moments)
    return world.opening + timedelta(seconds=world.random.randrange(world.days * 86400))


def _moment_of_order(world: World, placed: datetime) -> datetime:
    """A moment in the life of an order: at or near a boundary, or anywhere before and a little after its end."""
    random = world.random
    boundaries = (
        placed + HOLD,
        placed + VERIFICATION_LIMIT,
        warning_of(placed, world.zone),
        confirm_by_of(placed, world.zone),
        confirm_by_of(placed, world.zone) + random.choice((-1, 1)) * timedelta(hours=1),  # a zone's rule missed
        placed + timedelta(days=30),  # the deadline of who counts hours
    )
    kind = random.random()
    if kind < 0.45:
        return random.choice(_around(random.choice(boundaries)))
    if kind < 0.9:
        return placed + timedelta(seconds=random.randrange(1800, random.choice((4000, 86400, 32 * 86400))))
    return max(placed, _any_moment(world))


# The file


def _row(event: str, **cells: object) -> Row:
    row = dict.fromkeys(COLUMNS, "")
    row.update({"event": event}, **{name: str(value) for name, value in cells.items()})
    return row


def _in_order(world: World) -> list[Row]:
    """The blocks by time, those of one moment in any order but for the opening; each row's time in any offset."""
    head = [block for block in world.blocks if block[0] == world.opening and block[1][0]["event"] in ("seller", "list")]
    tail = [block for block in world.blocks if block not in head]
    world.random.shuffle(tail)
    blocks = sorted(head + tail, key=lambda block: block[0])
    kept: list[Block] = []
    for block in blocks:
        if not (kept and _side_by_side(kept[-1], block)):
            kept.append(block)
    history: list[Row] = []
    for at, rows in kept:
        text = _spelled(world, at)
        history += [row | {"at": text} for row in rows]
    return history


def _side_by_side(first: Block, second: Block) -> bool:
    """Two checkouts at one moment share an order: are they lines of one order, or a reference used twice?"""
    shared = {row["order"] for row in first[1]} & {row["order"] for row in second[1]}
    both = first[1][0]["event"] == second[1][0]["event"] == "checkout"
    return both and first[0] == second[0] and bool(shared)


def _spelled(world: World, at: datetime) -> str:
    kind = world.random.random()
    if kind < 0.4:
        return at.astimezone(UTC).isoformat()
    if kind < 0.5:
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return at.astimezone(world.zone if kind < 0.8 else ZoneInfo("Asia/Kolkata")).isoformat()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--zone", choices=ZONES, default="UTC")
    args = parser.parse_args()
    write_history(random_history(Random(args.seed), args.size, args.zone), args.file)


if __name__ == "__main__":
    main()
