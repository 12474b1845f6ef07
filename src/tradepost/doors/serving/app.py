"""The ASGI application of one server process. The server calls `make`; the environment says where the database is."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from litestar import Litestar, Response
from litestar.types import ASGIApp
from msgspec.json import Decoder

from tradepost.access.keys import Scope
from tradepost.doors.http import requests, routes
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.operator_api.routes import ROUTERS as OPERATOR
from tradepost.doors.sandbox.routes import ROUTERS as SANDBOX
from tradepost.doors.seller_api import confirmations
from tradepost.doors.seller_api.routes import ROUTERS as SELLER
from tradepost.doors.selling_partner_api import doors as selling_partner_api
from tradepost.doors.selling_partner_api import terms
from tradepost.doors.selling_partner_api.documents import DOCUMENTS, Shelf
from tradepost.doors.selling_partner_api.terms import PRODUCTION, Terms
from tradepost.doors.serving import health, logs, measures, metrics, processors
from tradepost.doors.serving.api_page import pages
from tradepost.doors.serving.front import Front, ShortWay
from tradepost.doors.serving.handover import handed_over
from tradepost.doors.serving.lifeline import end_with_main_process
from tradepost.doors.serving.metrics import Marketplace
from tradepost.doors.storefront_api import checkouts
from tradepost.doors.storefront_api.routes import ROUTERS as STOREFRONT
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import SERVING, Database, connect
from tradepost.ground.storage import Storage

CONNECTIONS = 10
PATIENCE_SECONDS = 10.0
NAMED = {"application_name": SERVING}

COLLECT_AFTER = 50_000  # new objects

DOORS = [*STOREFRONT, *SELLER, *OPERATOR, *SANDBOX]

StructT = TypeVar("StructT")


def make() -> ASGIApp:
    """The application of a server process; the database is opened when the server starts it."""
    handover = handed_over()
    logs.to_stderr(handover.log)
    end_with_main_process()
    if handover.folder:
        processors.keep_to_one(handover.folder)

    @asynccontextmanager
    async def open_desk(app: Litestar) -> AsyncIterator[None]:
        url = handover.database_url
        async with connect(
            url, connections=CONNECTIONS, settings=NAMED, at_once=False, patience=PATIENCE_SECONDS
        ) as database:
            shelf = Shelf(Storage.at(handover.documents), handover.endpoint)
            _furnish(app, database, terms.from_environment(os.environ), shelf)
            gc.freeze()  # what is here now stays: collections need not look at it again and again,
            gc.set_threshold(COLLECT_AFTER, 50, 100)  # and need not come so often while a batch holds its locks
            # Granian takes connections once this has returned; only then the loop comes to what is due later.
            asyncio.get_running_loop().call_later(0.01, handover.say_ready)
            yield

    app = framework(lifespan=[open_desk])
    return Front(app, lambda: app.state.desk, SHORT_WAYS, log_requests=handover.log_requests)


def of_database(
    database: Database, app: Litestar | None = None, terms: Terms = PRODUCTION, shelf: Shelf | None = None
) -> ASGIApp:
    """The same application on a database that is open; `app` is a framework that was on another one before."""
    app = app or framework()
    _furnish(app, database, terms, shelf)
    return Front(app, lambda: app.state.desk, SHORT_WAYS)


def _furnish(app: Litestar, database: Database, terms: Terms, shelf: Shelf | None) -> None:
    app.state.desk = Desk(database, observe=measures.batch)
    app.state.terms = terms
    app.state.shelf = shelf
    app.state.marketplace = Marketplace(database)


def framework(**settings: object) -> Litestar:
    """The framework with all routes of all doors in it."""
    return Litestar(
        [*DOORS, *selling_partner_api.ROUTERS, *DOCUMENTS, pages(DOORS), *health.ROUTES, *metrics.ROUTES],
        dependencies=routes.DEPENDENCIES,
        exception_handlers={Exception: _on_error},
        logging_config=None,  # see logs.py
        openapi_config=None,  # api_document.py makes the document, and api_page.py sends it
        request_max_body_size=requests.MOST_BODY,
        **settings,  # type: ignore[arg-type]
    )


def _on_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer where no door was reached, as the clients of the nearest one understand it."""
    return selling_partner_api.on_error(request, error) or routes.on_error(request, error)


def _short_way(
    method: str,
    path: str,
    scope: Scope,
    decoder: Decoder[StructT],
    act: Callable[[Desk, Caller, StructT, str, Once | None], Awaitable[Answer]],
) -> tuple[tuple[str, str], ShortWay]:
    """An act that a caller of this scope asks for at this address, answered without the framework."""

    async def answer(desk: Desk, headers: Mapping[bytes, bytes], body: bytes, language: str) -> Answer:
        who = await requests.caller(desk, headers.get(b"authorization", b"").decode("latin-1"), (scope,))
        key = headers[b"idempotency-key"].decode("latin-1") if b"idempotency-key" in headers else None
        once = requests.once(who, key, method, path, body)
        return await act(desk, who, requests.decoded(decoder, body), language, once)

    return (method, path), answer


SHORT_WAYS = dict(
    (
        _short_way("POST", "/api/v1/checkouts", Scope.BUYER, checkouts.decoder, checkouts.check_out),
        _short_way("POST", "/api/v1/seller/packages", Scope.SELLER, confirmations.decoder, confirmations.confirm),
    )
)
