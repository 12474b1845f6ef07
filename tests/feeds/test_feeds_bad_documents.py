"""Documents of every wrong kind: a report or a clear refusal within bounded memory, and nothing else happens."""

import gzip
import random
import tracemalloc
from collections.abc import Callable

import pytest

from tests.feeds.mill_race import Feeds, counts, table
from tests.rooms.uploaded_files import HEADINGS, packages, row
from tests.rooms.uploaded_files import table as file_of
from tests.scene import SOLO, VASE, Scene
from tradepost.documents.documents import MOST_MIB
from tradepost.lifecycle import State

SHIFT_JIS = "text/tab-separated-values; charset=Shift_JIS"
TORN = random.Random(7).randbytes(5000)
HEADER = "\t".join(HEADINGS.split()).encode()


def bomb(mib: int) -> bytes:
    return gzip.compress(bytes(mib << 20))


BAD: dict[str, tuple[bytes | None, str, str]] = {
    "nothing uploaded": (None, "99010", "Upload it before"),
    "empty": (b"", "99002", "no rows"),
    "empty lines": (b"\n\r\n\n", "99002", "no rows"),
    "a header alone": (HEADER, "99002", "no rows"),
    "another header": (b"sku\tprice\nA\t1\n", "90012", "order-id"),
    "a column short": (b"order-id\tquantity\n1\t2\n", "90012", "ship-date"),
    "a column twice": (b"order-id\torder-id\tship-date\n1\t2\t3\n", "90061", "twice"),
    "binary": (b"\x00\x01\x02" * 1000, "99001", "text"),
    "torn": (TORN, "99001", "text"),
    "a spreadsheet": (b"PK\x03\x04" + bytes(5000), "99001", "text"),
    "one long line": (b"x" * 1_000_000, "99001", "text"),
    "a million columns": (b"order-id\t" + b"x\t" * 1_000_000 + b"ship-date\n1\t2", "99003", "columns"),
    "ten thousand columns": (b"order-id\t" + b"x\t" * 10_000 + b"ship-date\n1\t2", "99003", "columns"),
    "too many rows": (b"order-id\tship-date\n" + b"1\t2\n" * 200_001, "99003", "rows"),
    "ten million empty lines": (gzip.compress(HEADER + b"\n" * 10_000_000), "99003", "rows"),
    "half of a gzip": (gzip.compress(b"order-id")[:-3], "99011", "gzip"),
    "a torn gzip": (b"\x1f\x8b\x08" + TORN, "99011", "gzip"),
    "the mark of a gzip": (b"\x1f\x8b", "99011", "gzip"),
    "more behind a gzip": (gzip.compress(b"order-id\tship-date\n") + b"rest", "99011", "gzip"),
    "a gzip in a gzip": (gzip.compress(gzip.compress(b"order-id\tship-date\n1\t2\n")), "99001", "text"),
}


@pytest.mark.parametrize(("content", "code", "says"), BAD.values(), ids=BAD)
async def test_a_document_that_is_no_file_changes_nothing(
    feeds: Feeds, scene: Scene, content: bytes | None, code: str, says: str
) -> None:
    before = await scene.dump("updated_at")
    status, report = await feeds.through(content)
    assert status == "FATAL"
    (line,) = table(report)
    assert (line[0], line[3:5]) == ("0", [code, "Fatal"])
    assert says in line[5]
    assert counts(report)[1] == 0
    after = await scene.dump("updated_at")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"documents", "feeds"}


@pytest.mark.parametrize("pack", [bomb, lambda mib: bomb(1) * mib], ids=["one part", "many parts"])
async def test_what_unpacks_to_too_much_is_not_held(feeds: Feeds, pack: Callable[[int], bytes]) -> None:
    document_id = await feeds.upload(pack(2000))
    tracemalloc.start()
    try:
        status, report = await feeds.through(None, document_id=document_id)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == "FATAL"
    assert table(report)[0][3] == "99003"
    assert most < 3 * MOST_MIB << 20


ENCODINGS = {
    "UTF-8": ("utf-8", None, "Müller & 日本"),
    "a byte-order mark": ("utf-8-sig", None, "Müller & 日本"),
    "UTF-16": ("utf-16", None, "Müller & 日本"),
    "ISO-8859-1": ("latin-1", "text/tab-separated-values; charset=iso-8859-1", "Müller"),
    "what python-amazon-sp-api sends": ("latin-1", "text/tsv; charset=UTF-8", "Müller"),
    "Windows": ("cp1252", None, "Müller – €"),
    "Shift_JIS": ("cp932", SHIFT_JIS, "佐川急便①"),
    "Windows-31J": ("cp932", "text/tab-separated-values; charset=Windows-31J", "佐川急便①"),
    "UTF-8 that calls itself Shift_JIS": ("utf-8", SHIFT_JIS, "佐川急便"),
}


@pytest.mark.parametrize(("encoding", "content_type", "name"), ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_a_file_may_be_in_any_encoding_that_sellers_use(
    feeds: Feeds, scene: Scene, encoding: str, content_type: str | None, name: str, packed: bool
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = file_of([row(key, carrier="Other", name=name)]).decode().encode(encoding)
    content = gzip.compress(content[:50]) + gzip.compress(content[50:]) if packed else content
    more = {"content_type": content_type} if content_type else {}
    status, report = await feeds.through(content, **more)
    assert (status, counts(report)) == ("DONE", (1, 1))
    (found,) = await scene.rows("SELECT carrier_name FROM packages")
    assert found[0] == name


async def test_rows_that_are_wrong_are_told_and_the_others_are_taken(feeds: Feeds, scene: Scene) -> None:
    key, _ = await scene.to_states([State.UNSHIPPED] * 2)
    pending = await scene.to_state(State.VERIFYING)
    foreign = (await scene.to_states([State.UNSHIPPED], [{"MUG": 1}]))[0]
    assert foreign.seller_id == SOLO
    lines = file_of(
        [
            row(key, VASE, 5),
            row(pending),
            row(foreign),
            row("=HYPERLINK(\"x\")"),
            row(key, tracking="=1+1"),
            ("123-1234567-1234567", "", "", "2026-03"),
        ]
    )  # fmt: skip
    status, report = await feeds.through(lines.removesuffix(b"\r\n"))
    assert status == "DONE"
    assert counts(report) == (6, 1)
    told = {int(line[0]): (line[3], line[4]) for line in table(report)}
    assert told == {
        1: ("18021", "Error"), 2: ("18028", "Error"), 3: ("18028", "Error"), 4: ("18028", "Error"),
        5: ("99004", "Warning"), 6: ("18028", "Error"),
    }  # fmt: skip
    assert {line[1] for line in table(report) if not line[1][:1].isdigit()} == {'\'=HYPERLINK("x")'}
    assert await scene.state(pending) is State.VERIFYING
    assert await scene.state(foreign) is State.UNSHIPPED
    assert [package[2] for package in await packages(scene, key)] == ["=1+1"]


async def test_rows_without_a_digit_are_no_headings(feeds: Feeds) -> None:
    """Only the row right below the headings may say them again in another language."""
    status, report = await feeds.through(HEADER + b"\n" + b"\t".join([b"x"] * 8) + b"\n" + b"\t".join([b"y"] * 8))
    assert (status, counts(report)) == ("DONE", (1, 0))
    assert [line[1] for line in table(report)] == ["y"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", '"'])
async def test_nothing_that_the_report_repeats_begins_a_formula(feeds: Feeds, sign: str) -> None:
    cells = "\t".join([f" {sign}1+1"] * 8).replace(' "', " ")
    _, report = await feeds.through(HEADER + b"\n" + cells.encode() + b"\n1-2-3\t" + cells.encode())
    for line in table(report):
        for cell in line:
            assert cell.lstrip()[:1] not in (*"=+-@＝＋－＠", '"'), line
