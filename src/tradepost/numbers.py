"""The numbers by which people and tools name an order and its items; random, so that they tell nothing about trade."""

import re
from secrets import token_bytes
from typing import NamedTuple

_ORDER_NUMBER = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_ORDER_NUMBERS = 10**17
_FIRST_ITEM_NUMBER = 10**13  # no leading zero: spreadsheets would drop it
_ITEM_NUMBERS = 9 * 10**13


class OrderKey(NamedTuple):
    """What names an order inside Tradepost: whose it is comes first."""

    seller_id: str
    order_id: str


def new_order_numbers(count: int) -> list[str]:
    """So many new order numbers, 3-7-7 digits, all different.

    Two batches may share one, if hardly ever (a pair of numbers is equal once in 10^17): the database's key decides.
    """
    digits = [f"{number:017}" for number in _different(count, _ORDER_NUMBERS)]
    return [f"{number[:3]}-{number[3:10]}-{number[10:]}" for number in digits]


def new_order_item_numbers(count: int) -> list[str]:
    """So many new order item numbers, 14 digits, all different; unique for certain only within their order."""
    return [str(_FIRST_ITEM_NUMBER + number) for number in _different(count, _ITEM_NUMBERS)]


def new_job_numbers(count: int) -> list[str]:
    """So many new numbers of feeds or reports, all different."""
    return [str(_FIRST_ITEM_NUMBER + number) for number in _different(count, _ITEM_NUMBERS)]


def is_order_number(text: str) -> bool:
    """Whether the text has the form of an order number."""
    return _ORDER_NUMBER.fullmatch(text) is not None


def _different(count: int, below: int) -> list[int]:
    """So many different random integers from 0 to just under `below`.

    64 random bits divided by less than 2^57 favour no remainder by more than one part in a hundred.
    """
    numbers: dict[int, None] = {}
    while (missing := count - len(numbers)) > 0:
        words = memoryview(token_bytes(8 * missing)).cast("Q")
        numbers.update(dict.fromkeys(word % below for word in words))
    return list(numbers)
