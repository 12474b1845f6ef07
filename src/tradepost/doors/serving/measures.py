"""What the processes of a server count of their own work.

`tradepost serve` names a folder in PROMETHEUS_MULTIPROC_DIR, in which each process keeps its counts; then any of them
can tell those of all, and those of one that died are not lost. Without the folder a process tells its own.
"""

import os

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_OURS = CollectorRegistry()
_REQUESTS = Counter("tradepost_requests", "Requests that were answered.", ("method", "route", "status"), registry=_OURS)
_SECONDS = Histogram(
    "tradepost_request_seconds",
    "From a request to its answer.",
    ("method", "route"),
    registry=_OURS,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_REFUSALS = Counter(
    "tradepost_refusals", "Requests that were refused, by the refusal's name.", ("reason",), registry=_OURS
)
_BATCHES = Histogram(
    "tradepost_batch_size",
    "Wishes for an act of the process that shared a transaction; the sum is how many were decided.",
    ("act",),
    registry=_OURS,
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class _Problem(msgspec.Struct):
    reason: str = "none"


_problem = msgspec.json.Decoder(_Problem)
_requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer. `route` is the template of the address, such as /api/v1/orders/{order_id}; else "none"."""
    key = (method, route, status)
    children = _requests.get(key)
    if children is None:
        known = method if method in _METHODS else "other"  # anybody can think of names
        children = (_REQUESTS.labels(known, route, status), _SECONDS.labels(known, route))
        _requests[known, route, status] = children
    children[0].inc()
    children[1].observe(seconds)


def refusal(body: bytes) -> None:
    """Count a refusal by the name in its problem document."""
    try:
        _REFUSALS.labels(_problem.decode(body).reason).inc()
    except msgspec.MsgspecError:
        _REFUSALS.labels("none").inc()


def batch(act: str, size: int) -> None:
    """Count a batch of the combiner."""
    _BATCHES.labels(act).observe(size)


def exposed() -> bytes:
    """What all processes have counted, in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(_OURS)
    everyones = CollectorRegistry()
    MultiProcessCollector(everyones)  # type: ignore[no-untyped-call]
    return generate_latest(everyones)
