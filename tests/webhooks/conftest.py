"""A market with a receiver that it may call."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from receiver import Hooks, Receiver, receiving

from tests.scene import Scene
from tradepost.webhooks.attempts import WAITS


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a while is no receiver that does not answer. It is less than a lease."""
    monkeypatch.setattr("tradepost.webhooks.network.TIME_LIMIT_SECONDS", 50)


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has failed is not due again before the test is over, unless somebody makes it so."""
    monkeypatch.setattr("tradepost.webhooks.attempts.WAITS", (timedelta(hours=1),) * len(WAITS))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def hooks(scene: Scene) -> Hooks:
    return Hooks(scene)
