"""The equipment itself: what is not as Amazon's models say is noticed, and what Amazon's own sandbox answers is not."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx
import pytest

from tests.selling_partner_api.clients import Judgement, ValidatingClient
from tests.selling_partner_api.model import Models, Operation, Seen, Walk

HEADERS = {"x-amzn-requestid": "a1", "x-amzn-ratelimit-limit": "0.5", "content-type": "application/json"}
ORDER = {
    "AmazonOrderId": "123-1234567-1234567",
    "PurchaseDate": "2026-03-02T10:00:00Z",
    "LastUpdateDate": "2026-03-02T10:00:00Z",
    "OrderStatus": "Unshipped",
    "OrderTotal": {"CurrencyCode": "USD", "Amount": "19.90"},
    "NumberOfItemsShipped": 0,
}
REFUSAL = {"errors": [{"code": "InvalidInput", "message": "No.", "details": ""}]}

# Examples of Amazon's that are not as Amazon's own models say, and in what; see their models.
FAULTY_EXAMPLES = {
    # Dates alone, where the model says a moment.
    "finances/2024-06-19 listBalances": ['balances.0.asOfDate: "2025-01-12" is not a "date-time"'],
    "finances/2024-06-19 listSummary": [
        'summaries.0.periodEnd: "2025-01-12" is not a "date-time"',
        'summaries.0.periodStart: "2025-01-12" is not a "date-time"',
    ],
    # An empty text, where the model lists the formats of labels.
    "mfn/v0 getEligibleShipmentServices": [
        'payload.ShippingServiceList.0.ShippingServiceOptions.LabelFormat: "" is not one of '
        '"PDF", "PNG" or 3 other candidates',
        'payload.ShippingServiceList.1.ShippingServiceOptions.LabelFormat: "" is not one of '
        '"PDF", "PNG" or 3 other candidates',
    ],
    "mfn/v0 cancelShipment": [
        'payload.Label.FileContents.FileType: "" is not one of "application/pdf", "application/zpl" or "image/png"'
    ],
    # Two of its seven failures say nothing at all.
    "orders/v0 updateVerificationStatus": ["body: a failure has no errors", "body: a failure has no errors"],
    # Seconds since 1970, though the model says ISO 8601; the moment beside it is one.
    "orders/v0 getOrders": ['payload.CreatedBefore: "1.569521782042E9" is not a "date-time"'],
    # The marketplace of an account without its currency and language.
    "sellers/v1 getAccount": [
        'payload.marketplaceParticipationList.0.marketplace: "defaultCurrencyCode" is a required property',
        'payload.marketplaceParticipationList.0.marketplace: "defaultLanguageCode" is a required property',
    ],
}


@pytest.fixture
def get_order(models: Models) -> Operation:
    return models.named("orders/v0 getOrder")


def seen(body: object, status: int = 200, headers: dict[str, str] = HEADERS) -> Seen:
    return Seen(status, httpx.Headers(headers), b"" if body is None else json.dumps(body).encode())


def order(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The answer of getOrder, with a change."""
    body = deepcopy({"payload": ORDER})
    change(body["payload"])
    return body


def test_every_example_of_amazons_is_as_its_model_says_but_for_those_that_are_known(models: Models) -> None:
    examples = 0
    faulty: dict[str, list[str]] = {}
    for operation in models.operations:
        headers = HEADERS | {"content-type": operation.produces[0]}
        for status, body in operation.examples():
            examples += 1
            content = body if "schema" in operation.responses[status] else None
            if complaints := operation.complaints(seen(content, status, headers)):
                faulty[operation.name] = sorted(complaints + faulty.get(operation.name, []))
    assert faulty == FAULTY_EXAMPLES
    assert examples > 100


def test_a_response_as_the_model_says_is_nothing_to_complain_of(models: Models, get_order: Operation) -> None:
    assert get_order.complaints(seen({"payload": ORDER})) == []
    assert get_order.complaints(seen(REFUSAL, 404)) == []
    assert models.named("orders/v0 confirmShipment").complaints(seen(None, 204)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda order: order.pop("OrderStatus"), '"OrderStatus" is a required property'),
        (lambda order: order["OrderTotal"].update(Amount=19.9), "OrderTotal.Amount: 19.9 is not of type"),
        (lambda order: order.update(NumberOfItemsShipped="0"), 'NumberOfItemsShipped: "0" is not of type'),
        (lambda order: order.update(OrderStatus="Cancelled"), 'OrderStatus: "Cancelled" is not one of'),
        (lambda order: order.update(SellerOrderId=None), "SellerOrderId: null is not of type"),
        (lambda order: order.update(Ordertype="StandardOrder"), "'Ordertype' was unexpected"),
        (lambda order: order["OrderTotal"].update(Value="1"), "'Value' was unexpected"),
        (lambda order: order.update(PurchaseDate="2026-03-02"), 'PurchaseDate: "2026-03-02" is not a "date-time"'),
    ],
)
def test_a_field_that_is_not_as_in_the_model_is_noticed(
    get_order: Operation, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    (found,) = get_order.complaints(seen(order(change)))
    assert complaint in found


@pytest.mark.parametrize("moment", ["2026-03-02", "2026-03-02 10:00:00", "2026-03-02T10:00:00", "TEST_CASE_200"])
def test_a_moment_that_is_none_is_noticed(models: Models, moment: str) -> None:
    body = {"feedId": "1", "feedType": "X", "processingStatus": "DONE", "createdTime": moment}
    (found,) = models.named("feeds/2021-06-30 getFeed").complaints(seen(body))
    assert found.startswith(f'createdTime: "{moment}" is not a "date-time"')


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "a success has no payload"),
        ({"payload": ORDER, **REFUSAL}, "a success has errors"),
        ({"Payload": ORDER}, "'Payload' was unexpected"),
        ([], "is not of type"),
    ],
)
def test_a_success_without_its_wrapper_is_noticed(get_order: Operation, body: object, complaint: str) -> None:
    assert any(complaint in found for found in get_order.complaints(seen(body)))


def test_a_failure_without_its_reasons_is_noticed(get_order: Operation) -> None:
    assert get_order.complaints(seen({}, 400)) == ["body: a failure has no errors"]
    assert get_order.complaints(seen({"errors": []}, 400)) == ["body: a failure has no errors"]
    assert '"code" is a required property' in get_order.complaints(seen({"errors": [{"message": "No."}]}, 400))[0]


def test_a_status_that_the_model_does_not_list_is_noticed(models: Models, get_order: Operation) -> None:
    assert get_order.complaints(seen(REFUSAL, 409))[0].startswith("status 409 is none of 200, 400, 403")
    assert models.named("orders/v0 confirmShipment").complaints(seen({}, 200))[0].startswith("status 200 is none of")


def test_a_body_where_there_is_to_be_none_is_noticed(models: Models) -> None:
    assert models.named("orders/v0 confirmShipment").complaints(seen({}, 204)) == ["body is not empty: b'{}'"]


def test_a_body_that_is_no_json_is_noticed(get_order: Operation) -> None:
    (found,) = get_order.complaints(Seen(500, httpx.Headers(HEADERS), b"<html>"))
    assert found.startswith("body is no JSON")


@pytest.mark.parametrize(
    ("status", "headers", "complaint"),
    [
        (200, {"x-amzn-requestid": ""}, "header x-amzn-RequestId is missing"),
        (403, {"x-amzn-requestid": ""}, "header x-amzn-RequestId is missing"),
        (
            200,
            {"x-amzn-ratelimit-limit": "fast"},
            "header x-amzn-RateLimit-Limit is no number of requests a second: 'fast'",
        ),
        (200, {"content-type": "text/plain"}, "content type 'text/plain' is none of application/json"),
    ],
)
def test_headers_that_are_not_as_in_the_model_are_noticed(
    get_order: Operation, status: int, headers: dict[str, str], complaint: str
) -> None:
    body = REFUSAL if status >= 400 else {"payload": ORDER}
    assert get_order.complaints(seen(body, status, HEADERS | headers)) == [complaint]


def test_the_rate_limit_is_told_where_the_model_says_so(get_order: Operation) -> None:
    without = {name: value for name, value in HEADERS.items() if name != "x-amzn-ratelimit-limit"}
    assert get_order.complaints(seen({"payload": ORDER}, 200, without)) == ["header x-amzn-RateLimit-Limit is missing"]
    assert get_order.complaints(seen(REFUSAL, 403, without)) == []


@pytest.mark.parametrize(
    ("method", "address", "name", "parameters"),
    [
        ("GET", "/orders/v0/orders", "orders/v0 getOrders", {}),
        ("get", "http://x/orders/v0/orders?A=/b", "orders/v0 getOrders", {}),
        ("GET", "/orders/2026-01-01/orders/1", "orders/2026-01-01 getOrder", {"orderId": "1"}),
        ("PUT", "/orders/2026-01-01/orders/1/cancellation", "orders/2026-01-01 cancelOrder", {"orderId": "1"}),
        ("PATCH", "/orders/v0/orders/1/regulatedInfo", "orders/v0 updateVerificationStatus", {"orderId": "1"}),
        (
            "GET",
            "/listings/2021-08-01/items/acme/A%2FB%20C",
            "listings/2021-08-01 getListingsItem",
            {"sellerId": "acme", "sku": "A/B C"},
        ),
        (
            "POST",
            "/notifications/v1/subscriptions/ORDER_CHANGE/testNotification",
            "notifications/v1 sendTestNotification",
            {"notificationType": "ORDER_CHANGE"},
        ),
    ],
)
def test_a_request_is_one_of_an_operation(
    models: Models, method: str, address: str, name: str, parameters: dict[str, str]
) -> None:
    found = models.find(method, address)
    assert found is not None
    assert (found[0].name, found[1]) == (name, parameters)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/auth/o2/token"),
        ("POST", "/orders/v0/orders"),
        ("GET", "/orders/v0/orders/"),
        ("GET", "/orders/v0/orders/1/2"),
    ],
)
def test_a_request_of_no_operation_is_known_as_that(models: Models, method: str, address: str) -> None:
    assert models.find(method, address) is None


async def test_a_client_notices_and_remembers(models: Models) -> None:
    walk = Walk()
    answers = [httpx.Response(200, json={"payload": ORDER}, headers=HEADERS), httpx.Response(200, json={})]
    settings = {"transport": httpx.MockTransport(lambda _: answers.pop(0)), "base_url": "http://tradepost.test"}
    async with ValidatingClient(Judgement(models, walk), **settings) as client:
        await client.get("/orders/v0/orders/123-1234567-1234567")
        with pytest.raises(AssertionError, match=r"(?s)orders/v0 getOrder .*RequestId is missing.*has no payload"):
            await client.get("/orders/v0/orders/123-1234567-1234567")
    assert walk.seen == {("orders/v0 getOrder", 200)}


def test_what_was_never_asked_is_known(models: Models) -> None:
    walk = Walk()
    operations = models.of("tokens/2021-03-01", "sellers/v1")
    walk.record(operations[0], operations[0].success)
    walk.record(operations[0], 400)
    left = walk.missing(operations, 400, 403)
    assert f"{operations[0].name} 403" in left
    assert f"{operations[1].name} 400" in left
    assert len(left) == 3 * len(operations) - 2
