"""The pages about the API: complete, true, and readable without a key and without anything from elsewhere."""

import re

import pytest

from tests.http.conftest import Api
from tests.scene import BEA
from tradepost.access.keys import Scope
from tradepost.doors.http.problems import status_of
from tradepost.refusals import Reason

METHODS = ("get", "post", "put", "patch", "delete")


async def document(api: Api) -> dict:  # type: ignore[type-arg]
    return (await api.client.get("/api/v1/openapi.json")).json()  # type: ignore[no-any-return]


async def test_every_route_says_whose_keys_open_it_what_comes_and_how_it_is_refused(api: Api) -> None:
    found = await document(api)
    operations = [
        (path, method, item[method]) for path, item in found["paths"].items() for method in METHODS if method in item
    ]
    assert len(operations) > 40
    for path, method, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        ((scopes,),) = [one.values() for one in operation["security"]]
        assert scopes
        assert set(scopes) <= set(Scope)
        refused = {int(status) for status, answer in operation["responses"].items() if "$ref" in answer}
        assert {401, 403, 429, 503} <= refused
        good = {int(status): answer for status, answer in operation["responses"].items() if "$ref" not in answer}
        assert good, path
        for status, answer in good.items():
            assert 200 <= status < 300
            assert ("content" in answer) == (status != 204), path
        named = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]}
        assert ("IdempotencyKey" in named) == (method != "get"), path
    assert found["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


async def test_every_reference_leads_somewhere(api: Api) -> None:
    found = await document(api)
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', (await api.client.get("/api/v1/openapi.json")).text)):
        place = found
        for name in reference.split("/"):
            place = place[name]
    refused = found["components"]["responses"]["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert "reason" in found["components"]["schemas"][refused.rpartition("/")[2]]["properties"]


async def test_shapes_say_what_their_fields_mean_and_answers_what_they_bring(api: Api) -> None:
    found = await document(api)
    shapes = found["components"]["schemas"]
    assert [name for name, shape in shapes.items() if "properties" in shape and not shape.get("description")] == []
    assert "how many seconds" in shapes["PolicyFields"]["description"]
    page = (await api.client.get("/api/v1/")).text
    assert "how many seconds" in page
    assert "<p>Body: text/tab-separated-values</p>" in page
    assert "Answers 200 with text/tab-separated-values." in page


async def test_the_page_lists_every_route_and_refusal_and_loads_nothing(api: Api) -> None:
    answer = await api.client.get("/api/v1/")
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    for path in (await document(api))["paths"]:
        assert f"</span> {path}<" in page
    for reason in Reason:
        assert f'id="{reason}"' in page
    assert set(re.findall(r'(?:src|href)="(?!#|/api/v1/)([^"]*)"', page)) == set()
    assert "<script" not in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("reason", Reason)
async def test_every_refusal_is_explained_where_its_type_points(api: Api, reason: Reason) -> None:
    answer = await api.client.get(f"/api/v1/problems/{reason}")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["reason"], said["status"]) == (reason, status_of(reason))
    assert all(said["sentences"].values())


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1/nowhere", "/api/v1/problems/nothing", "/api/v1/%00", "/api/v1/%ff"]
)
async def test_where_there_is_nothing_a_problem_document_says_so(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["reason"] == "no_such_address"


async def test_another_method_is_told_which_there_are(api: Api) -> None:
    answer = await api.buyer(BEA, "PATCH", "/checkouts")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.json()["allowed"] == answer.headers["allow"]


async def test_a_body_that_is_missing_is_called_the_body(api: Api) -> None:
    answer = await api.buyer(BEA, "PUT", "/cart/lines", content=b"", headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json().get("field", "body") == "body", answer.text
