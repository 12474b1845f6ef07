"""Shipment: the seller confirms what left, whole or in parts, and corrects a package afterwards (A45, A49)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from tradepost import carriers
from tradepost.calendar_days import local_date
from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING, Act, Party, State
from tradepost.numbers import OrderKey
from tradepost.orders.batch import outcome_of
from tradepost.orders.journal import Actor, Journal
from tradepost.orders.order import Order
from tradepost.orders.units import Items, units_left
from tradepost.process.shipment import records
from tradepost.process.shipment.records import Package
from tradepost.process.shipment.which_package import check_same_units, package_meant
from tradepost.refusals import Reason, Refusal, Refused

MOST_REFERENCE = 2**53 - 1  # every program reads it exactly
ONE_DAY = timedelta(days=1)
NEARLY_A_DAY = timedelta(hours=22)  # no day is shorter, where clocks are put forward: so near is no further than a day


class Parcel(NamedTuple):
    """How a package travels. In an edit None keeps what the package has, and an empty text clears it."""

    carrier_code: str | None
    tracking: str | None = None
    carrier_name: str | None = None  # where carrier_code is Other
    ship_method: str | None = None
    shipped_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One package, confirmed or edited. No items: all that is left of the order, in all `quantity` units if given.

    A `reference` that the order has already names the package to edit. With `may_edit`, units that one package holds
    already name it too: that is how the row of a file corrects what an earlier row said. `must_edit` refuses a
    reference that the order does not have yet.
    """

    key: OrderKey
    at: datetime
    parcel: Parcel
    items: Items | None = None
    reference: int | None = None
    may_edit: bool = False
    quantity: int | None = None
    must_edit: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of a confirmation. `changed` is false for an edit that says what the package says already."""

    reference: int
    edited: bool = False
    changed: bool = True
    tracking_looks_wrong: bool = False  # a warning; it was accepted
    status: str = field(default="", compare=False)  # of the order after it


async def confirm_shipments(tx: Transaction, confirmations: Sequence[Confirmation]) -> list[Confirmed | Refusal]:
    """Confirm many packages; the outcomes stand in the order of the confirmations."""
    return [outcome for (outcome,) in await confirm_parcels(tx, [[one] for one in confirmations])]


async def confirm_parcels(
    tx: Transaction, parcels: Sequence[Sequence[Confirmation]]
) -> list[list[Confirmed | Refusal]]:
    """Confirm many packages, each told in one or more confirmations that name the same order, moment and parcel.

    What can be shipped of them becomes one package, with one event and one notice; every confirmation has an outcome
    of its own, in the same places.
    """
    said = [confirmation for parcel in parcels for confirmation in parcel]
    if not said:
        return [[] for _ in parcels]
    room = await _Room.open(tx, said)
    outcomes = [_confirm(room, parcel) for parcel in parcels]
    await room.write(tx)
    return outcomes


class _Room:
    """The locked orders of a batch with their packages."""

    def __init__(self, journal: Journal, packages: dict[OrderKey, dict[int, Package]]) -> None:
        self.journal = journal
        self.packages = packages
        self.new: dict[tuple[OrderKey, int], Package] = {}
        self.edited: dict[tuple[OrderKey, int], Package] = {}

    @classmethod
    async def open(cls, tx: Transaction, confirmations: Sequence[Confirmation]) -> "_Room":
        keys = [confirmation.key for confirmation in confirmations]
        journal = await Journal.open(tx, keys, max(one.at for one in confirmations), lines=True)
        shipped = [order.key for order in journal.orders if order.shipped_units]
        return cls(journal, await records.read(tx, shipped) if shipped else {})

    async def write(self, tx: Transaction) -> None:
        await self.journal.write()
        if self.new:
            await records.insert(tx, list(self.new.values()))
        edited_before = [package for name, package in self.edited.items() if name not in self.new]
        if edited_before:
            await records.update(tx, edited_before)

    def order(self, wish: Confirmation) -> Order:
        """The order at this moment, if it is one of which something can be shipped or edited."""
        order = self.journal.order(wish.key, wish.at)
        if order.state is State.CANCELED or order.state in PENDING:
            self.journal.allow(order, Act.CONFIRM_SHIPMENT, Party.SELLER)
        return order

    def package_meant(self, order: Order, wish: Confirmation, items: Items | None) -> Package | None:
        """The package that a confirmation edits, if it edits one."""
        known = self.packages.get(wish.key, {})
        if wish.must_edit and wish.reference not in known:
            raise Refused(Reason.PACKAGE_NOT_FOUND, package=wish.reference)
        if wish.reference is not None:
            return known.get(wish.reference)
        return package_meant(order, known.values(), items, wish.parcel.tracking) if wish.may_edit else None


def _confirm(room: _Room, parcel: Sequence[Confirmation]) -> list[Confirmed | Refusal]:
    if len(parcel) > 1 and (edited := _edit_together(room, parcel)):
        return [edited] * len(parcel)
    package = _NewPackage(room)
    outcomes = [outcome_of(_edit_or_add, package, wish) for wish in parcel]
    if not package.units:
        return [outcome for outcome in outcomes if outcome]
    shipped = package.ship(parcel[0])
    return [outcome or shipped for outcome in outcomes]


def _edit_together(room: _Room, parcel: Sequence[Confirmation]) -> Confirmed | None:
    """Confirmations that tell all that a package holds edit it as one; the same item may be told in several."""
    wish, items = parcel[0], [item for one in parcel for item in one.items or ()]
    try:
        order = room.order(wish)
        package = room.package_meant(order, wish, items) if all(one.items for one in parcel) else None
        return _edit(room, order, package, wish, items) if package else None
    except Refused:
        return None  # each of them is answered by itself


def _edit_or_add(new: "_NewPackage", wish: Confirmation) -> Confirmed | None:
    """The outcome of an edit, or None: the units go into the new package."""
    order = new.room.order(wish)
    items = _items(order, wish)
    if package := new.room.package_meant(order, wish, items):
        return _edit(new.room, order, package, wish, items)
    new.room.journal.allow(order, Act.CONFIRM_SHIPMENT, Party.SELLER)
    if not new.units:
        new.order, new.parcel = order, _checked(wish.parcel)
        _check_ship_date(new.room, order, wish)
    _check_reference(wish.reference)
    new.add(order, items)
    return None


class _NewPackage:
    """A package that is being filled: what the confirmations of one parcel add up to."""

    def __init__(self, room: _Room) -> None:
        self.room = room
        self.order: Order
        self.parcel: Parcel
        self.units: dict[int, int] = {}
        self._told: list[Items | None] = []

    def add(self, order: Order, items: Items | None) -> None:
        """Add units that are left; what is said again when nothing more is left counts as said once."""
        rest = order
        if self.units:
            lines = {n: replace(line, shipped=line.shipped + self.units.get(n, 0)) for n, line in order.lines.items()}
            rest = replace(order, lines=lines)
        try:
            units = units_left(rest, items)
        except Refused:
            if items not in self._told:
                raise
            return
        for line_no, quantity in units.items():
            self.units[line_no] = self.units.get(line_no, 0) + quantity
        self._told.append(items)

    def ship(self, wish: Confirmation) -> Confirmed:
        """Ship what was added."""
        known = self.room.packages.setdefault(wish.key, {})
        reference = wish.reference or _next_reference(known)
        parcel = self.parcel
        package = Package(
            wish.key, reference, parcel.carrier_code or "", parcel.carrier_name or None, parcel.ship_method or None,
            parcel.tracking or None, parcel.shipped_on, wish.at, units=self.units,
        )  # fmt: skip
        order, seller = self.order, Actor(Party.SELLER, wish.key.seller_id)
        detail = {"package": reference}
        self.room.journal.record(order, Act.CONFIRM_SHIPMENT, seller, wish.at, units=self.units, detail=detail)
        known[reference] = self.room.new[wish.key, reference] = package
        return Confirmed(reference, tracking_looks_wrong=_looks_wrong(package), status=order.state.status)


def _next_reference(known: Collection[int]) -> int:
    """The number after the last one; a seller may have given that to the last that there is, and then any free one."""
    after = max(known, default=0) + 1
    return after if after <= MOST_REFERENCE else next(free for free in count(1) if free not in known)


def _items(order: Order, wish: Confirmation) -> Items | None:
    """The items meant by a confirmation of a whole order that says how many units that are."""
    if wish.items is not None or wish.quantity is None:
        return wish.items
    if len(order.lines) == 1:
        return [(line.item_id, wish.quantity) for line in order.lines.values()]
    if wish.quantity != (order.units_left or order.shipped_units):
        raise Refused(Reason.ITEM_NEEDED, quantity=wish.quantity)
    return None


def _edit(room: _Room, order: Order, package: Package, wish: Confirmation, items: Items | None) -> Confirmed:
    room.journal.allow(order, Act.EDIT_PACKAGE, Party.SELLER)
    check_same_units(order, package, items)
    _check_ship_date(room, order, wish)
    parcel = _checked(_edited(package, wish.parcel))
    was = replace(package)
    package.carrier_code, package.tracking = parcel.carrier_code or "", parcel.tracking or None
    package.carrier_name, package.ship_method = parcel.carrier_name or None, parcel.ship_method or None
    package.shipped_on = parcel.shipped_on
    confirmed = Confirmed(package.reference, True, package != was, _looks_wrong(package), order.state.status)
    if not confirmed.changed:
        return confirmed
    package.edited_at = wish.at
    room.edited[wish.key, package.reference] = package
    seller = Actor(Party.SELLER, wish.key.seller_id)
    detail = {"package": package.reference, "carrier": was.carrier_code, "tracking": was.tracking}
    room.journal.record(order, Act.EDIT_PACKAGE, seller, wish.at, detail={"was": detail})
    return confirmed


def _edited(package: Package, said: Parcel) -> Parcel:
    """What the package says after an edit. A carrier is its code and its name: whoever gives one replaces both."""
    code, name = said.carrier_code, said.carrier_name
    if code is None and not name:
        code, name = package.carrier_code, _kept(name, package.carrier_name)
    elif name is None and (same := carriers.known_carrier(code or "")) and same.code == package.carrier_code:
        name = package.carrier_name
    return Parcel(
        code,
        _kept(said.tracking, package.tracking),
        name,
        _kept(said.ship_method, package.ship_method),
        said.shipped_on or package.shipped_on,
    )


def _kept(said: str | None, before: str | None) -> str | None:
    return before if said is None else said


def _check_reference(reference: int | None) -> None:
    if reference is not None and not 0 < reference <= MOST_REFERENCE:
        problem = f"it must be a whole number from 1 to {MOST_REFERENCE}"
        raise Refused(Reason.INVALID_VALUE, field="package reference", problem=problem)


def _check_ship_date(room: _Room, order: Order, wish: Confirmation) -> None:
    """Rules look at the moment of confirmation; the date typed must only be possible, give or take a day of zones."""
    shipped_on, zone = wish.parcel.shipped_on, room.journal.policy(order).zone
    if shipped_on is None or order.placed_at - NEARLY_A_DAY <= shipped_on <= wish.at + NEARLY_A_DAY:
        return
    near = order.placed_at - 3 * ONE_DAY < shipped_on < wish.at + 3 * ONE_DAY
    given = local_date(shipped_on, zone) if near else shipped_on.date()  # no zone has the last day of the year 9999
    if shipped_on > wish.at and given > local_date(wish.at, zone) + ONE_DAY:
        raise Refused(Reason.SHIP_DATE_IN_FUTURE, given=given)
    if given < (placed := local_date(order.placed_at, zone)) - ONE_DAY:
        raise Refused(Reason.SHIP_DATE_BEFORE_ORDER, given=given, placed=placed)


def _checked(parcel: Parcel) -> Parcel:
    """The parcel with its carrier as Tradepost spells it."""
    texts = (parcel.carrier_code, parcel.tracking, parcel.carrier_name, parcel.ship_method)
    for (name, most), text in zip(_LONGEST, texts, strict=True):
        if text and (len(text) > most or not text.isprintable()):
            problem = f"it may have {most} printable characters at most"
            raise Refused(Reason.INVALID_VALUE, field=name, problem=problem)
    if not parcel.carrier_code and not parcel.carrier_name:
        raise Refused(Reason.CARRIER_NEEDED)
    known = carriers.known_carrier(parcel.carrier_code or carriers.OTHER.code)
    if known is carriers.OTHER and not parcel.carrier_name:
        raise Refused(Reason.CARRIER_NAME_NEEDED)
    return parcel._replace(carrier_code=known.code) if known and known.code != parcel.carrier_code else parcel


_LONGEST = (("carrier-code", 50), ("tracking-number", 100), ("carrier-name", 50), ("ship-method", 100))
"""How many characters the texts of a parcel may have."""


def _looks_wrong(package: Package) -> bool:
    return bool(package.tracking) and carriers.tracking_warning(package.carrier_code, package.tracking or "")
