"""`tradepost report`: the files of the Reports API, at a terminal."""

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import BEA, LAMP, PRO, SOLO, Scene, open_market
from tradepost.doors.cli.report import REPORTS
from tradepost.ground.database import Database
from tradepost.lifecycle import State
from tradepost.policy import Policy
from tradepost.report_requests.kinds import KINDS

WITH_A_WINDOW = [name for name, one in REPORTS.items() if one.counts]
PENDING_TOO = ("pending", "all", "all-by-update")  # by when orders were placed, not by when they were released


def test_every_kind_of_report_can_be_written() -> None:
    assert {one.kind for one in REPORTS.values()} == set(KINDS)
    assert len(REPORTS) == len(KINDS)


@pytest.mark.parametrize("name", REPORTS)
async def test_a_report_is_what_sellers_software_gets(
    name: str, scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    await scene.to_states(list(State))
    await scene.place(BEA, {LAMP: 3})
    await scene.close_offer(PRO, LAMP)
    file = tmp_path / name
    command = ("report", name, "--seller", PRO, "--database", database_url)
    said = await tradepost(*command)
    assert (said.code, said.err) == (0, "")
    assert (await tradepost(*command, "--out", file)).out == ""
    assert file.read_text(encoding="utf-8") == said.out
    assert file.stat().st_mode & 0o777 == 0o600  # it may hold addresses
    pieces: list[bytes] = []

    async def write(piece: bytes) -> None:
        pieces.append(piece)

    async with scene.database.transaction() as tx:
        assert await KINDS[REPORTS[name].kind].make(tx, PRO, None, None, write) > 0
    assert b"".join(pieces).decode() == said.out


async def test_the_order_report_in_xml_is_xml(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    done = await tradepost("report", "orders-xml", "--seller", PRO, "--database", database_url)
    envelope = ElementTree.fromstring(done.out)  # noqa: S314 (it is our own)
    assert [found.text for found in envelope.iter("AmazonOrderID")] == [key.order_id]


@pytest.mark.parametrize("name", ["orders", "unshipped"])
async def test_what_the_clock_says_counts(name: str, scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    """An order whose release is due is in the report, although no worker has been by; a Pending one is not."""
    released = await scene.pay_with("approve")
    await scene.work()
    await scene.set_clock(await scene.now() + timedelta(hours=1))
    await scene.pay_with("approve")
    done = await tradepost("report", name, "--seller", PRO, "--database", database_url)
    header, *rows = done.out.splitlines()
    assert header.startswith("order-id\torder-item-id\t")
    assert [row.split("\t")[0] for row in rows] == [released.order_id]


@pytest.mark.parametrize("name", WITH_A_WINDOW)
async def test_reports_of_a_time(name: str, scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    command = ("report", name, "--seller", PRO, "--database", database_url)
    if name in PENDING_TOO:
        key = await scene.place()  # at 10:00
        at, later = "2026-03-02T10:00:00", "2026-03-02T10:00:01Z"
    else:
        key = await scene.to_state(State.UNSHIPPED)  # released at 10:30
        at, later = "2026-03-02T10:30:00", "2026-03-02T10:30:01Z"
    for options, there in (
        (("--since", at), True),
        (("--since", later), False),
        (("--until", f"{at}Z"), False),
        (("--until", "2026-03-03"), True),
        (("--since", at, "--until", later), True),
    ):
        done = await tradepost(*command, *options)
        assert done.code == 0
        assert (key.order_id in done.out) is there, options


async def test_times_that_no_order_lies_between(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    window = ("--since", "2026-03-02", "--until", "2026-03-01")
    done = await tradepost("report", "all", "--seller", PRO, *window, "--database", database_url)
    assert done.code == 2
    assert one_sentence(done) == "--until lies before --since: no order can lie between them."


@pytest.mark.parametrize("name", REPORTS)
async def test_reports_of_nobody(
    name: str, scene: Scene, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "report"
    done = await tradepost("report", name, "--seller", "nobody", "--out", file, "--database", database_url)
    assert done.code == 1
    assert one_sentence(done) == "There is no seller nobody."
    assert list(tmp_path.iterdir()) == []


async def test_a_seller_of_bytes_that_are_no_text(scene: Scene, database_url: str, tradepost: CommandLine) -> None:
    done = await tradepost("report", "orders", "--seller", "\udcff", "--database", database_url)
    assert done.code == 2
    assert one_sentence(done) == "A word of the command is no text in UTF-8."


@pytest.mark.parametrize("name", REPORTS)
async def test_a_policy_may_keep_reports_from_individual_sellers(
    name: str, database: Database, database_url: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    await open_market(database, policy=Policy(individual_reports=False))
    command = ("report", name, "--out", tmp_path / "report", "--database", database_url)
    assert (await tradepost(*command, "--seller", PRO)).code == 0
    done = await tradepost(*command, "--seller", SOLO)
    assert done.code == 1
    assert one_sentence(done).startswith("Files and reports are for sellers with a Professional account")
