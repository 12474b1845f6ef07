"""The SQL of destinations, which are an application's, and of subscriptions, which are made for its sellers."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal, NamedTuple

from tradepost.ground.database import Transaction


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an application wants to be told; the fields are columns. `made_at` is machine time."""

    destination_id: str
    client_id: str
    name: str
    kind: str  # sqs, webhook
    address: str  # an ARN, or a URL
    secret: str | None = field(repr=False)  # what calls of a webhook are signed with
    made_at: datetime
    failing_since: datetime | None = None  # machine time; nothing has arrived since


class Subscription(NamedTuple):
    """That an application is told of something, for a seller; the fields are the columns. `made_at` is machine time."""

    seller_id: str
    subscription_id: str
    client_id: str
    destination_id: str
    kind: str  # the notification's type
    payload_version: str
    change_types: list[str] | None  # of ORDER_CHANGE; None: all
    made_at: datetime


Hold = Literal["", "FOR KEY SHARE", "FOR UPDATE"]
"""What others may not do to a destination meanwhile: nothing, delete it, or subscribe to it either."""

AUTHORIZED = """EXISTS (SELECT 1 FROM authorizations z
                 WHERE z.seller_id = s.seller_id AND z.client_id = s.client_id AND z.ended_at IS NULL)"""
"""That the application of a subscription `s` still acts for the seller."""

_DESTINATION = ", ".join(column.name for column in fields(Destination))
_SUBSCRIPTION = ", ".join(Subscription._fields)


async def put_destination(tx: Transaction, new: Destination) -> None:
    """Write a new destination."""
    await tx.execute(
        f"INSERT INTO notification_destinations ({_DESTINATION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(getattr(new, column.name) for column in fields(new)),
    )  # fmt: skip


async def destinations(tx: Transaction, client_id: str) -> list[Destination]:
    """The destinations of an application, the oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {_DESTINATION} FROM notification_destinations WHERE client_id = $1 ORDER BY made_at, destination_id
        """,
        client_id,
    )
    return [Destination(*row) for row in rows]


async def destination(tx: Transaction, client_id: str, destination_id: str, hold: Hold = "") -> Destination | None:
    """One destination of an application, held for the rest of the transaction as is said."""
    row = await tx.row(
        f"SELECT {_DESTINATION} FROM notification_destinations WHERE client_id = $1 AND destination_id = $2 {hold}",
        client_id, destination_id,
    )  # fmt: skip
    return Destination(*row) if row else None


async def anybodys_destination(tx: Transaction, destination_id: str) -> Destination | None:
    """One destination, whoever's it is."""
    row = await tx.row(
        f"SELECT {_DESTINATION} FROM notification_destinations WHERE destination_id = $1", destination_id
    )
    return Destination(*row) if row else None


async def delete_destination(tx: Transaction, destination_id: str) -> None:
    """Remove a destination that nothing uses."""
    await tx.execute("DELETE FROM notification_destinations WHERE destination_id = $1", destination_id)


async def one_that_uses(tx: Transaction, destination_id: str) -> Subscription | None:
    """The oldest subscription that uses a destination."""
    row = await tx.row(
        f"""
        SELECT {_SUBSCRIPTION} FROM notification_subscriptions
         WHERE destination_id = $1
         ORDER BY made_at, subscription_id
         LIMIT 1
        """,
        destination_id,
    )
    return Subscription(*row) if row else None


async def one_to_test(tx: Transaction, destination_id: str, kind: str) -> Subscription | None:
    """The oldest one of this type, among those whose seller's authorization lasts."""
    row = await tx.row(
        f"""
        SELECT {_SUBSCRIPTION} FROM notification_subscriptions s
         WHERE destination_id = $1 AND kind = $2 AND {AUTHORIZED}
         ORDER BY made_at, subscription_id
         LIMIT 1
        """,
        destination_id, kind,
    )  # fmt: skip
    return Subscription(*row) if row else None


async def put_subscription(tx: Transaction, new: Subscription) -> bool:
    """Write a new subscription; False: the application has one of this type for this seller already."""
    done = await tx.execute(
        f"""
        INSERT INTO notification_subscriptions ({_SUBSCRIPTION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (seller_id, client_id, kind) DO NOTHING
        """,
        *new,
    )
    return done == "INSERT 0 1"


async def of_kind(tx: Transaction, seller_id: str, client_id: str, kind: str) -> Subscription | None:
    """The subscription of an application to this type, for this seller."""
    row = await tx.row(
        f"""
        SELECT {_SUBSCRIPTION} FROM notification_subscriptions WHERE seller_id = $1 AND client_id = $2 AND kind = $3
        """,
        seller_id, client_id, kind,
    )  # fmt: skip
    return Subscription(*row) if row else None


async def of_application(tx: Transaction, client_id: str, subscription_id: str) -> Subscription | None:
    """A subscription of an application, for whichever seller."""
    row = await tx.row(
        f"SELECT {_SUBSCRIPTION} FROM notification_subscriptions WHERE client_id = $1 AND subscription_id = $2",
        client_id, subscription_id,
    )  # fmt: skip
    return Subscription(*row) if row else None


async def delete_subscription(tx: Transaction, seller_id: str, subscription_id: str) -> bool:
    """Remove a subscription; whether there was one."""
    done = await tx.execute(
        "DELETE FROM notification_subscriptions WHERE seller_id = $1 AND subscription_id = $2",
        seller_id, subscription_id,
    )  # fmt: skip
    return done == "DELETE 1"
