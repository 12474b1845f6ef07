"""XML feeds: confirmations and cancellations in envelopes, read back by a parser that is not ours."""

import tracemalloc
from xml.etree import ElementTree

import pytest

from tests.feeds.mill_race import Feeds
from tests.rooms.uploaded_files import DAY, TRACKING, packages
from tests.scene import LAMP, VASE, Scene
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

FULFILLMENT, ACKNOWLEDGEMENT = "POST_ORDER_FULFILLMENT_DATA", "POST_ORDER_ACKNOWLEDGEMENT_DATA"
XML = "text/xml; charset=UTF-8"


def envelope(kind: str, *messages: str, declared: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    numbered = "".join(
        f"<Message><MessageID>{number}</MessageID>{message}</Message>" for number, message in enumerate(messages, 1)
    )
    return (
        f'{declared}<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>ACME</MerchantIdentifier></Header>"
        f"<MessageType>{kind}</MessageType>{numbered}</AmazonEnvelope>"
    )


def fulfillment(key: OrderKey | str, *items: tuple[str, int], tracking: str = TRACKING, carrier: str = "UPS") -> str:
    order_id = key if isinstance(key, str) else key.order_id
    named = "".join(
        f"<Item><AmazonOrderItemCode>{item}</AmazonOrderItemCode><Quantity>{quantity}</Quantity></Item>"
        for item, quantity in items
    )
    return (
        f"<OrderFulfillment><AmazonOrderID>{order_id}</AmazonOrderID><FulfillmentDate>{DAY}T09:00:00Z</FulfillmentDate>"
        f"<FulfillmentData><CarrierCode>{carrier}</CarrierCode><ShippingMethod>Ground</ShippingMethod>"
        f"<ShipperTrackingNumber>{tracking}</ShipperTrackingNumber></FulfillmentData>{named}</OrderFulfillment>"
    )


def acknowledgement(key: OrderKey | str, status: str, *items: tuple[str, str]) -> str:
    order_id = key if isinstance(key, str) else key.order_id
    named = "".join(
        f"<Item><AmazonOrderItemCode>{item}</AmazonOrderItemCode><CancelReason>{reason}</CancelReason></Item>"
        for item, reason in items
    )
    return (
        f"<OrderAcknowledgement><AmazonOrderID>{order_id}</AmazonOrderID><StatusCode>{status}</StatusCode>{named}"
        "</OrderAcknowledgement>"
    )


def result_of(report: str) -> tuple[list[int], list[tuple[str | None, ...]]]:
    """The counts of a report, and its results in short: message, code of the result, code, order."""
    root = ElementTree.fromstring(report)  # noqa: S314 (it is our own)
    assert root.findtext("MessageType") == "ProcessingReport"
    (found,) = root.iter("ProcessingReport")
    assert found.findtext("StatusCode") == "Complete"
    summary = found.find("ProcessingSummary")
    assert summary is not None
    names = ("MessageID", "ResultCode", "ResultMessageCode", "AdditionalInfo/AmazonOrderID")
    results = [tuple(result.findtext(name) for name in names) for result in found.iter("Result")]
    return [int(count.text or "") for count in summary], results


async def test_orders_and_parts_of_them_are_confirmed(feeds: Feeds, scene: Scene) -> None:
    whole, part = await scene.to_states([State.UNSHIPPED] * 2)
    content = envelope(
        "OrderFulfillment",
        fulfillment(whole),
        fulfillment(part, (LAMP, 1)),
        fulfillment(part, (VASE, 1), carrier="Acme Post"),
    )
    status, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
    assert status == "DONE"
    assert result_of(report) == ([3, 3, 0, 0], [])
    assert [package[3] for package in await packages(scene, whole)] == [{"1": 2, "2": 1}]
    assert [package[3] for package in await packages(scene, part)] == [{"1": 1}, {"2": 1}]


async def test_what_is_wrong_is_told_message_by_message(feeds: Feeds, scene: Scene) -> None:
    key, pending = await scene.to_states([State.UNSHIPPED, State.VERIFYING])
    content = envelope(
        "OrderFulfillment",
        fulfillment(key, (LAMP, 1), (VASE, 9)),
        fulfillment(pending),
        fulfillment("1-2-3"),
        "<OrderFulfillment/>",
        "<Other/>",
        fulfillment("1&lt;2&gt;3"),
        fulfillment(key, carrier="x" * 600),
    )
    status, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
    assert status == "DONE"
    counts, results = result_of(report)
    assert counts == [7, 0, 7, 0]
    assert [result[:3] for result in results] == [
        (str(number), "Error", "18021" if number == 1 else "18028") for number in range(1, 8)
    ]
    assert results[5][3] == "1<2>3"


async def test_sentences_name_elements(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = envelope(
        "OrderFulfillment",
        fulfillment("1-2-3"),
        fulfillment(key, (VASE, 9)),
        fulfillment(key, carrier=""),
        fulfillment(key, carrier="Other"),
        fulfillment(key, ("nothing", 1)),
        fulfillment(key).replace(DAY, "yesterday"),
    )
    for language, colon in (("en", ":"), ("zh", "：")):
        async with scene.database.transaction() as tx:
            await tx.execute("UPDATE sellers SET locale = $1", language)
        _, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
        sentences = [found.text or "" for found in ElementTree.fromstring(report).iter("ResultDescription")]  # noqa: S314
        assert [sentence.partition(colon)[0] for sentence in sentences] == [
            "AmazonOrderID", "Quantity", "CarrierCode", "CarrierName", "AmazonOrderItemCode", "FulfillmentDate",
        ]  # fmt: skip
        assert "CarrierCode" in sentences[3]
        assert not [sentence for sentence in sentences if "carrier-" in sentence or "order-id" in sentence]


async def test_messages_have_numbers_of_their_own_whatever_the_sender_says(feeds: Feeds) -> None:
    content = envelope("OrderFulfillment", *[fulfillment("1-2-3")] * 5)
    for said, instead in (("1", "7"), ("2", "7"), ("3", "x"), ("4", "")):
        content = content.replace(f"<MessageID>{said}</MessageID>", f"<MessageID>{instead}</MessageID>")
    _, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
    counts, results = result_of(report)
    assert counts == [5, 0, 5, 0]
    assert sorted(result[0] or "" for result in results) == ["2", "3", "4", "5", "7"]


async def test_more_items_of_an_order_than_are_read_leave_the_others_alone(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = envelope("OrderFulfillment", fulfillment(key, (LAMP, 1)), fulfillment(key, *[(LAMP, 1)] * 1000))
    _, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
    counts, results = result_of(report)
    assert (counts, [result[0] for result in results]) == ([2, 1, 1, 0], ["2"])
    assert [package[3] for package in await packages(scene, key)] == [{"1": 1}]


async def test_the_same_envelope_twice_is_applied_once(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = envelope("OrderFulfillment", fulfillment(key, (LAMP, 1))).encode()
    outcomes = [(await feeds.through(content, FULFILLMENT, content_type=XML))[0] for _ in range(2)]
    assert outcomes == ["DONE", "FATAL"]
    assert len(await packages(scene, key)) == 1


async def test_orders_are_acknowledged_or_canceled(feeds: Feeds, scene: Scene) -> None:
    kept, whole, item, wrong = await scene.to_states([State.UNSHIPPED] * 4)
    content = envelope(
        "OrderAcknowledgement",
        acknowledgement(kept, "Success"),
        acknowledgement(whole, "Failure"),
        acknowledgement(item, "Failure", (VASE, "NoInventory")),
        acknowledgement(wrong, "Perhaps"),
        acknowledgement(wrong, "Failure", (VASE, "Because")),
        acknowledgement(wrong, "Failure", (LAMP, "NoInventory"), (VASE, "")),
    )
    status, report = await feeds.through(content.encode(), ACKNOWLEDGEMENT, content_type=XML)
    assert status == "DONE"
    counts, results = result_of(report)
    assert counts == [6, 3, 3, 0]
    assert [result[0] for result in results] == ["4", "5", "6"]
    states = [await scene.state(key) for key in (kept, whole, item, wrong)]
    assert states == [State.UNSHIPPED, State.CANCELED, State.UNSHIPPED, State.UNSHIPPED]
    assert [line.canceled for line in (await scene.order(item)).lines.values()] == [0, 1]
    assert [line.canceled for line in (await scene.order(wrong)).lines.values()] == [0, 0]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
BAD = {
    "empty": ("", "99020"),
    "text": ("order-id\tship-date\n", "99020"),
    "half of it": (envelope("OrderFulfillment", fulfillment("1"))[:-20], "99020"),
    "binary": ("\0\1\2", "99020"),
    "another document": ("<html/>", "99022"),
    "another feed": (envelope("Product", "<Product/>"), "99022"),
    "no message": (envelope("OrderFulfillment"), "99002"),
    "a billion laughs": (f"<!DOCTYPE x [{LAUGHS}]>" + envelope("OrderFulfillment", "&l9;", declared=""), "99021"),
    "a file of ours": (
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + envelope("OrderFulfillment", fulfillment("&f;"), declared=""),
        "99021",
    ),
    "an external document type": ('<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><AmazonEnvelope/>', "99021"),
    "too deep": ("<AmazonEnvelope>" + "<a>" * 100_000, "99003"),
    "an unknown encoding": ('<?xml version="1.0" encoding="nothing"?><AmazonEnvelope/>', "99020"),
    "a tag that does not end": ("<AmazonEnvelope " + 'a="1" ' * 1_000_000, "99003"),
    "the same attribute twice": ('<AmazonEnvelope a="1" a="2"/>', "99020"),
    "a comment that does not end": ("<AmazonEnvelope><!--" + "x" * 5_000_000, "99003"),
    "more items than rows may be": (
        envelope("OrderFulfillment", *[fulfillment("123-1234567-1234567", *[(LAMP, 1)] * 9)] * 22_300),
        "99003",
    ),
    "a sign that no text has": (envelope("OrderFulfillment", fulfillment("&#0;")), "99020"),
    "too much in a message": (envelope("OrderFulfillment", "<a/>" * 20_000), "99003"),
}


@pytest.mark.parametrize(("content", "code"), BAD.values(), ids=BAD.keys())
async def test_what_is_no_such_envelope_is_fatal(feeds: Feeds, content: str, code: str) -> None:
    status, report = await feeds.through(content.encode(), FULFILLMENT, content_type=XML)
    assert status == "FATAL"
    counts, results = result_of(report)
    assert counts == [0, 0, 1, 0]
    assert [result[:3] for result in results] == [("0", "Error", code)]


async def test_long_text_is_not_held(feeds: Feeds) -> None:
    long = "<AmazonEnvelope><Header>" + "x" * (40 << 20) + "</Header></AmazonEnvelope>"
    document_id = await feeds.upload(long.encode())
    del long
    tracemalloc.start()
    try:
        status, _ = await feeds.through(None, FULFILLMENT, document_id=document_id)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == "FATAL"
    assert most < 100 << 20  # the document twice, while it comes


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "UTF-8", XML),
        ("utf-8-sig", "UTF-8", XML),
        ("utf-16", "UTF-16", XML),
        ("latin-1", "ISO-8859-1", XML),
        ("latin-1", "UTF-8", XML),  # as python-amazon-sp-api sends it
        ("cp1252", "Windows-1252", XML),
        ("cp932", "Shift_JIS", "text/xml; charset=Shift_JIS"),
    ],
)
async def test_an_envelope_says_its_encoding(
    feeds: Feeds, scene: Scene, encoding: str, declared: str, content_type: str
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    name = "佐川" if encoding == "cp932" else "Müller"
    text = fulfillment(key).replace("<CarrierCode>UPS</CarrierCode>", f"<CarrierName>{name}</CarrierName>")
    content = envelope("OrderFulfillment", text, declared=f'<?xml version="1.0" encoding="{declared}"?>')
    status, report = await feeds.through(content.encode(encoding), FULFILLMENT, content_type=content_type)
    assert (status, result_of(report)) == ("DONE", ([1, 1, 0, 0], []))
    assert [row[0] for row in await scene.rows("SELECT carrier_name FROM packages")] == [name]


async def test_western_text_that_declares_nothing_is_read(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    text = fulfillment(key).replace("<CarrierCode>UPS</CarrierCode>", "<CarrierName>Müller</CarrierName>")
    content = envelope("OrderFulfillment", text, declared="").encode("latin-1")
    assert (await feeds.through(content, FULFILLMENT, content_type="text/xml"))[0] == "DONE"
    assert [row[0] for row in await scene.rows("SELECT carrier_name FROM packages")] == ["Müller"]
