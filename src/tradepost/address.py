"""A delivery address, and the JSON document that an order keeps of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes; an empty text where there is nothing to say. `country` is an ISO 3166 code such as US."""

    name: str
    line1: str = ""
    line2: str = ""
    line3: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


NOWHERE = Address("")
"""The address of an order that was placed without one."""


def to_document(address: Address) -> dict[str, object]:
    """The address as JSON values, without what is empty."""
    return {name: value for name, value in asdict(address).items() if value or name == "name"}


def from_document(document: Mapping[str, object] | None) -> Address:
    """The address that a document holds. What is missing is empty, and what an address has no place for is left out."""
    if document is None:
        return NOWHERE
    texts = {field.name: document.get(field.name) for field in fields(Address)}
    return Address(**{name: "" if value is None else str(value) for name, value in texts.items()})
