"""The Unshipped Orders report, from orders that acts have made, as another program reads it."""

from datetime import UTC, datetime, timedelta

from seller_files import rows_of, text_of

from tests.scene import BEA, LAMP, PRO, START, VASE, Scene, open_market
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.reports.released_lines import alias
from tradepost.reports.unshipped_orders_report import COLUMNS, unshipped_orders_report

HOLD = timedelta(minutes=30)
AS_READ_BY_TOOLS = (
    "order-id order-item-id purchase-date payments-date reporting-date promise-date days-past-promise buyer-email "
    "buyer-phone-number sku product-name quantity-purchased quantity-shipped quantity-to-ship ship-service-level "
    "recipient-name ship-address-1 ship-address-2 ship-address-3 ship-city ship-state ship-postal-code ship-country "
    "is-business-order purchase-order-number price-designation is-prime"
)
AT_THE_END = "verge-of-cancellation verge-of-lateShipment is-buyer-requested-cancellation buyer-requested-cancel-reason"


async def test_the_header_has_the_27_columns_of_the_interface_and_four_of_real_files(scene: Scene) -> None:
    text = await text_of(scene.database, unshipped_orders_report)
    assert text == f"{AS_READ_BY_TOOLS} {AT_THE_END}".replace(" ", "\t") + "\n"
    assert len(COLUMNS) == 27 + 4


async def test_every_column_of_a_row(database: Database) -> None:
    scene = await open_market(database, zone="America/Sao_Paulo")
    key = await scene.place(BEA, {LAMP: 3})
    await scene.advance(timedelta(minutes=10))
    await scene.approve(key)
    await scene.advance(HOLD)
    await scene.confirm(key, [(LAMP, 1)])
    (line,) = (await scene.order(key)).lines.values()
    (row,) = await rows_of(database, unshipped_orders_report)
    assert row == {
        "order-id": key.order_id,
        "order-item-id": line.item_id,
        "purchase-date": "2026-03-02T10:00:00+00:00",
        "payments-date": "2026-03-02T10:10:00+00:00",
        "reporting-date": "2026-03-02T10:30:00+00:00",
        "promise-date": "2026-03-04T02:59:59+00:00",
        "days-past-promise": "-1",
        "buyer-email": alias("MARKET", PRO, BEA),
        "buyer-phone-number": "",
        "sku": LAMP,
        "product-name": "Red lamp",
        "quantity-purchased": "3",
        "quantity-shipped": "1",
        "quantity-to-ship": "2",
        "ship-service-level": "Standard",
        "recipient-name": "Bea Buyer",
        "ship-address-1": "1 Secret Street",
        "ship-address-2": "",
        "ship-address-3": "",
        "ship-city": "Springfield",
        "ship-state": "",
        "ship-postal-code": "",
        "ship-country": "US",
        "is-business-order": "false",
        "purchase-order-number": "",
        "price-designation": "",
        "is-prime": "false",
        "verge-of-cancellation": "false",
        "verge-of-lateShipment": "false",
        "is-buyer-requested-cancellation": "false",
        "buyer-requested-cancel-reason": "",
    }


async def test_only_what_is_still_to_ship_is_in_it(scene: Scene) -> None:
    """A7, and no line of which everything is shipped or canceled."""
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    await scene.confirm(keys[State.PARTIALLY_SHIPPED], [(LAMP, 1)])
    assert await scene.cancel_by_seller(keys[State.UNSHIPPED], items=[(LAMP, 1), (VASE, None)]) is None
    rows = await rows_of(scene.database, unshipped_orders_report)
    columns = ("order-id", "sku", "quantity-purchased", "quantity-shipped", "quantity-to-ship")
    assert {tuple(row[column] for column in columns) for row in rows} == {
        (keys[State.UNSHIPPED].order_id, LAMP, "2", "0", "1"),
        (keys[State.PARTIALLY_SHIPPED].order_id, VASE, "1", "0", "1"),
    }


async def test_the_promise_is_counted_in_days_of_the_marketplace(database: Database) -> None:
    scene = await open_market(database, zone="America/Sao_Paulo")
    await scene.to_state(State.UNSHIPPED)
    promised = datetime(2026, 3, 4, 2, 59, 59, tzinfo=UTC)  # March 3 in São Paulo
    begins = datetime(2026, 3, 3, 3, tzinfo=UTC)
    said: list[tuple[str, str]] = []
    for moment in (begins - timedelta(seconds=1), begins, promised, promised + timedelta(seconds=1)):
        await scene.advance(to=moment)
        rows = await rows_of(database, unshipped_orders_report)
        said += {(row["days-past-promise"], row["verge-of-lateShipment"]) for row in rows}
    assert said == [("-1", "false"), ("0", "true"), ("0", "true"), ("1", "true")]


async def test_the_verge_of_cancellation_is_the_reminder(scene: Scene) -> None:
    await scene.to_state(State.UNSHIPPED)
    reminder = datetime(2026, 3, 26, tzinfo=UTC)  # seven days before April 2
    said: list[str] = []
    for moment in (reminder - timedelta(seconds=1), reminder):
        await scene.set_clock(moment)  # nobody has swept
        said += {row["verge-of-cancellation"] for row in await rows_of(scene.database, unshipped_orders_report)}
    assert said == ["false", "true"]


async def test_the_buyer_s_wish_to_cancel_is_told_with_the_buyer_s_words(scene: Scene) -> None:
    asked, silent, other = await scene.to_states([State.UNSHIPPED] * 3, [{LAMP: 1}] * 3)
    assert await scene.request_cancellation(asked, why="=Found it\tin the attic") is None
    assert await scene.request_cancellation(silent) is None
    rows = await rows_of(scene.database, unshipped_orders_report)
    columns = ("order-id", "is-buyer-requested-cancellation", "buyer-requested-cancel-reason")
    assert {tuple(row[column] for column in columns) for row in rows} == {
        (asked.order_id, "true", "'=Found it in the attic"),
        (silent.order_id, "true", ""),
        (other.order_id, "false", ""),
    }


async def test_the_window_is_of_releases(scene: Scene) -> None:
    early = await scene.to_state(State.UNSHIPPED)
    late = await scene.to_state(State.UNSHIPPED)
    rows = await rows_of(scene.database, unshipped_orders_report, until=START + 2 * HOLD)
    assert {row["order-id"] for row in rows} == {early.order_id}
    rows = await rows_of(scene.database, unshipped_orders_report, since=START + 2 * HOLD)
    assert {row["order-id"] for row in rows} == {late.order_id}
