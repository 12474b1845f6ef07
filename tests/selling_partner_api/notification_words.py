"""What the tests of Notifications v1 say and hear."""

from typing import Any

import httpx

from tests.selling_partner_api.clients import Selling

DESTINATIONS, SUBSCRIPTIONS = "/notifications/v1/destinations", "/notifications/v1/subscriptions"
ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
HOOK = "https://example.com/hooks"
DESTINATION_NOT_FOUND = (404, "NotFound", "destination_not_found")
SUBSCRIPTION_NOT_FOUND = (404, "NotFound", "subscription_not_found")
INVALID = (400, "InvalidInput", "invalid_value")


def queue(arn: str = ARN, name: str = "Orders") -> dict[str, Any]:
    return {"name": name, "resourceSpecification": {"sqs": {"arn": arn}}}


def webhook(url: str = HOOK) -> dict[str, Any]:
    return {"name": "Hook", "resourceSpecification": {"webhook": {"url": url}}}


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["details"]


def payload(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["payload"]


async def destination(itself: Selling, wanted: dict[str, Any] | None = None) -> str:
    return str(payload(await itself.post(DESTINATIONS, wanted or queue()))["destinationId"])


async def subscribed(
    selling: Selling, destination_id: str, kind: str = "ORDER_CHANGE", version: str = "1.0", **more: Any
) -> httpx.Response:
    body = {"payloadVersion": version, "destinationId": destination_id, **more}
    return await selling.post(f"{SUBSCRIPTIONS}/{kind}", body)


def changes(*types: str, **more: Any) -> dict[str, Any]:
    """A directive by which only these changes of orders are told of."""
    named = {"orderChangeTypes": list(types)} if types else {}
    return {"processingDirective": {"eventFilter": {"eventFilterType": "ORDER_CHANGE", **named, **more}}}
