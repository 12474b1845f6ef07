"""Documents made to take all of a worker's memory, for every kind of feed: its process stays small, and nothing else
happens."""

import asyncio
import gzip
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.killing import ROOT
from tests.faults.serving import LONG
from tests.feeds.mill_race import Feeds
from tests.rooms.uploaded_files import HEADINGS
from tests.scene import PRO, Scene
from tradepost.documents.documents import MOST_MIB
from tradepost.feeds.kinds import KINDS

MOST_HELD_MIB = 12 * MOST_MIB
BYTES = MOST_MIB << 20

ORDERS = HEADINGS.replace(" ", "\t").encode() + b"\n"
LISTINGS = b"sku\tprice\tquantity\n"
HEADER = b'{"header":{"sellerId":"%s","version":"2.0"},"messages":[' % PRO.encode()
FILL = b'"operationType":"UPDATE","productType":"X","attributes":{"a":['
FACE = "\N{GRINNING FACE}".encode()


def filled(head: bytes, piece: bytes, tail: bytes = b"") -> bytes:
    """As large as a document may be."""
    return head + piece * ((BYTES - len(head) - len(tail)) // len(piece)) + tail


def rows(head: bytes) -> dict[str, Callable[[], bytes]]:
    return {
        "a line": lambda: filled(b"", b"x"),
        "empty lines": lambda: filled(head, b"\n"),
        "wide signs": lambda: filled(head, b"\t".join([FACE + b"x" * 490] * (head.count(b"\t") + 1)) + b"\n"),
        "wrong rows": lambda: head + (b"x" * 300 + b"\t-1" * head.count(b"\t") + b"\n") * 199_999,
    }


def envelopes(kind: str) -> dict[str, Callable[[], bytes]]:
    begin, end = f"<AmazonEnvelope><MessageType>{kind}</MessageType>".encode(), b"</AmazonEnvelope>"
    attributes = b"".join(b'a%x=">" ' % number for number in range(4_000_000))
    return {
        "attributes": lambda: begin + b"<Message " + attributes + b"/>" + end,
        "a name": lambda: filled(begin + b"<", b"x", b"/>" + end),
        "a comment": lambda: filled(begin + b"<!--", b"x", b"-->" + end),
        "text": lambda: filled(begin + b"<Message>", FACE, b"</Message>" + end),
        "items": lambda: filled(begin, f"<Message><{kind}>{'<Item/>' * 9}</{kind}></Message>".encode(), end),
        "messages": lambda: begin + b"<Message/>" * 199_999 + end,
    }


JSON: dict[str, Callable[[], bytes]] = {
    "numbers": lambda: filled(HEADER, b"1,", b"1]}"),
    "empty messages": lambda: filled(HEADER, b"{},", b"{}]}"),
    "wide signs": lambda: filled(HEADER + b'{"messageId":1,"sku":"' + FACE, b"x", b'"}]}'),
    "values": lambda: HEADER + b",".join(
        b'{"messageId":%d,"sku":"%d",%s%s0]}}' % (number, number, FILL, b"[]," * 300_000) for number in range(1, 25)
    ) + b"]}",
    "wrong messages": lambda: HEADER + b",".join(b'{"messageId":%d}' % number for number in range(1, 200_001)) + b"]}",
}  # fmt: skip

WORST = {
    "POST_FLAT_FILE_FULFILLMENT_DATA": rows(ORDERS),
    "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA": rows(b"order-id\tcancellation-reason-code\n"),
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA": rows(LISTINGS),
    "POST_FLAT_FILE_INVLOADER_DATA": rows(LISTINGS[:-1] + b"\tadd-delete\n"),
    "POST_ORDER_FULFILLMENT_DATA": envelopes("OrderFulfillment"),
    "POST_ORDER_ACKNOWLEDGEMENT_DATA": envelopes("OrderAcknowledgement"),
    "JSON_LISTINGS_FEED": JSON,
}


SOME = ("wide signs", "attributes", "numbers", "values")  # the others look for longer, and hold less


def test_every_kind_of_feed_is_looked_at() -> None:
    assert set(WORST) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in WORST for name in WORST[kind] if LONG or name in SOME]
)
async def test_no_document_takes_all_of_a_workers_memory(
    feeds: Feeds, scene: Scene, database_url: str, folder: Path, kind: str, name: str
) -> None:
    feed_id = await feeds.create(gzip.compress(await asyncio.to_thread(WORST[kind][name]), 1), kind)
    before = await scene.dump("updated_at")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("measured_worker.py")), database_url, str(folder)),
        stdout=PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    peaks = {what.decode(): int(mib) for what, mib in map(bytes.split, said.splitlines())}
    assert peaks[feed_id] < MOST_HELD_MIB
    feed = await feeds.find(feed_id)
    assert (feed.status in ("DONE", "FATAL"), feed.successful) == (True, 0)
    assert len(await feeds.report(feed_id)) > 100
    after = await scene.dump("updated_at")
    assert {table for table in before if before[table] != after[table]} <= {"documents", "feeds", "feed_steps"}
