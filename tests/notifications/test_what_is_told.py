"""What applications are told: by Amazon's schemas, of their sellers only, and of an order as it stood."""

import json
from datetime import timedelta

import pytest

from tests.notifications.listening import (
    SCHEMA_OF,
    SCHEMAS,
    Json,
    Listening,
    kind_of,
    order_of,
    statuses,
    validator,
)
from tests.scene import ADDRESS, BEA, LAMP, MUG, PRO, SOLO, VASE, Scene
from tradepost.access.applications import end_authorization
from tradepost.ground.database import Transaction
from tradepost.lifecycle import ACTS, Act, State
from tradepost.notifications.finished import feed_finished, report_finished
from tradepost.notifications.kinds import ChangeType, Kind
from tradepost.notifications.payloads import _OTHERWISE, _WHY
from tradepost.notifications.sample import queue_test
from tradepost.notifications.subscribed import records as subscribed
from tradepost.notifications.subscribed.subscriptions import Caller, unsubscribe
from tradepost.orders.journal import Journal

ORDER, QUANTITY = Kind.ORDER_CHANGE, Kind.QUANTITY_CHANGE
POSTAL_CODE = "48110-2601"  # five digits alone may stand in any number that is made at random


def checked(messages: list[Json]) -> list[Json]:
    """The messages, each of them held against its schema; names by the schema's spelling."""
    for message in messages:
        errors = [
            f"{list(one.instance_path)}: {one.message}" for one in validator(kind_of(message)).iter_errors(message)
        ]
        assert errors == [], json.dumps(message, indent=1)
    return messages


@pytest.mark.parametrize("kind", Kind)
def test_the_schemas_are_met_by_amazons_own_examples(kind: Kind) -> None:
    check = validator(kind)
    examples = json.loads((SCHEMAS / SCHEMA_OF[kind]).read_text())["examples"]
    assert all(check.is_valid(one) for one in examples)
    misspelled = {name.swapcase(): value for name, value in examples[0].items()}
    assert not check.is_valid(examples[0] | misspelled)


async def test_the_whole_life_of_an_order_is_told_in_its_order_and_as_it_stood(listening: Listening) -> None:
    queue = await listening.queue()
    [subscription] = await listening.subscribe(queue, ORDER)
    scene = listening.scene
    key = await scene.place(items={LAMP: 2, VASE: 1}, address={**ADDRESS, "postal_code": "48110"})
    await scene.approve(key)
    await scene.advance(timedelta(minutes=31))
    await scene.request_cancellation(key)
    lamp, vase = (await scene.order(key)).lines.values()
    await scene.confirm(key, [(lamp.item_id, 1)])
    await scene.confirm(key, [(lamp.item_id, 1)])  # the status stays
    await scene.cancel_by_seller(key, items=[(vase.item_id, 1)])
    await scene.deliver(key)
    await listening.deliver()  # not before everything has happened

    heard = checked(await queue.heard())
    status, asked = ChangeType.STATUS, ChangeType.BUYER_REQUEST
    assert statuses(heard) == [
        (status, "Pending"), (status, "Unshipped"), (asked, "Unshipped"), (status, "PartiallyShipped"),
        (status, "Shipped"),
    ]  # fmt: skip
    orders = [order_of(message) for message in heard]
    assert {(one["SellerId"], one["AmazonOrderId"]) for one in orders} == {(PRO, key.order_id)}
    assert [one["OrderChangeTrigger"]["ChangeReason"] for one in orders] == [
        "Order Placed", "Order Released", "Buyer Requested Cancel", "Shipment Confirmed", "Canceled By Seller",
    ]  # fmt: skip
    summaries = [one["Summary"] for one in orders]
    assert [one["DestinationPostalCode"] for one in summaries] == [None, *["48110"] * 4]
    assert ["LatestDeliveryDate" in one for one in summaries] == [False, True, True, True, True]
    assert [(one["NumberOfItemsShipped"], one["NumberOfItemsUnshipped"]) for one in summaries] == [
        (0, 3), (0, 3), (0, 3), (1, 2), (2, 0),
    ]  # fmt: skip
    items = [[(item["Quantity"], item["QuantityShipped"]) for item in one["OrderItems"]] for one in summaries]
    assert items[0] == items[1] == items[2] == [(2, 0), (1, 0)]
    assert items[3:] == [[(2, 1), (1, 0)], [(2, 2), (0, 0)]]
    assert [one["OrderItems"][0]["IsBuyerRequestedCancel"] for one in summaries] == [False, False, True, True, True]
    assert [item["OrderItemStatus"] for item in summaries[3]["OrderItems"]] == ["Unshipped", "Unshipped"]
    assert summaries[0]["PurchaseDate"] == heard[0]["EventTime"] == "2026-03-02T10:00:00.000Z"
    assert heard[1]["EventTime"] == "2026-03-02T10:30:00.000Z", "when it was due, not when somebody noticed"
    metadata = [message["NotificationMetadata"] for message in heard]
    assert {one["ApplicationId"] for one in metadata} == {subscription.client_id}
    assert {one["SubscriptionId"] for one in metadata} == {subscription.subscription_id}
    assert len({one["NotificationId"] for one in metadata}) == 5


async def test_cancellations_are_told_and_who_canceled(listening: Listening) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue, ORDER)
    scene = listening.scene
    by_buyer, declined = await scene.place_all([{LAMP: 1}, {LAMP: 1}])
    await scene.cancel_by_buyer(by_buyer)
    await scene.decline(declined)
    by_seller, forgotten = await scene.to_states([State.UNSHIPPED] * 2)
    await scene.cancel_by_seller(by_seller)
    await scene.advance(timedelta(days=31))
    await listening.deliver()
    ends = {
        order["AmazonOrderId"]: (order["Summary"]["OrderStatus"], order["OrderChangeTrigger"]["ChangeReason"])
        for order in map(order_of, checked(await queue.heard()))
    }
    assert ends == {
        by_buyer.order_id: ("Canceled", "Canceled By Buyer"),
        declined.order_id: ("Canceled", _OTHERWISE),
        by_seller.order_id: ("Canceled", "Canceled By Seller"),
        forgotten.order_id: ("Canceled", "Not Confirmed In Time"),
    }


async def test_nothing_is_told_of_the_buyer_and_no_postal_code_of_who_canceled(listening: Listening) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue)
    await listening.scene.to_states(list(State))
    canceled = await listening.scene.place(address={**ADDRESS, "postal_code": POSTAL_CODE})
    await listening.scene.approve(canceled)
    await listening.scene.advance(timedelta(hours=1))
    await listening.scene.cancel_by_seller(canceled)
    await listening.deliver()
    told = json.dumps(checked(await queue.heard())).lower()
    for secret in (
        *(str(value) for value in ADDRESS.values() if len(str(value)) > 2),
        f'"{BEA}"',
        "@example.com",
        POSTAL_CODE,
    ):
        assert secret.lower() not in told


async def test_what_verification_decides_between_two_statuses_is_no_change(listening: Listening) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue, ORDER)
    key = await listening.scene.place()
    await listening.scene.advance(timedelta(minutes=31))  # held, then verifying: Pending both
    await listening.scene.approve(key)
    assert await listening.scene.acts(key) == ["place", "end_hold", "approve", "release"]
    await listening.deliver()
    assert [one for _, one in statuses(await queue.heard())] == ["Pending", "Unshipped"]


@pytest.mark.parametrize(
    ("change_types", "expected"),
    [
        ([ChangeType.BUYER_REQUEST], ["Unshipped"]),
        ([ChangeType.STATUS], ["Pending", "Unshipped"]),
        (["DeliveryTipChange"], []),
    ],
)
async def test_a_filter_of_changes_is_kept_to(
    listening: Listening, change_types: list[str], expected: list[str]
) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue, ORDER, change_types=change_types)
    key = await listening.scene.to_state(State.UNSHIPPED)
    await listening.scene.request_cancellation(key)
    assert len(await listening.waiting()) == len(expected)
    await listening.deliver()
    assert [one for _, one in statuses(await queue.heard())] == expected


async def test_an_application_hears_of_the_sellers_it_subscribed_for_and_of_no_others(listening: Listening) -> None:
    ours, theirs = await listening.queue("ours"), await listening.queue("theirs")
    client_id = await listening.application(PRO, SOLO)
    await listening.subscribe(ours, client_id=client_id)
    await listening.subscribe(theirs, seller=SOLO)
    key, other = await listening.scene.place(), await listening.scene.place(items={MUG: 1})
    await finish(listening, SOLO)
    await listening.deliver()
    told = [json.dumps(one) for one in await ours.heard()]
    assert len(told) == 3, "the order, and two quantities"
    assert all(PRO in one and SOLO not in one and other.order_id not in one for one in told)
    told = [json.dumps(one) for one in await theirs.heard()]
    assert len(told) == 4, "the order, a quantity, a feed and a report"
    assert all(SOLO in one and PRO not in one and key.order_id not in one for one in told)


async def test_where_nobody_listens_nothing_is_queued(scene: Scene, listening: Listening) -> None:
    await listening.subscribe(await listening.queue(), seller=SOLO)
    await scene.to_state(State.SHIPPED)
    await scene.set_stock(PRO, LAMP, 7)
    await finish(listening, PRO)
    assert await listening.waiting() == []


async def test_an_act_that_is_rolled_back_tells_nobody(listening: Listening) -> None:
    await listening.subscribe(await listening.queue(), ORDER)
    key = await listening.scene.place()

    async def act(tx: Transaction) -> None:
        book = await Journal.open(tx, [key], tx.now + timedelta(days=31), lines=True)
        book.let_time_pass(tx.now + timedelta(days=31), wait_for_gateways=False)
        await book.write()
        assert await tx.value("SELECT count(*) FROM notifications") == 2
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await listening.database.run(act)
    assert len(await listening.waiting()) == 1


async def finish(listening: Listening, seller: str) -> None:
    """A feed and a report come to their ends."""

    async def work(tx: Transaction) -> None:
        await feed_finished(tx, seller, "53347018456", "JSON_LISTINGS_FEED", "DONE", "doc.1")
        await report_finished(tx, seller, "54517018502", "GET_MERCHANT_LISTINGS_ALL_DATA", "CANCELLED", None)

    await listening.database.run(work)


async def test_finished_feeds_and_reports_are_told(listening: Listening) -> None:
    queue = await listening.queue()
    await listening.subscribe(queue)
    await finish(listening, PRO)
    await listening.deliver()
    told = {kind_of(one): one for one in checked(await queue.heard())}
    feed, report = told[Kind.FEED_FINISHED], told[Kind.REPORT_FINISHED]
    assert feed["payload"]["feedProcessingFinishedNotification"] == {
        "sellerId": PRO, "accountId": PRO, "feedId": "53347018456", "feedType": "JSON_LISTINGS_FEED",
        "processingStatus": "DONE", "resultFeedDocumentId": "doc.1",
    }  # fmt: skip
    assert report["payload"]["reportProcessingFinishedNotification"] == {
        "sellerId": PRO, "accountId": PRO, "reportId": "54517018502", "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "processingStatus": "CANCELLED",
    }  # fmt: skip
    assert feed["eventTime"] == "2026-03-02T10:00:00.000Z"
    assert feed["payloadVersion"] == report["notificationVersion"] == "2020-09-04"


async def test_a_test_notification_of_every_kind_goes_the_way_of_all_others(listening: Listening) -> None:
    queue = await listening.queue()
    for subscription in await listening.subscribe(queue):
        for _ in range(2):
            await listening.database.run(lambda tx, one=subscription: queue_test(tx, one))
    await listening.deliver()
    told = [kind_of(one) for one in checked(await queue.heard())]
    assert sorted(told) == sorted([*Kind, *Kind])


async def test_nothing_is_kept_for_who_has_unsubscribed(listening: Listening) -> None:
    [ours, theirs] = await listening.subscribe(await listening.queue(), ORDER, QUANTITY)
    await listening.scene.place_all([{LAMP: 1}, {VASE: 1}])
    await listening.say("UPDATE notifications SET status = 'undeliverable' WHERE subject = $1", LAMP)
    for one, left in ((ours, {LAMP, VASE}), (theirs, set())):
        caller = Caller(one.client_id, PRO)
        await listening.database.run(
            lambda tx, one=one, caller=caller: unsubscribe(tx, caller, one.kind, one.subscription_id)
        )
        assert {subject for subject, *_ in await listening.waiting()} == left


async def test_who_has_unsubscribed_or_lost_the_authorization_is_not_told(listening: Listening) -> None:
    gone, ended = await listening.queue("gone"), await listening.queue("ended")
    [unsubscribed] = await listening.subscribe(gone, ORDER)
    [unauthorized] = await listening.subscribe(ended, ORDER)
    key = await listening.scene.place()
    assert len(await listening.waiting()) == 2

    async def end(tx: Transaction) -> None:
        assert await subscribed.delete_subscription(tx, PRO, unsubscribed.subscription_id)
        await end_authorization(tx, unauthorized.client_id, PRO)

    await listening.database.run(end)
    await listening.scene.cancel_by_buyer(key)
    assert len(await listening.waiting()) == 2, "nothing more is queued"
    await listening.deliver()
    assert await gone.heard() + await ended.heard() == []
    assert await listening.waiting() == []


def test_every_act_that_changes_a_status_has_a_reason_for_sellers() -> None:
    unnamed = {row.act for row in ACTS if row.targets or row.units} - set(_WHY)
    assert unnamed == {Act.APPROVE, Act.DECLINE, Act.REPORT_FRAUD, Act.END_HOLD, Act.GIVE_UP_VERIFYING}
