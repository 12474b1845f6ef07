"""Where documents are put and fetched: addresses that are signed and open for five minutes, and ask for no token."""

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Response, Router, get, put
from litestar.exceptions.http_exceptions import InternalServerException, RequestEntityTooLarge
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from tradepost.documents import documents
from tradepost.documents.documents import MOST_MIB, Document, Leave
from tradepost.doors.http.routes import RETRY_AFTER_SECONDS, AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.errors import on_error
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.refusals import Reason, Refused

PATH = "/documents/"
_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)  # seconds since 1970
AS_IT_IS = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}  # whatever a seller called it


class Shelf(NamedTuple):
    """Where this server keeps documents, and what their addresses begin with."""

    storage: Storage
    endpoint: str


def url_of(request: AnyRequest, leave: Leave) -> str:
    """The address that a client puts or gets a document at."""
    query = urlencode({"seller": leave.seller_id, "expires": leave.expires, "signature": leave.signature})
    return f"{_shelf(request).endpoint}{PATH}{leave.document_id}?{query}"


@put("/{document_id:str}", status_code=200, request_max_body_size=MOST_MIB << 20)
async def put_document(
    request: AnyRequest,
    desk: TheDesk,
    document_id: FromPath[str],
    seller: FromQuery[str] = "",
    expires: FromQuery[str] = "",
    signature: FromQuery[str] = "",
) -> Response[bytes]:
    """Take a document in, in pieces: however long it is, it is never held as a whole."""
    await _named(desk, "PUT", seller, document_id, expires, signature)
    try:
        await _shelf(request).storage.write(document_id, request.stream())
    except RequestEntityTooLarge as error:
        raise Refused(Reason.TOO_LARGE, part="document", limit=f"{MOST_MIB} MiB; split it") from error
    except StorageUnavailable as error:
        raise Refused(Reason.UNAVAILABLE, wait=RETRY_AFTER_SECONDS) from error
    except InternalServerException as error:  # the client has left: nobody is there to be told
        raise Refused(Reason.INVALID_VALUE, field="body", problem="it was broken off") from error
    return Response(b"", status_code=200)


@get("/{document_id:str}")
async def get_document(
    request: AnyRequest,
    desk: TheDesk,
    document_id: FromPath[str],
    seller: FromQuery[str] = "",
    expires: FromQuery[str] = "",
    signature: FromQuery[str] = "",
) -> Stream:
    """Give a document out, in pieces."""
    document = await _named(desk, "GET", seller, document_id, expires, signature)
    pieces = _shelf(request).storage.read(document_id)
    try:
        first = await anext(pieces, b"")
    except FileNotFoundError as error:
        raise Refused(Reason.DOCUMENT_NOT_FOUND) from error
    except StorageUnavailable as error:
        raise Refused(Reason.UNAVAILABLE, wait=RETRY_AFTER_SECONDS) from error
    return Stream(_after(first, pieces), headers={"content-type": document.content_type, **AS_IT_IS})


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _named(
    desk: TheDesk, method: str, seller_id: str, document_id: str, expires: str, signature: str
) -> Document:
    if not _MOMENT.fullmatch(expires):
        raise Refused(Reason.ADDRESS_NOT_SIGNED)
    shown = Leave(method, seller_id, document_id, int(expires), signature)
    return await desk.database.run(lambda tx: documents.check(tx, shown))


def _shelf(request: AnyRequest) -> Shelf:
    shelf: Shelf | None = request.app.state.shelf
    assert shelf is not None
    return shelf


DOCUMENTS: list[Any] = [
    Router(
        PATH,
        route_handlers=[put_document, get_document],
        exception_handlers={Exception: on_error},
        include_in_schema=False,
    )
]
