"""Opening and changing marketplaces, seller accounts and buyer accounts: what is said of them is checked here."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from tradepost import policy
from tradepost.ground.database import Transaction, storable
from tradepost.people import policies, records
from tradepost.people.account_values import (
    check_buyer,
    check_country,
    check_currency,
    check_id,
    check_locale,
    check_name,
    check_seller,
)
from tradepost.people.records import BuyerAccount, Marketplace, Seller, SellerAccount
from tradepost.policy import InvalidPolicy, Policy
from tradepost.refusals import Reason, Refusal, Refused

AccountT = TypeVar("AccountT", SellerAccount, BuyerAccount)


@dataclass(frozen=True, slots=True)
class NewMarketplace:
    """A marketplace as it is opened."""

    marketplace_id: str
    name: str
    country: str = "US"
    currency: str = "USD"
    locale: str = "en"
    policy: Policy = field(default_factory=Policy)


class InForce(NamedTuple):
    """A marketplace with the policy that new orders are placed under."""

    marketplace: Marketplace
    policy: Policy


async def open_marketplace(tx: Transaction, new: NewMarketplace) -> Marketplace:
    """Open a marketplace with the first version of its policy. Refuses bad values, and one that is open already."""
    check_id("marketplace_id", new.marketplace_id)
    check_name(new.name)
    check_locale(new.locale)
    check_country(new.country)
    check_currency(new.currency)
    marketplace = Marketplace(new.marketplace_id, new.name, new.country, new.currency, new.locale, 1)
    if not await records.put_marketplace(tx, marketplace, policy.to_document(new.policy), again=False):
        raise Refused(Reason.NAME_TAKEN, name=new.marketplace_id)
    return marketplace


async def marketplaces(tx: Transaction) -> list[InForce]:
    """All marketplaces, each with its policy."""
    found = await records.marketplaces(tx)
    of_version = await policies.of(tx, [(one.marketplace_id, one.policy_version) for one in found])
    return [InForce(one, of_version[one.marketplace_id, one.policy_version]) for one in found]


async def marketplace(tx: Transaction, marketplace_id: str) -> InForce:
    """One marketplace with its policy; refuses one that does not exist."""
    for one in await marketplaces(tx):
        if one.marketplace.marketplace_id == marketplace_id:
            return one
    raise Refused(Reason.MARKETPLACE_NOT_FOUND, marketplace=marketplace_id)


async def change_policy(tx: Transaction, marketplace_id: str, **changes: object) -> Policy:
    """Give a marketplace a new version of its policy. Orders keep the version that they were placed under.

    Raises InvalidPolicy for numbers that contradict each other, and refuses a marketplace that does not exist.
    """
    return await _change_policy(tx, marketplace_id, lambda old: replace(old, **changes))  # type: ignore[arg-type]


async def change_policy_fields(tx: Transaction, marketplace_id: str, document: Mapping[str, Any]) -> Policy:
    """The same, with the changes as fields of the policy's document; refuses what contradicts itself, too."""
    return await _change_policy(tx, marketplace_id, lambda old: policy_from({**policy.to_document(old), **document}))


def policy_from(document: Mapping[str, Any]) -> Policy:
    """The policy of a document, the usual one where it says nothing; refuses one that contradicts itself."""
    try:
        return policy.from_document(dict(document))
    except InvalidPolicy as error:
        raise Refused(Reason.INVALID_VALUE, field="policy", problem=str(error).rstrip(".")) from error


async def open_sellers(tx: Transaction, accounts: Sequence[SellerAccount], at: datetime) -> list[Refusal | None]:
    """Open seller accounts. Outcomes in the order of the accounts; None: opened, and nobody had that name before."""
    markets = {one.marketplace_id for one in await records.marketplaces(tx)}

    def check(account: SellerAccount) -> None:
        check_id("seller_id", account.seller_id)
        if account.marketplace_id not in markets:
            raise Refused(Reason.MARKETPLACE_NOT_FOUND, marketplace=account.marketplace_id)
        check_seller(account)

    async def put(good: Sequence[SellerAccount]) -> Collection[str]:
        return await records.put_sellers(tx, good, at, again=False)

    return await _open(accounts, check, put)


async def open_buyers(tx: Transaction, accounts: Sequence[BuyerAccount], at: datetime) -> list[Refusal | None]:
    """Open buyer accounts. Outcomes in the order of the accounts; None: opened, and nobody had that name before."""

    def check(account: BuyerAccount) -> None:
        check_id("buyer_id", account.buyer_id)
        check_buyer(account)

    async def put(good: Sequence[BuyerAccount]) -> Collection[str]:
        return await records.put_buyers(tx, good, at, again=False)

    return await _open(accounts, check, put)


async def seller(tx: Transaction, seller_id: str) -> SellerAccount:
    """One seller account; refuses one that does not exist."""
    found = (await records.sellers(tx, [seller_id])).get(seller_id)
    if found is None:
        raise Refused(Reason.SELLER_NOT_FOUND, seller=seller_id)
    return account_of(found)


async def buyer(tx: Transaction, buyer_id: str) -> BuyerAccount:
    """One buyer account; refuses one that does not exist."""
    found = (await records.buyers(tx, [buyer_id])).get(buyer_id)
    if found is None:
        raise Refused(Reason.BUYER_NOT_FOUND, buyer=buyer_id)
    return found


async def change_seller(tx: Transaction, seller_id: str, changes: Mapping[str, Any]) -> SellerAccount:
    """Change fields of a seller account, such as its plan; refuses bad values and an account that does not exist.
    Returns it as it is kept: days in their order, each once.

    Orders keep the handling time that they were placed with.
    """
    await records.lock_sellers(tx, [seller_id])
    changed = (await seller(tx, seller_id))._replace(**changes)
    check_seller(changed)
    await records.put_sellers(tx, [changed], tx.now)
    return await seller(tx, seller_id)


async def change_buyer(tx: Transaction, buyer_id: str, changes: Mapping[str, Any]) -> BuyerAccount:
    """Change fields of a buyer account; refuses bad values and an account that does not exist."""
    if storable(buyer_id):
        await records.lock_buyers(tx, [buyer_id])
    changed = (await buyer(tx, buyer_id))._replace(**changes)
    check_buyer(changed)
    await records.put_buyers(tx, [changed], tx.now)
    return changed


def account_of(seller: Seller) -> SellerAccount:
    """What is written of a seller."""
    shipping = seller.shipping
    return SellerAccount(
        seller.seller_id,
        seller.marketplace_id,
        seller.name,
        seller.email,
        seller.locale,
        seller.plan,
        shipping.handling_days,
        shipping.cut_off,
        tuple(sorted(shipping.operating_weekdays)),
        tuple(sorted(shipping.works_on)),
    )


async def _change_policy(tx: Transaction, marketplace_id: str, change: Callable[[Policy], Policy]) -> Policy:
    old = await records.lock_marketplace(tx, marketplace_id) if storable(marketplace_id) else None
    if old is None:
        raise Refused(Reason.MARKETPLACE_NOT_FOUND, marketplace=marketplace_id)
    version = (marketplace_id, old.policy_version)
    changed = change((await policies.of(tx, [version]))[version])
    newer = old._replace(policy_version=old.policy_version + 1)
    await records.put_marketplace(tx, newer, policy.to_document(changed))
    return changed


async def _open(
    accounts: Sequence[AccountT],
    check: Callable[[AccountT], None],
    put: Callable[[Sequence[AccountT]], Awaitable[Collection[str]]],
) -> list[Refusal | None]:
    """Write the accounts that pass the check; of several with one name the first one has it."""
    outcomes: list[Refusal | None] = []
    for account in accounts:
        try:
            check(account)
            outcomes.append(None)
        except Refused as no:
            outcomes.append(no.refusal)
    good = [account for account, no in zip(accounts, outcomes, strict=True) if no is None]
    opened = set(await put(sorted(good, key=lambda account: account[0])))
    for number, account in enumerate(accounts):
        if outcomes[number] is None:
            if account[0] not in opened:
                outcomes[number] = Refusal(Reason.NAME_TAKEN, {"name": account[0]})
            opened.discard(account[0])
    return outcomes
