"""Reports 2021-06-30: files about orders and listings that software asks for, and fetches when they are made."""

from datetime import datetime
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath
from msgspec import Struct

from tradepost.documents import documents
from tradepost.documents.documents import REPORT
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query, body_of, moment_of
from tradepost.doors.selling_partner_api.documents import url_of
from tradepost.doors.selling_partner_api.jobs import Marketplaces, Options, Text, asked_page, following, in_view
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.restricted_tokens import require
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.database import Transaction
from tradepost.report_requests import requests
from tradepost.report_requests.kinds import KINDS
from tradepost.report_requests.requests import NewReport, ReportRequest


class ReportWanted(Struct, frozen=True, rename="camel"):
    """A report that is to be made."""

    report_type: Text
    marketplace_ids: Marketplaces
    report_options: Options = None
    data_start_time: Text | None = None
    data_end_time: Text | None = None


class ReportAsked(Struct, frozen=True, rename="camel"):
    """That it was put into the queue."""

    report_id: str


class ReportShown(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A report and how far it is; times are business time."""

    report_id: str
    report_type: str
    created_time: datetime
    processing_status: str
    marketplace_ids: list[str]
    data_start_time: datetime | None = None
    data_end_time: datetime | None = None
    report_schedule_id: str | None = None
    processing_start_time: datetime | None = None
    processing_end_time: datetime | None = None
    report_document_id: str | None = None


class ReportList(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Some reports, the youngest first; a token where others follow."""

    reports: list[ReportShown]
    next_token: str | None = None


class DocumentToFetch(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where to fetch what was made."""

    report_document_id: str
    url: str
    compression_algorithm: str | None = None


@post("/reports/2021-06-30/reports", status_code=202, opt=operation("createReport", 0.0167, 15, unlisted=(413,)))
async def create_report(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """Put a report into the queue."""
    asked = await body_of(request, ReportWanted)
    since = moment_of("dataStartTime", asked.data_start_time) if asked.data_start_time else None
    until = moment_of("dataEndTime", asked.data_end_time) if asked.data_end_time else None
    options = asked.report_options or {}
    new = NewReport(partner.seller_id, asked.report_type, asked.marketplace_ids, options, since, until)

    async def work(tx: Transaction) -> str:
        await check_marketplaces(tx, partner.seller_id, asked.marketplace_ids)
        return await requests.create(tx, new)

    return sent(request, ReportAsked(await desk.database.run(work)), 202)


@get("/reports/2021-06-30/reports/{report_id:str}", opt=operation("getReport", 2, 15))
async def get_report(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, report_id: FromPath[str]
) -> Response[bytes]:
    """How far a report is."""
    found = await desk.database.run(lambda tx: requests.find(tx, partner.seller_id, report_id))
    return sent(request, _shown(found))


@delete("/reports/2021-06-30/reports/{report_id:str}", status_code=200, opt=operation("cancelReport", 0.0222, 10))
async def cancel_report(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, report_id: FromPath[str]
) -> Response[bytes]:
    """Take a report out of the queue."""
    await desk.database.run(lambda tx: requests.cancel(tx, partner.seller_id, report_id))
    return sent(request, None)


@get("/reports/2021-06-30/reports", opt=operation("getReports", 0.0222, 10))
async def get_reports(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The seller's reports of some kinds, the youngest first; those of the last 90 days where nobody says."""
    bound = ("getReports", partner.seller_id)
    place = asked_page(Query(request), "reportTypes", bound)

    async def work(tx: Transaction) -> list[ReportRequest]:
        return await requests.page(tx, partner.seller_id, in_view(tx, place.wanted), place.after, place.size + 1)

    found = await desk.database.run(work)
    token = following(place, [report.number for report in found], bound)
    return sent(request, ReportList([_shown(report) for report in found[: place.size]], token))


@get("/reports/2021-06-30/documents/{report_document_id:str}", opt=operation("getReportDocument", 0.0167, 15))
async def get_report_document(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, report_document_id: FromPath[str]
) -> Response[bytes]:
    """Say where to fetch a report. Of one that tells of buyers only to a restricted data token."""

    async def work(tx: Transaction) -> DocumentToFetch:
        report = await requests.of_document(tx, partner.seller_id, report_document_id)
        if KINDS[report.kind].of_buyers:
            require(request, partner)
        found = await documents.find(tx, partner.seller_id, report_document_id, REPORT)
        leave = await documents.leave(tx, "GET", found)
        return DocumentToFetch(found.document_id, url_of(request, leave), found.compression)

    return sent(request, await desk.database.run(work))


def _shown(report: ReportRequest) -> ReportShown:
    return ReportShown(
        report.report_id,
        report.kind,
        report.created_at,
        report.status,
        report.marketplace_ids,
        report.since,
        report.until,
        report.schedule_id,
        report.started_at,
        report.ended_at,
        report.document_id,
    )


OPERATIONS: list[Any] = [
    create_report,
    get_report,
    cancel_report,
    get_reports,
    get_report_document,
]
