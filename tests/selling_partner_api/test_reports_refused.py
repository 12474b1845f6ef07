"""Reports 2021-06-30: what is refused, to whom, and what is read generously."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.scene import MARKET, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tests.selling_partner_api.test_reports import (
    DAY,
    DOCUMENTS,
    HOUR,
    LISTINGS,
    ORDERS,
    REPORTS,
    SCHEDULES,
    created,
    listed,
    refused,
    scheduled,
    shown,
    work,
)
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.people import accounts
from tradepost.report_requests.kinds import KINDS

FEEDS, FEED_DOCUMENTS = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
TOO_LONG = "x" * 1001


def wanted(**more: Any) -> dict[str, Any]:
    return {"reportType": LISTINGS, "marketplaceIds": [MARKET], **more}


def often(**more: Any) -> dict[str, Any]:
    return wanted(period="PT8H", **more)


async def test_the_policy_decides_whether_sellers_of_the_individual_plan_have_reports_of_any_kind(
    scene: Scene, selling: Selling, authorize: Authorize
) -> None:
    solo = await selling.of(await authorize(SOLO))
    for allowed, statuses in ((False, [403, 403]), (True, [202, 201])):
        await scene.database.run(partial(accounts.change_policy, marketplace_id=MARKET, individual_reports=allowed))
        for kind in KINDS:
            answers = [await solo.post(path, often(reportType=kind)) for path in (REPORTS, SCHEDULES)]
            assert [answer.status_code for answer in answers] == statuses
            if not allowed:
                assert {refused(answer) for answer in answers} == {(403, "Unauthorized", "professional_plan_needed")}
                assert (await selling.post(REPORTS, wanted(reportType=kind))).status_code == 202
        asked = await scene.rows("SELECT 1 FROM report_requests WHERE seller_id = $1", SOLO)
        assert len(asked) == (len(KINDS) if allowed else 0)


async def test_a_seller_who_may_have_reports_no_more_gets_none_of_any_kind(
    scene: Scene, selling: Selling, authorize: Authorize, storage: Storage
) -> None:
    solo = await selling.of(await authorize(SOLO))
    asked = [await created(solo, kind) for kind in (ORDERS, LISTINGS, "GET_FLAT_FILE_OPEN_LISTINGS_DATA")]
    await scene.database.run(lambda tx: accounts.change_policy(tx, MARKET, individual_reports=False))
    await work(scene, storage)
    assert [(await shown(solo, report_id))["processingStatus"] for report_id in asked] == ["FATAL"] * 3


BAD_BODIES: list[tuple[Any, str]] = [
    (wanted(reportType=7), "reportType"),
    (wanted(reportType=""), "reportType"),
    (wanted(reportType=TOO_LONG), "reportType"),
    (wanted(reportType="GET_RICH\0"), "reportType"),
    (wanted(marketplaceIds=MARKET), "marketplaceIds"),
    (wanted(marketplaceIds=[7]), "marketplaceIds"),
    (wanted(marketplaceIds=None), "marketplaceIds"),
    (wanted(marketplaceIds=[MARKET, "\0"]), "body"),
    (wanted(reportOptions=["ShowSalesChannel"]), "reportOptions"),
    (wanted(reportOptions={"ShowSalesChannel": True}), "reportOptions"),
    (wanted(reportOptions={"ShowSalesChannel": TOO_LONG}), "reportOptions"),
    ({"marketplaceIds": [MARKET]}, "reportType"),
    ([], "object"),
    ("GET", "object"),
]
BAD_TIMES: list[tuple[Any, str]] = [
    *((wanted(dataStartTime=said), "dataStartTime") for said in (7, "0000-01-01T00:00:00Z", "2026-02-30", TOO_LONG)),
    (wanted(dataEndTime="9999-12-31T23:59:59-12:00"), "dataEndTime"),
    (wanted(dataEndTime="0001-01-01T00:00:00Z"), "dataEndTime"),
    (wanted(dataStartTime={"year": 2026}), "dataStartTime"),
]


BAD_SCHEDULES: list[tuple[Any, str]] = [
    *((body | {"period": "P1D"} if isinstance(body, dict) else body, about) for body, about in BAD_BODIES),
    (wanted(), "period"),
    (wanted(period=7), "period"),
    (often(nextReportCreationTime="soon"), "nextReportCreationTime"),
    (often(nextReportCreationTime=1772000000), "nextReportCreationTime"),
    (often(nextReportCreationTime="9999-12-31T23:59:59.999999Z"), "nextReportCreationTime"),
]


@pytest.mark.parametrize(("path", "bad"), [(REPORTS, BAD_BODIES + BAD_TIMES), (SCHEDULES, BAD_SCHEDULES)])
async def test_what_is_asked_for_wrongly_is_refused(selling: Selling, path: str, bad: list[tuple[Any, str]]) -> None:
    for body, about in bad:
        answer = await selling.post(path, body)
        assert refused(answer)[:2] == (400, "InvalidInput"), (body, answer.text)
        assert about in answer.json()["errors"][0]["message"], body


async def test_what_is_no_body_is_refused(selling: Selling) -> None:
    for content in (b"", b"{", b"\xff\xfe", b'{"reportType": "' + b"x" * (100 << 20) + b'"}'):
        for path in (REPORTS, SCHEDULES):
            assert refused(await selling.ask("POST", path, content=content))[0] == 400


async def test_another_marketplace_is_not_the_sellers(selling: Selling) -> None:
    for path in (REPORTS, SCHEDULES):
        assert refused(await selling.post(path, often(marketplaceIds=["ELSEWHERE"])))[:2] == (403, "Unauthorized")
        assert (await selling.post(path, often(marketplaceIds=["ELSEWHERE", MARKET]))).status_code in (201, 202)


async def test_times_are_read_as_everywhere_at_this_door(selling: Selling) -> None:
    for said in ("2026-02-28", "2026-02-28T10:00:00", "2026-02-28T10:00:00.123Z", "20260228T100000Z"):
        found = await shown(selling, await created(selling, ORDERS, dataStartTime=said))
        assert found["dataStartTime"].startswith("2026-02-28T")
    assert "dataEndTime" not in await shown(selling, await created(selling, dataEndTime="")), "nothing is said"


async def test_times_at_the_ends_of_the_calendar_are_times(selling: Selling, scene: Scene, storage: Storage) -> None:
    first, last, oldest = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z"
    for more in ({"dataEndTime": oldest}, {"dataStartTime": oldest}, {"dataStartTime": oldest, "dataEndTime": oldest}):
        report_id = await created(selling, ORDERS, **more)
        await work(scene, storage)
        assert (await shown(selling, report_id))["processingStatus"] == "CANCELLED"
    assert await listed(selling, createdSince=last, createdUntil=first) == []
    assert len(await listed(selling, createdSince=first, createdUntil=last)) == 3
    for period in ("P1M", "PT5M"):
        body = often(nextReportCreationTime=first) | {"period": period}
        assert (await selling.post(SCHEDULES, body)).status_code == 201


async def test_options_that_nobody_knows_are_passed_over(selling: Selling) -> None:
    body = often(reportOptions={"ShowSalesChannel": "true", "reportPeriod": "DAY"}, more={"than": "known"})
    assert (await selling.post(REPORTS, body)).status_code == 202
    schedule_id = (await selling.post(SCHEDULES, body)).json()["reportScheduleId"]
    assert (await selling.get(f"{SCHEDULES}/{schedule_id}")).json()["reportOptions"] == body["reportOptions"]


BAD_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({}, "types"),
    ({"types": ","}, "types"),
    ({"types": [f"GET_{number}" for number in range(11)]}, "types"),
    ({"types": ORDERS, "pageSize": 0}, "pageSize"),
    ({"types": ORDERS, "pageSize": 101}, "pageSize"),
    ({"types": ORDERS, "pageSize": "ten"}, "pageSize"),
    ({"types": ORDERS, "processingStatuses": "CANCELED"}, "processingStatuses"),
    ({"types": ORDERS, "createdSince": "yesterday"}, "createdSince"),
    ({"types": ORDERS, "createdUntil": "0000-01-01"}, "createdUntil"),
    ({"types": ORDERS, "marketplaceIds": [f"M{number}" for number in range(11)]}, "marketplaceIds"),
]


@pytest.mark.parametrize(("path", "types"), [(REPORTS, "reportTypes"), (FEEDS, "feedTypes")])
async def test_a_list_that_is_asked_for_wrongly_is_refused(selling: Selling, path: str, types: str) -> None:
    for query, about in BAD_QUERIES:
        answer = await selling.get(path, **{types if name == "types" else name: said for name, said in query.items()})
        assert refused(answer) == (400, "InvalidInput", "invalid_value"), query
        assert (types if about == "types" else about) in answer.json()["errors"][0]["message"]


async def test_schedules_are_listed_by_the_kinds_of_their_reports(selling: Selling) -> None:
    await scheduled(selling, "PT8H")
    answer = await selling.get(SCHEDULES)
    assert refused(answer)[:2] == (400, "InvalidInput")
    assert "nextToken" not in answer.json()["errors"][0]["message"], "there is none for schedules"
    assert (await selling.get(SCHEDULES, reportTypes=LISTINGS)).json() == {"reportSchedules": []}


async def token_of(selling: Selling) -> str:
    """Of the second of two pages."""
    for _ in range(2):
        await created(selling)
    return str((await selling.get(REPORTS, reportTypes=LISTINGS, pageSize=1)).json()["nextToken"])


async def test_a_token_is_for_the_list_and_the_seller_that_it_was_given_for(
    selling: Selling, authorize: Authorize
) -> None:
    token = await token_of(selling)
    solo = await selling.of(await authorize(SOLO))
    assert len((await selling.get(REPORTS, nextToken=token)).json()["reports"]) == 1
    for answer in (await solo.get(REPORTS, nextToken=token), await selling.get(FEEDS, nextToken=token)):
        assert refused(answer) == (400, "InvalidInput", "invalid_value")


async def test_a_token_comes_alone_but_for_a_marketplace_that_clients_name_with_every_call(selling: Selling) -> None:
    token = await token_of(selling)
    for more in (
        {"reportTypes": LISTINGS},
        {"pageSize": "1"},
        {"createdSince": "2026-01-01T00:00:00Z"},
        {"createdUntil": "2026-01-01T00:00:00Z"},
        {"processingStatuses": "DONE"},
    ):
        answer = await selling.get(REPORTS, nextToken=token, **more)
        assert refused(answer) == (400, "InvalidInput", "invalid_value"), more
        assert "nextToken" in answer.json()["errors"][0]["message"]
    assert (await selling.get(REPORTS, nextToken=token, marketplaceIds=MARKET)).status_code == 200


async def test_another_sellers_reports_schedules_and_documents_are_not_there(
    selling: Selling, authorize: Authorize, scene: Scene, storage: Storage
) -> None:
    report_id, schedule_id = await created(selling), await scheduled(selling, "PT8H")
    await work(scene, storage)
    document_id = (await shown(selling, report_id))["reportDocumentId"]
    waiting = await created(selling)
    solo = await selling.of(await authorize(SOLO))
    for path in (f"{REPORTS}/{report_id}", f"{SCHEDULES}/{schedule_id}", f"{DOCUMENTS}/{document_id}"):
        assert refused(await solo.get(path))[:2] == (404, "NotFound")
    for path in (f"{REPORTS}/{waiting}", f"{SCHEDULES}/{schedule_id}"):
        assert refused(await solo.delete(path))[:2] == (404, "NotFound")
    assert (await shown(selling, waiting))["processingStatus"] == "IN_QUEUE"
    assert await listed(solo, LISTINGS) == []
    assert (await solo.get(SCHEDULES, reportTypes=ORDERS)).json() == {"reportSchedules": []}


async def test_what_no_id_looks_like_is_not_there(selling: Selling) -> None:
    for odd in ("0", "%00", "x" * 3000, "%F0%9F%92%A9", "1' OR '1'='1"):
        for path in (f"{REPORTS}/{odd}", f"{SCHEDULES}/{odd}", f"{DOCUMENTS}/{odd}"):
            assert refused(await selling.get(path))[:2] == (404, "NotFound"), path


async def test_a_report_can_be_canceled_in_the_queue_only(selling: Selling, scene: Scene, storage: Storage) -> None:
    report_id = await created(selling)
    await work(scene, storage)
    answer = await selling.delete(f"{REPORTS}/{report_id}")
    assert refused(answer) == (400, "InvalidInput", "report_has_begun")
    assert "DONE" in answer.json()["errors"][0]["message"]
    assert (await shown(selling, report_id))["processingStatus"] == "DONE"


async def test_a_document_whose_time_is_over_is_refused_and_its_report_still_known(
    selling: Selling, scene: Scene, storage: Storage
) -> None:
    await scene.to_state(State.UNSHIPPED)
    report_id = await created(selling, ORDERS)
    await work(scene, storage)
    document_id = (await shown(selling, report_id))["reportDocumentId"]
    reading = await selling.restricted(f"{DOCUMENTS}/{document_id}", elements=[])
    await scene.advance(30 * DAY - HOUR)
    assert (await reading.get(f"{DOCUMENTS}/{document_id}")).status_code == 200
    await scene.advance(HOUR)
    answer = await reading.get(f"{DOCUMENTS}/{document_id}")
    assert refused(answer) == (404, "NotFound", "document_not_found")
    assert "30" in answer.json()["errors"][0]["message"]
    assert (await shown(selling, report_id))["processingStatus"] == "DONE"


async def test_a_feeds_document_whose_time_is_over_is_refused(selling: Selling, scene: Scene) -> None:
    made = (await selling.post(FEED_DOCUMENTS, {"contentType": "text/plain"})).json()["feedDocumentId"]
    assert (await selling.get(f"{FEED_DOCUMENTS}/{made}")).status_code == 200
    await scene.advance(28 * DAY)
    feed = {"feedType": "POST_FLAT_FILE_FULFILLMENT_DATA", "marketplaceIds": [MARKET], "inputFeedDocumentId": made}
    for answer in (await selling.get(f"{FEED_DOCUMENTS}/{made}"), await selling.post(FEEDS, feed)):
        assert refused(answer) == (404, "NotFound", "document_not_found")


class TestTheFirstReportOfASchedule:
    """When it comes."""

    async def test_it_comes_when_it_was_named(self, selling: Selling, scene: Scene, storage: Storage) -> None:
        first = await scene.now() + timedelta(hours=5)
        answer = await selling.post(SCHEDULES, often(nextReportCreationTime=first.isoformat()))
        found = (await selling.get(f"{SCHEDULES}/{answer.json()['reportScheduleId']}")).json()
        assert found["nextReportCreationTime"] == f"{first:%Y-%m-%dT%H:%M:%SZ}"
        await scene.advance(5 * HOUR - timedelta(seconds=1))
        await work(scene, storage)
        assert await listed(selling, LISTINGS) == []
        await scene.advance(timedelta(seconds=1))
        await work(scene, storage)
        assert len(await listed(selling, LISTINGS)) == 1

    async def test_it_comes_whole_periods_after_a_moment_that_is_over(self, selling: Selling, scene: Scene) -> None:
        named = await scene.now() - 20 * HOUR
        answer = await selling.post(SCHEDULES, often(nextReportCreationTime=named.isoformat()))
        found = (await selling.get(f"{SCHEDULES}/{answer.json()['reportScheduleId']}")).json()
        assert found["nextReportCreationTime"] == f"{named + 24 * HOUR:%Y-%m-%dT%H:%M:%SZ}"


async def test_feeds_of_long_ago_are_listed_for_who_asks_for_them(selling: Selling, scene: Scene) -> None:
    kind = "POST_FLAT_FILE_FULFILLMENT_DATA"
    made = (await selling.post(FEED_DOCUMENTS, {"contentType": "text/plain"})).json()["feedDocumentId"]
    feed = {"feedType": kind, "marketplaceIds": [MARKET], "inputFeedDocumentId": made}
    long_ago = await scene.now()
    assert (await selling.post(FEEDS, feed)).status_code == 202
    await scene.advance(91 * DAY)
    assert (await selling.get(FEEDS, feedTypes=kind)).json()["feeds"] == []
    assert len((await selling.get(FEEDS, feedTypes=kind, createdSince=long_ago.isoformat())).json()["feeds"]) == 1
