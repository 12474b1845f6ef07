"""A market with a receiver that it may call."""

from collections.abc import AsyncIterator

import pytest
from receiver import Hooks, Receiver, receiving

from tests.scene import Scene
from tests.webhooks.waits import long_waits

__all__ = ["long_waits"]  # a fixture


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a while is no receiver that does not answer. It is less than a lease."""
    monkeypatch.setattr("tradepost.webhooks.network.TIME_LIMIT_SECONDS", 50)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def hooks(scene: Scene) -> Hooks:
    return Hooks(scene)
