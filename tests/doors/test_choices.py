"""The words among which a body has to choose, wherever in it they stand."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from tradepost.doors.http.choices import choices


class Size(StrEnum):
    SMALL = "s"
    LARGE = "l"


class Shirt(Struct):
    size: Size
    colour: Literal["red", "blue"] | None = None
    name: Annotated[str, Meta(max_length=5)] = ""


class Order(Struct, rename="camel"):
    first_shirt: Shirt
    shirts: Annotated[list[Shirt], Meta(max_length=9)] | None = None
    by_day: dict[str, Size] = {}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("firstShirt.size", ["s", "l"]),
        ("shirts[12].colour", ["blue", "red"]),
        ("byDay[...]", ["s", "l"]),
        ("firstShirt.name", []),
        ("firstShirt", []),
        ("first_shirt.size", []),
        ("nothing[0].such", []),
        ("", []),
    ],
)
def test_a_place_of_few_words_names_them(place: str, words: list[str]) -> None:
    assert choices(Order, place) == words


def test_the_whole_may_be_one_word() -> None:
    assert choices(Size | None, "") == ["s", "l"]
