"""Where documents are put and fetched: addresses that are signed and open for five minutes, and ask for no token."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, Router, get, put
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from tradepost.documents import documents
from tradepost.documents.documents import MOST_MIB, Leave
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.errors import on_error
from tradepost.ground.storage import Storage
from tradepost.refusals import Reason, Refused

PATH = "/documents/"

Expires = Annotated[int, QueryParameter(query="expires")]
Signature = Annotated[str, QueryParameter(query="signature")]


def url_of(request: AnyRequest, leave: Leave) -> str:
    """The address that a client puts or gets a document at."""
    query = urlencode({"expires": leave.expires, "signature": leave.signature})
    return f"{request.app.state.endpoint}{PATH}{leave.document_id}?{query}"


@put("/{document_id:str}", status_code=200, request_max_body_size=MOST_MIB << 20)
async def put_document(
    request: AnyRequest, desk: TheDesk, document_id: FromPath[str], expires: Expires, signature: Signature
) -> Response[None]:
    """Take a document in, in pieces: however long it is, it is never held as a whole."""
    await _check(desk, Leave("PUT", document_id, expires, signature))
    storage: Storage = request.app.state.storage
    await storage.write(document_id, request.stream())
    return Response(None, status_code=200)


@get("/{document_id:str}")
async def get_document(
    request: AnyRequest, desk: TheDesk, document_id: FromPath[str], expires: Expires, signature: Signature
) -> Stream:
    """Give a document out, in pieces."""
    await _check(desk, Leave("GET", document_id, expires, signature))
    storage: Storage = request.app.state.storage
    pieces = storage.read(document_id)
    try:
        first = await anext(pieces, b"")
    except FileNotFoundError as error:
        raise Refused(Reason.DOCUMENT_NOT_FOUND) from error
    return Stream(_after(first, pieces), media_type="application/octet-stream")


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _check(desk: TheDesk, shown: Leave) -> None:
    await desk.database.run(lambda tx: documents.check(tx, shown))


DOCUMENTS: list[Any] = [
    Router(
        PATH,
        route_handlers=[put_document, get_document],
        exception_handlers={Exception: on_error},
        include_in_schema=False,
    )
]
