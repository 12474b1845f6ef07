"""Reports as real clients ask for them, over a socket, with a worker beside the server."""

from typing import Any

import pytest

from tests.faults.serving import eventually
from tests.scene import MARKET, Scene
from tests.selling_partner_api.clients import Application, JavaScript, amazons_sdk, blocking, python_amazon_sp_api
from tests.selling_partner_api.test_feeds_clients import worker
from tradepost.lifecycle import State

__all__ = ["worker"]  # a fixture

ORDERS = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"
LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"


@pytest.mark.usefixtures("worker")
async def test_python_amazon_sp_api_asks_for_a_report_and_downloads_it(
    running: str, application: Application, scene: Scene
) -> None:
    from sp_api.api import Reports

    key = await scene.to_state(State.UNSHIPPED)
    reports = Reports(**python_amazon_sp_api(running, application, MARKET))
    created = await blocking(reports.create_report, reportType=ORDERS, marketplaceIds=[MARKET])
    found: dict[str, Any] = {}

    async def through() -> bool:
        found.update((await blocking(reports.get_report, created.payload["reportId"])).payload)
        return found["processingStatus"] == "DONE"

    await eventually(through)
    token = await _restricted(running, application, found["reportDocumentId"])
    seeing = Reports(**python_amazon_sp_api(running, application, MARKET), restricted_data_token=token)
    document = await blocking(seeing.get_report_document, found["reportDocumentId"], download=True)
    assert document.payload["document"].splitlines()[1].startswith(f"{key.order_id}\t")
    listed = await blocking(reports.get_reports, reportTypes=[ORDERS])
    assert [one["reportId"] for one in listed.payload["reports"]] == [created.payload["reportId"]]


async def test_python_amazon_sp_api_makes_and_ends_a_schedule(running: str, application: Application) -> None:
    from sp_api.api import Reports

    reports = Reports(**python_amazon_sp_api(running, application, MARKET))
    made = await blocking(reports.create_report_schedule, reportType=ORDERS, marketplaceIds=[MARKET], period="PT8H")
    schedule_id = made.payload["reportScheduleId"]
    listed = await blocking(reports.get_report_schedules, reportTypes=[ORDERS])
    assert [one["period"] for one in listed.payload["reportSchedules"]] == ["PT8H"]
    await blocking(reports.delete_report_schedule, schedule_id)
    listed = await blocking(reports.get_report_schedules, reportTypes=[ORDERS])
    assert listed.payload["reportSchedules"] == []


@pytest.mark.usefixtures("worker")
async def test_amazons_own_python_client_asks_for_a_report(running: str, application: Application) -> None:
    from spapi.api.reports_v2021_06_30.reports_api import ReportsApi
    from spapi.models.reports_v2021_06_30.create_report_specification import CreateReportSpecification

    api = ReportsApi(await blocking(amazons_sdk, running, application))
    wanted = CreateReportSpecification(report_type=LISTINGS, marketplace_ids=[MARKET])
    report_id = (await blocking(api.create_report, wanted)).report_id

    async def through() -> bool:
        return str((await blocking(api.get_report, report_id)).processing_status) == "DONE"

    await eventually(through)
    document_id = (await blocking(api.get_report, report_id)).report_document_id
    assert (await blocking(api.get_report_document, document_id)).url.startswith("http")


@pytest.mark.usefixtures("worker")
async def test_the_javascript_client_downloads_a_report(
    running: str, application: Application, javascript: JavaScript
) -> None:
    file = await javascript.run(
        running,
        application,
        """
        return await sp.downloadReport({body: given.body, version: '2021-06-30', interval: 200});
        """,
        body={"reportType": LISTINGS, "marketplaceIds": [MARKET]},
    )
    assert "sku" in str(file)


async def _restricted(running: str, application: Application, document_id: str) -> str:
    from sp_api.api import Tokens

    tokens = Tokens(**python_amazon_sp_api(running, application, MARKET))
    wanted = {"method": "GET", "path": f"/reports/2021-06-30/documents/{document_id}"}
    made = await blocking(tokens.create_restricted_data_token, restrictedResources=[wanted])
    return str(made.payload["restrictedDataToken"])
