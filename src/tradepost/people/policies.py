"""The policies that orders were placed under, read once: a version of a policy never changes."""

from collections.abc import Collection

from tradepost import policy
from tradepost.delivery_promise import ShippingCalendar
from tradepost.ground.database import Transaction
from tradepost.people import records
from tradepost.policy import Policy

PolicyVersion = tuple[str, int]  # marketplace and version


async def of(tx: Transaction, versions: Collection[PolicyVersion]) -> dict[PolicyVersion, Policy]:
    """The policies of these versions; they are read from the database when they are met for the first time."""
    missing = [version for version in versions if ("policy", version) not in tx.remembered]
    if missing:
        for marketplace_id, number, document in await records.policy_documents(tx, missing):
            tx.remembered["policy", (marketplace_id, number)] = policy.from_document(document)
    return {version: tx.remembered["policy", version] for version in versions}


def met(tx: Transaction) -> list[Policy]:
    """The policies that this process has met so far."""
    return [value for value in tx.remembered.values() if isinstance(value, Policy)]


def shipping_calendar(of: Policy) -> ShippingCalendar:
    """The business days that promises of this policy count in."""
    return ShippingCalendar(of.zone, holidays=of.holidays)
