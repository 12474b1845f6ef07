"""What carriers report: parcels that have arrived, many at once."""

from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey
from tradepost.process.shipment.deliveries import Delivery, record_deliveries
from tradepost.refusals import Refusal

MOST_AT_ONCE = 1000


class Delivered(Struct, frozen=True, forbid_unknown_fields=True):
    """An order of which everything that was shipped has arrived, and who says so."""

    seller_id: str
    order_id: str
    carrier: Annotated[str, Meta(min_length=1, max_length=50)] = "carrier"


class Deliveries(Struct, frozen=True, forbid_unknown_fields=True):
    """Deliveries to record."""

    deliveries: Annotated[list[Delivered], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Outcome(Struct, frozen=True):
    """What became of one delivery: recorded, or the name of the refusal and its sentence."""

    seller_id: str
    order_id: str
    recorded: bool
    reason: str | None = None
    detail: str | None = None


class Outcomes(Struct, frozen=True):
    """What became of each delivery, in the order in which they were sent."""

    outcomes: list[Outcome]


@post("/deliveries", summary="Record deliveries", status_code=200)
async def report_deliveries(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Deliveries]
) -> Response[Outcomes]:
    """Record what carriers delivered. Each one is taken or refused by itself."""

    async def work(tx: Transaction) -> Answer:
        arrived = [Delivery(OrderKey(one.seller_id, one.order_id), tx.now, one.carrier) for one in data.deliveries]
        refusals = await record_deliveries(tx, arrived)
        outcomes = [_outcome(one, no, language) for one, no in zip(data.deliveries, refusals, strict=True)]
        return Answer(200, msgspec.json.encode(Outcomes(outcomes)))

    return sent(await desk.alone(work, language, once))


def _outcome(one: Delivered, no: Refusal | None, language: str) -> Outcome:
    if no is None:
        return Outcome(one.seller_id, one.order_id, recorded=True)
    return Outcome(one.seller_id, one.order_id, recorded=False, reason=no.reason, detail=no.sentence(language))


DELIVERIES: list[Any] = [report_deliveries]
