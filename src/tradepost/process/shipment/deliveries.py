"""What carriers report: the goods have arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, Party
from tradepost.numbers import OrderKey
from tradepost.orders import batch
from tradepost.orders.journal import Actor, Journal
from tradepost.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Delivery:
    """A carrier delivered what was shipped of an order."""

    key: OrderKey
    at: datetime
    carrier: str = "carrier"


async def record_deliveries(tx: Transaction, deliveries: Sequence[Delivery]) -> list[Refusal | None]:
    """Record deliveries; taken once an order, as soon as something was shipped. None: recorded."""
    return await batch.each(tx, deliveries, _deliver)


def _deliver(book: Journal, delivery: Delivery) -> None:
    order = book.order(delivery.key, delivery.at)
    book.record(order, Act.DELIVER, Actor(Party.CARRIER, delivery.carrier), delivery.at)
