"""A market with room for many at once, and a way to let transactions meet exactly where it matters."""

from collections.abc import AsyncIterator

import pytest

from tests.races.soundness import violations
from tests.scene import Scene, open_market
from tradepost.ground.database import connect


@pytest.fixture
async def market(database_url: str) -> AsyncIterator[Scene]:
    """The scene with a connection for each of many at once; the doctor looks at it in the end."""
    async with connect(database_url, connections=24) as database:
        scene = await open_market(database)
        yield scene
        assert await violations(database) == []
