"""Situations in which an application that wants to be told is told no."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.scene import PRO, Scene
from tradepost.access import applications
from tradepost.notifications.subscribed import destinations, subscriptions
from tradepost.notifications.subscribed.destinations import EVENT_BRIDGE, MOST_DESTINATIONS, SQS, WEBHOOK
from tradepost.notifications.subscribed.subscriptions import Caller
from tradepost.refusals import Reason

Attempt = Callable[[], Awaitable[object]]
Situation = Callable[[Scene], Awaitable[Attempt]]

KIND = "ORDER_CHANGE"


async def destination_not_found(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    return lambda: scene.database.run(lambda tx: destinations.find(tx, client_id, "nothing"))


async def destination_exists(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    await _destination(scene, client_id)
    return lambda: _destination(scene, client_id)


async def destination_in_use(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    destination_id = await _destination(scene, client_id)
    await _subscribe(scene, client_id, destination_id)
    return lambda: scene.database.run(lambda tx: destinations.delete(tx, client_id, destination_id))


async def too_many_destinations(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    for number in range(MOST_DESTINATIONS):
        await _destination(scene, client_id, f"https://example.com/{number}", WEBHOOK)
    return lambda: _destination(scene, client_id)


async def event_bridge_not_offered(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    return lambda: _destination(scene, client_id, "", EVENT_BRIDGE)


async def subscription_not_found(scene: Scene) -> Attempt:
    caller = Caller(await _application(scene), PRO)
    return lambda: scene.database.run(lambda tx: subscriptions.unsubscribe(tx, caller, KIND, "nothing"))


async def subscription_exists(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    destination_id = await _destination(scene, client_id)
    await _subscribe(scene, client_id, destination_id)
    return lambda: _subscribe(scene, client_id, destination_id)


async def notification_type_not_offered(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    destination_id = await _destination(scene, client_id)
    return lambda: _subscribe(scene, client_id, destination_id, kind="ANY_OFFER_CHANGED")


async def payload_version_not_offered(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    destination_id = await _destination(scene, client_id)
    return lambda: _subscribe(scene, client_id, destination_id, payload_version="0.9")


async def test_not_offered(scene: Scene) -> Attempt:
    client_id = await _application(scene)
    destination_id = await _destination(scene, client_id)
    await _subscribe(scene, client_id, destination_id)
    return lambda: scene.database.run(
        lambda tx: subscriptions.to_test(tx, client_id, KIND, "1.0", destination_id, sandbox=False)
    )


OF_NOTIFICATIONS: dict[Reason, Situation] = {
    Reason[situation.__name__.upper()]: situation
    for situation in (
        destination_not_found, destination_exists, destination_in_use, too_many_destinations, event_bridge_not_offered,
        subscription_not_found, subscription_exists, notification_type_not_offered, payload_version_not_offered,
        test_not_offered,
    )
}  # fmt: skip


async def _application(scene: Scene) -> str:
    """A new application that Acme has authorized."""
    async with scene.database.transaction() as tx:
        made = await applications.register(tx, "Order Tool")
        await applications.authorize(tx, made.client_id, PRO)
    return made.client_id


async def _destination(
    scene: Scene, client_id: str, address: str = "arn:aws:sqs:us-east-1:123456789012:orders", kind: str = SQS
) -> str:
    wanted = destinations.Wanted("Orders", kind, address)
    return (
        await scene.database.run(lambda tx: destinations.create(tx, client_id, wanted, private=False))
    ).destination_id


async def _subscribe(scene: Scene, client_id: str, destination_id: str, **more: Any) -> object:
    wanted = subscriptions.Wanted(KIND, "1.0", destination_id)._replace(**more)
    return await scene.database.run(lambda tx: subscriptions.subscribe(tx, client_id, PRO, wanted))
