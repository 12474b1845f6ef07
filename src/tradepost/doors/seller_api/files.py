"""The files of sellers' tools: Shipping Confirmation files that come in (A46, A47), and order reports that go out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import QueryParameter, RawBody
from litestar.response import Stream
from msgspec import Struct

from tradepost.doors.http import requests
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest, Language, MaybeOnce, TheDesk, Who, on_error, sent
from tradepost.doors.http.shown import moment
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.process.shipment.confirmation_file import apply_small_file
from tradepost.process.shipment.processing_report import Entry, ProcessingReport
from tradepost.refusals import Reason, Refused
from tradepost.reports.orders_report import orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.reports.written import Report
from tradepost.timekeeping import catch_up

JSON, TEXT = "application/json", "text/plain"
MOST_IN_MEMORY = 1 << 20  # bytes of a report; a longer one lies on the disk while it is sent
PIECE = 1 << 16

Since = Annotated[
    datetime | None, QueryParameter(description="Only orders released at this moment or later, as 2026-01-31T09:00:00Z")
]
Until = Annotated[datetime | None, QueryParameter(description="Only orders released before this moment")]


class ReportEntry(Struct, frozen=True):
    """What is to be said of a record of the file, the first one below the headings being 1; 0 is the file itself."""

    record: int
    order_id: str
    order_item_id: str
    code: int
    type: str
    message: str


class ProcessedFile(Struct, frozen=True):
    """What became of a file. Records with nothing but warnings are successful."""

    records: int
    successful: int
    errors: int
    warnings: int
    entries: list[ReportEntry]


_ENCODER = msgspec.json.Encoder()


@dataclass
class _TakesFile(Operation):
    """A raw body is not in the framework's OpenAPI document by itself."""

    def __post_init__(self) -> None:
        of_file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody({"text/tab-separated-values": of_file}, required=True)


def _too_large(request: AnyRequest, _: RequestEntityTooLarge) -> Response[Any]:
    limit = f"{requests.MOST_BODY >> 20} MiB; split it and send the parts one after the other"
    return on_error(request, Refused(Reason.TOO_LARGE, part="file", limit=limit))


@post(
    "/confirmation-files",
    status_code=200,
    summary="Confirm many shipments by a file",
    operation_class=_TakesFile,
    exception_handlers={RequestEntityTooLarge: _too_large},
)
async def confirm_by_file(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, request: AnyRequest, body: RawBody
) -> Response[ProcessedFile]:
    """Apply a Shipping Confirmation file, tab-separated text of 1 MiB at most: good rows are taken and bad ones
    explained. Accept: text/plain answers with the report as sellers' tools read it. For Professional accounts."""
    form = TEXT if request.accept.best_match([JSON, TEXT], JSON) == TEXT else JSON
    if once is not None:  # who asks again in another form asks for something else
        once = once._replace(digest=sha256(once.digest + form.encode()).digest())

    async def work(tx: Transaction) -> Answer:
        report = await apply_small_file(tx, who.subject, body)
        return Answer(200, report.text(language).encode() if form == TEXT else _document(report, language))

    answer = await desk.alone(work, language, once)
    if form == JSON or answer.status != 200:
        return sent(answer)
    return Response(content=answer.body, status_code=200, media_type=TEXT)  # type: ignore[arg-type]


@get("/reports/orders", summary="Orders report", media_type="text/tab-separated-values")
async def report_orders(who: Who, desk: TheDesk, since: Since = None, until: Until = None) -> Stream:
    """All orders that were released, one row for each line, with addresses: tab-separated, UTF-8, with a header."""
    return await _sent(desk, "orders", orders_report, who.subject, since, until)


@get("/reports/unshipped-orders", summary="Unshipped Orders report", media_type="text/tab-separated-values")
async def report_unshipped_orders(who: Who, desk: TheDesk, since: Since = None, until: Until = None) -> Stream:
    """What is still to be shipped, one row for each line, with addresses: tab-separated, UTF-8, with a header."""
    return await _sent(desk, "unshipped-orders", unshipped_orders_report, who.subject, since, until)


async def _sent(
    desk: Desk, name: str, report: Report, seller_id: str, since: datetime | None, until: datetime | None
) -> Stream:
    """The report is made first and sent then: who reads slowly holds no transaction, and nobody gets half of one."""
    first, last = since and moment("since", since), until and moment("until", until)
    await catch_up(desk.database, seller_id)
    file = SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115 (closed when it is sent)

    async def write(piece: bytes) -> None:
        file.write(piece)

    try:
        async with desk.database.transaction() as tx:
            await report(tx, seller_id, first, last, write)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"content-disposition": f'attachment; filename="{name}.txt"'}
    return Stream(_pieces(file), media_type="text/tab-separated-values; charset=utf-8", headers=headers)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _document(report: ProcessingReport, language: str) -> bytes:
    entries = [_entry(entry, language) for entry in report.entries]
    return _ENCODER.encode(ProcessedFile(report.records, report.successful, report.errors, report.warnings, entries))


def _entry(entry: Entry, language: str) -> ReportEntry:
    return ReportEntry(
        entry.record, entry.order_id, entry.order_item_id, entry.code, entry.error_type, entry.message(language)
    )


FILES: list[Any] = [confirm_by_file, report_orders, report_unshipped_orders]
