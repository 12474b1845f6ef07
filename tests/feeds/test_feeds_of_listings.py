"""JSON_LISTINGS_FEED: listings are put, changed and deleted, and the report agrees with its schema."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator

from tests.conftest import SHARED, absent
from tests.feeds.mill_race import Feeds
from tests.scene import LAMP, PRO, SOLO, Scene
from tests.selling_partner_api.listing_words import price, stock, whole

KIND = "JSON_LISTINGS_FEED"
TYPE = "application/json; charset=UTF-8"
SCHEMAS = SHARED / "spapi-models" / "schemas" / "feeds"
Messages = list[dict[str, Any]]


def feed(*messages: dict[str, Any], seller: str = PRO, **header: Any) -> bytes:
    numbered = [{"messageId": number, **message} for number, message in enumerate(messages, 1)]
    return json.dumps({"header": {"sellerId": seller, "version": "2.0", **header}, "messages": numbered}).encode()


def message(sku: str, operation: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "operationType": operation, "productType": "CHAIR", **more}


def report_of(text: str) -> dict[str, Any]:
    """The report, held against its schema."""
    if not SCHEMAS.is_dir():
        pytest.skip(absent(SCHEMAS))
    report: dict[str, Any] = json.loads(text)
    schema = json.loads((SCHEMAS / "listings-feed-processing-report-schema-v2.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(report)] == []
    return report


def found(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The issues in short."""
    names = ("messageId", "sku", "code", "severity", "attributeName")
    return [tuple(issue.get(name) for name in names) for issue in report["issues"]]


async def test_listings_are_put_changed_and_deleted(feeds: Feeds, scene: Scene) -> None:
    patch = {
        "op": "replace",
        "path": "/attributes/fulfillment_availability",
        "value": stock(3)["fulfillment_availability"],
    }
    status, text = await feeds.through(
        feed(
            message("CHAIR", "UPDATE", attributes=whole(), requirements="LISTING"),
            message(LAMP, "PARTIAL_UPDATE", attributes=price(21.5) | stock(4)),
            message("VASE", "PATCH", patches=[patch]),
            {"sku": "LAST", "operationType": "DELETE"},
            message("CHAIR", "PARTIAL_UPDATE", attributes=stock(2)),
        ),
        KIND,
        content_type=TYPE,
    )
    report = report_of(text)
    assert status == "DONE"
    assert report["issues"] == []
    assert report["summary"] == {
        "errors": 0, "warnings": 0, "messagesProcessed": 5, "messagesAccepted": 5, "messagesInvalid": 0,
    }  # fmt: skip
    chair, lamp, vase, last = [await scene.offer(PRO, sku) for sku in ("CHAIR", LAMP, "VASE", "LAST")]
    assert (chair.price, chair.available, chair.on_sale) == (4990, 2, True)
    assert (lamp.price, lamp.available) == (2150, 4)
    assert vase.available == 3
    assert last.closed


async def test_what_is_wrong_is_told_message_by_message(feeds: Feeds, scene: Scene) -> None:
    content = feed(
        message("NEW", "UPDATE", attributes=stock(1)),
        message("NOTHING", "PATCH", patches=[{"op": "delete", "path": "/attributes/x"}]),
        message(LAMP, "PARTIAL_UPDATE", attributes=stock(-1)),
        message(LAMP, "PARTIAL_UPDATE", attributes={"fulfillment_availability": 3}),
        message(LAMP, "PATCH"),
        message(LAMP, "UPDATE"),
        message(LAMP, "BUY"),
        {"sku": LAMP, "operationType": "PATCH"},
        {"operationType": "DELETE"},
        {"messageId": 1, **message(LAMP, "DELETE")},
        {"messageId": "x", **message(LAMP, "DELETE")},
        message("a\u0000b", "DELETE"),
        message(LAMP, "PARTIAL_UPDATE", attributes={"x\u0000": [{"value": "1"}]}),
        message("LAMP", "PATCH", patches=[{"op": "add", "path": "/nothing/at/all", "value": []}]),
    )
    content = (
        content[:-2]
        + b""", {"messageId": 15, "sku": "LAMP", "operationType": "PARTIAL_UPDATE",
        "productType": "CHAIR", "attributes": {"fulfillment_availability": [{"quantity": 1e400}]}},
        {"messageId": 16, "sku": "LAMP", "operationType": "UPDATE", "attributes": """
        + b"[" * 500
        + b"]" * 500
        + b"}]}"
    )
    before = await scene.offer(PRO, LAMP)
    status, text = await feeds.through(content, KIND, content_type=TYPE)
    report = report_of(text)
    assert status == "DONE"
    assert report["summary"]["messagesProcessed"] == 16
    assert report["summary"]["messagesAccepted"] == 0
    assert {issue[0] for issue in found(report)} == {*range(1, 10), *range(12, 17), None}
    assert (2, "NOTHING", "13013", "ERROR", None) in found(report)
    assert (3, LAMP, "90000900", "ERROR", "fulfillment_availability") in found(report)
    assert await scene.offer(PRO, LAMP) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"sku\tprice\nA\t1\n",
        feed()[:-5],
        feed(),
        feed(message(LAMP, "DELETE"), seller=SOLO),
        feed(message(LAMP, "DELETE"), message("half a \ud800 pair", "DELETE")),
        feed(message(LAMP, "DELETE"), message("deep", "UPDATE"))[:-3] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}]}",
        json.dumps({"header": {"sellerId": PRO, "version": "1.0"}, "messages": [1]}).encode(),
        b'{"header": {"sellerId": "acme", "version": "2.0"}, "messages": ' + b"[" * 100_000,
    ],
)
async def test_what_is_no_such_feed_is_fatal(feeds: Feeds, scene: Scene, content: bytes) -> None:
    status, text = await feeds.through(content, KIND, content_type=TYPE)
    assert status == "FATAL"
    report = report_of(text)
    assert len(report["issues"]) == 1
    assert "messageId" not in report["issues"][0]
    assert not (await scene.offer(PRO, LAMP)).closed


async def test_no_name_of_an_attribute_keeps_a_feed_from_its_end(feeds: Feeds, scene: Scene) -> None:
    content = feed(
        message(LAMP, "PARTIAL_UPDATE", attributes={"x\u0000": [{}] * 101}),
        message("VASE", "PARTIAL_UPDATE", attributes=stock(3)),
    )
    status, text = await feeds.through(content, KIND, content_type=TYPE)
    assert status == "DONE"
    report = report_of(text)
    assert report["summary"]["messagesAccepted"] == 1
    assert [issue[:2] for issue in found(report)] == [(1, LAMP)]


async def test_there_are_only_so_many_messages(feeds: Feeds, scene: Scene) -> None:
    before = await scene.dump("updated_at")
    head, tail = feed()[:-2], b"]}"
    for content, says in ((b"{}," * 200_000 + b"{}", "1 to 200000"), (b"1," * 300_000 + b"1", "expected `object`")):
        status, text = await feeds.through(head + content + tail, KIND, content_type=TYPE)
        assert status == "FATAL"
        (issue,) = report_of(text)["issues"]
        assert says in issue["message"]
    after = await scene.dump("updated_at")
    assert {name for name in before if before[name] != after[name]} == {"documents", "feeds"}


async def test_only_so_much_is_said_of_one_sku(feeds: Feeds, scene: Scene) -> None:
    """What is about one goes together: the first ones are taken, and no other SKU suffers."""
    long = {"note": [{"value": "x" * 150_000}]}
    content = feed(
        *(message(LAMP, "PARTIAL_UPDATE", attributes=stock(number) | long) for number in range(8)),
        message("VASE", "PARTIAL_UPDATE", attributes=stock(3)),
    )
    _, text = await feeds.through(content, KIND, content_type=TYPE)
    report = report_of(text)
    assert [issue[:3] for issue in found(report)] == [(7, LAMP, "90000900"), (8, LAMP, "90000900")]
    assert (await scene.offer(PRO, LAMP)).available == 5
    assert (await scene.offer(PRO, "VASE")).available == 3


async def test_a_message_too_long_to_be_read_is_repeated_in_part(feeds: Feeds) -> None:
    _, text = await feeds.through(feed(message("x" * 2_000_000, "DELETE")), KIND, content_type=TYPE)
    (issue,) = report_of(text)["issues"]
    assert (issue["messageId"], issue["sku"]) == (1, "x" * 200)
    assert "1048576 bytes" in issue["message"]


async def test_the_locale_of_the_header_is_that_of_the_issues(feeds: Feeds) -> None:
    content = feed(message("NOTHING", "DELETE"), issueLocale="zh_CN")
    _, text = await feeds.through(content, KIND, content_type=TYPE)
    (issue,) = report_of(text)["issues"]
    assert "报价" in issue["message"] or "SKU" in issue["message"]
    assert not issue["message"].isascii()


async def test_text_in_another_encoding_is_read(feeds: Feeds, scene: Scene) -> None:
    text = feed(message("CHAIR", "UPDATE", attributes=whole("Sessel für Müller"))).decode()
    plain = json.dumps(json.loads(text), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        status, _ = await feeds.through(plain.encode(encoding), KIND, content_type=TYPE)
        assert status == "DONE"
        assert (await scene.offer(PRO, "CHAIR")).title == "Sessel für Müller"


async def test_a_dry_run_lists_nothing(feeds: Feeds, scene: Scene) -> None:
    content = feed(
        message("CHAIR", "UPDATE", attributes=whole()), message("CHAIR", "PARTIAL_UPDATE", attributes=stock(2))
    )
    before = await scene.dump()
    _, dry = await feeds.through(content, KIND, content_type=TYPE, dryRun="true")
    after = await scene.dump()
    assert {name for name in before if before[name] != after[name]} == {"documents", "feeds"}
    _, wet = await feeds.through(content, KIND, content_type=TYPE)
    assert report_of(dry)["summary"] == report_of(wet)["summary"]
    assert report_of(wet)["summary"]["messagesAccepted"] == 2
