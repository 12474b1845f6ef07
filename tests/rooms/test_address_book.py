"""The address book: what an address must be, that a buyer keeps so many, and that nobody sees another's."""

import asyncio

import pytest

from tests.scene import BEA, BOB, Scene
from tradepost.address import Address, from_document
from tradepost.people import address_book
from tradepost.people.address_book import SavedAddress, address_of, addresses_of, check, delete, documents, save
from tradepost.refusals import Reason, Refused

US = Address("Bea Buyer", "1 Main Street", city="Springfield", state="IL", postal_code="62701", country="US")
CHINA = Address("王芳", "人民路1号", city="深圳市", state="广东省", postal_code="518000", country="CN")


async def keep(scene: Scene, address: Address, buyer: str = BEA) -> SavedAddress:
    return await scene.database.run(lambda tx: save(tx, buyer, address))


async def book(scene: Scene, buyer: str = BEA) -> list[SavedAddress]:
    async with scene.database.transaction() as tx:
        return await addresses_of(tx, buyer)


def why(**changes: str) -> tuple[Reason, object]:
    """Why this variant of the American address is refused: the reason, and the field that it names."""
    values = {name: getattr(US, name) for name in US.__dataclass_fields__} | changes
    with pytest.raises(Refused) as no:
        check(Address(**values))
    return no.value.refusal.reason, no.value.refusal.facts["field"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (US, US),
        (CHINA, CHINA),
        (Address("  Bea \t Buyer ", "", "1 Main\nStreet", "", "Springfield", "illinois", " 62701", "us"), US),
        (
            Address("Wang Fang", "1 Renmin Lu", city="Shenzhen Shi", state="Guangdong Sheng", country="CN",
                    postal_code="518000"),
            Address("Wang Fang", "1 Renmin Lu", city="深圳市", state="广东省", country="CN", postal_code="518000"),
        ),
        (
            Address("Ken", "1-1", "Chiyoda", city="Tokyo", state="東京都", postal_code="100-0001", country="JP"),
            Address("Ken", "1-1", "Chiyoda", city="Tokyo", state="東京都", postal_code="100-0001", country="JP"),
        ),
        (
            Address("Ann", "10 Downing Street", city="London", state="Westminster", postal_code="sw1a 2aa",
                    country="GB", phone="+44 20 7946 0000"),
            Address("Ann", "10 Downing Street", city="London", state="Westminster", postal_code="SW1A 2AA",
                    country="GB", phone="+44 20 7946 0000"),
        ),
    ],
)  # fmt: skip
def test_an_address_is_kept_tidy_and_loses_nothing(typed: Address, kept: Address) -> None:
    assert check(typed) == kept
    assert check(kept) == kept


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"name": " "}, Reason.ADDRESS_INCOMPLETE, "name"),
        ({"country": ""}, Reason.ADDRESS_INCOMPLETE, "country"),
        ({"line1": ""}, Reason.ADDRESS_INCOMPLETE, "line1"),
        ({"city": ""}, Reason.ADDRESS_INCOMPLETE, "city"),
        ({"state": ""}, Reason.ADDRESS_INCOMPLETE, "state"),
        ({"postal_code": ""}, Reason.ADDRESS_INCOMPLETE, "postal_code"),
        ({"country": "XX"}, Reason.ADDRESS_NOT_VALID, "country"),
        ({"country": "ZZ"}, Reason.ADDRESS_NOT_VALID, "country"),
        ({"country": "ALL"}, Reason.ADDRESS_NOT_VALID, "country"),
        ({"country": "ＵＳ"}, Reason.ADDRESS_NOT_VALID, "country"),
        ({"country": "../"}, Reason.ADDRESS_NOT_VALID, "country"),
        ({"state": "Ilinois"}, Reason.ADDRESS_NOT_VALID, "state"),
        ({"postal_code": "90210"}, Reason.ADDRESS_NOT_VALID, "postal_code"),  # of another state
        ({"postal_code": "6270"}, Reason.ADDRESS_NOT_VALID, "postal_code"),
        ({"line2": "x" * 101}, Reason.INVALID_VALUE, "line2"),
        ({"phone": "1" * 41}, Reason.INVALID_VALUE, "phone"),
        ({"name": "Bea\0"}, Reason.INVALID_VALUE, "name"),
        ({"city": "\ud800"}, Reason.INVALID_VALUE, "city"),
    ],
)
def test_an_address_at_which_nothing_arrives_is_refused(changes: dict[str, str], reason: Reason, field: str) -> None:
    assert why(**changes) == (reason, field)
    assert why(**changes) == (reason, field), "from memory it is refused as well"


def test_a_refusal_shows_what_would_be_right() -> None:
    for changes, example in (
        ({"state": "Ilinois"}, "Illinois"),
        ({"postal_code": "90210"}, "62999"),
        ({"country": "CN", "state": "广东", "postal_code": "518000"}, "广东省"),
        ({"country": "CN", "state": "广东省", "city": "深圳", "postal_code": "518000"}, "深圳市"),
    ):
        values = {name: getattr(US, name) for name in US.__dataclass_fields__} | changes
        with pytest.raises(Refused, match=example):
            check(Address(**values))


def test_an_address_that_was_checked_is_not_looked_up_again() -> None:
    hits = address_book._checked.cache_info().hits
    check(CHINA)
    check(CHINA)
    assert address_book._checked.cache_info().hits > hits


async def test_a_book_lists_what_was_saved_last_first(scene: Scene) -> None:
    saved = [await keep(scene, US)]
    await scene.set_clock(saved[0].saved_at.replace(hour=23))
    saved.append(await keep(scene, CHINA))
    assert await book(scene) == saved[::-1]
    async with scene.database.transaction() as tx:
        assert await address_of(tx, BEA, saved[0].address_id) == saved[0]


async def test_the_same_address_is_in_a_book_once(scene: Scene) -> None:
    first = await keep(scene, US)
    again = await keep(scene, Address("Bea  Buyer", "1 Main Street", "", "", "Springfield", "Illinois", "62701", "us"))
    assert again == first
    assert await book(scene) == [first]


async def test_nobody_sees_or_deletes_anothers_address(scene: Scene) -> None:
    saved = await keep(scene, US)
    assert await book(scene, BOB) == []
    async with scene.database.transaction() as tx:
        for wrong in (
            address_of(tx, BOB, saved.address_id),
            delete(tx, BOB, saved.address_id),
            address_of(tx, BEA, "\0"),
            delete(tx, BEA, "\0"),
        ):
            with pytest.raises(Refused) as no:
                await wrong
            assert no.value.refusal.reason is Reason.ADDRESS_NOT_IN_BOOK
    assert await book(scene) == [saved]


async def test_what_is_deleted_is_gone(scene: Scene) -> None:
    saved, other = await keep(scene, US), await keep(scene, CHINA)
    await scene.database.run(lambda tx: delete(tx, BEA, saved.address_id))
    assert await book(scene) == [other]


async def test_many_buyers_addresses_are_read_at_once_for_their_orders(scene: Scene) -> None:
    beas, bobs = await keep(scene, US), await keep(scene, CHINA, BOB)
    wanted = [(BEA, beas.address_id), (BOB, bobs.address_id), (BOB, beas.address_id), (BEA, "\0")]
    async with scene.database.transaction() as tx:
        found = await documents(tx, wanted)
    assert {key: from_document(document) for key, document in found.items()} == {wanted[0]: US, wanted[1]: CHINA}


async def test_a_book_is_full_at_a_hundred_however_many_save_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "MOST_ADDRESSES", 5)
    variants = [Address(US.name, f"{n} Main Street", *("", ""), US.city, US.state, "62701", "US") for n in range(9)]
    outcomes = await asyncio.gather(*(keep(scene, one) for one in variants), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert [one.refusal.reason for one in refused] == [Reason.ADDRESS_BOOK_IS_FULL] * 4
    kept = await book(scene)
    assert len(kept) == 5
    assert await keep(scene, kept[0].address) == kept[0], "what is in it may be saved again"
