"""The Orders report, from orders that acts have made, as another program reads it."""

from datetime import datetime, timedelta

import pytest
from busy_market import open_busy_market
from received import received
from seller_files import rows_of, text_of

from tests.scene import BEA, BOB, LAMP, MUG, PRO, SOLO, START, VASE, Scene, open_market
from tradepost.address import Address, to_document
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.people import records as people
from tradepost.people.accounts import NewMarketplace, change_policy, open_marketplace
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.policy import Policy
from tradepost.refusals import Reason, Refused
from tradepost.reports.orders_report import COLUMNS, orders_report
from tradepost.reports.released_lines import alias
from tradepost.timekeeping import catch_up

HOLD = timedelta(minutes=30)
HOME = Address(
    "Bea Buyer", "1 Secret Street", "Floor 2", "c/o Ann", "Springfield", "IL", "62701", "US", "+1 217 555 0100"
)
AS_READ_BY_TOOLS = (
    "order-id order-item-id purchase-date payments-date buyer-email buyer-name buyer-phone-number sku product-name "
    "quantity-purchased currency item-price item-tax shipping-price shipping-tax ship-service-level recipient-name "
    "ship-address-1 ship-address-2 ship-address-3 ship-city ship-state ship-postal-code ship-country "
    "ship-phone-number delivery-start-date delivery-end-date delivery-time-zone delivery-Instructions "
    "earliest-ship-date latest-ship-date earliest-delivery-date latest-delivery-date is-business-order "
    "purchase-order-number price-designation"
)


async def test_the_header_has_the_36_columns_of_the_interface(scene: Scene) -> None:
    text = await text_of(scene.database, orders_report)
    assert text == AS_READ_BY_TOOLS.replace(" ", "\t") + "\n"
    assert len(COLUMNS) == 36


async def test_every_column_of_a_row(database: Database) -> None:
    scene = await open_market(database, zone="America/Sao_Paulo")
    key = await scene.place(BEA, {LAMP: 3}, address=to_document(HOME), service="Expedited")
    await scene.advance(timedelta(minutes=10))
    await scene.approve(key)
    await scene.advance(HOLD)
    (line,) = (await scene.order(key)).lines.values()
    (row,) = await rows_of(database, orders_report)
    assert row == {
        "order-id": key.order_id,
        "order-item-id": line.item_id,
        "purchase-date": "2026-03-02T07:00:00-03:00",
        "payments-date": "2026-03-02T07:10:00-03:00",
        "buyer-email": alias("MARKET", PRO, BEA),
        "buyer-name": "Bea",
        "buyer-phone-number": "+1 217 555 0100",
        "sku": LAMP,
        "product-name": "Red lamp",
        "quantity-purchased": "3",
        "currency": "USD",
        "item-price": "59.70",
        "item-tax": "0.00",
        "shipping-price": "0.00",
        "shipping-tax": "0.00",
        "ship-service-level": "Expedited",
        "recipient-name": "Bea Buyer",
        "ship-address-1": "1 Secret Street",
        "ship-address-2": "Floor 2",
        "ship-address-3": "c/o Ann",
        "ship-city": "Springfield",
        "ship-state": "IL",
        "ship-postal-code": "62701",
        "ship-country": "US",
        "ship-phone-number": "+1 217 555 0100",
        "delivery-start-date": "",
        "delivery-end-date": "",
        "delivery-time-zone": "",
        "delivery-Instructions": "",
        "earliest-ship-date": row["earliest-ship-date"],
        "latest-ship-date": "2026-03-03T23:59:59-03:00",
        "earliest-delivery-date": row["earliest-delivery-date"],
        "latest-delivery-date": row["latest-delivery-date"],
        "is-business-order": "false",
        "purchase-order-number": "",
        "price-designation": "",
    }
    windows = ("earliest-ship-date", "latest-ship-date", "earliest-delivery-date", "latest-delivery-date")
    assert sorted(row[name] for name in windows) == [row[name] for name in windows]


async def test_pending_and_canceled_orders_are_not_in_it(scene: Scene) -> None:
    """A6; and what is canceled as a whole goes nowhere."""
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    rows = await rows_of(scene.database, orders_report)
    assert {row["order-id"] for row in rows} == {
        keys[state].order_id for state in (State.UNSHIPPED, State.PARTIALLY_SHIPPED, State.SHIPPED)
    }


async def test_no_address_and_no_real_mail_leaves_with_other_orders(scene: Scene) -> None:
    await scene.to_states([State.HELD, State.APPROVED, State.VERIFYING, State.CANCELED])
    text = await text_of(scene.database, orders_report)
    assert text.count("\n") == 1
    released = await scene.to_state(State.UNSHIPPED)
    text = await text_of(scene.database, orders_report)
    assert released.order_id in text
    assert "Secret Street" in text
    assert "@example.com" not in text


async def test_canceled_units_are_not_counted(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert await scene.cancel_by_seller(key, items=[(LAMP, 1), (VASE, 1)]) is None
    (row,) = await rows_of(scene.database, orders_report)
    assert (row["sku"], row["quantity-purchased"], row["item-price"]) == (LAMP, "1", "19.90")


async def test_the_window_is_of_releases_its_end_left_out(scene: Scene) -> None:
    early = await scene.to_state(State.UNSHIPPED)
    first = await scene.now()
    late = await scene.to_state(State.UNSHIPPED)
    second = await scene.now()

    async def found(**window: datetime) -> list[str]:
        rows = await rows_of(scene.database, orders_report, **window)
        return list(dict.fromkeys(row["order-id"] for row in rows))

    assert await found() == [early.order_id, late.order_id]
    assert await found(since=first) == [early.order_id, late.order_id]
    assert await found(since=first + timedelta(microseconds=1)) == [late.order_id]
    assert await found(until=second) == [early.order_id]
    assert await found(since=first, until=first) == []


async def test_a_seller_sees_only_its_own_orders(database: Database) -> None:
    _, orders = await open_busy_market(database)
    for seller in (PRO, SOLO):
        own = {key.order_id for key in orders.values() if key.seller_id == seller}
        assert {row["order-id"] for row in await rows_of(database, orders_report, seller)} <= own


async def test_what_is_due_is_in_it_once_the_seller_is_caught_up(scene: Scene) -> None:
    key, other = await scene.place(), await scene.place(BOB, {MUG: 1})
    for placed in (key, other):
        await scene.approve(placed)
    await scene.set_clock(START + HOLD)
    assert await rows_of(scene.database, orders_report) == []
    await catch_up(scene.database, PRO)
    assert {row["order-id"] for row in await rows_of(scene.database, orders_report)} == {key.order_id}
    assert await scene.state(other) is State.APPROVED


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        (" =1+1", "'=1+1"),
        ("\x01=1+1\t", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"),
        ("＝1+1", "'＝1+1"),
        ('"Best" of all', '\'"Best" of all'),
        ('5" nail', '5" nail'),
        ("two\tcells\r\nand two\u2028lines", "two cells  and two lines"),
        ("O'Neill", "O'Neill"),
        ("+1 (217) 555-0100", "+1 (217) 555-0100"),
        ("张伟", "张伟"),
    ],
)
async def test_no_value_breaks_a_cell_or_becomes_a_formula(scene: Scene, given: str, written: str) -> None:
    async with scene.database.transaction() as tx:
        await people.put_buyers(tx, [BuyerAccount("odd", given, None, "en")], START)
    address = to_document(Address(given, given, given, given, given, given, given, given, given))
    await scene.approve(await scene.place("odd", {LAMP: 1}, address=address))
    await scene.advance(HOLD)
    (row,) = await rows_of(scene.database, orders_report)
    of_people = ("buyer-n", "buyer-p", "recipient", "ship-")
    said = [value for name, value in row.items() if name.startswith(of_people)]
    assert said.count(written) == len(said) - 1  # ship-service-level is ours


async def test_titles_are_words_and_skus_are_names(scene: Scene) -> None:
    """A program looks an offer up by its SKU, so that a formula is no reason to change one."""
    for sku in ("-A1", '"B"'):
        assert await scene.list_offer(PRO, sku, title=f"{sku} thing") is None
    await scene.approve(await scene.place(BEA, {"-A1": 1, '"B"': 1}))
    await scene.advance(HOLD)
    rows = await rows_of(scene.database, orders_report)
    assert [(row["sku"], row["product-name"]) for row in rows] == [
        ("-A1", "'-A1 thing"),
        ('\'"B"', '\'"B" thing'),
    ]


async def test_an_order_without_an_address_has_empty_cells(scene: Scene) -> None:
    await scene.approve(await scene.place(address=None))
    await scene.advance(HOLD)
    rows = await rows_of(scene.database, orders_report)
    assert {row["recipient-name"] + row["ship-address-1"] + row["ship-country"] for row in rows} == {""}


async def test_money_has_the_digits_of_its_currency(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await open_marketplace(tx, NewMarketplace("JP", "Ichiba", country="JP", currency="JPY"))
        account = SellerAccount("yuki", "JP", "Yuki", None, "ja", "professional")
        await people.put_sellers(tx, [account], START)
    assert await scene.list_offer("yuki", "TEA", price=1200) is None
    await scene.approve(await scene.place(BEA, {"TEA": 2}))
    await scene.advance(HOLD)
    (row,) = await rows_of(scene.database, orders_report, "yuki")
    assert (row["currency"], row["item-price"], row["item-tax"]) == ("JPY", "2400", "0")


def test_a_buyer_has_another_address_for_every_seller() -> None:
    names = {alias(market, seller, buyer) for market in "MN" for seller in ("a", "ab") for buyer in ("c", "bc")}
    assert len(names) == 8
    assert alias("MARKET", PRO, BEA) == alias("MARKET", PRO, BEA)
    assert alias("美国 Market", PRO, BEA).endswith("@market.marketplace.invalid")
    assert BEA not in alias("MARKET", PRO, BEA)


async def test_sellers_without_the_plan_are_refused_where_the_policy_says_so(database: Database) -> None:
    scene = await open_market(database, policy=Policy(individual_reports=False))
    with pytest.raises(Refused) as no:
        await text_of(database, orders_report, SOLO)
    assert no.value.refusal.reason is Reason.PROFESSIONAL_PLAN_NEEDED
    assert await rows_of(database, orders_report, PRO) == []
    async with scene.database.transaction() as tx:
        await change_policy(tx, "MARKET", individual_reports=True)
    assert await rows_of(database, orders_report, SOLO) == []


async def test_a_seller_who_does_not_exist_is_refused(scene: Scene) -> None:
    with pytest.raises(Refused) as no:
        await text_of(scene.database, orders_report, "nobody")
    assert no.value.refusal.reason is Reason.SELLER_NOT_FOUND


async def test_a_long_report_comes_in_pieces_for_one_statement(scene: Scene) -> None:
    few, many = 3, 1300
    await scene.to_states([State.UNSHIPPED] * few, [{LAMP: 1}] * few)
    short = await received(scene.database, orders_report)
    await scene.list_offer(PRO, "PIN", quantity=many)
    await scene.to_states([State.UNSHIPPED] * many, [{"PIN": 1}] * many)
    long = await received(scene.database, orders_report)
    assert (short.pieces[0].decode(), short.written) == ("\t".join(COLUMNS) + "\n", few)
    assert (len(long.rows), long.written) == (few + many, few + many)
    assert len(long.pieces) > 2
    assert max(map(len, long.pieces)) < 1 << 20
    assert all(piece.endswith(b"\n") for piece in long.pieces)
    assert long.statements == short.statements
