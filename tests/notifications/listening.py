"""Sellers' applications that listen: their queues in a server that speaks SQS, their webhooks, what they were told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from tests.conftest import SHARED, absent
from tests.scene import PRO, Scene
from tests.webhooks.receiver import Receiver
from tradepost.access.applications import authorize, register
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database
from tradepost.notifications.delivery import notifier
from tradepost.notifications.kinds import VERSIONS, Kind
from tradepost.notifications.subscribed import records
from tradepost.notifications.subscribed.records import Destination, Subscription

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
REGION, ACCOUNT = "us-east-1", "123456789012"
SCHEMAS = SHARED / "spapi-models/schemas/notifications"
SCHEMA_OF = {
    Kind.ORDER_CHANGE: "OrderChangeNotification.json",
    Kind.QUANTITY_CHANGE: "ListingsItemMfnQuantityChange.json",
    Kind.FEED_FINISHED: "FeedProcessingFinishedNotification.json",
    Kind.REPORT_FINISHED: "ReportProcessingFinishedNotification.json",
}

Json = dict[str, Any]


@cache
def validator(kind: Kind) -> jsonschema_rs.Validator:
    """Amazon's schema, which allows no field here that it does not know."""
    path = SCHEMAS / SCHEMA_OF[kind]
    if not path.is_file():
        pytest.skip(absent(path))
    return jsonschema_rs.validator_for(_closed(json.loads(path.read_text())))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: value if name == "examples" else _closed(value) for name, value in schema.items() if name != "$id"}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed["additionalProperties"] = False
    return closed


def kind_of(message: Mapping[str, Any]) -> Kind:
    return Kind(message.get("NotificationType") or message["notificationType"])


def order_of(message: Json) -> Json:
    """The order of an ORDER_CHANGE."""
    told: Json = message["Payload"]["OrderChangeNotification"]
    return told


def statuses(messages: Sequence[Json]) -> list[tuple[str, str]]:
    """What changed, and the status after it."""
    return [(one["OrderChangeType"], one["Summary"]["OrderStatus"]) for one in map(order_of, messages)]


def of_orders(messages: Sequence[Json]) -> dict[str, list[str]]:
    """The statuses that were told of each order, in the order in which they came."""
    told: dict[str, list[str]] = {}
    for order in map(order_of, messages):
        told.setdefault(order["AmazonOrderId"], []).append(order["Summary"]["OrderStatus"])
    return told


@dataclass
class Queue:
    """A queue of SQS, and how to empty it."""

    client: Any
    name: str
    url: str

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    async def taken(self) -> list[Json]:
        """The messages as SQS hands them out, which are removed."""
        found: list[Json] = []
        while messages := (await self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )).get("Messages"):  # fmt: skip
            for one in messages:
                await self.client.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
            found += messages
        return found

    async def heard(self) -> list[Json]:
        """What the messages say, in the order in which they came."""
        return [json.loads(one["Body"]) for one in await self.taken()]


class Listening:
    """Applications of a market under test."""

    def __init__(self, scene: Scene, client: Any) -> None:
        self.scene = scene
        self.database: Database = scene.database
        self.client = client  # of the server that speaks SQS
        self._made = 0

    async def application(self, *sellers: str) -> str:
        """An application that these sellers have authorized; its id."""
        made = await self.database.run(lambda tx: register(tx, "Listener"))
        for seller in sellers or [PRO]:
            await self.database.run(lambda tx, seller=seller: authorize(tx, made.client_id, seller))
        return made.client_id

    async def queue(self, name: str = "told", **attributes: str) -> Queue:
        """A new queue of this name."""
        made = await self.client.create_queue(QueueName=name, Attributes=attributes)
        return Queue(self.client, name, made["QueueUrl"])

    async def destination(self, client_id: str, where: Queue | Receiver | str) -> Destination:
        """A destination of an application; a receiver gets to know the secret."""
        self._made += 1
        if isinstance(where, Receiver):
            where.secret = "whsec_bm90aGluZyBhdCBhbGwgdG8gYmUga2VwdA=="  # noqa: S105
            kind, address, secret = "webhook", where.url, where.secret
        else:
            kind, address, secret = "sqs", where if isinstance(where, str) else where.arn, None
        made = Destination(f"d-{self._made}", client_id, "test", kind, address, secret, machine_now())
        await self.database.run(lambda tx: records.put_destination(tx, made))
        return made

    async def subscribe(
        self,
        where: Queue | Receiver | str,
        *kinds: Kind,
        seller: str = PRO,
        change_types: list[str] | None = None,
        client_id: str | None = None,
    ) -> list[Subscription]:
        """Subscribe an application (a new one by default) to these kinds, by default to all."""
        client_id = client_id or await self.application(seller)
        destination = await self.destination(client_id, where)
        made = []
        for kind in kinds or Kind:
            self._made += 1
            filtered = change_types if kind is Kind.ORDER_CHANGE else None
            made.append(
                Subscription(
                    seller, f"s-{self._made}", client_id, destination.destination_id, kind, VERSIONS[kind], filtered,
                    machine_now(),
                )
            )  # fmt: skip
            await self.database.run(lambda tx, one=made[-1]: records.put_subscription(tx, one))
        return made

    async def deliver(self) -> None:
        """Everything that is due now, by one courier."""
        async with notifier(self.database, private=True) as one:
            while await one.start_due():
                await one.settle()

    async def waiting(self) -> list[tuple[str, str, int]]:
        """What there is of notifications: subject, status and attempts, as they were queued."""
        rows = await self.scene.rows("SELECT subject, status, attempts FROM notifications ORDER BY number")
        return [tuple(row) for row in rows]

    async def say(self, statement: str, *values: object) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(statement, *values)

    async def make_due(self) -> None:
        """Let all the time pass that notifications wait for: backoff and leases."""
        await self.say("UPDATE notifications SET try_at = $1 WHERE status = 'queued'", LONG_AGO)
