"""GET /metrics, for Prometheus: what the processes of this server count, and how the marketplace stands.

It wants an operator's key (Prometheus sends one with `authorization`): how many orders there are is a trade secret, and
"only from this machine" would be open to the world behind many a reverse proxy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import structlog
from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tradepost.access.keys import Scope
from tradepost.doors.http.routes import AnyRequest, Who, router
from tradepost.doors.serving import measures
from tradepost.ground.clock import machine_seconds
from tradepost.ground.database import Database, Transaction
from tradepost.lifecycle import State
from tradepost.reports import metrics as reports
from tradepost.reports.metrics import Waiting

COST = 20  # a question that took a second is asked again after 20: it takes a twentieth of one connection
WAIT_SECONDS = 3.0  # a scrape tells what is known by then

AnswerT = TypeVar("AnswerT")

_log = structlog.get_logger()


class Lately(Generic[AnswerT]):
    """What the database said lately. It is asked again `rest` seconds after it has answered, or later when the answer
    was costly."""

    def __init__(self, question: Callable[[Transaction], Awaitable[AnswerT]], rest: float) -> None:
        self._question = question
        self._rest = rest
        self._ask_at = 0.0
        self._asking: asyncio.Task[None] | None = None
        self.answer: AnswerT | None = None
        self.answered_at = 0.0

    def refreshed(self, database: Database) -> asyncio.Task[None] | None:
        """The task that asks, when it is time to or somebody has begun to."""
        if self._asking is None and machine_seconds() >= self._ask_at:
            self._asking = asyncio.create_task(self._ask(database))
        return self._asking

    async def _ask(self, database: Database) -> None:
        began = machine_seconds()
        try:
            async with database.transaction() as tx:
                self.answer = await self._question(tx)
            self.answered_at = machine_seconds()
        except Exception as error:
            _log.warning("metrics_unknown", question=self._question.__name__, cause=f"{type(error).__name__}: {error}")
            self.answer = None
        finally:
            took = machine_seconds() - began
            self._ask_at = machine_seconds() + max(self._rest, COST * took)
            self._asking = None


class Marketplace(Collector):
    """How the marketplace stands, as Prometheus collects it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: Lately[Mapping[str, int]] = Lately(reports.open_orders, 5)
        self._finished: Lately[Mapping[str, int]] = Lately(reports.finished_orders, 30)
        self._waiting: Lately[Waiting] = Lately(reports.waiting, 5)

    async def look(self) -> None:
        """Ask what is to be asked again."""
        asking = [
            task for one in (self._open, self._finished, self._waiting) if (task := one.refreshed(self._database))
        ]
        if asking:
            await asyncio.wait(asking, timeout=WAIT_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """What is known; what is not is left out."""
        ages: dict[str, Lately[Any]] = {
            "open_orders": self._open,
            "finished_orders": self._finished,
            "waiting": self._waiting,
        }
        now = machine_seconds()
        known = {what: now - one.answered_at for what, one in ages.items() if one.answer is not None}
        yield _gauge("tradepost_known_for_seconds", "How old what the database said is.", "what", known)
        if self._open.answer is not None and self._finished.answer is not None:
            counted = dict.fromkeys(map(str, State), 0) | {**self._open.answer, **self._finished.answer}
            yield _gauge("tradepost_orders", "Orders by state.", "state", counted)
        if (waiting := self._waiting.answer) is not None:
            lag = "Business time since the oldest deadline that waits to be fired."
            yield GaugeMetricFamily("tradepost_deadline_lag_seconds", lag, value=waiting.deadline_lag)
            yield _gauge("tradepost_notices", "Notices that were not delivered.", "status", waiting.notices)
            told = "Webhook messages that were not delivered."
            yield _gauge("tradepost_webhook_messages", told, "status", waiting.webhook_messages)
            told = "Notifications of sellers' applications that were not delivered."
            yield _gauge("tradepost_notifications", told, "status", waiting.notifications)


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        gauge.add_metric([value], number)
    return gauge


@get("/metrics", include_in_schema=False)
async def tell(request: AnyRequest, who: Who) -> Response[bytes]:
    """What Prometheus asks for."""
    marketplace: Marketplace = request.app.state.marketplace
    await marketplace.look()
    registry = CollectorRegistry()
    registry.register(marketplace)
    content = await asyncio.to_thread(lambda: measures.exposed() + generate_latest(registry))
    return Response(content, media_type=CONTENT_TYPE_LATEST)


ROUTES = [router("/", (Scope.OPERATOR,), [tell], tag="Metrics")]
