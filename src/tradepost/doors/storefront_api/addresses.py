"""A buyer's address book.

An address is known by what it says: the same one is in a book only once, and a changed one is another.
"""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tradepost import address
from tradepost.address import Address
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.http.shown import shown
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.people import address_book
from tradepost.people.address_book import MOST_CHARACTERS, SavedAddress

Text = Annotated[str, Meta(max_length=100)]


class WrittenAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """Where an order goes. `country` is an ISO 3166 code such as US; which of the other fields are needed, and what
    they may hold, depends on it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    line1: Text = ""
    line2: Text = ""
    line3: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Annotated[str, Meta(max_length=MOST_CHARACTERS["postal_code"])] = ""
    country: Text = ""
    phone: Annotated[str, Meta(max_length=MOST_CHARACTERS["phone"])] = ""

    @property
    def meant(self) -> Address:
        """The address that is written here."""
        return Address(*msgspec.structs.astuple(self))


class KeptAddress(Struct, frozen=True):
    """An address of the book, as parcels need it: states by their code, spaces and empty lines tidied."""

    address_id: str
    saved_at: datetime
    name: str
    line1: str
    line2: str
    line3: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str


class AddressBook(Struct, frozen=True):
    """All addresses of the book, the one saved last first."""

    items: list[KeptAddress]


@lru_cache(maxsize=4096)
def document_of(written: WrittenAddress) -> dict[str, object]:
    """The address as an order keeps it; refuses one to which nothing can be sent. Not to be changed: it is kept."""
    return address.to_document(address_book.check(written.meant))


@get("/addresses", summary="List your addresses")
async def list_addresses(who: Who, desk: TheDesk) -> AddressBook:
    """All addresses of your book, the one saved last first."""
    async with desk.database.transaction() as tx:
        return AddressBook([_kept(saved) for saved in await address_book.addresses_of(tx, who.subject)])


@post("/addresses", summary="Save an address")
async def save_address(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[WrittenAddress]
) -> Response[KeptAddress]:
    """Write an address into your book. One that is in it already keeps its id and becomes the latest."""

    async def work(tx: Transaction) -> Answer:
        return _answer(201, await address_book.save(tx, who.subject, data.meant))

    return sent(await desk.alone(work, language, once))


@get("/addresses/{address_id:str}", summary="Look at an address")
async def look_at_address(who: Who, desk: TheDesk, address_id: FromPath[str]) -> KeptAddress:
    """One address of your book."""
    async with desk.database.transaction() as tx:
        return _kept(await address_book.address_of(tx, who.subject, address_id))


@put("/addresses/{address_id:str}", summary="Change an address")
async def change_address(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    address_id: FromPath[str],
    data: JSONBody[WrittenAddress],
) -> Response[KeptAddress]:
    """Put an address in the place of another one of your book. It has an id of its own: go on with that one."""

    async def work(tx: Transaction) -> Answer:
        changed = address_book.check(data.meant)  # refused before anything is changed
        await address_book.delete(tx, who.subject, address_id)
        return _answer(200, await address_book.save(tx, who.subject, changed))

    return sent(await desk.alone(work, language, once))


@delete("/addresses/{address_id:str}", summary="Delete an address")
async def delete_address(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, address_id: FromPath[str]
) -> Response[None]:
    """Take an address out of your book. Orders keep the address that they were placed with."""

    async def work(tx: Transaction) -> Answer:
        await address_book.delete(tx, who.subject, address_id)
        return Answer(204)

    return sent(await desk.alone(work, language, once))


def _answer(status: int, saved: SavedAddress) -> Answer:
    return Answer(status, msgspec.json.encode(_kept(saved)))


def _kept(saved: SavedAddress) -> KeptAddress:
    return shown(KeptAddress, saved.address, address_id=saved.address_id, saved_at=saved.saved_at)


ADDRESSES: list[Any] = [list_addresses, save_address, look_at_address, change_address, delete_address]
