"""What reading costs: PostgreSQL's own account of the very statements that a report makes, in rows and blocks."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tradepost.ground.database import Database, Transaction


class Cost(NamedTuple):
    """What PostgreSQL did for one page: rows that it took out of tables and indexes, and blocks that it touched."""

    rows: int
    blocks: int
    nodes: frozenset[str]


class Explained:
    """A transaction that has each statement on one table explained with its own values, and answers with its rows."""

    def __init__(self, tx: Transaction, table: str) -> None:
        self._tx = tx
        self._table = table
        self.plans: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        if re.search(rf"FROM {self._table}\b", statement):
            explained = await self._tx.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, *values)
            self.plans.append(json.loads(explained)[0]["Plan"])
        return await self._tx.fetch(statement, *values)

    @property
    def cost(self) -> Cost:
        nodes = [node for plan in self.plans for node in nodes_of(plan)]
        return Cost(
            sum(
                node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
                for node in nodes
                if "Scan" in node["Node Type"]
            ),
            sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in self.plans),
            frozenset(node["Node Type"] for node in nodes),
        )


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


@asynccontextmanager
async def explained(database: Database, table: str, *, generic: bool = False) -> AsyncIterator[Any]:
    """A transaction whose `cost` says afterwards what the statements on this table cost.

    `generic` has them planned as they are once they were prepared and used often: without looking at the values.
    """
    async with database.transaction() as tx:
        if generic:
            await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield Explained(tx, table)
