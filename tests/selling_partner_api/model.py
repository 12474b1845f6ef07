"""Amazon's own models of the Selling Partner API, and what is wrong with a response by them.

The models are stricter here than JSON Schema reads them: an object may have no other fields than its model lists, since
a misspelled optional field would pass for an absent one, and what Orders v0 only calls a date is a moment in ISO 8601.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from jsonschema_rs import Draft4Validator

from tests.conftest import SHARED

FOLDER = SHARED / "spapi-models"
WITHDRAWN = "historical/orders_2026-01-01.with-cancelOrder.c5f589c.json"  # what Tradepost offers as an extension

EXTENSIONS: dict[str, Any] = {
    "notifications": {
        "DestinationResource": {
            "properties": {
                "webhook": {
                    "type": "object",
                    "required": ["url"],
                    "properties": {"url": {"type": "string"}, "secret": {"type": "string"}},
                }
            }
        },
        "SqsResource": {"properties": {"arn": {"pattern": r"^arn:aws(-cn)?:sqs:\S+:\S+:\S+"}}},  # China's queues too
    }
}
"""What Tradepost adds to Amazon's definitions, by the file; all else in them stays as it is."""

REQUEST_ID = "x-amzn-RequestId"
RATE_LIMIT = "x-amzn-RateLimit-Limit"

_METHODS = ("get", "put", "post", "delete", "patch")
_MOMENT = re.compile(r".*Date|(LastUpdated|Created)Before")
_DAYS = ("ExceptionDate",)  # of a shop that is closed then


class Seen(NamedTuple):
    """A response, as far as a model speaks of it."""

    status: int
    headers: Mapping[str, str]  # whatever the case of their names, as HTTP's are
    body: bytes


@dataclass(frozen=True)
class Operation:
    """One operation of a model."""

    name: str  # "orders/v0 getOrders": two models have a getOrder
    method: str
    template: str
    responses: Mapping[int, Mapping[str, Any]] = field(repr=False, compare=False)
    produces: Sequence[str] = field(repr=False, compare=False)
    definitions: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def family(self) -> str:
        """The API and its version, as the path begins: "orders/v0"."""
        return self.name.split()[0]

    @property
    def success(self) -> int:
        """The status of what went well; the models list one for each operation."""
        (status,) = (status for status in self.responses if status < 300)
        return status

    def matches(self, path: str) -> dict[str, str] | None:
        """What the path says in the places of the template's parameters; None: it is another's path."""
        found = self._pattern.fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.template)))

    def complaints(self, seen: Seen) -> list[str]:
        """What is wrong with a response of this operation by its model, a sentence each."""
        if seen.status not in self.responses:
            return [f"status {seen.status} is none of {', '.join(map(str, self.responses))}"]
        return [*self._of_headers(seen), *self._of_body(seen)]

    def body_complaints(self, status: int, body: object) -> list[str]:
        """What is wrong with a body that is JSON, for a status that the model lists with a schema."""
        wrong = [
            f"{'.'.join(map(str, error.instance_path)) or 'body'}: {error.message}"
            for error in _validator(self, status).iter_errors(body)
        ]
        if isinstance(body, dict):
            wrong += self._of_wrapper(status, body)
        return wrong

    def examples(self) -> list[tuple[int, object]]:
        """The bodies that Amazon's sandbox answers with, and their statuses."""
        return [
            (status, static["response"])
            for status, response in self.responses.items()
            for static in response.get("x-amzn-api-sandbox", {}).get("static", ())
            if "response" in static  # what answers without a body has none
        ]

    def _of_headers(self, seen: Seen) -> Iterable[str]:
        if not seen.headers.get(REQUEST_ID):
            yield f"header {REQUEST_ID} is missing"
        limit = seen.headers.get(RATE_LIMIT)
        if limit is None and RATE_LIMIT in self.responses[seen.status]["headers"]:
            yield f"header {RATE_LIMIT} is missing"
        if limit is not None and not re.fullmatch(r"\d+(\.\d+)?", limit, re.ASCII):
            yield f"header {RATE_LIMIT} is no number of requests a second: {limit!r}"
        kind = seen.headers.get("content-type", "").split(";")[0]
        if seen.body and kind not in self.produces:
            yield f"content type {kind!r} is none of {', '.join(self.produces)}"

    def _of_body(self, seen: Seen) -> list[str]:
        if "schema" not in self.responses[seen.status]:
            allowed = (b"",) if seen.status == 204 else (b"", b"{}")
            return [] if seen.body in allowed else [f"body is not empty: {seen.body[:200]!r}"]
        try:
            body = json.loads(seen.body)
        except ValueError as error:
            return [f"body is no JSON ({error}): {seen.body[:200]!r}"]
        return self.body_complaints(seen.status, body)

    def _of_wrapper(self, status: int, body: Mapping[str, object]) -> Iterable[str]:
        """The schemas leave open what every answer keeps: errors for a failure, the payload for a success."""
        schema = _resolved(self.responses[status]["schema"], self.definitions)
        if status >= 400 and not body.get("errors"):
            yield "body: a failure has no errors"
        if status < 300 and "errors" in body:
            yield "body: a success has errors"
        if status < 300 and "payload" in schema.get("properties", {}) and "payload" not in body:
            yield "body: a success has no payload"


@cache
def _validator(operation: Operation, status: int) -> Draft4Validator:
    schema = {"allOf": [operation.responses[status]["schema"]], "definitions": operation.definitions}
    return Draft4Validator(schema, validate_formats=True)


@dataclass(frozen=True)
class Models:
    """All operations of all models."""

    operations: tuple[Operation, ...]

    def find(self, method: str, address: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a request, and the parameters in its path; None where the models have none.

        `address` is a path or a whole URL, as it was sent: "%2F" is no slash.
        """
        path = urlsplit(address).path
        for operation in self.operations:
            if operation.method == method.upper() and (found := operation.matches(path)) is not None:
                return operation, found
        return None

    def named(self, name: str) -> Operation:
        """An operation by its name, such as "orders/v0 getOrder"."""
        (operation,) = (operation for operation in self.operations if operation.name == name)
        return operation

    def of(self, *families: str) -> list[Operation]:
        """The operations of these APIs, such as "orders/v0"."""
        return [operation for operation in self.operations if operation.family in families]


def load(folder: Path = FOLDER) -> Models:
    """The models in this folder, and of the withdrawn ones the operations that nothing has replaced."""
    current = [operation for file in sorted(folder.glob("models/*/*.json")) for operation in _operations(file)]
    names = {operation.name for operation in current}
    withdrawn = [operation for operation in _operations(folder / WITHDRAWN) if operation.name not in names]
    # A word of a path goes before a parameter that would take it.
    return Models(tuple(sorted([*current, *withdrawn], key=lambda operation: operation.template.count("{"))))


def _operations(file: Path) -> Iterable[Operation]:
    model = json.loads(file.read_text(encoding="utf-8"))
    definitions = _with(model["definitions"], EXTENSIONS.get(file.stem, {}))
    definitions = _strict({name: _in_one(schema, definitions) for name, schema in definitions.items()})
    for template, methods in model["paths"].items():
        family = "/".join(template.split("/")[1:3])
        for method in _METHODS:
            if (operation := methods.get(method)) is not None:
                yield Operation(
                    f"{family} {operation['operationId']}",
                    method.upper(),
                    template,
                    {int(status): response for status, response in operation["responses"].items()},
                    operation.get("produces") or model["produces"],
                    definitions,
                )


def _with(schema: Any, more: Any) -> Any:
    """The same with something added, or in the place of what it says."""
    if not isinstance(schema, dict) or not isinstance(more, dict):
        return more
    return schema | {name: _with(schema.get(name), part) for name, part in more.items()}


def _in_one(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object of several parts as one: what one of them lists, the others would not allow."""
    if "allOf" not in schema:
        return schema
    parts = [_resolved(part, definitions) for part in schema["allOf"]]
    required = [name for part in parts for name in part.get("required", ())]
    properties = {name: value for part in parts for name, value in part["properties"].items()}
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _strict(schema: Any) -> Any:
    """The same schemas, in which an object has no fields that are not listed, and a moment is one."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(part) for name, part in schema.items()}
    if isinstance(properties := strict.get("properties"), dict) and "allOf" not in strict:
        strict.setdefault("additionalProperties", False)
        for name, part in properties.items():
            if part.get("type") == "string" and _MOMENT.fullmatch(name) and name not in _DAYS:
                part.setdefault("format", "date-time")
    return strict


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.removeprefix("#/definitions/")] if reference else schema


@dataclass
class Walk:
    """Which operations were asked, and how they answered."""

    seen: set[tuple[str, int]] = field(default_factory=set)  # the operation's name, and the status

    def record(self, operation: Operation, status: int) -> None:
        self.seen.add((operation.name, status))

    def missing(self, operations: Iterable[Operation], *statuses: int) -> list[str]:
        """What was never seen of these operations: their success, and these statuses where the model lists them."""
        return [
            f"{operation.name} {status}"
            for operation in operations
            for status in (operation.success, *(status for status in statuses if status in operation.responses))
            if (operation.name, status) not in self.seen
        ]
