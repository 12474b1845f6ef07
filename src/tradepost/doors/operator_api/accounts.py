"""Seller and buyer accounts: opened, looked at, changed."""

from datetime import date, time
from typing import Annotated, Any

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Struct, UnsetType

from tradepost.doors.http import problems
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.operator_api.given import given
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.people import accounts
from tradepost.people.account_values import MOST_EXTRA_DAYS, MOST_HANDLING_DAYS
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.reports import accounts as lists

HandlingDays = Annotated[int, msgspec.Meta(ge=0, le=MOST_HANDLING_DAYS)]
Weekdays = Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=6)]], msgspec.Meta(max_length=7)]
ExtraDays = Annotated[list[date], msgspec.Meta(max_length=MOST_EXTRA_DAYS)]


class Seller(Struct, frozen=True, forbid_unknown_fields=True):
    """A seller account. `plan` is individual or professional.

    An order is handed over within `handling_days` business days; with 0, on the same day when it is placed before
    `cut_off`, a time of day in the marketplace's zone. The seller works on the marketplace's business days, on
    `operating_weekdays` (0 is Monday) and on the dates of `works_on`.
    """

    seller_id: str
    marketplace_id: str
    name: str
    email: str | None = None
    locale: str = "en"
    plan: str = "individual"
    handling_days: HandlingDays = 1
    cut_off: time = time(14)
    operating_weekdays: Weekdays = []
    works_on: ExtraDays = []


class SellerChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a seller account; what is left out stays."""

    name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    locale: str | UnsetType = UNSET
    plan: str | UnsetType = UNSET
    handling_days: HandlingDays | UnsetType = UNSET
    cut_off: time | UnsetType = UNSET
    operating_weekdays: Weekdays | UnsetType = UNSET
    works_on: ExtraDays | UnsetType = UNSET


class Sellers(Struct, frozen=True):
    """Some seller accounts, by their ids. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[Seller]
    next: str | None


class Buyer(Struct, frozen=True, forbid_unknown_fields=True):
    """A buyer account. Without an `email` the buyer is told nothing."""

    buyer_id: str
    name: str
    email: str | None = None
    locale: str = "en"


class BuyerChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a buyer account; what is left out stays."""

    name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    locale: str | UnsetType = UNSET


class Buyers(Struct, frozen=True):
    """Some buyer accounts, by their ids. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[Buyer]
    next: str | None


@get("/sellers", summary="List sellers")
async def list_sellers(
    who: Who, desk: TheDesk, marketplace_id: FromQuery[str | None] = None, after: After = None, limit: Limit = 50
) -> Sellers:
    """The sellers of one marketplace, or of all, in the order of their ids."""
    (place,) = uncursor(after, tuple[str]) or ("",)
    async with desk.database.transaction() as tx:
        found = await lists.sellers(tx, marketplace_id, place, limit + 1)
    following = (found[limit - 1].seller_id,) if len(found) > limit else None
    return Sellers([shown(Seller, account) for account in found[:limit]], cursor(following))


@post("/sellers", summary="Open a seller account")
async def open_seller(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Seller]
) -> Response[Seller]:
    """Open a seller account in a marketplace."""

    async def work(tx: Transaction) -> Answer:
        (no,) = await accounts.open_sellers(tx, [SellerAccount(*msgspec.structs.astuple(data))], tx.now)
        if no:
            return problems.refused(no, language)
        return Answer(201, msgspec.json.encode(shown(Seller, await accounts.seller(tx, data.seller_id))))

    return sent(await desk.alone(work, language, once))


@get("/sellers/{seller_id:str}", summary="Look at a seller account")
async def look_at_seller(who: Who, desk: TheDesk, seller_id: FromPath[str]) -> Seller:
    """One seller account."""
    async with desk.database.transaction() as tx:
        return shown(Seller, await accounts.seller(tx, seller_id))


@patch("/sellers/{seller_id:str}", summary="Change a seller account")
async def change_seller(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    seller_id: FromPath[str],
    data: JSONBody[SellerChanges],
) -> Response[Seller]:
    """Change the plan of a seller, or how soon orders are handed over. Orders that were placed keep their promise."""

    async def work(tx: Transaction) -> Answer:
        changed = await accounts.change_seller(tx, seller_id, given(data))
        return Answer(200, msgspec.json.encode(shown(Seller, changed)))

    return sent(await desk.alone(work, language, once))


@get("/buyers", summary="List buyers")
async def list_buyers(who: Who, desk: TheDesk, after: After = None, limit: Limit = 50) -> Buyers:
    """The buyers in the order of their ids."""
    (place,) = uncursor(after, tuple[str]) or ("",)
    async with desk.database.transaction() as tx:
        found = await lists.buyers(tx, place, limit + 1)
    following = (found[limit - 1].buyer_id,) if len(found) > limit else None
    return Buyers([shown(Buyer, account) for account in found[:limit]], cursor(following))


@post("/buyers", summary="Open a buyer account")
async def open_buyer(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Buyer]
) -> Response[Buyer]:
    """Open a buyer account."""

    async def work(tx: Transaction) -> Answer:
        (no,) = await accounts.open_buyers(tx, [BuyerAccount(*msgspec.structs.astuple(data))], tx.now)
        return problems.refused(no, language) if no else Answer(201, msgspec.json.encode(data))

    return sent(await desk.alone(work, language, once))


@get("/buyers/{buyer_id:str}", summary="Look at a buyer account")
async def look_at_buyer(who: Who, desk: TheDesk, buyer_id: FromPath[str]) -> Buyer:
    """One buyer account."""
    async with desk.database.transaction() as tx:
        return shown(Buyer, await accounts.buyer(tx, buyer_id))


@patch("/buyers/{buyer_id:str}", summary="Change a buyer account")
async def change_buyer(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, buyer_id: FromPath[str], data: JSONBody[BuyerChanges]
) -> Response[Buyer]:
    """Change the name of a buyer, where mail goes, or in which language."""

    async def work(tx: Transaction) -> Answer:
        changed = await accounts.change_buyer(tx, buyer_id, given(data))
        return Answer(200, msgspec.json.encode(shown(Buyer, changed)))

    return sent(await desk.alone(work, language, once))


ACCOUNTS: list[Any] = [
    list_sellers, open_seller, look_at_seller, change_seller, list_buyers, open_buyer, look_at_buyer, change_buyer,
]  # fmt: skip
