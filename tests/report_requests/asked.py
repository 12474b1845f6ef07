"""Reports of Acme that are asked for, and what they tell."""

import csv

from tests.scene import MARKET, PRO, Scene
from tradepost.ground.storage import Storage
from tradepost.report_requests import requests, schedules
from tradepost.report_requests.requests import NewReport, ReportRequest

ORDERS = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"


async def ask(scene: Scene, kind: str = ORDERS) -> str:
    """A report that waits; its id."""
    return await scene.database.run(lambda tx: requests.create(tx, NewReport(PRO, kind, [MARKET], {})))


async def schedule(scene: Scene, period: str = "PT1H") -> str:
    """A schedule of the Orders report; its id."""
    return await scene.database.run(lambda tx: schedules.create(tx, PRO, ORDERS, [MARKET], {}, period))


async def find(scene: Scene, report_id: str) -> ReportRequest:
    return await scene.database.run(lambda tx: requests.find(tx, PRO, report_id))


async def told(scene: Scene, storage: Storage) -> list[list[str]]:
    """The orders that each report told of, the oldest report first; all of them were made."""
    ids = [row[0] for row in await scene.rows("SELECT report_id FROM report_requests ORDER BY number")]
    return [await orders_in(storage, await find(scene, report_id)) for report_id in ids]


async def told_together(scene: Scene, storage: Storage) -> list[str]:
    """The orders that all reports told of, in the order of their numbers; as often as there are reports with them."""
    return sorted(order for report in await told(scene, storage) for order in report)


async def orders_in(storage: Storage, report: ReportRequest) -> list[str]:
    """The orders that a report tells of; each of their lines is in it once."""
    assert report.status in ("DONE", "CANCELLED"), report
    if report.document_id is None:
        return []
    content = b"".join([piece async for piece in storage.read(report.document_id)])
    rows = list(csv.DictReader(content.decode().splitlines(), dialect="excel-tab"))
    assert len({(row["order-id"], row["order-item-id"]) for row in rows}) == len(rows)
    return list(dict.fromkeys(row["order-id"] for row in rows))
