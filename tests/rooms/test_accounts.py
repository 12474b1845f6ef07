"""Accounts as they come from outside: many at once, each taken or refused by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, time, timedelta
from functools import partial
from typing import Any

import pytest

from tests.scene import BEA, MARKET, PRO, Scene
from tradepost.people import accounts
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.refusals import Reason, Refusal, Refused

NEW = SellerAccount("nora", MARKET, "Nora's", "nora@example.com", "zh_CN", "individual")


async def _open(scene: Scene, wanted: Sequence[SellerAccount]) -> list[Refusal | None]:
    return await scene.database.run(lambda tx: accounts.open_sellers(tx, wanted, tx.now))


async def test_many_sellers_open_at_once_and_each_is_answered_by_itself(scene: Scene) -> None:
    wanted = [NEW, NEW._replace(seller_id=PRO), NEW._replace(seller_id="", name="x"), NEW._replace(seller_id="otto")]
    outcomes = await _open(scene, wanted)
    assert [no and no.reason for no in outcomes] == [None, Reason.NAME_TAKEN, Reason.INVALID_VALUE, None]
    async with scene.database.transaction() as tx:
        assert (await accounts.seller(tx, "nora"), (await accounts.seller(tx, PRO)).name) == (NEW, "Acme Inc.")
        assert (await accounts.seller(tx, "otto")).name == "Nora's"


async def test_of_several_with_one_name_the_first_one_has_it(scene: Scene) -> None:
    outcomes = await _open(scene, [NEW, NEW._replace(name="Second")])
    assert [no and no.reason for no in outcomes] == [None, Reason.NAME_TAKEN]
    async with scene.database.transaction() as tx:
        assert (await accounts.seller(tx, "nora")).name == "Nora's"


async def test_one_that_is_refused_does_not_take_the_name_from_the_next(scene: Scene) -> None:
    outcomes = await _open(scene, [NEW._replace(plan="gold"), NEW, NEW])
    assert [no and no.reason for no in outcomes] == [Reason.INVALID_VALUE, None, Reason.NAME_TAKEN]


async def test_two_who_open_one_name_at_the_same_moment_do_not_both_have_it(scene: Scene) -> None:
    outcomes = await asyncio.gather(*(_open(scene, [NEW._replace(name=f"Nora {n}")]) for n in range(8)))
    assert sorted(no.reason if no else "" for (no,) in outcomes) == ["", *[Reason.NAME_TAKEN] * 7]


async def test_everything_of_an_account_is_kept_and_read_again(scene: Scene) -> None:
    full = NEW._replace(
        handling_days=0, cut_off=time(9, 30), operating_weekdays=(5, 6), works_on=(date(2026, 12, 24),), email=None
    )
    assert await _open(scene, [full]) == [None]
    async with scene.database.transaction() as tx:
        assert await accounts.seller(tx, "nora") == full


BAD_SELLERS: list[tuple[str, Any]] = [
    ("seller_id", ""),
    ("seller_id", "has space"),
    ("seller_id", "a/b"),
    ("seller_id", "nul\0"),
    ("seller_id", "x" * 65),
    ("name", " "),
    ("name", "x" * 201),
    ("name", "two\nlines"),
    ("name", "half \ud800"),
    ("email", "nobody"),
    ("email", "a@b, c@d"),
    ("email", "a@b\r\nBcc: c@d"),
    ("email", "half\ud800@example.com"),
    ("email", "a" * 250 + "@example.com"),
    ("locale", ""),
    ("locale", "xx"),
    ("locale", "../en"),
    ("plan", "free"),
    ("handling_days", -1),
    ("handling_days", 61),
    ("cut_off", time(14, tzinfo=UTC)),
    ("operating_weekdays", (7,)),
    ("works_on", tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(367))),
]


async def test_what_no_account_can_be_is_refused_by_its_field(scene: Scene) -> None:
    before = await scene.dump()
    outcomes = await _open(scene, [NEW._replace(**{field: value}) for field, value in BAD_SELLERS])
    for (field, value), no in zip(BAD_SELLERS, outcomes, strict=True):
        assert no is not None, (field, value)
        assert (no.reason, no.facts["field"]) == (Reason.INVALID_VALUE, field)
        if field != "seller_id":
            with pytest.raises(Refused) as refused:
                await scene.database.run(partial(accounts.change_seller, seller_id=PRO, changes={field: value}))
            assert refused.value.refusal == no
    assert await scene.dump() == before


async def test_a_seller_opens_in_a_marketplace_that_there_is(scene: Scene) -> None:
    (no,) = await _open(scene, [NEW._replace(marketplace_id="NOWHERE")])
    assert no == Refusal(Reason.MARKETPLACE_NOT_FOUND, {"marketplace": "NOWHERE"})


async def test_buyers_open_and_change_alike(scene: Scene) -> None:
    wanted = [
        BuyerAccount("kim", "Kim", None, "en"),
        BuyerAccount(BEA, "Bea", None, "en"),
        BuyerAccount("lee", "", None, "en"),
        BuyerAccount("max", "Max", "nobody", "en"),
        BuyerAccount("ida", "Ida", None, "e"),
        BuyerAccount("a b", "Ab", None, "en"),
    ]
    outcomes = await scene.database.run(lambda tx: accounts.open_buyers(tx, wanted, tx.now))
    said = [no and no.facts.get("field", no.reason) for no in outcomes]
    assert said == [None, Reason.NAME_TAKEN, "name", "email", "locale", "buyer_id"]
    changed = await scene.database.run(lambda tx: accounts.change_buyer(tx, "kim", {"email": "kim@example.com"}))
    async with scene.database.transaction() as tx:
        assert await accounts.buyer(tx, "kim") == changed == BuyerAccount("kim", "Kim", "kim@example.com", "en")


async def test_two_who_change_an_account_at_once_both_count(scene: Scene) -> None:
    changes: list[dict[str, Any]] = [{"plan": "individual"}, {"name": "Acme Ltd."}, {"handling_days": 3}]
    await asyncio.gather(
        *(scene.database.run(lambda tx, change=change: accounts.change_seller(tx, PRO, change)) for change in changes)
    )
    async with scene.database.transaction() as tx:
        seller = await accounts.seller(tx, PRO)
    assert (seller.plan, seller.name, seller.handling_days) == ("individual", "Acme Ltd.", 3)


BAD_MARKETPLACES: list[tuple[str, str]] = [
    ("marketplace_id", "MAR KET"),
    ("name", ""),
    ("locale", "english"),
    ("country", "usa"),
    ("country", "EU"),
    ("country", "ZZ"),
    ("currency", "usd"),
    ("currency", "DEM"),
    ("currency", "XXX"),
]


async def test_what_no_marketplace_can_be_is_refused_by_its_field(scene: Scene) -> None:
    for field, value in BAD_MARKETPLACES:
        new = replace(NewMarketplace("NEW", "New"), **{field: value})  # type: ignore[arg-type]
        with pytest.raises(Refused) as refused:
            await scene.database.run(partial(accounts.open_marketplace, new=new))
        assert refused.value.refusal.facts["field"] == field


async def test_a_marketplace_is_opened_once_and_keeps_its_policy(scene: Scene) -> None:
    with pytest.raises(Refused) as refused:
        await scene.database.run(lambda tx: accounts.open_marketplace(tx, NewMarketplace(MARKET, "Again")))
    assert refused.value.refusal.reason is Reason.NAME_TAKEN
    async with scene.database.transaction() as tx:
        (market,) = await people.marketplaces(tx)
    assert (market.name, market.policy_version) == ("Market", 1)
