"""Marketplaces and their policies: the numbers of the process."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from tradepost import policy
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.http.shown import shown
from tradepost.doors.operator_api.given import given
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.people import accounts
from tradepost.people.accounts import InForce, NewMarketplace
from tradepost.policy import MOST_DAYS

Seconds = Annotated[float, Meta(ge=0, le=MOST_DAYS * 86_400)]
Days = Annotated[int, Meta(ge=0, le=MOST_DAYS)]


class PolicyFields(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of the process; what a request leaves out stays as it is, or has its usual value.

    `zone` is the IANA time zone in which days are counted. `hold` is for how many seconds the buyer may cancel, and
    `verification_limit` after how many an order that was not verified is given up. A shipment is confirmed within
    `confirm_days` calendar days, and the seller reminded `remind_days` before they end. `unverified_units` is how many
    units the Pending orders of one buyer may hold (null: any). `payment_retries` are the waits in seconds after each
    failed payment, the last of which repeats.
    """

    zone: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    hold: Seconds | UnsetType = UNSET
    verification_limit: Seconds | UnsetType = UNSET
    confirm_days: Days | UnsetType = UNSET
    remind_days: Days | UnsetType = UNSET
    unverified_units: Annotated[int, Meta(ge=1, le=10**9)] | UnsetType | None = UNSET
    individual_reports: bool | UnsetType = UNSET
    payment_retries: Annotated[list[Seconds], Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    holidays: Annotated[list[date], Meta(max_length=1000)] | UnsetType = UNSET


class OpenedMarketplace(Struct, frozen=True, forbid_unknown_fields=True):
    """A marketplace as it is opened. `country` and `currency` are ISO codes such as US and USD."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    locale: str = "en"
    policy: PolicyFields | None = None


class ShownMarketplace(Struct, frozen=True):
    """A marketplace, with the policy that new orders are placed under and its version."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    locale: str
    policy_version: int
    policy: PolicyFields


class Marketplaces(Struct, frozen=True):
    """All marketplaces."""

    items: list[ShownMarketplace]


@get("/marketplaces", summary="List the marketplaces")
async def list_marketplaces(who: Who, desk: TheDesk) -> Marketplaces:
    """All marketplaces, each with its policy."""
    async with desk.database.transaction() as tx:
        return Marketplaces([_shown(one) for one in await accounts.marketplaces(tx)])


@post("/marketplaces", summary="Open a marketplace")
async def open_marketplace(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[OpenedMarketplace]
) -> Response[ShownMarketplace]:
    """Open a marketplace with the first version of its policy."""

    async def work(tx: Transaction) -> Answer:
        first = accounts.policy_from(_document(data.policy) if data.policy else {})
        new = NewMarketplace(data.marketplace_id, data.name, data.country, data.currency, data.locale, first)
        await accounts.open_marketplace(tx, new)
        return await _answer(tx, 201, data.marketplace_id)

    return sent(await desk.alone(work, language, once))


@get("/marketplaces/{marketplace_id:str}", summary="Look at a marketplace")
async def look_at_marketplace(who: Who, desk: TheDesk, marketplace_id: FromPath[str]) -> ShownMarketplace:
    """One marketplace with its policy."""
    async with desk.database.transaction() as tx:
        return _shown(await accounts.marketplace(tx, marketplace_id))


@patch("/marketplaces/{marketplace_id:str}/policy", summary="Change the policy of a marketplace")
async def change_policy(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    marketplace_id: FromPath[str],
    data: JSONBody[PolicyFields],
) -> Response[ShownMarketplace]:
    """Give the marketplace a new version of its policy. Orders keep the version that they were placed under."""

    async def work(tx: Transaction) -> Answer:
        await accounts.change_policy_fields(tx, marketplace_id, _document(data))
        return await _answer(tx, 200, marketplace_id)

    return sent(await desk.alone(work, language, once))


def _document(fields: PolicyFields) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(given(fields))
    return document


async def _answer(tx: Transaction, status: int, marketplace_id: str) -> Answer:
    return Answer(status, msgspec.json.encode(_shown(await accounts.marketplace(tx, marketplace_id))))


def _shown(one: InForce) -> ShownMarketplace:
    return shown(ShownMarketplace, one.marketplace, policy=PolicyFields(**policy.to_document(one.policy)))


MARKETPLACES: list[Any] = [list_marketplaces, open_marketplace, look_at_marketplace, change_policy]
