"""Listings Items: how much a listing may say, however it is said, and what a number may look like."""

import json
from typing import Any

import pytest

from tests.scene import LAMP, MARKET, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.listing_words import accepted, change, patch, path_of, price, put, shown, whole
from tradepost.listings.items.limits import MOST_ATTRIBUTES, MOST_BYTES, MOST_INSTANCES
from tradepost.listings.items.patches import MOST_PATCHES


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return [{"value": value}]


def many(count: int) -> dict[str, Any]:
    return {f"attribute_{number}": [{"value": number}] for number in range(count)}


@pytest.mark.parametrize("requirements", ["LISTING", "LISTING_OFFER_ONLY", "LISTING_PRODUCT_ONLY"])
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"color": [{}] * (MOST_INSTANCES + 1)}, "color may have 100 instances at most"),
        (many(MOST_ATTRIBUTES), "there may be 1000 at most"),
        ({"color": [{"value": "x" * MOST_BYTES}]}, "they may have 200000 bytes at most"),
        ({"color": [{"value": [1e39] * 5_000}]}, "they may have 200000 bytes at most"),
        ({"color": [{"value": 10**40}]}, f"the number {str(10**40)[:32]} has more than 40 digits"),
        ({"color": [{"value": 1e308}]}, "the number 1e+308 has more than 40 digits"),
        ({"color": [{"value": -1e-308}]}, "the number -1e-308 has more than 40 digits"),
        ({"color": nested(31)}, "they may be nested 30 levels deep at most"),
        ({"item_name": [{"value": "Chair", "language_tag": nested(400)}]}, "they may be nested 30 levels deep at most"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
async def test_too_much_is_refused_by_what_it_is_too_much_of(
    selling: Selling, scene: Scene, said: dict[str, Any], problem: str, requirements: str
) -> None:
    answer = await put(selling, LAMP, whole() | said, requirements=requirements)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith(f"attributes is not valid: {problem}")
    patches = [patch("replace", name, *instances) for name, instances in said.items()][:MOST_PATCHES]
    answer = await change(selling, LAMP, *patches)
    assert answer.status_code == (200 if len(said) > MOST_PATCHES else 400)


@pytest.mark.parametrize(
    "said",
    [
        {"color": [{}] * MOST_INSTANCES},
        many(MOST_ATTRIBUTES - len(whole())),
        {"color": [{"value": [10**39, -(10**39), 1e20, 1e-30, 0.1, 0]}]},
        {"color": nested(27)},
    ],
    ids=["instances", "attributes", "numbers", "depth"],
)
async def test_as_much_as_that_is_kept(selling: Selling, said: dict[str, Any]) -> None:
    assert accepted(await put(selling, "CHAIR-1", whole() | said))
    assert await shown(selling, "CHAIR-1", "attributes") == whole() | said


async def test_bytes_are_those_that_the_database_writes(selling: Selling, scene: Scene) -> None:
    """Exponents written out, signs escaped, and spaces between."""
    for value in ([1e39] * 4_600, ["\x01"] * 19_000, ["红"] * 24_000, [{}] * 45_000, [{"a": None}] * 12_000):
        assert accepted(await put(selling, "CHAIR-1", whole() | {"color": [{"value": value}]}))
        ((written,),) = await scene.rows("SELECT octet_length(attributes::text) FROM listings WHERE sku = 'CHAIR-1'")
        assert 0.7 * MOST_BYTES < written <= MOST_BYTES


async def test_a_listing_does_not_grow_without_end(selling: Selling) -> None:
    big = {"value": "x" * 60_000}
    for color in "abc":
        assert accepted(await change(selling, LAMP, patch("add", f"color_{color}", big)))
    answer = await change(selling, LAMP, patch("add", "color_d", big))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("attributes is not valid: they may have 200000 bytes")
    assert "color_d" not in await shown(selling, LAMP, "attributes")
    assert accepted(await change(selling, LAMP, patch("delete", "color_a"), patch("add", "color_d", big)))
    few = [{"audience": str(number)} for number in range(60)]
    assert accepted(await change(selling, LAMP, patch("add", "color", *few)))
    answer = await change(selling, LAMP, patch("add", "color", *({"audience": f"{number}+"} for number in range(60))))
    assert answer.json()["errors"][0]["message"] == "attributes is not valid: color may have 100 instances at most."


async def test_a_call_brings_so_many_patches(selling: Selling) -> None:
    patches = [patch("add", "color", {"value": "red", "audience": str(number)}) for number in range(MOST_PATCHES)]
    assert accepted(await change(selling, LAMP, *patches))
    answer = await change(selling, LAMP, *patches, patch("delete", "color"))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("patches is not valid")


async def test_a_price_that_is_too_large_is_told_as_that(selling: Selling) -> None:
    for amount, told in ((1e18, str(10**18)), (10**20, str(10**20)), (1e30, str(10**30)), ("9" * 20, "9" * 20)):
        (issue,) = (await put(selling, "CHAIR-1", whole() | price(amount))).json()["issues"]
        assert f"The amount '{told}' is too large" in issue["message"]


async def test_null_takes_a_field_away_and_is_kept_where_it_stands_deeper(selling: Selling) -> None:
    assert accepted(await put(selling, "CHAIR-1", whole() | {"color": [{"value": "red", "hue": [None, {"a": None}]}]}))
    assert accepted(await change(selling, "CHAIR-1", patch("merge", "color", {"value": None})))
    assert (await shown(selling, "CHAIR-1", "attributes"))["color"] == [{"hue": [None, {"a": None}]}]
    body = {"productType": "CHAIR", "attributes": whole(), "requirements": None}
    assert accepted(await selling.put(path_of("CHAIR-1"), json.loads(json.dumps(body)), marketplaceIds=MARKET))
