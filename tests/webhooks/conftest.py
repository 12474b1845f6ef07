"""A market with a receiver that it may call."""

from collections.abc import AsyncIterator

import pytest
from receiver import Hooks, Receiver, receiving

from tests.scene import Scene


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def hooks(scene: Scene) -> Hooks:
    return Hooks(scene)
