"""The OpenAPI document of all routes: what the framework finds out by itself, and what is true of every route."""

from collections.abc import Iterator
from datetime import time
from functools import cache
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.plugins import OpenAPISchemaPlugin
from litestar.router import Router
from litestar.typing import FieldDefinition

from tradepost.doors.http.problems import MEDIA_TYPE
from tradepost.doors.http.routes import DEPENDENCIES, KEY
from tradepost.refusals import Reason

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

Document = dict[str, Any]

WRITING = ("post", "put", "patch", "delete")

_DESCRIPTION = """
Every caller sends a key: `Authorization: Bearer tp_...`. Money is in minor units of the currency (cents), moments are
ISO 8601 with an offset. Lists come in pages: hand the `next` of one back as `after`; it is null on the last. Sentences
come in English, or in Chinese with `Accept-Language: zh`.
""".strip().replace("\n", " ")

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your choice for this request: sent again, it is answered as before and not done again. "
    "Kept for three days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your own id of this request; the answer and the log carry it. Otherwise one is made.",
    "schema": {"type": "string"},
}
_ANSWERS_REQUEST_ID = {"description": "The id of this request, which the log has too.", "schema": {"type": "string"}}
_PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457): its name, and the facts that it is about, which differ from one to another.",
    "required": ["type", "title", "status", "detail", "reason"],
    "properties": {
        "type": {"type": "string", "description": "Where this refusal is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people, in their language."},
        "reason": {"type": "string", "enum": [str(reason) for reason in Reason]},
    },
    "additionalProperties": True,
}
_GOOD = {"200": "As asked for.", "201": "Made.", "204": "Done; there is nothing more to say."}
_STATUSES = {
    400: "The body is not JSON.",
    401: "There is no key, or one that is not valid (any more).",
    403: "The key is not for this.",
    404: "There is no such thing, or it is somebody else's.",
    409: "The state of things is in the way.",
    413: "The body is too large.",
    422: "A value is not valid, or the Idempotency-Key was used for another request.",
    429: "Too many requests with this key; `Retry-After` says how long to wait.",
    503: "The marketplace cannot answer right now; `Retry-After` says how long to wait.",
}


@cache
def document(routers: tuple[Router, ...]) -> Document:
    """The OpenAPI document of these routers, as it is sent."""
    config = OpenAPIConfig("Tradepost", "1", description=_DESCRIPTION, use_handler_docstrings=True)
    # An application of its own, that nobody calls: the framework would put pages of its own beside the document.
    application = Litestar(
        [*routers],
        dependencies=DEPENDENCIES,
        plugins=[_TimesOfDay(), _Structs()],
        openapi_config=config,
        logging_config=None,
    )
    found = application.openapi_schema.to_schema()
    for method, operation in operations(found):
        _complete(method, operation)
    components = found.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemDocument"] = _PROBLEM
    components["securitySchemes"] = {KEY: {"type": "http", "scheme": "bearer", "description": "A key: tp_..."}}
    components["parameters"] = {"IdempotencyKey": _IDEMPOTENCY_KEY, "RequestId": _REQUEST_ID}
    components["headers"] = {"RequestId": _ANSWERS_REQUEST_ID}
    components["responses"] = {str(status): _refusal(text) for status, text in _STATUSES.items()}
    return found


class _TimesOfDay(OpenAPISchemaPlugin):
    """The framework takes a time of day for a duration."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is time

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: "SchemaCreator") -> Schema:
        return Schema(type=OpenAPIType.STRING, pattern=r"^\d\d:\d\d(:\d\d)?", description="A time of day, as 14:00:00.")


class _Structs(StructSchemaPlugin):
    """The framework leaves out what a struct's docstring says: units, and what null means."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: "SchemaCreator") -> Schema:
        schema = super().to_openapi_schema(field_definition, schema_creator)
        schema.description = getdoc(field_definition.type_)
        return schema


def operations(found: Document) -> Iterator[tuple[str, Document]]:
    """Every method of every path."""
    for item in found["paths"].values():
        for method, operation in item.items():
            if method in ("get", *WRITING):
                yield method, operation


def _complete(method: str, operation: Document) -> None:
    parameters = operation.setdefault("parameters", [])
    in_path = any(parameter["in"] == "path" for parameter in parameters)
    answers = {status: answer for status, answer in operation["responses"].items() if int(status) < 400}
    for status, answer in answers.items():
        if status == "204":
            answer.pop("content", None)
        answer["description"] = _GOOD[status]
        answer["headers"] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    for status in _refused_with(method, bool(parameters), in_path, "requestBody" in operation):
        answers[str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"] = answers
    if method in WRITING:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    parameters.append({"$ref": "#/components/parameters/RequestId"})


def _refused_with(method: str, parameters: bool, in_path: bool, body: bool) -> Iterator[int]:
    writing = method in WRITING
    yield from (status for status, possible in (
        (400, body), (401, True), (403, True), (404, in_path or body), (409, writing), (413, writing),
        (422, writing or parameters), (429, True), (503, True),
    ) if possible)  # fmt: skip


def _refusal(text: str) -> Document:
    return {
        "description": text,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": {MEDIA_TYPE.decode(): {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
