"""/healthz and /readyz: for whoever starts, stops and watches the processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.faults.serving import PATIENCE_SECONDS
from tests.http.conftest import Api
from tests.scene import Scene
from tradepost.doors.serving import app, health, measures
from tradepost.ground.database import Database, connect


@asynccontextmanager
async def asking(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app.of_database(database))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://tradepost.test") as client:
        yield client


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may answer late."""
    monkeypatch.setattr(health, "READY_WITHIN_SECONDS", PATIENCE_SECONDS)


async def test_with_its_database_a_process_lives_and_is_ready(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await api.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["x-request-id"]


async def test_who_watches_may_ask_for_the_head_alone(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await api.client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == (await api.client.get(path)).headers["content-length"]
    assert 'method="HEAD",route="/readyz",status="200"' in measures.exposed().decode()


async def test_without_its_database_a_process_lives_and_is_not_ready() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    async with connect(url, at_once=False) as database, asking(database) as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "nobody" not in answer.text


async def test_with_the_schema_of_another_version_a_process_is_not_ready(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        await tx.execute("UPDATE alembic_version SET version_num = '0001'")
    async with asking(scene.database) as client:
        assert (await client.get("/readyz")).status_code == 503


async def test_with_a_database_that_keeps_silent_a_process_is_not_ready_soon(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody moves the clock and takes long over it."""
    with monkeypatch.context() as hasty:
        hasty.setattr(health, "READY_WITHIN_SECONDS", 0.5)
        async with scene.database.transaction(alone=True), asking(scene.database) as client:
            assert (await client.get("/readyz")).status_code == 503
    async with asking(scene.database) as client:
        assert (await client.get("/readyz")).status_code == 200
