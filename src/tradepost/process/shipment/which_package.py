"""Which package a confirmation is about: one that the order has already, or a new one."""

from collections.abc import Collection, Mapping

from tradepost.orders.order import Order
from tradepost.orders.units import Items, lines_named
from tradepost.process.shipment.records import Package
from tradepost.refusals import Reason, Refused

Wanted = Mapping[tuple[int, ...], int | None]
"""Quantities by the line numbers that an item stands for; None: all of it."""


def package_meant(
    order: Order, known: Collection[Package], items: Items | None, tracking: str | None
) -> Package | None:
    """The package that holds these units already; None: they are to be shipped, or are not there.

    A package with the same tracking number and exactly these units is that package, even where more units are left:
    sellers upload lists that grow. Refuses units of which nothing is left and that lie in several packages.
    """
    if not known:
        return None
    wanted = _wanted(order, items)
    said_before = [package for package in known if tracking and package.tracking == tracking]
    if repeated := [package for package in said_before if items and _is(package, wanted)]:
        return repeated[0]
    left = {numbers: sum(order.lines[number].left for number in numbers) for numbers in wanted}
    if all(left[numbers] >= (quantity or 1) for numbers, quantity in wanted.items()):
        return None
    holding = [package for package in known if any(_held(package, numbers) for numbers in wanted)]
    if any(left.values()):  # too few are left, so an earlier package must be meant, and only one that fits can be
        holding = [package for package in holding if _holds(package, wanted)]
    if len(holding) > 1:
        raise Refused(Reason.SEVERAL_PACKAGES, item=items[0][0] if items else order.order_id)
    return holding[0] if holding else None


def check_same_units(order: Order, package: Package, items: Items | None) -> None:
    """An edit may name the units of its package; it cannot change them."""
    if items and not _holds(package, _wanted(order, items)):
        raise Refused(Reason.PACKAGE_QUANTITIES_FIXED, package=package.reference)


def _wanted(order: Order, items: Items | None) -> Wanted:
    """One item named twice is summed."""
    if items is None:
        return {tuple(order.lines): None}
    wanted: dict[tuple[int, ...], int | None] = {}
    for item, quantity in items:
        numbers = tuple(line.line_no for line in lines_named(order, item))
        before = wanted.get(numbers, 0)
        wanted[numbers] = None if quantity is None or before is None else before + quantity
    return wanted


def _holds(package: Package, wanted: Wanted) -> bool:
    """Whether all of this lies in the package, in these quantities."""
    return all((held := _held(package, numbers)) and quantity in (None, held) for numbers, quantity in wanted.items())


def _is(package: Package, wanted: Wanted) -> bool:
    """Whether the package holds this and nothing else."""
    quantities = [quantity for quantity in wanted.values() if quantity is not None]
    return len(quantities) == len(wanted) and sum(quantities) == sum(package.units.values()) and _holds(package, wanted)


def _held(package: Package, numbers: tuple[int, ...]) -> int:
    return sum(package.units.get(number, 0) for number in numbers)
