"""Shipment: the seller confirms what left, whole or in parts, and corrects a package afterwards (A45, A49)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tradepost import carriers
from tradepost.ground.database import Transaction
from tradepost.lifecycle import FINISHED, Act, Party
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Actor, Journal, outcome_of
from tradepost.orders.order import Order
from tradepost.orders.units import Items, lines_named, units_left
from tradepost.process.shipment import records
from tradepost.process.shipment.records import Package
from tradepost.refusals import Reason, Refusal, Refused

MOST_REFERENCE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """How a package travels. In an edit None keeps what the package has, and an empty text clears it."""

    carrier_code: str | None
    tracking: str | None = None
    carrier_name: str | None = None  # where carrier_code is Other
    ship_method: str | None = None
    shipped_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One package, confirmed or edited. No items: all that is left of the order.

    A `reference` that the order has already names the package to edit. With `may_edit`, units that are all shipped
    already name it too: that is how the row of a file corrects what an earlier row said.
    """

    key: OrderKey
    at: datetime
    parcel: Parcel
    items: Items | None = None
    reference: int | None = None
    may_edit: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of a confirmation. `changed` is false for an edit that says what the package says already."""

    reference: int
    edited: bool = False
    changed: bool = True
    tracking_looks_wrong: bool = False  # a warning; it was accepted


async def confirm_shipments(tx: Transaction, confirmations: Sequence[Confirmation]) -> list[Confirmed | Refusal]:
    """Confirm many packages; the outcomes stand in the order of the confirmations."""
    if not confirmations:
        return []
    room = await _Room.open(tx, confirmations)
    outcomes = [outcome_of(_confirm, room, confirmation) for confirmation in confirmations]
    await room.write(tx)
    return outcomes


class _Room:
    """The locked orders of a batch with their packages."""

    def __init__(self, journal: Journal, packages: dict[OrderKey, dict[int, Package]]) -> None:
        self.journal = journal
        self.packages = packages
        self.new: list[Package] = []
        self.edited: dict[tuple[OrderKey, int], Package] = {}

    @classmethod
    async def open(cls, tx: Transaction, confirmations: Sequence[Confirmation]) -> "_Room":
        keys = [confirmation.key for confirmation in confirmations]
        journal = await Journal.open(tx, keys, max(one.at for one in confirmations), lines=True)
        return cls(journal, await records.read(tx, keys))

    async def write(self, tx: Transaction) -> None:
        await self.journal.write()
        if self.new:
            await records.insert(tx, self.new)
        edited_before = [package for package in self.edited.values() if package not in self.new]
        if edited_before:
            await records.update(tx, edited_before)


def _confirm(room: _Room, wish: Confirmation) -> Confirmed:
    order = room.journal.order(wish.key, wish.at)
    package = _package_meant(room, order, wish)
    if package:
        return _edit(room, order, package, wish)
    room.journal.allow(order, Act.CONFIRM_SHIPMENT, Party.SELLER)
    parcel = _checked(wish.parcel)
    units = units_left(order, wish.items)
    known = room.packages.setdefault(wish.key, {})
    reference = wish.reference or max(known, default=0) + 1
    if not 0 < reference <= MOST_REFERENCE:
        problem = f"it must be a whole number from 1 to {MOST_REFERENCE}"
        raise Refused(Reason.INVALID_VALUE, field="package reference", problem=problem)
    package = Package(
        wish.key, reference, parcel.carrier_code or "", parcel.carrier_name or None, parcel.ship_method or None,
        parcel.tracking or None, parcel.shipped_on, wish.at, units=units,
    )  # fmt: skip
    seller = Actor(Party.SELLER, wish.key.seller_id)
    room.journal.record(order, Act.CONFIRM_SHIPMENT, seller, wish.at, units=units, detail={"package": reference})
    known[reference] = package
    room.new.append(package)
    return Confirmed(reference, tracking_looks_wrong=_looks_wrong(package))


def _package_meant(room: _Room, order: Order, wish: Confirmation) -> Package | None:
    """The package that a confirmation edits, if it edits one."""
    known = room.packages.get(wish.key, {})
    if wish.reference is not None:
        return known.get(wish.reference)
    if not wish.may_edit or not known:
        return None
    lines = (
        [line for item, _ in wish.items for line in lines_named(order, item)] if wish.items else order.lines.values()
    )
    wanted = sum(quantity or 1 for _, quantity in wish.items) if wish.items else 1
    if order.state not in FINISHED and sum(line.left for line in lines) >= wanted:
        return None
    meant = {line.line_no for line in lines}
    holding = [package for package in known.values() if meant & package.units.keys()]
    if len(holding) > 1:
        raise Refused(Reason.SEVERAL_PACKAGES, item=wish.items[0][0] if wish.items else order.order_id)
    return holding[0] if holding else None


def _edit(room: _Room, order: Order, package: Package, wish: Confirmation) -> Confirmed:
    room.journal.allow(order, Act.EDIT_PACKAGE, Party.SELLER)
    _check_same_units(order, package, wish)
    said = wish.parcel
    parcel = _checked(
        Parcel(
            _kept(said.carrier_code, package.carrier_code),
            _kept(said.tracking, package.tracking),
            _kept(said.carrier_name, package.carrier_name),
            _kept(said.ship_method, package.ship_method),
            said.shipped_on or package.shipped_on,
        )
    )
    was = replace(package)
    package.carrier_code, package.tracking = parcel.carrier_code or "", parcel.tracking or None
    package.carrier_name, package.ship_method = parcel.carrier_name or None, parcel.ship_method or None
    package.shipped_on = parcel.shipped_on
    if package == was:
        return Confirmed(package.reference, edited=True, changed=False, tracking_looks_wrong=_looks_wrong(package))
    package.edited_at = wish.at
    room.edited[wish.key, package.reference] = package
    seller = Actor(Party.SELLER, wish.key.seller_id)
    detail = {"package": package.reference, "carrier": was.carrier_code, "tracking": was.tracking}
    room.journal.record(order, Act.EDIT_PACKAGE, seller, wish.at, detail={"was": detail})
    return Confirmed(package.reference, edited=True, tracking_looks_wrong=_looks_wrong(package))


def _kept(said: str | None, before: str | None) -> str | None:
    return before if said is None else said


def _check_same_units(order: Order, package: Package, wish: Confirmation) -> None:
    """An edit may name the units of its package; it cannot change them."""
    if not wish.items:
        return
    for item, quantity in wish.items:
        held = sum(package.units.get(line.line_no, 0) for line in lines_named(order, item))
        if not held or (quantity is not None and quantity != held):
            raise Refused(Reason.PACKAGE_QUANTITIES_FIXED, package=package.reference)


def _checked(parcel: Parcel) -> Parcel:
    """The parcel with its carrier as Tradepost spells it."""
    for name, text, most in (
        ("carrier-code", parcel.carrier_code, 50),
        ("carrier-name", parcel.carrier_name, 50),
        ("tracking-number", parcel.tracking, 100),
        ("ship-method", parcel.ship_method, 100),
    ):
        if text and (len(text) > most or not text.isprintable()):
            problem = f"it may have {most} printable characters at most"
            raise Refused(Reason.INVALID_VALUE, field=name, problem=problem)
    if not parcel.carrier_code and not parcel.carrier_name:
        raise Refused(Reason.CARRIER_NEEDED)
    known = carriers.known_carrier(parcel.carrier_code or carriers.OTHER.code)
    if known is carriers.OTHER and not parcel.carrier_name:
        raise Refused(Reason.CARRIER_NAME_NEEDED)
    return replace(parcel, carrier_code=known.code if known else parcel.carrier_code)


def _looks_wrong(package: Package) -> bool:
    return bool(package.tracking) and carriers.tracking_warning(package.carrier_code, package.tracking or "")
