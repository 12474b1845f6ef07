"""Cancellations by file: whole orders and items, with the reasons that sellers' tools write."""

import pytest

from tests.feeds.mill_race import Feeds, counts, table
from tests.rooms.uploaded_files import table as file_of
from tests.scene import LAMP, SOLO, VASE, Scene
from tradepost.lifecycle import State

KIND = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
HEADINGS = "order-id cancellation-reason-code amazon-order-item-code"
TEMPLATE = b"TemplateType=OrderCancellation\tVersion=1.0/1.0.3\tThis row for Amazon.com use only.\r\n"


def file(*rows: tuple[object, ...], headings: str = HEADINGS) -> bytes:
    return TEMPLATE + file_of(rows, headings)


async def test_orders_and_items_are_canceled(feeds: Feeds, scene: Scene) -> None:
    whole, item, silent = await scene.to_states([State.UNSHIPPED] * 3)
    lines = (await scene.order(item)).lines
    (vase,) = [line.item_id for line in lines.values() if line.sku == VASE]
    stock = await scene.stock("acme", VASE)
    status, report = await feeds.through(
        file((whole.order_id, "NoInventory", ""), (item.order_id, "BuyerCanceled", vase), (silent.order_id, "", "")),
        KIND,
    )
    assert (status, counts(report)) == ("DONE", (3, 3))
    assert [await scene.state(key) for key in (whole, item, silent)] == [
        State.CANCELED, State.UNSHIPPED, State.CANCELED,
    ]  # fmt: skip
    assert [line.canceled for line in (await scene.order(item)).lines.values()] == [0, 1]
    assert await scene.stock("acme", VASE) == stock + 2  # what is not there does not come back
    rows = await scene.rows("SELECT order_id, reason FROM cancellations")
    assert {tuple(row) for row in rows} == {
        (whole.order_id, "no_inventory"), (item.order_id, "buyer_canceled"), (silent.order_id, "general_adjustment"),
    }  # fmt: skip


async def test_the_older_template_is_read_too(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    headings = "order-id merchant-order-id cancellation-reason-code amazon-order-item-code"
    status, report = await feeds.through(file((key.order_id, "", "PricingError", ""), headings=headings), KIND)
    assert (status, counts(report)) == ("DONE", (1, 1))


async def test_what_is_wrong_is_told_row_by_row(feeds: Feeds, scene: Scene) -> None:
    shipped, pending, open_one = await scene.to_states([State.SHIPPED, State.VERIFYING, State.UNSHIPPED])
    (foreign,) = await scene.to_states([State.UNSHIPPED], [{"MUG": 1}])
    assert foreign.seller_id == SOLO
    rows = [
        (shipped.order_id, "NoInventory", ""),
        (pending.order_id, "NoInventory", ""),
        (foreign.order_id, "NoInventory", ""),
        (open_one.order_id, "Because", ""),
        (open_one.order_id, "", LAMP),
        (open_one.order_id, "NoInventory", "12345678901234"),
        ("1-2-3", "NoInventory", ""),
        ("", "NoInventory", ""),
    ]
    status, report = await feeds.through(file(*rows), KIND)
    assert (status, counts(report)) == ("DONE", (8, 0))
    told = table(report)
    assert [int(line[0]) for line in told] == list(range(1, 9))
    assert {line[3] for line in told} == {"18028"}
    begins = ["order-id"] * 3 + ["cancellation-reason-code"] * 2 + ["amazon-order-item-code"] + ["order-id"] * 2
    assert [line[5].split(":")[0] for line in told] == begins
    assert await scene.state(foreign) is State.UNSHIPPED


async def test_the_same_file_twice_cancels_once(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = file((key.order_id, "BuyerCanceled", ""))
    stock = await scene.stock("acme", VASE)
    assert [counts((await feeds.through(content, KIND))[1]) for _ in range(2)] == [(1, 1), (1, 0)]
    assert await scene.stock("acme", VASE) == stock + 1


@pytest.mark.parametrize("content", [b"", TEMPLATE, b"order-id\n", b"sku\nA\n", b"\0" * 100])
async def test_what_is_no_such_file_is_fatal(feeds: Feeds, content: bytes) -> None:
    status, report = await feeds.through(content, KIND)
    assert status == "FATAL"
    assert [line[:1] + line[4:5] for line in table(report)] == [["0", "Fatal"]]


async def test_a_dry_run_cancels_nothing(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    content = file((key.order_id, "BuyerCanceled", ""), (key.order_id, "BuyerCanceled", ""))
    _, dry = await feeds.through(content, KIND, dryRun="true")
    assert await scene.state(key) is State.UNSHIPPED
    _, wet = await feeds.through(content, KIND)
    assert dry == wet
    assert counts(wet) == (2, 1)
