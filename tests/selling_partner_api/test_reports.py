"""Reports 2021-06-30: a report is asked for, polled and fetched; and again and again by a schedule."""

import asyncio
import csv
from datetime import datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.scene import LAMP, MARKET, PRO, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.policy import Policy
from tradepost.report_requests import making, schedules

REPORTS, DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
SCHEDULES = "/reports/2021-06-30/schedules"
ORDERS = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"
IN_XML = "GET_ORDER_REPORT_DATA_SHIPPING"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def created(selling: Selling, kind: str = LISTINGS, **more: Any) -> str:
    answer = await selling.post(REPORTS, {"reportType": kind, "marketplaceIds": [MARKET], **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["reportId"])


async def scheduled(selling: Selling, period: str, kind: str = ORDERS) -> str:
    body = {"reportType": kind, "marketplaceIds": [MARKET], "period": period}
    answer = await selling.post(SCHEDULES, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reportScheduleId"])


async def work(scene: Scene, storage: Storage) -> None:
    """What a worker does about reports, until nothing waits."""
    await schedules.start_due(scene.database)
    while taken := await making.take(scene.database):
        await making.go_on(scene.database, storage, taken, asyncio.Event())


async def shown(selling: Selling, report_id: str) -> dict[str, Any]:
    answer = await selling.get(f"{REPORTS}/{report_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(selling: Selling, kind: str = ORDERS, **query: Any) -> list[dict[str, Any]]:
    """The oldest first."""
    answer = await selling.get(REPORTS, reportTypes=kind, **query)
    return list(answer.json()["reports"])[::-1]


async def fetched(selling: Selling, document_id: str) -> list[dict[str, str]]:
    """The rows of a report, as a reader of spreadsheets sees them."""
    restricted = await selling.restricted(f"{DOCUMENTS}/{document_id}", elements=[])
    found = (await restricted.get(f"{DOCUMENTS}/{document_id}")).json()
    file = await selling.client.get(found["url"])
    assert file.status_code == 200, file.text
    return list(csv.DictReader(StringIO(file.text), dialect="excel-tab"))


async def orders_in(selling: Selling, report: dict[str, Any]) -> list[str]:
    """The orders that a report tells of, each once."""
    return list(dict.fromkeys(row["order-id"] for row in await fetched(selling, report["reportDocumentId"])))


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["details"]


async def test_a_report_goes_from_the_asking_to_the_file(selling: Selling, scene: Scene, storage: Storage) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    report_id = await created(selling, ORDERS)
    assert (await shown(selling, report_id))["processingStatus"] == "IN_QUEUE"
    await work(scene, storage)
    done = await shown(selling, report_id)
    assert (done["processingStatus"], done["reportType"]) == ("DONE", ORDERS)
    assert await orders_in(selling, done) == [key.order_id]


@pytest.mark.parametrize(("kind", "content_type"), [(LISTINGS, "text/tab-separated-values"), (IN_XML, "text/xml")])
async def test_a_file_says_that_it_is_in_utf_8(
    selling: Selling, scene: Scene, storage: Storage, kind: str, content_type: str
) -> None:
    """Clients take it for ISO-8859-1 where nobody says."""
    assert await scene.list_offer(PRO, "VASE-2", title="花瓶 für 10 €") is None
    await scene.approve(await scene.place(items={"VASE-2": 1}))
    await scene.advance(HOUR)
    report_id = await created(selling, kind)
    await work(scene, storage)
    path = f"{DOCUMENTS}/{(await shown(selling, report_id))['reportDocumentId']}"
    restricted = await selling.restricted(path, elements=[])
    file = await selling.client.get((await restricted.get(path)).json()["url"])
    assert file.headers["content-type"] == f"{content_type}; charset=UTF-8"
    assert "花瓶 für 10 €" in file.text


async def test_what_tells_of_buyers_is_for_a_restricted_token(selling: Selling, scene: Scene, storage: Storage) -> None:
    await scene.to_state(State.UNSHIPPED)
    orders, listings = await created(selling, ORDERS), await created(selling, LISTINGS)
    await work(scene, storage)
    document = (await shown(selling, orders))["reportDocumentId"]
    assert refused(await selling.get(f"{DOCUMENTS}/{document}"))[:2] == (403, "Unauthorized")
    for_another = await selling.restricted(f"{DOCUMENTS}/another", elements=[])
    assert refused(await for_another.get(f"{DOCUMENTS}/{document}"))[:2] == (403, "Unauthorized")
    answer = await selling.get(f"/feeds/2021-06-30/documents/{document}")
    assert refused(answer) == (404, "NotFound", "document_not_found"), "there is no way around"
    of_listings = (await shown(selling, listings))["reportDocumentId"]
    assert (await selling.get(f"{DOCUMENTS}/{of_listings}")).status_code == 200


async def test_a_feeds_document_is_no_report(selling: Selling) -> None:
    made = await selling.post("/feeds/2021-06-30/documents", {"contentType": "text/plain"})
    answer = await selling.get(f"{DOCUMENTS}/{made.json()['feedDocumentId']}")
    assert refused(answer) == (404, "NotFound", "document_not_found")


async def test_where_there_is_nothing_to_tell_it_is_canceled(selling: Selling, scene: Scene, storage: Storage) -> None:
    report_id = await created(selling, ORDERS)
    await scene.place()
    await work(scene, storage)
    done = await shown(selling, report_id)
    assert done["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in done


async def test_one_that_waits_can_be_canceled_once(selling: Selling, scene: Scene, storage: Storage) -> None:
    report_id = await created(selling)
    assert (await selling.delete(f"{REPORTS}/{report_id}")).status_code == 200
    assert refused(await selling.delete(f"{REPORTS}/{report_id}")) == (400, "InvalidInput", "report_has_begun")
    await work(scene, storage)
    assert (await shown(selling, report_id))["processingStatus"] == "CANCELLED"


async def test_times_choose_what_is_told(selling: Selling, scene: Scene, storage: Storage) -> None:
    first = await scene.to_state(State.UNSHIPPED)
    await scene.advance(DAY)
    between = await scene.now()
    await scene.advance(DAY)
    second = await scene.to_state(State.UNSHIPPED)
    told = []
    far_away = "2126-01-01T00:00:00Z"  # by a clock that goes before ours
    since, until = {"dataStartTime": between.isoformat()}, {"dataEndTime": between.isoformat()}
    for more in (since, until, {"dataEndTime": far_away}):
        report_id = await created(selling, ORDERS, **more)
        await work(scene, storage)
        told.append(await orders_in(selling, await shown(selling, report_id)))
    assert told == [[second.order_id], [first.order_id], [first.order_id, second.order_id]]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reportType": "GET_RICH"}, "reportType"),
        ({"dataStartTime": "2126-01-01T00:00:00Z"}, "dataStartTime"),
        ({"dataStartTime": "2026-02-02T00:00:00Z", "dataEndTime": "2026-02-01T00:00:00Z"}, "dataEndTime"),
        ({"dataStartTime": "yesterday"}, "dataStartTime"),
        ({"reportOptions": {f"o{number}": "" for number in range(21)}}, "reportOptions"),
        ({"reportOptions": {"\0": ""}}, "body"),
        ({"marketplaceIds": []}, "marketplaceIds"),
        ({"marketplaceIds": [MARKET] * 26}, "marketplaceIds"),
    ],
)
async def test_what_cannot_be_made_is_refused(selling: Selling, more: dict[str, Any], field: str) -> None:
    answer = await selling.post(REPORTS, {"reportType": LISTINGS, "marketplaceIds": [MARKET], **more})
    assert refused(answer) == (400, "InvalidInput", "invalid_value")
    assert field in answer.json()["errors"][0]["message"]


async def test_reports_are_listed_in_pages_the_youngest_first(selling: Selling, scene: Scene, storage: Storage) -> None:
    made = [await created(selling) for _ in range(5)]
    await work(scene, storage)
    waiting = await created(selling, ORDERS)
    query: dict[str, Any] = {"reportTypes": [LISTINGS, ORDERS], "pageSize": 2}
    found: list[str] = []
    while True:
        page = (await selling.get(REPORTS, **query)).json()
        found += [report["reportId"] for report in page["reports"]]
        if "nextToken" not in page:
            break
        query = {"nextToken": page["nextToken"]}
    assert found == [waiting, *made[::-1]]
    assert [one["reportId"] for one in await listed(selling, processingStatuses="IN_QUEUE")] == [waiting]
    assert refused(await selling.get(REPORTS, reportTypes="", nextToken=""))[0] == 400
    assert refused(await selling.get(REPORTS, nextToken="made up"))[0] == 400


async def test_reports_of_long_ago_are_listed_for_who_asks_for_them(selling: Selling, scene: Scene) -> None:
    report_id = await created(selling)
    long_ago = await scene.now()
    await scene.advance(91 * DAY)
    assert await listed(selling, LISTINGS) == []
    (one,) = await listed(selling, LISTINGS, createdSince=long_ago.isoformat())
    assert one["reportId"] == report_id


class TestSchedules:
    """Of each schedule, what its reports tell together."""

    async def test_each_report_tells_what_is_new_since_the_last_one(
        self, selling: Selling, scene: Scene, storage: Storage
    ) -> None:
        before = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        schedule_id = await scheduled(selling, "PT1H")
        keys = []
        for _ in range(3):
            keys.append(await scene.to_state(State.UNSHIPPED))
            await scene.advance(HOUR)
            await work(scene, storage)
        await scene.advance(HOUR)
        await work(scene, storage)
        reports = await listed(selling)
        assert {report["reportScheduleId"] for report in reports} == {schedule_id}
        assert reports[-1]["processingStatus"] == "CANCELLED", "nothing was new"
        told = [order for report in reports[:-1] for order in await orders_in(selling, report)]
        assert told == [key.order_id for key in keys]
        assert before.order_id not in told
        ends = [(report["dataStartTime"], report["dataEndTime"]) for report in reports]
        assert all(one[1] == following[0] for one, following in pairwise(ends))

    async def test_an_order_that_is_released_late_by_a_sweep_is_in_one_of_them(
        self, selling: Selling, scene: Scene, storage: Storage
    ) -> None:
        """Its release is dated when the hold ended; the report comes before the sweep that finds it."""
        await scheduled(selling, "PT1H")
        key = await scene.place()
        await scene.approve(key)
        await scene.set_clock(await scene.now() + Policy().hold)  # nobody sweeps
        await scene.set_clock(await scene.now() + HOUR)
        await work(scene, storage)
        (report,) = await listed(selling)
        assert await orders_in(selling, report) == [key.order_id]

    async def test_a_leap_over_many_periods_makes_one_report_of_all(
        self, selling: Selling, scene: Scene, storage: Storage
    ) -> None:
        schedule_id = await scheduled(selling, "P1D")
        key = await scene.to_state(State.UNSHIPPED)
        await scene.advance(10 * DAY + HOUR)
        await work(scene, storage)
        await work(scene, storage)
        (report,) = await listed(selling)
        assert await orders_in(selling, report) == [key.order_id]
        (schedule,) = (await selling.get(SCHEDULES, reportTypes=ORDERS)).json()["reportSchedules"]
        assert schedule["reportScheduleId"] == schedule_id
        assert await scene.now() < datetime.fromisoformat(schedule["nextReportCreationTime"]) <= await scene.now() + DAY

    async def test_another_schedule_takes_its_place_and_tells_on(
        self, selling: Selling, scene: Scene, storage: Storage
    ) -> None:
        first = await scheduled(selling, "P7D")
        key = await scene.to_state(State.UNSHIPPED)
        await scene.advance(HOUR)
        second = await scheduled(selling, "PT5M")
        assert refused(await selling.get(f"{SCHEDULES}/{first}")) == (404, "NotFound", "report_schedule_not_found")
        await scene.advance(HOUR)
        await work(scene, storage)
        (report,) = await listed(selling)
        assert report["reportScheduleId"] == second
        assert await orders_in(selling, report) == [key.order_id]

    async def test_one_that_was_canceled_makes_no_more(self, selling: Selling, scene: Scene, storage: Storage) -> None:
        schedule_id = await scheduled(selling, "PT5M", LISTINGS)
        found = (await selling.get(f"{SCHEDULES}/{schedule_id}")).json()
        assert (found["period"], found["reportType"]) == ("PT5M", LISTINGS)
        assert (await selling.delete(f"{SCHEDULES}/{schedule_id}")).status_code == 200
        assert refused(await selling.delete(f"{SCHEDULES}/{schedule_id}"))[0] == 404
        await scene.advance(HOUR)
        await work(scene, storage)
        assert await listed(selling, LISTINGS) == []

    @pytest.mark.parametrize("period", ["PT1M", "P1Y", "", "often"])
    async def test_a_period_that_there_is_not(self, selling: Selling, period: str) -> None:
        body = {"reportType": ORDERS, "marketplaceIds": [MARKET], "period": period}
        answer = await selling.post(SCHEDULES, body)
        assert refused(answer) == (400, "InvalidInput", "invalid_value")
        assert "PT5M" in answer.json()["errors"][0]["message"]


async def test_nobody_elses(selling: Selling, authorize: Authorize, scene: Scene, storage: Storage) -> None:
    await scene.to_state(State.UNSHIPPED)
    solo = await selling.of(await authorize(SOLO))
    report_id = await created(solo, "GET_FLAT_FILE_OPEN_LISTINGS_DATA")
    await work(scene, storage)
    document_id = (await shown(solo, report_id))["reportDocumentId"]
    rows = await fetched(solo, document_id)
    assert LAMP not in [row["sku"] for row in rows] != []
