"""The document that an order keeps of an address."""

from tradepost.address import NOWHERE, Address, from_document, to_document

FULL = Address("Bea", "1 Main Street", "Floor 2", "c/o Ann", "Springfield", "IL", "62701", "US", "+1 217 555 0100")


def test_an_address_comes_back_as_it_was() -> None:
    for address in (FULL, Address("Bea"), Address("", "1 Main Street")):
        assert from_document(to_document(address)) == address


def test_what_is_empty_is_not_written() -> None:
    assert to_document(Address("Bea", city="Springfield")) == {"name": "Bea", "city": "Springfield"}


def test_what_an_address_has_no_place_for_is_left_out() -> None:
    assert from_document({"name": "Bea", "line2": None, "street": "Main", "postal_code": 62701}) == Address(
        "Bea", postal_code="62701"
    )
    assert from_document(None) == from_document({}) == NOWHERE
