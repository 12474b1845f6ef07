"""Who may wait sees whether requests are being answered."""

import pytest

from tradepost.ground.database import SERVING, TRADEPOST, Database, connect
from tradepost.ground.traffic import requests_under_way


async def test_nobody_asks_for_anything(database: Database) -> None:
    assert not await database.run(requests_under_way)


async def test_a_database_that_does_not_tell_is_not_taken_for_a_busy_one(database: Database, database_url: str) -> None:
    silent = {"application_name": SERVING, "track_activities": "off"}
    async with connect(database_url, settings=silent) as server, server.transaction() as tx:
        assert await tx.value("SELECT 1") == 1
        assert not await database.run(requests_under_way)


@pytest.mark.parametrize(("name", "counts"), [(SERVING, True), (TRADEPOST, False), ("backup", False)])
async def test_only_what_a_server_has_under_way_counts(
    database: Database, database_url: str, name: str, counts: bool
) -> None:
    async with connect(database_url, settings={"application_name": name}) as other:
        async with other.transaction() as tx:
            assert await tx.value("SELECT 1") == 1
            assert await database.run(requests_under_way) is counts
        assert not await database.run(requests_under_way)
