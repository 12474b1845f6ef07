"""Opening marketplaces, seller accounts and buyer accounts."""

from dataclasses import dataclass, field, replace

from tradepost import policy
from tradepost.ground.database import Transaction
from tradepost.money import digits_of
from tradepost.people import policies, records
from tradepost.people.records import Marketplace
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refused


@dataclass(frozen=True, slots=True)
class NewMarketplace:
    """A marketplace as it is opened."""

    marketplace_id: str
    name: str
    country: str = "US"
    currency: str = "USD"
    locale: str = "en"
    policy: Policy = field(default_factory=Policy)


async def open_marketplace(tx: Transaction, new: NewMarketplace) -> Marketplace:
    """Open a marketplace with the first version of its policy."""
    digits_of(new.currency)
    marketplace = Marketplace(new.marketplace_id, new.name, new.country, new.currency, new.locale, 1)
    await records.put_marketplace(tx, marketplace, policy.to_document(new.policy))
    return marketplace


async def change_policy(tx: Transaction, marketplace_id: str, **changes: object) -> Policy:
    """Give a marketplace a new version of its policy. Orders keep the version that they were placed under.

    Raises InvalidPolicy for numbers that contradict each other, and refuses a marketplace that does not exist.
    """
    marketplace = await records.lock_marketplace(tx, marketplace_id)
    if marketplace is None:
        raise Refused(Reason.MARKETPLACE_NOT_FOUND, marketplace=marketplace_id)
    version = (marketplace_id, marketplace.policy_version)
    changed = replace((await policies.of(tx, [version]))[version], **changes)  # type: ignore[arg-type]
    newer = marketplace._replace(policy_version=marketplace.policy_version + 1)
    await records.put_marketplace(tx, newer, policy.to_document(changed))
    return changed
