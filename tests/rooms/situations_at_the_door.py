"""Situations in which the HTTP doors say no: asked as clients ask, and read from the problem document that they get."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from tests.scene import BEA, LAMP, PRO, Scene
from tradepost.access import applications, keys, tokens
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.access.usage import usage
from tradepost.access.usage.usage import Plan
from tradepost.doors.http.desk import Desk
from tradepost.doors.selling_partner_api import routes as selling
from tradepost.doors.serving import app
from tradepost.doors.serving.front import Front
from tradepost.ground.clock import machine_now
from tradepost.ground.database import connect
from tradepost.refusals import Reason, Refusal

Attempt = Callable[[], Awaitable[object]]
Situation = Callable[[Scene], Awaitable[Attempt]]

ADDRESS = {
    "name": "Bea Buyer", "line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701",
    "country": "US",
}  # fmt: skip
CHECKOUT = {
    "lines": [{"seller_id": PRO, "sku": LAMP, "quantity": 1}], "address": ADDRESS, "payment_token": "approve",
}  # fmt: skip


async def buyer_not_found(scene: Scene) -> Attempt:
    async def make() -> object:
        return (await scene.database.run(lambda tx: make_keys(tx, [NewKey(Scope.BUYER, "nobody")])))[0]

    return make


async def key_not_found(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: keys.end(tx, "key_of_nobody"))


async def key_has_ended(scene: Scene) -> Attempt:
    (made,) = await scene.database.run(lambda tx: make_keys(tx, [NewKey(Scope.OPERATOR)]))
    assert isinstance(made, Made)
    await scene.database.run(lambda tx: keys.end(tx, made.key.key_id))
    return lambda: scene.database.run(lambda tx: keys.rotate(tx, made.key.key_id, timedelta(hours=1)))


async def key_needed(scene: Scene) -> Attempt:
    return lambda: _asked(scene, "POST", "/api/v1/checkouts", json=CHECKOUT)


async def scope_not_enough(scene: Scene) -> Attempt:
    return await _with_key(scene, NewKey(Scope.SELLER, PRO), "POST", "/api/v1/checkouts", json=CHECKOUT)


async def no_such_address(scene: Scene) -> Attempt:
    return lambda: _asked(scene, "GET", "/api/v1/nowhere")


async def method_not_allowed(scene: Scene) -> Attempt:
    return lambda: _asked(scene, "DELETE", "/api/v1/checkouts")


async def not_json(scene: Scene) -> Attempt:
    return await _with_key(scene, NewKey(Scope.BUYER, BEA), "POST", "/api/v1/checkouts", content=b"{")


async def too_large(scene: Scene) -> Attempt:
    return await _with_key(scene, NewKey(Scope.BUYER, BEA), "POST", "/api/v1/checkouts", content=b" " * (1 << 21))


async def too_many_requests(scene: Scene) -> Attempt:
    desk = Desk(scene.database)

    async def count(times: int = 1) -> None:
        for _ in range(times):
            desk.limits.count(made.key)

    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [NewKey(Scope.BUYER, BEA)])
    assert isinstance(made, Made)
    await count(100)
    return lambda: count(100)


async def idempotency_key_reused(scene: Scene) -> Attempt:
    ask = await _with_key(scene, NewKey(Scope.BUYER, BEA), "POST", "/api/v1/checkouts", json=CHECKOUT, once="one")
    assert await ask() is None
    other = CHECKOUT | {"service": "Expedited"}
    return await _with_key(scene, NewKey(Scope.BUYER, BEA), "POST", "/api/v1/checkouts", json=other, once="one")


async def unavailable(scene: Scene) -> Attempt:
    async def ask() -> object:
        async with connect("postgresql://nobody@127.0.0.1:1/nowhere", at_once=False) as away:
            return await _asked(Scene(away), "GET", "/readyz")

    return ask


async def bug(scene: Scene) -> Attempt:
    async def broken(*_request: object) -> Any:
        raise RuntimeError("out of order")

    front = Front(app.framework(), lambda: Desk(scene.database), {("GET", "/broken"): broken})
    return lambda: _asked(scene, "GET", "/broken", front=front)


async def application_not_found(scene: Scene) -> Attempt:
    made = await scene.database.run(lambda tx: applications.register(tx, "Order Tool"))
    return lambda: scene.database.run(lambda tx: applications.end_authorization(tx, made.client_id, PRO))


async def application_unknown(scene: Scene) -> Attempt:
    made = await scene.database.run(lambda tx: applications.register(tx, "Order Tool"))
    return lambda: scene.database.run(lambda tx: tokens.refresh(tx, made.client_id, "guessed", "Atzr|guessed"))


async def old_secret_still_opens(scene: Scene) -> Attempt:
    made = await scene.database.run(lambda tx: applications.register(tx, "Order Tool"))
    await scene.database.run(lambda tx: applications.rotate_secret(tx, made.client_id))
    return lambda: scene.database.run(lambda tx: applications.rotate_secret(tx, made.client_id))


async def grant_not_valid(scene: Scene) -> Attempt:
    made = await scene.database.run(lambda tx: applications.register(tx, "Order Tool"))
    return lambda: scene.database.run(lambda tx: tokens.refresh(tx, *made, "Atzr|guessed"))


async def token_needed(scene: Scene) -> Attempt:
    return lambda: selling.grant_of(Desk(scene.database), "Atza|guessed", "GET", "/orders/v0/orders")


async def token_has_ended(scene: Scene) -> Attempt:
    token = await _access_token(scene)
    async with scene.database.transaction() as tx:
        await tx.execute("UPDATE access_tokens SET ends_at = $1", machine_now())
    return lambda: selling.grant_of(Desk(scene.database), token, "GET", "/orders/v0/orders")


async def token_not_for_this(scene: Scene) -> Attempt:
    made = await scene.database.run(lambda tx: applications.register(tx, "Order Tool"))
    token = await scene.database.run(lambda tx: tokens.of_itself(tx, *made, "sellingpartnerapi::notifications"))
    return lambda: selling.grant_of(Desk(scene.database), token, "GET", "/orders/v0/orders")


async def quota_exceeded(scene: Scene) -> Attempt:
    async def count() -> None:
        await scene.database.run(lambda tx: usage.count(tx, "client", PRO, "getOrders", Plan(0.0001, 1)))

    await count()
    return count


AT_THE_DOOR: dict[Reason, Situation] = {
    Reason[situation.__name__.upper()]: situation
    for situation in (
        buyer_not_found, key_not_found, key_has_ended, key_needed, scope_not_enough, no_such_address,
        method_not_allowed, not_json, too_large, too_many_requests, idempotency_key_reused, unavailable, bug,
        application_not_found, application_unknown, old_secret_still_opens, grant_not_valid, token_needed,
        token_has_ended, token_not_for_this, quota_exceeded,
    )
}  # fmt: skip


async def _access_token(scene: Scene) -> str:
    async with scene.database.transaction() as tx:
        made = await applications.register(tx, "Order Tool")
        return await tokens.refresh(tx, *made, await applications.authorize(tx, made.client_id, PRO))


async def _with_key(scene: Scene, new: NewKey, method: str, path: str, **more: Any) -> Attempt:
    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [new])
    assert isinstance(made, Made)
    return lambda: _asked(scene, method, path, key=made.text, **more)


async def _asked(
    scene: Scene, method: str, path: str, *, key: str = "", once: str = "", front: Any = None, **more: Any
) -> Refusal | None:
    """The refusal that is told, with its facts as they came; None: it was not refused."""
    given = {"Authorization": key and f"Bearer {key}", "Idempotency-Key": once, "Content-Type": "application/json"}
    headers = {name: value for name, value in given.items() if value}
    async with _client(front or app.of_database(scene.database)) as client:
        answer = await client.request(method, path, headers=headers, **more)
    if answer.status_code < 400:
        return None
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    return Refusal(Reason(said["reason"]), said)


@asynccontextmanager
async def _client(front: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(front, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tradepost.test") as client:
        yield client
