"""Reports 2021-06-30: reports that are made again and again."""

from datetime import datetime
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath
from msgspec import Struct

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query, body_of, moment_of
from tradepost.doors.selling_partner_api.jobs import MOST_KINDS, Marketplaces, Options, Text, kinds_named
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.database import Transaction
from tradepost.report_requests import schedules
from tradepost.report_requests.schedules import Schedule


class ScheduleWanted(Struct, frozen=True, rename="camel"):
    """A report that is to be made every so often."""

    report_type: Text
    marketplace_ids: Marketplaces
    period: Text
    report_options: Options = None
    next_report_creation_time: Text | None = None


class ScheduleMade(Struct, frozen=True, rename="camel"):
    """That it will be."""

    report_schedule_id: str


class ScheduleShown(Struct, frozen=True, rename="camel"):
    """A schedule, and when the next report of it is asked for: business time."""

    report_schedule_id: str
    report_type: str
    marketplace_ids: list[str]
    report_options: dict[str, Any]
    period: str
    next_report_creation_time: datetime


class ScheduleList(Struct, frozen=True, rename="camel"):
    """Some schedules."""

    report_schedules: list[ScheduleShown]


@post(
    "/reports/2021-06-30/schedules", status_code=201, opt=operation("createReportSchedule", 0.0222, 10, unlisted=(413,))
)
async def create_report_schedule(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """Make a schedule, in the place of the one of this kind that there may be."""
    asked = await body_of(request, ScheduleWanted)
    seller_id, wanted, options = partner.seller_id, asked.marketplace_ids, asked.report_options or {}
    named = asked.next_report_creation_time
    first = moment_of("nextReportCreationTime", named) if named else None

    async def work(tx: Transaction) -> str:
        await check_marketplaces(tx, seller_id, wanted)
        return await schedules.create(tx, seller_id, asked.report_type, wanted, options, asked.period, first)

    return sent(request, ScheduleMade(await desk.database.run(work)), 201)


@get("/reports/2021-06-30/schedules/{schedule_id:str}", opt=operation("getReportSchedule", 0.0222, 10))
async def get_report_schedule(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, schedule_id: FromPath[str]
) -> Response[bytes]:
    """One schedule."""
    found = await desk.database.run(lambda tx: schedules.find(tx, partner.seller_id, schedule_id))
    return sent(request, _shown(found))


@delete(
    "/reports/2021-06-30/schedules/{schedule_id:str}",
    status_code=200,
    opt=operation("cancelReportSchedule", 0.0222, 10),
)
async def cancel_report_schedule(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, schedule_id: FromPath[str]
) -> Response[bytes]:
    """End a schedule; what it has asked for already is made."""
    await desk.database.run(lambda tx: schedules.cancel(tx, partner.seller_id, schedule_id))
    return sent(request, None)


@get("/reports/2021-06-30/schedules", opt=operation("getReportSchedules", 0.0222, 10))
async def get_report_schedules(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The seller's schedules of some kinds."""
    kinds = kinds_named("reportTypes", Query(request).texts("reportTypes", MOST_KINDS))
    found = await desk.database.run(lambda tx: schedules.of_kinds(tx, partner.seller_id, kinds))
    return sent(request, ScheduleList([_shown(schedule) for schedule in found]))


def _shown(schedule: Schedule) -> ScheduleShown:
    return ScheduleShown(
        schedule.schedule_id,
        schedule.kind,
        schedule.marketplace_ids,
        schedule.options,
        schedule.period,
        schedule.next_at,
    )


OPERATIONS: list[Any] = [
    create_report_schedule,
    get_report_schedule,
    cancel_report_schedule,
    get_report_schedules,
]
