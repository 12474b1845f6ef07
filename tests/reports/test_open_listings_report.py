"""The Inventory report, of offers that their sellers made, as another program reads it."""

from datetime import timedelta

import pytest
from received import list_pins, received

from tests.scene import BEA, LAMP, LAST, MARKET, MUG, PRO, SOLO, START, VASE, Scene
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, change_policy, open_marketplace
from tradepost.people.records import SellerAccount
from tradepost.refusals import Reason, Refused
from tradepost.reports.open_listings_report import open_listings_report


async def quantities(scene: Scene, seller: str = PRO) -> dict[str, str]:
    return {row["sku"]: row["quantity"] for row in (await received(scene.database, open_listings_report, seller)).rows}


async def test_every_row_of_a_seller(scene: Scene) -> None:
    await scene.place(BEA, {LAMP: 3})
    report = await received(scene.database, open_listings_report)
    assert report.text == (
        "sku\tasin\tprice\tquantity\nLAMP\tP-LAMP\t19.90\t997\nLAST\tP-LAST\t50.00\t1\nVASE\tP-VASE\t20.00\t1000\n"
    )
    assert report.written == 3


async def test_what_is_sold_out_is_in_it_and_what_is_closed_is_not(scene: Scene) -> None:
    await scene.place(BEA, {LAST: 1})
    assert await scene.close_offer(PRO, VASE) is None
    assert await quantities(scene) == {LAMP: "1000", LAST: "0"}


async def test_a_seller_sees_only_its_own_offers(scene: Scene) -> None:
    assert await scene.list_offer(PRO, MUG, quantity=7) is None
    assert await quantities(scene, SOLO) == {MUG: "1000"}
    assert (await quantities(scene))[MUG] == "7"


async def test_without_offers_there_is_the_header(scene: Scene) -> None:
    assert await scene.close_offer(SOLO, MUG) is None
    nothing = await received(scene.database, open_listings_report, SOLO)
    assert (nothing.text, nothing.written) == ("sku\tasin\tprice\tquantity\n", 0)


async def test_a_seller_who_may_not_have_it_gets_none(scene: Scene) -> None:
    await scene.database.run(lambda tx: change_policy(tx, MARKET, individual_reports=False))
    for seller, reason in ((SOLO, Reason.PROFESSIONAL_PLAN_NEEDED), ("nobody", Reason.SELLER_NOT_FOUND)):
        with pytest.raises(Refused) as no:
            await received(scene.database, open_listings_report, seller)
        assert no.value.refusal.reason is reason


async def test_the_window_says_nothing(scene: Scene) -> None:
    late = START + timedelta(days=300)
    assert (await received(scene.database, open_listings_report, PRO, late, late)).written == 3


async def test_money_has_the_digits_of_its_currency(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("JP", "Ichiba", country="JP", currency="JPY"))
        await people.put_sellers(tx, [SellerAccount("yuki", "JP", "Yuki", None, "ja", "professional")], START)
    assert await scene.list_offer("yuki", "TEA", price=1200) is None
    (row,) = (await received(scene.database, open_listings_report, "yuki")).rows
    assert row == {"sku": "TEA", "asin": "P-TEA", "price": "1200", "quantity": "10"}


@pytest.mark.parametrize(
    ("sku", "written"),
    [("-A1", "-A1"), ('"B" 5', '\'"B" 5'), ("=1+1", "=1+1"), ("👩‍👧 张伟", "👩‍👧 张伟"), ("x" * 200, "x" * 200)],
)
async def test_no_sku_breaks_a_cell(scene: Scene, sku: str, written: str) -> None:
    """Programs look things up by it: it stays as it is, but for what would break the file."""
    assert await scene.list_offer(PRO, sku) is None
    assert written in await quantities(scene)


async def test_a_long_report_comes_in_pieces_for_one_statement(scene: Scene) -> None:
    short = await received(scene.database, open_listings_report)
    await list_pins(scene, 2500)
    report = await received(scene.database, open_listings_report)
    assert len(report.rows) == 2503
    assert report.statements <= short.statements
    assert max(map(len, report.pieces)) < len(report.text) / 2
