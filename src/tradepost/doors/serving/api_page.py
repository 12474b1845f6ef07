"""The pages about the API: the OpenAPI document, a readable one made from it, and what each refusal means.

They need no key, and nothing from elsewhere.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import jinja2
from litestar import MediaType, Response, Router, get
from litestar.params import FromPath
from markupsafe import Markup

from tradepost.doors.http.problems import status_of
from tradepost.doors.http.routes import KEY
from tradepost.doors.serving.api_document import Document, document, operations
from tradepost.refusals import SENTENCES, Reason, Refused

_CODE = re.compile(r"`([^`]+)`")
_FACT = re.compile(r"\{(\w+)\}")


def pages(routers: Sequence[Router]) -> Router:
    """The routes of the pages about these routers."""
    described = tuple(routers)

    @get("/openapi.json", sync_to_thread=True)
    def openapi() -> Document:
        return document(described)

    @get("/", media_type=MediaType.HTML, sync_to_thread=True)
    def page() -> Response[str]:
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return Response(_page(described), headers={"content-security-policy": policy})

    @get("/problems/{name:str}")
    async def problem(name: FromPath[str]) -> dict[str, Any]:
        if name not in set(Reason):
            raise Refused(Reason.NO_SUCH_ADDRESS, path=f"/api/v1/problems/{name}")
        return _problem(Reason(name))

    return Router("/api/v1", route_handlers=[openapi, page, problem], include_in_schema=False)


def _problem(reason: Reason) -> dict[str, Any]:
    """What a refusal means; what stands in braces is told as a fact of the problem document."""
    english, chinese = SENTENCES[reason]
    return {
        "reason": reason,
        "title": reason.replace("_", " ").capitalize(),
        "status": status_of(reason),
        "sentences": {"en": english, "zh": chinese},
        "facts": sorted(set(_FACT.findall(english))),
    }


@cache
def _page(routers: tuple[Router, ...]) -> str:
    found = document(routers)
    schemas = found["components"]["schemas"]
    groups: dict[str, list[Document]] = {}
    for path, item in found["paths"].items():
        for method, operation in operations({"paths": {path: item}}):
            groups.setdefault(operation["tags"][0], []).append(_shown(method, path, operation, found))
    answers = [(status, answer["description"]) for status, answer in found["components"]["responses"].items()]
    return _TEMPLATE.render(
        about=found["info"],
        groups=groups,
        schemas={
            name: _fields(schema, schemas) for name, schema in sorted(schemas.items()) if name != "ProblemDocument"
        },
        notes={name: schema.get("description") for name, schema in schemas.items()},
        answers=answers,
        refusals=[_problem(reason) for reason in sorted(Reason, key=status_of)],
    )


def _shown(method: str, path: str, operation: Document, found: Document) -> Document:
    """An operation as the page tells it."""
    parameters = [_resolved(parameter, found) for parameter in operation["parameters"]]
    good = [(status, answer) for status, answer in operation["responses"].items() if "$ref" not in answer]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description"),
        "scopes": [scope for one in operation.get("security", []) for scope in one.get(KEY, [])],
        "parameters": [_parameter(parameter) for parameter in parameters if parameter["in"] != "header"],
        "headers": [parameter["name"] for parameter in parameters if parameter["in"] == "header"],
        "body": _content(operation.get("requestBody", {})),
        "answers": [(status, _content(answer)) for status, answer in good],
        "refusals": [status for status, answer in operation["responses"].items() if "$ref" in answer],
    }


def _content(described: Document) -> Markup:
    """What a body or an answer is: the shape of its JSON, or its media type; empty where there is none."""
    content = described.get("content", {})
    return Markup(" or ").join(
        _kind(of.get("schema", {})) if media == MediaType.JSON else Markup.escape(media)
        for media, of in content.items()
    )


def _resolved(value: Document, found: Document) -> Document:
    if "$ref" not in value:
        return value
    for name in value["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def _parameter(parameter: Document) -> Document:
    schema = parameter.get("schema", {})
    return {
        "name": parameter["name"],
        "kind": _kind(schema),
        "needed": parameter.get("required", False),
        "description": parameter.get("description") or "",
        "default": schema.get("default"),
    }


def _fields(schema: Document, schemas: Document) -> list[Document]:
    if "enum" in schema:
        return []
    needed = schema.get("required", [])
    return [
        {
            "name": name,
            "kind": _kind(of),
            "needed": name in needed,
            "description": of.get("description") or "",
            "default": of.get("default"),
        }
        for name, of in schema.get("properties", {}).items()
    ]


def _kind(schema: Document) -> Markup:
    """What a value is, in a few words, with a link to the shape that it has."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return Markup(" or ").join(_kind(one) for one in schema[several])
    if "enum" in schema:
        return Markup(", ").join(map(str, schema["enum"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return Markup("list of ") + _kind(schema.get("items", {}))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("names with ") + _kind(schema["additionalProperties"])
    said = schema.get("format") or (" or ".join(kind) if isinstance(kind, list) else kind)
    low, high = schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))
    bounds = f", {low if low is not None else ''}..{high if high is not None else ''}"
    return Markup("{}{}").format(said, bounds.replace(".0", "") if low is not None or high is not None else "")


def _in_words(text: str | None) -> Markup:
    """A docstring as a paragraph, with its `code`."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(Markup.escape(text or ""))))  # noqa: S704 (escaped)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("tradepost.doors.serving"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["in_words"] = _in_words
_TEMPLATE = _ENVIRONMENT.get_template("api.html")
