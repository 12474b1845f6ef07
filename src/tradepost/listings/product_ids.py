"""What a product is known by that nobody gave an ASIN: the same words make the same id, and no table keeps them."""

import re
from hashlib import sha256

ANOTHERS = "it was made of another seller's SKU, and only that seller sells under it"
"""What is wrong with an id that is another's."""

_OF_SKU = re.compile(r"SKU-[0-9A-Z]{14}")


def of_identifier(kind: str, value: str) -> str:
    """The product of an identifier such as a UPC, whoever sells it."""
    return f"B{_signs(f'{kind.upper()}:{value}', 9)}"


def of_sku(seller_id: str, sku: str) -> str:
    """The product that only this seller knows, by a SKU. It begins alike for all SKUs of a seller."""
    return f"{_beginning(seller_id)}{_signs(f'SKU:{seller_id}/{sku}', 8)}"


def is_of_sku(product_id: str) -> bool:
    """Whether it was made of a seller's SKU."""
    return _OF_SKU.fullmatch(product_id) is not None


def is_anothers(product_id: str, seller_id: str) -> bool:
    """Whether it was made of another seller's SKU: under it nobody else sells."""
    return is_of_sku(product_id) and not product_id.startswith(_beginning(seller_id))


def _beginning(seller_id: str) -> str:
    return f"SKU-{_signs(f'SELLER:{seller_id}', 6)}"


def _signs(text: str, count: int) -> str:
    number, signs = int.from_bytes(sha256(text.encode()).digest()), ""
    for _ in range(count):
        number, sign = divmod(number, 36)
        signs += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[sign]
    return signs
