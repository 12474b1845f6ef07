"""Listings as tests say them."""

from typing import Any
from urllib.parse import quote

import httpx

from tests.scene import MARKET, PRO
from tests.selling_partner_api.clients import Selling

ITEMS = "/listings/2021-08-01/items"
Attributes = dict[str, Any]
HERE = {"marketplace_id": MARKET}


def path_of(sku: str, seller: str = PRO) -> str:
    """The address of a listing."""
    return f"{ITEMS}/{seller}/{quote(sku, safe='')}"


def name(title: str) -> Attributes:
    return {"item_name": [{"value": title, "language_tag": "en_US", **HERE}]}


def price(amount: object, currency: str = "USD") -> Attributes:
    schedule = [{"schedule": [{"value_with_tax": amount}]}]
    return {"purchasable_offer": [{"currency": currency, "audience": "ALL", "our_price": schedule, **HERE}]}


def stock(quantity: object, days: object = None) -> Attributes:
    own = {"fulfillment_channel_code": "DEFAULT", "quantity": quantity}
    return {"fulfillment_availability": [own if days is None else own | {"lead_time_to_ship_max_days": days}]}


def whole(title: str = "Green chair", amount: object = 49.9, quantity: object = 7) -> Attributes:
    """Attributes that make a listing which can be bought."""
    return name(title) | price(amount) | stock(quantity) | {"condition_type": [{"value": "new_new", **HERE}]}


def put_body(attributes: Attributes, requirements: str | None = None, product_type: str = "CHAIR") -> Attributes:
    body: Attributes = {"productType": product_type, "attributes": attributes}
    return body | ({"requirements": requirements} if requirements else {})


def patch(op: str, attribute: str, *value: Attributes) -> Attributes:
    """One patch; without values it has none."""
    return {"op": op, "path": f"/attributes/{attribute}"} | ({"value": list(value)} if value else {})


async def put(selling: Selling, sku: str, attributes: Attributes | None = None, **more: Any) -> httpx.Response:
    """Put a listing of Acme's."""
    requirements = more.pop("requirements", None)
    body = put_body(whole() if attributes is None else attributes, requirements)
    return await selling.put(path_of(sku), body, **{"marketplaceIds": MARKET} | more)


async def change(selling: Selling, sku: str, *patches: Attributes, **more: Any) -> httpx.Response:
    """Patch a listing of Acme's."""
    body = {"productType": more.pop("product_type", "PRODUCT"), "patches": list(patches)}
    return await selling.patch(path_of(sku), body, **{"marketplaceIds": MARKET} | more)


async def delete(selling: Selling, sku: str, **more: Any) -> httpx.Response:
    return await selling.delete(path_of(sku), **{"marketplaceIds": MARKET} | more)


async def look(selling: Selling, sku: str, *included: str, **more: Any) -> httpx.Response:
    query: dict[str, Any] = {"marketplaceIds": MARKET} | more
    return await selling.get(path_of(sku), **query | ({"includedData": list(included)} if included else {}))


async def shown(selling: Selling, sku: str, included: str) -> Any:
    """One part of a listing that is there."""
    answer = await look(selling, sku, included)
    assert answer.status_code == 200, answer.text
    return answer.json()[included]


def accepted(answer: httpx.Response) -> bool:
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["status"] == "INVALID") == any(issue["severity"] == "ERROR" for issue in said.get("issues", ()))
    return bool(said["status"] == "ACCEPTED")


def faults(answer: httpx.Response) -> list[tuple[str, list[str]]]:
    """The issues of an answer, each as its code and the attributes that it is about."""
    assert answer.status_code == 200, answer.text
    return [(issue["code"], issue.get("attributeNames", [])) for issue in answer.json()["issues"]]
