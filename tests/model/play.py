"""Play a history file through the model and write what became of it, as the replay paper lays the files out.

`python -m tests.model.play HISTORY --zone Z --out DIR`, or by its path. The file is taken to be readable.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

if __package__:
    from .marketplace_model import CartOrder, MarketplaceModel
else:  # run by its path
    from marketplace_model import CartOrder, MarketplaceModel  # type: ignore[import-not-found,no-redef]

COLUMNS = ("at", "event", "order", "seller", "buyer", "sku", "quantity", "price", "detail")
ORDER_COLUMNS = (
    *("order", "seller", "buyer", "status", "placed_at", "released_at", "warned_at", "shipped_at", "delivered_at"),
    *("canceled_at", "canceled_by", "cancel_reason", "ordered", "shipped", "canceled"),
)
Row = dict[str, str]


@dataclass
class Outcome:
    """What a history did: the model after it, and each refused row as its line, event and order."""

    model: MarketplaceModel
    refused: list[tuple[int, str, str]] = field(default_factory=list)


def read_history(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_history(rows: Iterable[Row], path: Path) -> None:
    _write(path, COLUMNS, ([row[column] for column in COLUMNS] for row in rows))


def play(rows: Sequence[Row], zone: str = "UTC", until: datetime | None = None) -> Outcome:
    """Play rows of a file through a new model. Without `until`, time stops at the last row."""
    outcome = Outcome(MarketplaceModel(zone))
    for _, group in groupby(enumerate(rows, start=2), key=lambda numbered: _one_act(*numbered)):
        numbered = list(group)
        if _play_act(outcome.model, [row for _, row in numbered]) is not None:
            outcome.refused += [(line, row["event"], row["order"]) for line, row in numbered]
    if until is not None:
        outcome.model.pass_time(until)
    return outcome


def _one_act(line: int, row: Row) -> tuple[object, ...]:
    """Consecutive rows with the same answer are one act: the rows of a checkout; any other row is by itself."""
    if row["event"] != "checkout":
        return (line,)
    if row["detail"]:
        return moment(row), "cart", row["detail"]
    return moment(row), "order", row["order"]


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["at"]).astimezone(UTC)


def _play_act(model: MarketplaceModel, rows: Sequence[Row]) -> str | None:
    row, at = rows[0], moment(rows[0])
    order, detail = row["order"], row["detail"]
    some = (row["sku"] or None, int(row["quantity"]) if row["quantity"] else None)
    match row["event"]:
        case "seller":
            return model.open_seller(at, row["seller"], detail)
        case "list":
            return model.list_offer(at, row["seller"], row["sku"], int(row["quantity"]), row["price"], detail)
        case "stock":
            return model.set_stock(at, row["seller"], row["sku"], int(row["quantity"]))
        case "checkout":
            return model.checkout(at, cart_of(rows))
        case "verify":
            return model.verify(at, order, detail)
        case "buyer_cancel":
            return model.buyer_cancel(at, order)
        case "request_cancel":
            return model.request_cancel(at, order)
        case "confirm":
            return model.confirm(at, order, *some)
        case "seller_cancel":
            return model.seller_cancel(at, order, detail, *some)
        case "deliver":
            return model.deliver(at, order)
    raise ValueError(f"unknown event: {row['event']}")


def cart_of(rows: Sequence[Row]) -> list[CartOrder]:
    """The orders of one checkout: consecutive rows of one order are its lines."""
    return [
        (order, seller, buyer, [(row["sku"], int(row["quantity"]), row["price"]) for row in lines])
        for (order, seller, buyer), lines in groupby(rows, key=lambda row: (row["order"], row["seller"], row["buyer"]))
    ]


def write_outcome(outcome: Outcome, directory: Path) -> None:
    """Write orders.csv, stock.csv, notices.csv, and refused.csv without order and reason."""
    directory.mkdir(parents=True, exist_ok=True)
    model = outcome.model
    orders = (order for _, order in sorted(model.orders.items()))
    _write(
        directory / "orders.csv",
        ORDER_COLUMNS,
        ([_cell(getattr(order, "reference" if c == "order" else c)) for c in ORDER_COLUMNS] for order in orders),
    )
    _write(
        directory / "stock.csv",
        ("seller", "sku", "available", "reserved"),
        ([*offer, stock.available, stock.reserved] for offer, stock in sorted(model.stock.items())),
    )
    _write(directory / "refused.csv", ("line", "event"), ([line, event] for line, event, _ in outcome.refused))
    notices = sorted(model.notices, key=lambda notice: (notice.at, notice.order, notice.kind, notice.to))
    _write(
        directory / "notices.csv",
        ("at", "to", "kind", "order"),
        ([_cell(value) for value in notice] for notice in notices),
    )


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else value


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("history", type=Path)
    parser.add_argument("--zone", default="UTC")
    parser.add_argument("--until", type=datetime.fromisoformat)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    write_outcome(play(read_history(args.history), args.zone, args.until), args.out)


if __name__ == "__main__":
    main()
