"""What no kind of feed can read is one Fatal line in its report, in English and in Chinese, and changes nothing."""

import gzip
import json
from xml.etree import ElementTree

import pytest

from tests.feeds.mill_race import Feeds, table
from tests.scene import PRO, Scene
from tradepost.feeds.kinds import KINDS

TORN = gzip.compress(bytes(range(256)) * 40, mtime=0)[20:]
PACKED = gzip.compress(b"order-id\tship-date\n1\t2\n", mtime=0)
BAD: dict[str, bytes | None] = {
    "nothing uploaded": None,
    "empty": b"",
    "an empty gzip": gzip.compress(b""),
    "empty lines": b"\r\n\n\r" * 1000,
    "spaces": b" \t" * 1000,
    "a byte-order mark": b"\xef\xbb\xbf",
    "another byte-order mark": b"\xff\xfe",
    "NUL": b"\0" * 5000,
    "torn": TORN,
    "a spreadsheet": b"PK\x03\x04" + bytes(5000),
    "half of a gzip": PACKED[:-3],
    "a gzip in a gzip": gzip.compress(PACKED),
    "UTF-16 without its mark": "order-id\tsku\nA\tB\n".encode("utf-16-le"),
    "surrogates": b"\xed\xa0\x80" * 100,
    "another header": b"first\tsecond\n1\t2\n",
    "half a line": b"ord",
    "one long line": b"x" * 1_000_000,
    "another kind of document": b"<html><body>sku</body></html>",
    "a list": b"[[[{}]]]",
}


def told(kind: str, report: str) -> list[tuple[str, str, str]]:
    """The report of any kind in short: record, code and sentence of each line."""
    if kind == "JSON_LISTINGS_FEED":
        return [(str(one.get("messageId", 0)), one["code"], one["message"]) for one in json.loads(report)["issues"]]
    if report.startswith("<?xml"):
        names = ("MessageID", "ResultMessageCode", "ResultDescription")
        results = ElementTree.fromstring(report).iter("Result")  # noqa: S314 (it is our own)
        return [(one[0], one[1], one[2]) for one in ([str(r.findtext(name)) for name in names] for r in results)]
    return [(line[0], line[-3], line[-1]) for line in table(report)]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_document_of_its_kind_changes_nothing(feeds: Feeds, scene: Scene, kind: str) -> None:
    before = await scene.dump("updated_at")
    for language in ("en", "zh"):
        async with scene.database.transaction() as tx:
            await tx.execute("UPDATE sellers SET locale = $2 WHERE seller_id = $1", PRO, language)
        for name, content in BAD.items():
            status, report = await feeds.through(content, kind)
            assert status == "FATAL", name
            ((record, code, sentence),) = told(kind, report)
            assert (record, code.isdecimal()) == ("0", True), name
            assert any("一" <= sign <= "鿿" for sign in sentence) == (language == "zh"), (name, sentence)
    after = await scene.dump("updated_at")
    assert {name for name in before if before[name] != after[name]} == {"documents", "feeds", "sellers"}
