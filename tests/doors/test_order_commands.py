"""The commands about orders: explain, confirm, doctor."""

from datetime import timedelta
from pathlib import Path

from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import BEA, LAMP, MUG, PRO, SOLO, VASE, Scene
from tradepost.lifecycle import State
from tradepost.process.shipment.confirmations import Parcel

HEADER = "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\ttracking-number"


async def test_explain_tells_where_a_pending_order_stands(
    scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    key = await scene.place()
    await scene.approve(key)
    done = await tradepost("explain", key.order_id, "--database", database_url)
    assert (done.code, done.err) == (0, "")
    first, second, third, fourth, *_ = done.out.splitlines()
    assert first == f"Order {key.order_id} of seller acme, placed by bea on 2026-03-02 10:00:00."
    assert second == "It is Pending: verification is through, only the hold has to end."
    assert third.startswith("Next, by itself: 2026-03-02 10:30:00, in 30 min. The order is released")
    assert fourth == "It is 2026-03-02 10:00:00 now; all times are those of UTC."
    assert "Secret Street" not in done.out


async def test_explain_tells_what_is_due_though_no_worker_came(
    scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    key = await scene.place()
    await scene.approve(key)
    before = await scene.dump()
    await scene.set_clock(await scene.now() + timedelta(hours=1))
    done = await tradepost("explain", key.order_id, "--database", database_url)
    assert "It is Unshipped: the seller must ship or cancel." in done.out
    assert "the order was released to the seller [clock clock] (due; not recorded yet)" in done.out
    assert "told the buyer: order_confirmation (not queued yet)" in done.out
    after = await scene.dump()
    assert before.pop("business_clock") != after.pop("business_clock")
    assert before == after


async def test_explain_tells_the_whole_history(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 1)])
    await scene.confirm(key, parcel=Parcel("UPS", "1Z12345E6605272234"), reference=1)
    await scene.request_cancellation(key, why="Too slow.")
    await scene.cancel_by_seller(key, "no_inventory", [(VASE, 1)])
    await scene.confirm(key)
    done = await tradepost("explain", key.order_id, "--database", database_url)
    assert "1 of 3 units were canceled, the last by the seller" in done.out
    assert "Nothing more will happen to it by itself." in done.out
    assert "  1: 1 x LAMP by UPS 1Z12345E6605272234, confirmed 2026-03-02 10:30:00" in done.out
    for line in (
        "the seller confirmed a shipment: 1 x LAMP; package 1 [seller acme]",
        "the seller corrected a package: package 1 was UPS 1Z999AA10123456784 [seller acme]",
        "the buyer asked the seller to cancel: “Too slow.” [buyer bea]",
        "the seller canceled: 1 x VASE; no_inventory [seller acme]",
    ):
        assert line in done.out


async def test_explain_tells_the_new_delivery_date(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.place()
    await scene.advance(timedelta(days=3))
    await scene.approve(key)
    done = await tradepost("explain", key.order_id, "--database", database_url)
    assert "the order was released to the seller: it is promised anew, to arrive by 2026-03-" in done.out


async def test_explain_knows_no_such_order(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    done = await tradepost("explain", "000-0000000-0000000", "--database", database_url)
    assert done.code == 1
    assert one_sentence(done) == "There is no such order; check the order number."


async def test_confirm_takes_the_good_rows(
    scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    good = f"{key.order_id}\t\t\t2026-03-02\tUPS\t1Z999AA10123456784"
    file, report = tmp_path / "shipped.tsv", tmp_path / "report.tsv"
    file.write_text("\n".join([HEADER, good, good.replace(key.order_id, "000-0000000-0000000"), ""]))
    done = await tradepost("confirm", file, "--seller", PRO, "--report", report, "--database", database_url)
    assert done.code == 1
    assert done.out == f"1 of 2 rows were taken. The processing report is in {report}.\n"
    assert "There is no such order" in report.read_text()
    assert await scene.state(key) is State.SHIPPED
    again = await tradepost("confirm", file, "--seller", PRO, "--database", database_url)
    assert again.code == 1
    assert "This very file was applied on" in one_sentence(again)


async def test_confirm_prints_the_processing_report(
    scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    file = tmp_path / "shipped.tsv"
    file.write_text(f"{HEADER}\n{key.order_id}\t\t\t2026-03-02\tUPS\t1Z999AA10123456784\n")
    done = await tradepost("confirm", file, "--seller", PRO, "--database", database_url)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Feed Processing Summary:")


async def test_confirm_applies_nothing_whose_report_would_be_lost(
    scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    file = tmp_path / "shipped.tsv"
    file.write_text(f"order-id\tship-date\tcarrier-code\ttracking-number\n{key.order_id}\t2026-03-02\tUPS\t1Z9\n")
    for report in (tmp_path, tmp_path / "none" / "report.tsv"):
        done = await tradepost(
            "confirm", file, "--seller", key.seller_id, "--report", report, "--database", database_url
        )
        assert done.code == 2
        assert one_sentence(done).startswith(f"{report} cannot be written (")
    assert await scene.state(key) is State.UNSHIPPED


async def test_confirm_is_for_professional_sellers(
    scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    placed = await scene.place(BEA, {MUG: 1})
    file = tmp_path / "shipped.tsv"
    file.write_text(f"{HEADER}\n{placed.order_id}\t\t\t2026-03-02\tUPS\t1Z999AA10123456784\n")
    done = await tradepost("confirm", file, "--seller", SOLO, "--database", database_url)
    assert done.code == 1
    assert one_sentence(done).startswith("Files and reports are for sellers with a Professional account")


async def test_confirm_needs_a_file(tradepost: CommandLine, tmp_path: Path) -> None:
    for file, problem in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        done = await tradepost("confirm", file, "--seller", PRO)
        assert done.code == 2
        assert problem in one_sentence(done)


async def test_doctor_finds_nothing_in_a_sound_database(
    scene: Scene, database_url: str, tradepost: CommandLine
) -> None:
    await scene.to_states(list(State))
    done = await tradepost("doctor", "--database", database_url)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(": nothing wrong.\n")
    assert " 7 orders, " in done.out


async def test_doctor_prints_every_violation(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.to_state(State.SHIPPED)
    async with scene.database.transaction() as tx:
        await tx.execute("DELETE FROM order_events WHERE order_id = $1 AND number = 2", key.order_id)
    done = await tradepost("doctor", "--database", database_url)
    assert done.code == 1
    assert key.order_id in done.out
    assert not done.out.endswith("nothing wrong.\n")
