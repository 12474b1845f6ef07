"""/healthz and /readyz: whether this process lives, and whether it can work. For those who start and stop processes and
send requests to them, who have no key; so they learn nothing else."""

import asyncio
from typing import Any

from litestar import get

from tradepost.doors.http.routes import RETRY_AFTER_SECONDS, TheDesk
from tradepost.ground import schema
from tradepost.refusals import Reason, Refused

READY_WITHIN_SECONDS = 2.0


@get("/healthz", include_in_schema=False)
async def lives() -> dict[str, str]:
    """This process lives, whatever the database does."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False)
async def is_ready(desk: TheDesk) -> dict[str, str]:
    """The database answers soon, and its schema is the one that this program works with."""
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS), desk.database.transaction() as tx:
            await schema.require_current_in(tx)
    except schema.SchemaMismatch as error:
        raise Refused(Reason.UNAVAILABLE, wait=RETRY_AFTER_SECONDS) from error
    return {"status": "ok"}


ROUTES: list[Any] = [lives, is_ready]
