"""Where everything stands, in the system and in the model, as tables of the same shape."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.model.marketplace_model import MarketplaceModel
from tests.model.play import ORDER_COLUMNS
from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey
from tradepost.reports import outcome

Table = list[tuple[Any, ...]]
Standing = dict[str, Table]
"""By name: orders, units (of each order and sku), stock, notices."""


async def of_system(tx: Transaction, names: Mapping[OrderKey, str]) -> Standing:
    """What the database holds. `names` are the references under which the model knows the orders."""
    units = await tx.fetch(
        """
        SELECT seller_id, order_id, sku, sum(quantity)::int, sum(shipped)::int, sum(canceled)::int
          FROM order_lines GROUP BY seller_id, order_id, sku
        """
    )
    return {
        "orders": await outcome.orders(tx, names),
        "units": sorted((names[OrderKey(seller, order)], *rest) for seller, order, *rest in units),
        "stock": await outcome.stock(tx),
        "notices": await outcome.notices(tx, names),
    }


def of_model(model: MarketplaceModel) -> Standing:
    """What should be so."""
    orders = [
        tuple(outcome.written(getattr(order, "reference" if name == "order" else name)) for name in ORDER_COLUMNS)
        for order in model.orders.values()
    ]
    units = [
        (order.reference, sku, line.ordered, line.shipped, line.canceled)
        for order in model.orders.values()
        for sku, line in order.lines.items()
    ]
    notices = [(outcome.written(told.at), told.to, told.kind, told.order) for told in model.notices]
    return {
        "orders": sorted(orders),
        "units": sorted(units),
        "stock": sorted((*offer, stock.available, stock.reserved) for offer, stock in model.stock.items()),
        "notices": sorted(notices, key=lambda row: (row[0], row[3], row[2], row[1])),
    }


def differences(found: Mapping[str, Table], right: Mapping[str, Table]) -> list[str]:
    """Every row that only one of the two has; a row that differs stands there twice."""
    assert found.keys() == right.keys()
    said = []
    for name in right:
        said += [f"{name}: {row} is wrong" for row in _missing(found[name], right[name])]
        said += [f"{name}: {row} is right" for row in _missing(right[name], found[name])]
        if not said and found[name] != right[name]:
            said.append(f"{name}: the rows are out of order")
    return said


def _missing(rows: Iterable[tuple[Any, ...]], of: Table) -> Table:
    left = list(of)
    missing = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            missing.append(row)
    return missing
