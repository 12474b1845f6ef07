"""Acts of the process as operations of the Selling Partner API: the same rooms, this door's own words for a no."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from litestar import Response

from tradepost.doors.http import requests
from tradepost.doors.http.desk import Desk, Room, Wish
from tradepost.doors.http.routes import AnyRequest
from tradepost.doors.selling_partner_api.answers import sent_as_is
from tradepost.doors.selling_partner_api.errors import document, status_of
from tradepost.ground.answers import Answer
from tradepost.refusals import Refusal

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")


async def act(
    request: AnyRequest,
    desk: Desk,
    room: Room[ItemT, OutcomeT],
    item: Callable[[datetime], ItemT],
    answer: Callable[[OutcomeT], Answer] = lambda _: Answer(204),
) -> Response[bytes]:
    """Do an act together with what others want of it at this moment, and answer the call."""
    language = requests.language(request.headers.get("accept-language"))
    done = await desk.act(room, Wish(item, answer, language, None, _refused))
    return sent_as_is(request, done.body, done.status)


def _refused(refusal: Refusal, language: str) -> Answer:
    return Answer(status_of(refusal.reason), msgspec.json.encode(document(refusal, language)))
