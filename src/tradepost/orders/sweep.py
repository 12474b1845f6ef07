"""The sweep: what the clock does to orders that nobody touches."""

from collections.abc import Sequence
from datetime import datetime

from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey
from tradepost.orders import records
from tradepost.orders.journal import Journal

BATCH = 1000


async def fire_due(
    tx: Transaction,
    until: datetime,
    *,
    limit: int = BATCH,
    wait_for_gateways: bool = False,
) -> int:
    """Do what falls due by `until`, each at its own moment, for a batch of orders; how many orders there were.

    Workers may sweep at the same time: whoever comes second finds the order done.
    """
    keys = await records.due(tx, until, limit, wait_for_gateways=wait_for_gateways)
    if keys:
        await fire(tx, keys, until, wait_for_gateways=wait_for_gateways)
    return len(keys)


async def fire(tx: Transaction, keys: Sequence[OrderKey], until: datetime, *, wait_for_gateways: bool = False) -> None:
    """Do what falls due by `until` on these orders."""
    journal = await Journal.open(tx, keys, until)
    journal.let_time_pass(until, wait_for_gateways=wait_for_gateways)
    await journal.write()
