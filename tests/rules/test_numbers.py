"""The numbers of orders and of their items."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.numbers import is_order_number, new_order_item_numbers, new_order_numbers


@given(st.integers(0, 300))
def test_new_numbers_are_as_many_as_asked_for_and_all_different(count: int) -> None:
    orders, items = new_order_numbers(count), new_order_item_numbers(count)
    assert len(set(orders)) == len(orders) == count
    assert len(set(items)) == len(items) == count


def test_an_order_number_has_3_7_and_7_digits() -> None:
    assert all(is_order_number(number) for number in new_order_numbers(1000))


def test_an_order_item_number_has_14_digits_and_survives_a_spreadsheet() -> None:
    assert all(re.fullmatch(r"[1-9][0-9]{13}", number) for number in new_order_item_numbers(1000))


def test_every_digit_comes_up_everywhere() -> None:
    for place in zip(*(number.replace("-", "") for number in new_order_numbers(1000)), strict=True):
        assert set(place) == set("0123456789")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123-1234567-123456",
        "123-1234567-12345678",
        "12345671234567123",
        "123-1234567-1234567\n",
        "１23-1234567-1234567",
    ],
)
def test_other_texts_are_no_order_numbers(text: str) -> None:
    assert not is_order_number(text)
