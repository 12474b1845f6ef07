"""`tradepost replay`: the recorded histories come out as the rules say, and what cannot be played is refused first."""

import asyncio
import csv
import json
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import SHARED, TestServer, absent
from tests.doors.command_line import CommandLine, ended, history, one_sentence, run, start
from tradepost.ground.embedded import lease

DATA = SHARED / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=absent(DATA))

OPENING = (
    "2026-03-01T00:00:00+00:00,list,,acme,,LAMP,3,19.90,Desk lamp",
    "2026-03-01T10:00:00+00:00,checkout,A1,acme,ann,LAMP,1,19.90,",
    "2026-03-01T10:05:00+00:00,verify,A1,,,,,,approved",
)


@needs_data
@pytest.mark.parametrize(("name", "zone"), [("example", "UTC"), ("boundaries", "Asia/Shanghai")])
async def test_replay_gives_what_the_rules_give(
    name: str, zone: str, tradepost: CommandLine, data_folder: Path, tmp_path: Path
) -> None:
    done = await tradepost(
        "replay", DATA / name / "history.csv", "--out", tmp_path, "--zone", zone, "--data", data_folder
    )
    assert (done.code, done.err) == (0, "")
    expected = DATA / name / "expected"
    for table in ("orders.csv", "stock.csv", "notices.csv"):
        assert (tmp_path / table).read_bytes() == (expected / table).read_bytes(), table
    refused = [row[:2] for row in _rows(tmp_path / "refused.csv")]
    assert refused == _rows(expected / "refused.csv")


@needs_data
async def test_replay_plays_the_real_history(data_folder: Path, tmp_path: Path) -> None:
    done = await run(
        "replay", DATA / "history.csv", "--out", tmp_path, "--zone", "America/Sao_Paulo", "--data", data_folder
    )
    assert (done.code, done.err) == (0, "")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["by_status"] == {
        "Pending": 0, "Unshipped": 7, "PartiallyShipped": 0, "Shipped": 4890, "Canceled": 175,
    }  # fmt: skip
    assert summary["orders"] == 5072
    assert summary["rows_played"] == len(_rows(DATA / "history.csv")) - 1
    refused = [row[1] for row in _rows(tmp_path / "refused.csv")[1:]]
    assert {event: refused.count(event) for event in set(refused)} == {"confirm": 89, "deliver": 87, "verify": 1}
    assert summary["rows_refused"] == 177
    assert sum(row[2] == "confirm_shipment_reminder" for row in _rows(tmp_path / "notices.csv")) == 124


async def test_what_a_replay_writes(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    rows = (*OPENING, "2026-03-01T10:10:00+00:00,confirm,A1,,,,,,UPS 1Z999AA10123456784")
    file, out = history(tmp_path / "history.csv", *rows), tmp_path / "made" / "out"
    done = await tradepost("replay", file, "--out", out, "--data", data_folder, "--until", "2026-03-01T10:30:00Z")
    assert done.code == 0
    assert "1 orders" in done.out
    assert sorted(made.name for made in out.iterdir()) == [
        "notices.csv", "orders.csv", "refused.csv", "stock.csv", "summary.json",
    ]  # fmt: skip
    assert (out / "orders.csv").read_text().splitlines()[1] == (
        "A1,acme,ann,Unshipped,2026-03-01T10:00:00Z,2026-03-01T10:30:00Z,,,,,,,1,0,0"
    )
    assert (out / "stock.csv").read_text() == "seller,sku,available,reserved\nacme,LAMP,2,1\n"
    line, event, order, reason = _rows(out / "refused.csv")[1]
    assert (line, event, order) == ("5", "confirm", "A1")
    assert reason.startswith("The order is Pending")
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary) == ["orders", "by_status", "rows_played", "rows_refused", "seconds", "orders_per_second"]
    assert (summary["rows_played"], summary["rows_refused"]) == (4, 1)


async def test_until_is_by_default_the_last_row(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    file = history(tmp_path / "history.csv", *OPENING)
    await tradepost("replay", file, "--out", tmp_path, "--data", data_folder)
    assert _rows(tmp_path / "orders.csv")[1][3] == "Pending"


async def test_until_without_offset_is_in_the_zone(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    file = history(tmp_path / "history.csv", *OPENING)
    where = ("--out", tmp_path, "--data", data_folder, "--zone", "Asia/Tokyo")
    await tradepost("replay", file, *where, "--until", "2026-03-01T19:30:00")
    assert _rows(tmp_path / "orders.csv")[1][3] == "Unshipped"
    await tradepost("replay", file, *where, "--until", "2026-03-01T19:29:59")
    assert _rows(tmp_path / "orders.csv")[1][3] == "Pending"  # and the files of the first replay are replaced


async def test_a_history_without_rows_is_played(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    done = await tradepost("replay", history(tmp_path / "h.csv"), "--out", tmp_path, "--data", data_folder)
    assert done.code == 0
    assert json.loads((tmp_path / "summary.json").read_text())["orders"] == 0


@pytest.mark.parametrize(
    ("title", "parcel"),
    [
        ('"Desk lamp,\r\n""brass"""', "Other 1Z999AA10123456784"),
        ("\u53f0\u3000\u706f \U0001f469\u200d\U0001f4bb", "UPS"),
        ("T" * 2000, f"{'C' * 60} {'9' * 200}"),
        ("\u200b", '"DHL\n12"'),
    ],
    ids=["two lines", "odd spaces", "long", "nothing to see"],
)
async def test_words_that_decide_nothing_fail_no_row(
    title: str, parcel: str, tradepost: CommandLine, data_folder: Path, tmp_path: Path
) -> None:
    """A title, a carrier, a tracking number: whatever they are, the offer is listed and the shipment confirmed."""
    rows = [OPENING[0].replace("Desk lamp", title), *OPENING[1:], f"2026-03-01T11:00:00Z,confirm,A1,,,,,,{parcel}"]
    done = await tradepost("replay", history(tmp_path / "history.csv", *rows), "--out", tmp_path, "--data", data_folder)
    assert (done.code, _rows(tmp_path / "refused.csv")[1:]) == (0, [])
    assert _rows(tmp_path / "orders.csv")[1][3] == "Shipped"


async def test_names_may_be_long_and_strange(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    name, sku = "n" * 200, " 0017\u00a0" + "s" * 190
    rows = (
        f"2026-03-01T00:00:00Z,list,,{name},,{sku},3,5,x",
        *[f"2026-03-01T10:00:00Z,checkout,{name},{name},{name},{sku},1,5,{name}"] * 2,
    )
    await tradepost("replay", history(tmp_path / "history.csv", *rows), "--out", tmp_path, "--data", data_folder)
    assert _rows(tmp_path / "stock.csv")[1] == [name, sku, "1", "2"]
    assert _rows(tmp_path / "orders.csv")[1][:4] == [name, name, name, "Pending"]


async def test_a_cart_may_be_long(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    rows = [OPENING[0].replace(",3,", ",3000,")]
    rows += [f"2026-03-01T10:00:00Z,checkout,A{n // 2},acme,ann,LAMP,1,{n}.00,cart" for n in range(2500)]
    await tradepost("replay", history(tmp_path / "history.csv", *rows), "--out", tmp_path, "--data", data_folder)
    assert _rows(tmp_path / "stock.csv")[1] == ["acme", "LAMP", "500", "2500"]
    assert len(_rows(tmp_path / "orders.csv")) == 1 + 1250


async def test_lines_are_those_of_the_file(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    """A quoted cell may hold line breaks, and an empty line is a line: a row is where it begins."""
    rows = (OPENING[0].replace("Desk lamp", '"Desk\n\nlamp"'), "", "2026-03-01T11:00:00Z,deliver,nobody's,,,,,,")
    await tradepost("replay", history(tmp_path / "history.csv", *rows), "--out", tmp_path, "--data", data_folder)
    assert _rows(tmp_path / "refused.csv")[1][:3] == ["6", "deliver", "nobody's"]


_AT = "2026-03-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("2026-03-01,verify,A1,,,,,,approved", "no time with an offset"),
        ("2026-03-01T10:00:00,verify,A1,,,,,,approved", "no time with an offset"),
        ("9999-99-99T00:00:00Z,verify,A1,,,,,,approved", "no time with an offset"),
        ("9999-12-20T00:00:00Z,checkout,A1,acme,ann,LAMP,1,1.00,", "no time with an offset"),
        ("0001-01-01T00:00:00+05:00,verify,A1,,,,,,approved", "no time with an offset"),
        (f"{_AT},explode,A1,,,,,,", "'explode' is no event"),
        (f"{_AT},verify,A1,,,,,,perhaps", "'perhaps' is no verdict"),
        (f"{_AT},seller,,acme,,,,,golden", "'golden' is no plan"),
        (f"{_AT},verify,,,,,,,approved", "verify needs order"),
        (f"{_AT},checkout,A1,acme,,LAMP,1,1.00,", "checkout needs buyer"),
        (f"{_AT},confirm,A1,,,,2,,UPS 1", "belongs to no sku"),
        (f"{_AT},confirm,A1,,,LAMP,0,,UPS 1", "the quantity '0'"),
        (f"{_AT},checkout,A1,acme,ann,LAMP,-1,1.00,", "the quantity '-1'"),
        (f"{_AT},checkout,A1,acme,ann,LAMP,1.5,1.00,", "the quantity '1.5'"),
        (f"{_AT},checkout,A1,acme,ann,LAMP,1,free,", "the amount 'free'".capitalize()),
        (f"{_AT},checkout,A1,acme,ann,LAMP,1,1.999,", "more decimals"),
        (f"{_AT},deliver,A1", "there are 3 fields"),
        ("2026-02-01T10:00:00+00:00,deliver,A1,,,,,,", "comes before the row above it"),
    ],
)
async def test_an_unreadable_row_stops_the_replay_before_anything(
    row: str, problem: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    file = history(tmp_path / "history.csv", "2026-03-01T00:00:00Z,stock,,acme,,LAMP,0,,", row)
    done = await tradepost("replay", file, "--out", tmp_path / "out", "--data", tmp_path / "data")
    assert done.code == 2
    sentence = one_sentence(done)
    assert sentence.startswith("Line 3: ")
    assert problem.lower() in sentence.lower()
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Line 1: the header must be"),
        (b"\n\n", "Line 1: the header must be"),
        (b"at,event\n", "Line 1: the header must be"),
        (b"\xff\xfe\x00\x01", "is not UTF-8 text"),
        (b'at,event,order,seller,buyer,sku,quantity,price,detail\n"2026', "Line 2: this is not CSV"),
    ],
)
async def test_a_file_that_is_no_history(content: bytes, problem: str, tradepost: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_bytes(content)
    done = await tradepost("replay", file, "--out", tmp_path / "out", "--data", tmp_path / "data")
    assert done.code == 2
    assert problem in one_sentence(done)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--until", "2026-03-01T10:04:59Z"), "--until 2026-03-01T10:04:59Z comes before the last row"),
        (("--until", "tomorrow"), "'tomorrow' is no time"),
        (("--zone", "Mars/Olympus"), "There is no time zone named 'Mars/Olympus'"),
        (("--zone", "../../etc/passwd"), "There is no time zone named"),
    ],
)
async def test_options_that_make_no_sense(
    options: tuple[str, str], problem: str, tradepost: CommandLine, tmp_path: Path
) -> None:
    file = history(tmp_path / "history.csv", *OPENING)
    done = await tradepost("replay", file, "--out", tmp_path / "out", "--data", tmp_path / "data", *options)
    assert done.code == 2
    assert problem in one_sentence(done)
    assert not (tmp_path / "out").exists()


async def test_a_history_that_is_not_there(tradepost: CommandLine, tmp_path: Path) -> None:
    done = await tradepost("replay", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert done.code == 2
    assert "cannot be read: No such file or directory." in one_sentence(done)


async def test_an_out_folder_that_cannot_be_made(tradepost: CommandLine, data_folder: Path, tmp_path: Path) -> None:
    file = history(tmp_path / "history.csv", *OPENING)
    done = await tradepost("replay", file, "--out", file, "--data", data_folder)
    assert done.code == 2
    assert str(file) in one_sentence(done)


async def test_a_named_database_is_filled_and_then_refused(
    tradepost: CommandLine, server: TestServer, tmp_path: Path
) -> None:
    url = await server.make("template0")  # without a schema
    try:
        command = ("replay", history(tmp_path / "history.csv", *OPENING), "--out", tmp_path / "out", "--database", url)
        assert (await tradepost(*command)).code == 0
        doctor = await tradepost("doctor", "--database", url)
        assert (doctor.code, doctor.out.split(",")[0]) == (0, doctor.out.split(" of ")[0] + " of 1 orders")
        again = await tradepost(*command)
        assert again.code == 2
        assert "The database is not empty" in one_sentence(again)
    finally:
        await server.drop(url)


async def test_a_named_database_of_somebody_else_is_refused_and_left_alone(
    tradepost: CommandLine, server: TestServer, tmp_path: Path
) -> None:
    url = await server.make("template0")
    try:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE diary (day date)")
        file = history(tmp_path / "history.csv", *OPENING)
        done = await tradepost("replay", file, "--out", tmp_path / "out", "--database", url)
        assert done.code == 2
        assert "The database is not empty" in one_sentence(done)
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1
        await connection.close()
    finally:
        await server.drop(url)


async def test_a_seller_who_was_never_opened_is_professional(
    tradepost: CommandLine, server: TestServer, tmp_path: Path
) -> None:
    at = "2026-03-01T11:00:00Z"
    rows = (*OPENING, f"{at},list,,bob,,MUG,1,8.00,Mug", f"{at},seller,,bob,,,,,individual")
    url = await server.make()
    try:
        file = history(tmp_path / "history.csv", *rows)
        await tradepost("replay", file, "--out", tmp_path / "out", "--database", url)
        connection = await asyncpg.connect(url)
        plans = await connection.fetch("SELECT seller_id, plan FROM sellers ORDER BY seller_id")
        await connection.close()
    finally:
        await server.drop(url)
    assert list(map(tuple, plans)) == [("acme", "professional"), ("bob", "individual")]


async def test_the_throw_away_database_is_dropped_whatever_happens(data_folder: Path, tmp_path: Path) -> None:
    """Ended by Ctrl-C it drops its database; killed, it leaves it to the next one."""
    # So many that it is under way for long after its database was seen.
    sellers = (f"2026-03-01T00:00:00Z,list,,s{number},,LAMP,3,1.00,Lamp" for number in range(50_000))
    long, short = history(tmp_path / "long.csv", *sellers), history(tmp_path / "short.csv", *OPENING)
    where = ("--out", tmp_path / "out", "--data", data_folder)
    for stop, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
        process = await start("replay", long, *where)
        while not await _throw_away_databases(data_folder):
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(stop)
        done = await ended(process)
        assert (done.code, done.out, done.err) == (code, "", "")
        assert len(await _throw_away_databases(data_folder)) == (stop is signal.SIGKILL)
    assert (await run("replay", short, *where)).code == 0
    assert await _throw_away_databases(data_folder) == []


async def _throw_away_databases(data_folder: Path) -> list[str]:
    async with lease(data_folder) as server:
        connection = await asyncpg.connect(server.url("postgres"))
        try:
            rows = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE '%throw_away%'")
        finally:
            await connection.close()
    return [row[0] for row in rows]


def _rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))
