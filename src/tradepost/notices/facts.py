"""What a notice has to tell, read for a whole batch at once; the delivery address is not among it, for anyone (A40)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Record

from tradepost.carriers import OTHER, known_carrier
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Notice, Party
from tradepost.notices import records
from tradepost.notices.records import ClaimedNotice
from tradepost.policy import Policy, from_document

_ABOUT_WHAT_IS_LEFT = (Notice.CANCELLATION_REQUESTED, Notice.CONFIRM_SHIPMENT_REMINDER)


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one line that the notice is about."""

    title: str
    sku: str
    unit_price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the text of one notice may say. Of the two parties it knows only the receiver."""

    notice: ClaimedNotice
    kind: Notice
    receiver: Party
    name: str
    email: str | None
    locale: str
    marketplace: str
    zone: str
    placed_at: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    verify_until: datetime
    last_day_to_confirm: date
    promised_anew: bool  # verification outlasted the hold, so the dates count from the release (A31)
    currency: str
    total: int
    service: str
    items: tuple[Item, ...]
    rest: int  # units of the order that are neither shipped nor canceled
    whole_order: bool  # every unit of the order is canceled
    carrier: str | None
    tracking: str | None
    canceled_by: str | None
    reason: str | None


class Batch:
    """What the database says of a batch of notices; `of` picks one notice's facts and raises when they do not fit."""

    def __init__(
        self,
        orders: Iterable[Record],
        policies: Iterable[Record],
        lines: Iterable[Record],
        packages: Iterable[Record],
        cancellations: Iterable[Record],
    ) -> None:
        self._orders = {(row["seller_id"], row["order_id"]): row for row in orders}
        self._documents = {(row["marketplace_id"], row["version"]): row["document"] for row in policies}
        self._policies: dict[tuple[str, int], Policy] = {}
        self._lines = _grouped(lines, "seller_id", "order_id")
        self._packages = _grouped(packages, "seller_id", "order_id", "number")
        self._cancellations = _grouped(cancellations, "seller_id", "order_id", "event")

    def of(self, notice: ClaimedNotice) -> Facts:
        """The facts of one notice of the batch."""
        kind, receiver = Notice(notice.kind), Party(notice.receiver)
        order = self._orders[notice.seller_id, notice.order_id]
        lines = self._lines[notice.seller_id, notice.order_id]
        package = self._packages.get((notice.seller_id, notice.order_id, notice.event), [])
        canceled = self._cancellations.get((notice.seller_id, notice.order_id, notice.event), [])
        policy = self._policy(order["marketplace_id"], order["policy_version"])
        return Facts(
            notice=notice,
            kind=kind,
            receiver=receiver,
            name=order[f"{receiver}_name"],
            email=order[f"{receiver}_email"] or None,
            locale=order[f"{receiver}_locale"],
            marketplace=order["marketplace"],
            zone=policy.zone,
            placed_at=order["placed_at"],
            ship_latest=order["ship_latest"],
            deliver_earliest=order["deliver_earliest"],
            deliver_latest=order["deliver_latest"],
            verify_until=order["placed_at"] + policy.verification_limit,
            last_day_to_confirm=policy.last_day_to_confirm(order["placed_at"]),
            promised_anew=notice.happened_at > order["placed_at"] + policy.hold,
            currency=order["currency"],
            total=order["total"],
            service=order["service"],
            items=_items(kind, lines, package, canceled),
            rest=sum(_left(line) for line in lines),
            whole_order=sum(line["canceled"] for line in lines) == order["ordered_units"],
            carrier=_carrier(package[0]) if package else None,
            tracking=package[0]["tracking"] if package else None,
            canceled_by=canceled[0]["canceled_by"] if canceled else None,
            reason=canceled[0]["reason"] if canceled else None,
        )

    def _policy(self, marketplace_id: str, version: int) -> Policy:
        key = marketplace_id, version
        if key not in self._policies:
            self._policies[key] = from_document(self._documents[key])
        return self._policies[key]


async def read(tx: Transaction, notices: Sequence[ClaimedNotice]) -> Batch:
    """Everything that these notices have to tell, in five statements whatever their number."""
    keys = sorted({(notice.seller_id, notice.order_id) for notice in notices})
    events = sorted({(notice.seller_id, notice.order_id, notice.event) for notice in notices})
    orders = await records.orders_of(tx, keys)
    policies = sorted({(order["marketplace_id"], order["policy_version"]) for order in orders})
    return Batch(
        orders,
        await records.policies_of(tx, policies),
        await records.lines_of(tx, keys),
        await records.packages_of(tx, events),
        await records.cancellations_of(tx, events),
    )


def _items(
    kind: Notice, lines: Sequence[Record], package: Sequence[Record], canceled: Sequence[Record]
) -> tuple[Item, ...]:
    """The units that the notice is about: of the event itself, or what is left of the order, or all of it."""
    if kind is Notice.SHIPMENT_CONFIRMATION:
        quantities = {row["line_no"]: row["quantity"] for row in package}
        if not quantities:
            raise LookupError("The event that the notice tells of shipped nothing.")
    elif kind is Notice.ORDER_CANCELED:
        quantities = {row["line_no"]: row["quantity"] for row in canceled}
        if not quantities:
            raise LookupError("The event that the notice tells of canceled nothing.")
    elif kind in _ABOUT_WHAT_IS_LEFT:
        quantities = {line["line_no"]: _left(line) for line in lines}
    else:
        quantities = {line["line_no"]: line["quantity"] for line in lines}
    return tuple(
        Item(line["title"], line["sku"], line["unit_price"], quantity)
        for line in lines
        if (quantity := quantities.get(line["line_no"], 0))
    )


def _left(line: Record) -> int:
    left: int = line["quantity"] - line["shipped"] - line["canceled"]
    return left


def _carrier(package: Record) -> str:
    known = known_carrier(package["carrier_code"])
    named = known.name if known and known is not OTHER else package["carrier_code"]
    return (package["carrier_name"] or named) if known is OTHER else named


def _grouped(rows: Iterable[Record], *key: str) -> dict[tuple[object, ...], list[Record]]:
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in key)].append(row)
    return dict(groups)
