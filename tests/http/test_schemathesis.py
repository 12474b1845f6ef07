"""Requests of all kinds, made up from the OpenAPI document, over real HTTP: no answer is a 500, and every answer is one
that the document promises. A box of time for each kind of key, longer with TRADEPOST_LONG=1.

What no generator would think of (texts that are not UTF-8, deep nesting) is sent to every route by hand.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.faults.serving import LONG, PATIENCE_SECONDS, eventually, free_port
from tests.races.soundness import violations
from tests.scene import BEA, PRO, Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.lifecycle import State

SECONDS = 600 if LONG else 10
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
CALLERS = {
    "Storefront": NewKey(Scope.BUYER, BEA),
    "Seller": NewKey(Scope.SELLER, PRO),
    "Operator": NewKey(Scope.OPERATOR),
    "Customer service": NewKey(Scope.CUSTOMER_SERVICE),
}
BAD_BODIES = {
    "nothing": b"",
    "not UTF-8": b'{"a":"\xff\xfe"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "half a surrogate pair": b'{"name":"\\ud800","reason":"\\udfff"}',
    "deep": b"[" * 200_000,
    "deep, in a field": b'{"lines":' + b'{"a":' * 100_000,
    "huge numbers": b'{"limit":1e999,"quantity":' + b"9" * 10_000 + b"}",
    "NUL": b'{"name":"\\u0000","seller_id":"\\u0000"}',
    "not an object": b'"text"',
    "NaN": b'{"price":NaN}',
}


@asynccontextmanager
async def server(database_url: str, made_by: str = "make") -> AsyncIterator[str]:
    """One process that answers; its address."""
    port, made = free_port(), f"tests.http.unlimited:{made_by}"
    granian = ("-m", "granian", "--interface", "asgi", "--factory", "--port", str(port), made)
    environment = os.environ | {"TRADEPOST_DATABASE_URL": database_url, "TRADEPOST_WEBHOOKS_PRIVATE": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *granian, stdin=DEVNULL, stdout=DEVNULL, stderr=None, env=environment
    )
    try:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
            await eventually(lambda: _is_ready(client))
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def key_of(scene: Scene, new: NewKey) -> str:
    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [new])
    assert isinstance(made, Made)
    return made.text


async def busy(scene: Scene) -> None:
    """Orders in every state, so that there is something to find."""
    for state in State:
        await scene.to_state(state)


@pytest.mark.parametrize("tag", CALLERS)
async def test_answers_to_made_up_requests_are_those_of_the_document(scene: Scene, database_url: str, tag: str) -> None:
    await busy(scene)
    key = await key_of(scene, CALLERS[tag])
    async with server(database_url) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {key}", "--include-tag", tag, "--checks", CHECKS,
            "--exclude-path-regex", "/keys/",  # or it would end the key that it comes with
            "--max-time", str(SECONDS), "--no-color", "--suppress-health-check", "all",
            "--request-timeout", str(PATIENCE_SECONDS), *([] if LONG else ["--generation-deterministic"]),
            stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
    said = out.decode(errors="replace")
    assert process.returncode == 0, said[-20_000:]
    assert await violations(scene.database) == []


@pytest.mark.parametrize("tag", CALLERS)
async def test_bytes_that_are_nothing_get_a_sentence(scene: Scene, database_url: str, tag: str) -> None:
    await busy(scene)
    key = await key_of(scene, CALLERS[tag])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with (
        server(database_url) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as client,
    ):
        found = (await client.get("/api/v1/openapi.json")).json()
        asked = 0
        for path, item in found["paths"].items():
            for method, operation in item.items():
                if operation["tags"] != [tag]:
                    continue
                for answer in await _all_kinds(client, method.upper(), path, operation):
                    asked += 1
                    told = f"{method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
                    assert answer.status_code < 500, told
                    if answer.status_code >= 400:
                        assert answer.headers["content-type"] == "application/problem+json", told
                        assert "…" not in answer.json()["detail"], told
    assert asked > 50 or tag == "Customer service"
    assert await violations(scene.database) == []


async def _all_kinds(
    client: httpx.AsyncClient, method: str, path: str, operation: dict[str, object]
) -> list[httpx.Response]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    paths = [path]
    for name in names:
        paths = [one.replace(f"{{{name}}}", value) for one in paths for value in ("x", "%00", "%ff%fe", "9" * 300, "1")]
    requests = [client.build_request(method, one, content=b"{}" if method != "GET" else None) for one in paths]
    if "requestBody" in operation:
        requests += [client.build_request(method, paths[0], content=body) for body in BAD_BODIES.values()]
    for parameter in operation["parameters"]:  # type: ignore[attr-defined]
        if parameter.get("in") == "query":
            for value in ("%00", "%ff", "9" * 40, "-1", "1e9", "", "%F0%9F%98%80", "null", "a" * 5000):
                requests.append(client.build_request(method, f"{paths[0]}?{parameter['name']}={value}"))
    return [await client.send(request) for request in requests]
