"""The Shipping Confirmation file as a seller meets it (A46, A47): who may bring one, and what becomes of its rows."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from uploaded_files import HEADINGS, TRACKING, packages, row, table, told, upload

from tests.scene import BEA, LAMP, MUG, PRO, SOLO, VASE, Scene, dump, open_market
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.people import accounts
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.processing_report import ProcessingReport
from tradepost.refusals import Reason, Refusal

NOWHERE = "999-9999999-9999999"
SAMPLE = (
    "Feed Processing Summary:\n"
    "\tNumber of records processed\t\t1\n"
    "\tNumber of records successful\t\t0\n"
    "\n"
    "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
    "0\t\t\t90012\tFatal\tThe required order-id field is missing from the file. To correct this error, download the "
    "template again and use the new copy, or insert the required field into your existing file.\n"
)


# --- good rows are taken, bad ones explained


async def test_a_row_without_an_item_confirms_the_whole_order(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    report = await upload(scene, row(key, method="Ground"))
    assert (report.records, report.successful, report.errors, report.warnings) == (1, 1, 0, 0)
    assert await scene.state(key) is State.SHIPPED
    assert await packages(scene, key) == [(1, "UPS", TRACKING, {"1": 2, "2": 1})]
    assert report.text() == (
        "Feed Processing Summary:\n\tNumber of records processed\t\t1\n\tNumber of records successful\t\t1\n"
    )


async def test_good_rows_are_taken_and_bad_rows_are_explained_by_their_number(scene: Scene) -> None:
    good, pending, canceled, too_many, last = await scene.to_states(
        [State.UNSHIPPED, State.HELD, State.CANCELED, State.UNSHIPPED, State.UNSHIPPED]
    )
    report = await upload(
        scene,
        row(good),
        row(NOWHERE),
        row(pending),
        row(canceled),
        row(too_many, LAMP, 3),
        row(too_many, "NO-SUCH-ITEM", 1),
        row("12-34"),
        row(""),
        row(good, day=""),
        row(good, day="soon"),
        row(good, quantity="two"),
        row(last),
    )
    assert (report.records, report.successful) == (12, 2)
    assert told(report) == [
        (2, 18028, "Error"),
        (3, 18028, "Error"),
        (4, 18028, "Error"),
        (5, 18021, "Error"),
        *((number, 18028, "Error") for number in range(6, 12)),
    ]
    assert [await scene.state(key) for key in (good, pending, canceled, too_many, last)] == [
        State.SHIPPED, State.HELD, State.CANCELED, State.UNSHIPPED, State.SHIPPED,
    ]  # fmt: skip
    said = report.text().splitlines()
    assert said[5] == f"2\t{NOWHERE}\t\t18028\tError\torder-id: There is no such order; check the order number."
    assert said[8].startswith(f"5\t{too_many.order_id}\tLAMP\t18021\tError\tquantity: Of item LAMP, 2 units are")
    assert said[13].startswith("10\t")
    assert "ship-date: This is not a date" in said[13]
    assert "order-id：找不到该订单" in report.text("zh")


@pytest.mark.parametrize(
    ("bad", "code", "message"),
    [
        ({"quantity": 1}, 18028, "order-item-id: A quantity of 1 is not all of this order"),
        ({"item": LAMP, "quantity": 0}, 18028, "quantity: The quantity must be a whole number from 1 on"),
        ({"item": LAMP, "quantity": -1}, 18028, "quantity: The quantity must be"),
        ({"item": LAMP, "quantity": "1.5"}, 18028, "quantity: The quantity must be"),
        ({"item": LAMP, "quantity": "9" * 10}, 18028, "quantity: The quantity must be"),
        ({"item": LAMP, "quantity": "9" * 9}, 18021, "quantity: Of item LAMP, 2 units are neither"),
        ({"carrier": ""}, 18028, "carrier-code: Name the carrier."),
        ({"carrier": "Other"}, 18028, "carrier-name: Name the carrier in carrier-name"),
        ({"carrier": "Other", "name": "x" * 51}, 18028, "carrier-name is not valid"),
        ({"tracking": "x" * 101}, 18028, "tracking-number is not valid"),
        ({"tracking": "x" * 501}, 18028, "tracking-number: The value is longer than 500 characters"),
        ({"day": "2026-02-30"}, 18028, "ship-date: This is not a date"),
        ({"day": "31/12/2025"}, 18028, "ship-date: This is not a date"),
        ({"day": "9999-12-31"}, 18028, "ship-date: The ship date 9999-12-31 lies in the future"),
        ({"day": "9999-12-31T23:59:59Z"}, 18028, "ship-date: The ship date 9999-12-31 lies in the future"),
        ({"day": "2026-03-04"}, 18028, "ship-date: The ship date 2026-03-04 lies in the future"),
        ({"day": "2026-02-28"}, 18028, "ship-date: The ship date 2026-02-28 lies before the day"),
        ({"day": "0001-01-01T00:00:00+14:00"}, 18028, "ship-date: This is not a date"),
    ],
)
async def test_a_bad_row_names_its_field_and_changes_nothing(
    scene: Scene, bad: dict[str, Any], code: int, message: str
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    before = await scene.dump()
    report = await upload(scene, row(key, **bad))
    (entry,) = report.entries
    assert (report.successful, entry.record, entry.order_id, entry.code) == (0, 1, key.order_id, code)
    assert entry.message().startswith(message)
    assert entry.message("zh") != entry.message()
    assert await scene.dump() == before


@pytest.mark.parametrize(
    "day", ["2026-03-01", "2026-03-03", "3/2/2026", "03/02/2026", "2026-03-02T09:00:00Z", "2026-03-02T23:00:00+09:00",
            "2026-03-02 09:00", "2026-03-02T09:00:00.123456"],
)  # fmt: skip
async def test_ship_dates_in_the_forms_that_programs_write(scene: Scene, day: str) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    assert (await upload(scene, row(key, day=day))).successful == 1


async def test_a_date_is_one_of_the_marketplace(database: Database) -> None:
    scene = await open_market(database, zone="America/Sao_Paulo")
    keys = await scene.to_states([State.UNSHIPPED] * 2)
    await upload(scene, row(keys[0]), row(keys[1], day="2026-03-02T09:00"))
    shipped = {found[0]: found[1] for found in await scene.rows("SELECT order_id, shipped_on FROM packages")}
    assert f"{shipped[keys[0].order_id]:%H:%M %z}" == "03:00 +0000"
    assert f"{shipped[keys[1].order_id]:%H:%M %z}" == "12:00 +0000"


async def test_a_tracking_number_of_a_wrong_form_is_warned_about_and_accepted(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    report = await upload(scene, row(key, tracking="=HYPERLINK(1)"))
    assert (report.successful, report.errors, report.warnings) == (1, 0, 1)
    assert told(report) == [(1, 99004, "Warning")]
    assert await packages(scene, key) == [(1, "UPS", "=HYPERLINK(1)", {"1": 2, "2": 1})]


async def test_an_order_of_another_seller_is_not_found_in_the_same_words(scene: Scene) -> None:
    theirs = await scene.place(items={MUG: 1})
    await scene.approve(theirs)
    await scene.advance(timedelta(hours=1))
    before = await scene.dump()
    report = await upload(scene, row(theirs), row(NOWHERE))
    assert [(entry.code, entry.message()) for entry in report.entries] == [
        (18028, "order-id: There is no such order; check the order number.")
    ] * 2
    assert await scene.dump() == before


async def test_the_clock_decides_before_a_row_does(scene: Scene) -> None:
    """An order whose 30 days are over is canceled, though no worker has come by."""
    key = await scene.to_state(State.UNSHIPPED)
    await scene.set_clock(await scene.now() + timedelta(days=31))
    report = await upload(scene, row(key))
    assert report.entries[0].message().startswith("order-id: The order is canceled")
    assert await scene.state(key) is State.CANCELED


# --- who may bring a file


async def test_only_professional_sellers_may_and_nobody_else_is_told_what_is_in_the_file(scene: Scene) -> None:
    for content in (b"\0\0", b"", table([row(NOWHERE)])):
        assert await apply_file(scene.database, SOLO, content) == Refusal(Reason.PROFESSIONAL_PLAN_NEEDED)


async def test_an_unknown_seller_is_refused(scene: Scene) -> None:
    assert await apply_file(scene.database, "nobody", b"") == Refusal(Reason.SELLER_NOT_FOUND, {"seller": "nobody"})


# --- the same file twice


async def test_the_same_file_twice_changes_nothing_and_says_so(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = table([row(key, LAMP, 1)])
    assert isinstance(await apply_file(scene.database, PRO, content), ProcessingReport)
    await scene.advance(timedelta(days=1))
    before = await scene.dump()
    again = await apply_file(scene.database, PRO, content)
    assert isinstance(again, Refusal)
    assert again.sentence() == "This very file was applied on 2026-03-02 10:30 UTC; nothing was changed."
    assert await scene.dump() == before
    assert [tuple(found) for found in await scene.rows("SELECT records, successful FROM confirmation_files")] == [
        (1, 1)
    ]


async def test_a_file_belongs_to_its_seller(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    async with scene.database.transaction() as tx:
        await accounts.change_seller(tx, SOLO, {"plan": "professional"})
    content = table([row(key)])
    assert isinstance(await apply_file(scene.database, SOLO, content), ProcessingReport)
    report = await apply_file(scene.database, PRO, content)
    assert isinstance(report, ProcessingReport)
    assert report.successful == 1


async def test_a_file_of_which_nothing_could_be_taken_may_be_brought_again(scene: Scene) -> None:
    key = await scene.place(BEA, {LAMP: 1})
    content = table([row(key)])
    report = await apply_file(scene.database, PRO, content)
    assert isinstance(report, ProcessingReport)
    assert report.entries[0].message().startswith("order-id: The order is Pending")
    await scene.approve(key)
    await scene.advance(timedelta(hours=1))
    report = await apply_file(scene.database, PRO, content)
    assert isinstance(report, ProcessingReport)
    assert report.successful == 1


async def test_the_same_file_ten_times_at_once_is_applied_once(scene: Scene) -> None:
    keys = await scene.to_states([State.UNSHIPPED] * 20)
    content = table(row(key, LAMP, 1) for key in keys)
    outcomes = await asyncio.gather(*(apply_file(scene.database, PRO, content) for _ in range(10)))
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert [refusal.reason for refusal in refusals] == [Reason.FILE_ALREADY_APPLIED] * 9
    (count,) = await scene.rows("SELECT sum(shipped_units) FROM orders")
    assert count[0] == 20


async def test_different_files_about_the_same_orders_at_once_ship_each_unit_once(scene: Scene) -> None:
    keys = await scene.to_states([State.UNSHIPPED] * 30)
    files = [
        table([row(key, LAMP, 2, tracking=f"9{number}") for key in (keys if number % 2 else reversed(keys))])
        for number in range(6)
    ]
    outcomes = await asyncio.gather(*(apply_file(scene.database, PRO, content) for content in files))
    assert all(isinstance(outcome, ProcessingReport) and outcome.successful == 30 for outcome in outcomes)
    for key in keys:
        (package,) = await packages(scene, key)
        assert package[3] == {"1": 2}


# --- how it is done


class Counting(Database):
    """A database that remembers how many statements its transactions ran."""

    statements = 0

    @asynccontextmanager
    async def transaction(self, *, alone: bool = False) -> Any:
        async with super().transaction(alone=alone) as tx:
            yield tx
            self.statements += tx.statements


async def test_the_statements_do_not_grow_with_the_rows(scene: Scene) -> None:
    counted = []
    for sku in (LAMP, VASE):
        await scene.set_stock(PRO, sku, 2000)
    for orders in (10, 500):
        keys = await scene.to_states([State.UNSHIPPED] * orders)
        database = Counting(scene.database.pool)
        report = await apply_file(database, PRO, table(row(key, item) for key in keys for item in (LAMP, VASE)))
        assert isinstance(report, ProcessingReport)
        assert report.successful == 2 * orders
        counted.append(database.statements)
    assert counted[0] == counted[1] < 25


async def test_more_rows_than_a_batch_and_their_progress(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one order that fall into two batches still meet its packages."""
    monkeypatch.setattr("tradepost.process.shipment.confirmation_file.ROWS_AT_ONCE", 3)
    keys = await scene.to_states([State.UNSHIPPED] * 4)
    rows = [row(key, LAMP, 1, tracking=f"1Z{number}") for key in keys for number in range(3)]
    heard: list[tuple[int, int]] = []
    report = await apply_file(
        scene.database, PRO, table([*rows, row("x")]), progress=lambda done, of: heard.append((done, of))
    )
    assert isinstance(report, ProcessingReport)
    assert heard == [(4, 13), (7, 13), (10, 13), (13, 13)]
    assert [entry.code for entry in report.entries if entry.error_type == "Error"] == [18028] * 5
    assert report.successful == 8


async def test_a_file_that_breaks_halfway_changes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.process.shipment.confirmation_file.ROWS_AT_ONCE", 1)
    keys = await scene.to_states([State.UNSHIPPED] * 2)
    before = await scene.dump()

    def stop(done: int, of: int) -> None:
        if done == of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await apply_file(scene.database, PRO, table(map(row, keys)), progress=stop)
    async with scene.database.transaction() as tx:
        assert await dump(tx) == before
    assert isinstance(await apply_file(scene.database, PRO, table(map(row, keys))), ProcessingReport)


# --- files that cannot be taken


async def test_a_file_without_order_numbers_is_fatal_in_amazons_words(scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    before = await scene.dump()
    report = await apply_file(scene.database, PRO, table([row(key)[1:]], HEADINGS.removeprefix("order-id ")))
    assert isinstance(report, ProcessingReport)
    assert report.text() == SAMPLE
    assert report.text("zh").splitlines()[0] == "上传数据处理摘要："
    assert await scene.dump() == before
