"""Patches and attributes by themselves, walked with hypothesis: what they may do, and what they never do."""

from contextlib import nullcontext
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scene import MARKET
from tests.selling_partner_api.listing_words import HERE, name, price, stock, whole
from tradepost.listings import product_ids
from tradepost.listings.items.attributes import Said, Stock, read, selectors_of, shown
from tradepost.listings.items.limits import MOST_INSTANCES
from tradepost.listings.items.patches import OPERATIONS, Patch, patched
from tradepost.people.records import Marketplace
from tradepost.refusals import Refused

US = Marketplace(MARKET, "Market", "US", "USD", "en", 1)
YEN = Marketplace(MARKET, "Market", "JP", "JPY", "ja", 1)


def same_instance(one: dict[str, Any], other: dict[str, Any], market: Marketplace) -> bool:
    return selectors_of(one, market).meet(selectors_of(other, market))


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30).map(lambda n: n if n % 2 else n / 100)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_words = st.sampled_from(
    ["value", "quantity", "our_price", "audience", "currency", "fulfillment_channel_code", "language_tag", "schedule"]
)
_instances = st.dictionaries(_words, _values | st.sampled_from(["ALL", "B2B", "DEFAULT", "en_US", "USD"]), max_size=4)
_names = st.sampled_from(["item_name", "purchasable_offer", "fulfillment_availability", "list_price", "color"])
_patches = st.builds(
    Patch,
    st.sampled_from(OPERATIONS),
    _names.map(lambda attribute: f"/attributes/{attribute}"),
    st.lists(_instances, max_size=3),
)


@given(st.lists(_patches, max_size=6))
def test_patches_leave_arrays_of_instances_behind(patches: list[Patch]) -> None:
    """Whatever is patched, the result is read without a mistake of ours, and can be sent and stored."""
    result = patched(whole(), patches, US)
    assert all(isinstance(said, list) and said for said in result.values())
    said, _ = read(result, US)
    assert said.stock is None or 0 <= said.stock.quantity <= 10**9
    assert msgspec.json.decode(msgspec.json.encode(result)).keys() == result.keys()


@given(_names, st.lists(_instances, min_size=1, max_size=3))
def test_what_is_replaced_is_there_and_nothing_else_with_its_selectors(
    attribute: str, value: list[dict[str, Any]]
) -> None:
    before = whole()
    after = patched(before, [Patch("replace", f"/attributes/{attribute}", value)], US)
    others = [one for one in before.get(attribute, []) if not any(same_instance(one, new, US) for new in value)]
    assert after[attribute] == [*others, *value]
    assert {key: said for key, said in after.items() if key != attribute} == {
        key: said for key, said in before.items() if key != attribute
    }
    assert before == whole()
    assert patched(after, [Patch("replace", f"/attributes/{attribute}", value)], US) == after
    gone = patched(after, [Patch("delete", f"/attributes/{attribute}", value)], US)
    assert gone.get(attribute, []) == others


@given(st.dictionaries(st.text(max_size=3) | _names, _values, max_size=4))
def test_any_attributes_can_be_read(attributes: dict[str, Any]) -> None:
    said, issues = read(attributes, US)
    assert all(issue.refusal.sentence("en") and issue.refusal.sentence("zh") for issue in issues)
    assert (said.title is None) or said.title == attributes["item_name"][0]["value"] or len(attributes["item_name"]) > 1


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
    st.integers(0, 10**12),
    st.integers(0, 10**9),
    st.none() | st.integers(0, 60),
    st.sampled_from([US, YEN]),
    st.booleans(),
)
def test_an_offer_is_read_back_as_it_is_shown(
    title: str, units: int, quantity: int, days: int | None, market: Marketplace, put_before: bool
) -> None:
    """Of an offer that was listed elsewhere, and of one whose attributes say something older."""
    currency = {"purchasable_offer": price(3, market.currency)["purchasable_offer"]}
    before = name("Old") | currency | stock(1, 2) if put_before else None
    offer = Said(title, units, Stock(quantity, days), None, "P-1")
    told = shown(before, offer, market, closed=False)
    back, issues = read(msgspec.json.decode(msgspec.json.encode(told)), market)
    assert issues == []
    assert (back.title, back.price, back.stock and back.stock.quantity) == (title, units, quantity)
    assert shown(told, offer, market, closed=False) == told


def test_merging_changes_fields_and_null_takes_them_away() -> None:
    before = stock(7, 3)
    change = Patch("merge", "/attributes/fulfillment_availability", [{"quantity": 5}])
    assert patched(before, [change], US) == stock(5, 3)
    change = Patch("merge", "/attributes/fulfillment_availability", [{"lead_time_to_ship_max_days": None}])
    assert patched(before, [change], US) == stock(7)
    change = Patch("merge", "/attributes/color", [{"value": "red", "hue": None}])
    assert patched({}, [change], US) == {"color": [{"value": "red"}]}


def test_instances_with_other_selectors_stay() -> None:
    theirs = {"audience": "B2B", "our_price": []}
    before = price(3)["purchasable_offer"][0]
    change = Patch("replace", "/purchasable_offer", price(4)["purchasable_offer"])
    assert patched({"purchasable_offer": [before, theirs]}, [change], US) == {
        "purchasable_offer": [theirs, *price(4)["purchasable_offer"]]
    }
    assert patched({"purchasable_offer": [before, theirs]}, [Patch("delete", "/purchasable_offer")], US) == {}
    german = {"value": "Stuhl", "language_tag": "de_DE", **HERE}
    names = [*name("Chair")["item_name"], german]
    change = Patch("replace", "/item_name", name("Seat")["item_name"])
    assert patched({"item_name": names}, [change], US) == {"item_name": [german, *name("Seat")["item_name"]]}
    assert read({"item_name": [german, *name("Seat")["item_name"]]}, US)[0].title == "Seat"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, HERE, True),
        (HERE, {"marketplace_id": "ELSEWHERE"}, False),
        ({"audience": "ALL"}, {}, True),
        ({"audience": "B2B"}, {}, False),
        ({"fulfillment_channel_code": "AMAZON_NA"}, {}, False),
        ({"language_tag": "en_US"}, {}, True),
        ({"language_tag": "en_US"}, {"language_tag": "en"}, True),
        ({"language_tag": "en-US"}, {"language_tag": "en_us"}, True),
        ({"language_tag": "en_US"}, {"language_tag": "en_GB"}, False),
        ({"language_tag": "en_US"}, {"language_tag": "de_DE"}, False),
    ],
)
def test_selectors_tell_instances_apart(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert same_instance(one, other, US) is same_instance(other, one, US) is same


def test_an_asin_is_made_of_an_identifier_and_nothing_else() -> None:
    made = product_ids.of_identifier("upc", "012345678905")
    assert len(made) == 10
    assert made == product_ids.of_identifier("UPC", "012345678905")
    assert made != product_ids.of_identifier("EAN", "012345678905")


@pytest.mark.parametrize("op", OPERATIONS)
def test_no_more_instances_are_held_against_one_another_than_a_listing_may_have(op: str) -> None:
    """Neither in one patch nor in several, and before any of them is made."""
    most: list[dict[str, Any]] = [{"audience": str(number)} for number in range(MOST_INSTANCES)]
    before = {"color": most}
    assert set(patched(before, [Patch(op, "/color", most)], US)) <= {"color"}
    for patches in ([Patch(op, "/color", [*most, {}])], [Patch(op, "/color", most), Patch(op, "/color", [{}])]):
        with pytest.raises(Refused, match="color may have 100 instances at most"):
            patched(before, patches, US)
    for count, refused in ((5, False), (6, True)):
        patches = [Patch(op, f"/color_{number}", most) for number in range(count)]
        with pytest.raises(Refused, match="they may bring 500 instances at most") if refused else nullcontext():
            patched(before, patches, US)


def test_what_a_merge_changes_has_the_selectors_that_it_is_given() -> None:
    """A language that is merged into an instance without one is its own from then on."""
    changes = [{"language_tag": "en", "value": "red"}, {"language_tag": "de", "value": "rot"}]
    assert patched({"color": [{"value": "r"}]}, [Patch("merge", "/color", changes)], US) == {"color": changes}


def test_a_product_id_that_is_made_of_a_sku_tells_whose_it_is() -> None:
    made = product_ids.of_sku("acme", "LAMP")
    assert made == product_ids.of_sku("acme", "LAMP") != product_ids.of_sku("acme", "VASE")
    assert product_ids.is_of_sku(made)
    assert not product_ids.is_anothers(made, "acme")
    assert product_ids.is_anothers(made, "solo")
    assert not product_ids.is_of_sku(product_ids.of_identifier("SKU", "acme/LAMP"))
    assert not product_ids.is_of_sku("SKU-1")
