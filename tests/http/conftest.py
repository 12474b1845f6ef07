"""The HTTP doors on a small marketplace, asked as clients ask them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.scene import Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.doors.serving import app


class Api:
    """The whole application, short ways included; every caller has one key."""

    def __init__(self, scene: Scene, client: httpx.AsyncClient) -> None:
        self.scene = scene
        self.client = client
        self._keys: dict[tuple[Scope, str | None], str] = {}

    async def ask(
        self,
        scope: Scope | None,
        subject: str | None,
        method: str,
        path: str,
        json: Any = None,
        *,
        once: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request with the key of a buyer, a seller, an operator or customer service; None: without a key."""
        headers = {**more.pop("headers", {})}
        if scope is not None:
            headers["Authorization"] = f"Bearer {await self.key(scope, subject)}"
        if once is not None:
            headers["Idempotency-Key"] = once
        content = {} if json is None else {"json": json}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **content, **more)

    async def buyer(self, buyer: str, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self.ask(Scope.BUYER, buyer, method, path, json, **more)

    async def seller(self, seller: str, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self.ask(Scope.SELLER, seller, method, path, json, **more)

    async def operator(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self.ask(Scope.OPERATOR, None, method, path, json, **more)

    async def service(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self.ask(Scope.CUSTOMER_SERVICE, None, method, path, json, **more)

    async def key(self, scope: Scope, subject: str | None = None) -> str:
        """The key of a caller, made when it is first needed."""
        if (scope, subject) not in self._keys:
            async with self.scene.database.transaction() as tx:
                (made,) = await make_keys(tx, [NewKey(scope, subject)])
            assert isinstance(made, Made), made
            self._keys[scope, subject] = made.text
        return self._keys[scope, subject]


@pytest.fixture(scope="session")
def framework() -> Litestar:
    """All routes of all doors. To build them takes longer than to call them."""
    return app.framework()


@pytest.fixture
async def api(scene: Scene, framework: Litestar) -> AsyncIterator[Api]:
    """The HTTP doors."""
    application = app.of_database(scene.database, framework)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://tradepost.test") as client:
        yield Api(scene, client)
