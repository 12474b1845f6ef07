"""The address book, and checking out to one of its addresses."""

from typing import Any

from tests.http.conftest import Api
from tests.http.test_checkouts import BODY
from tests.scene import BEA, BOB, Scene
from tradepost.people.address_book import MOST_ADDRESSES

HOME = {"name": "Bea  Buyer ", "line1": "1 Main St", "city": "Springfield", "state": "Illinois", "postal_code": "62701",
        "country": "us"}  # fmt: skip
WORK = {"name": "Bea Buyer", "line1": "Friedrichstr. 1", "city": "Berlin", "postal_code": "10117", "country": "DE"}


async def save(api: Api, address: dict[str, str], buyer: str = BEA) -> dict[str, Any]:
    answer = await api.buyer(buyer, "POST", "/addresses", address)
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


async def book(api: Api, buyer: str = BEA) -> list[str]:
    return [one["address_id"] for one in (await api.buyer(buyer, "GET", "/addresses")).json()["items"]]


async def test_an_address_is_kept_as_parcels_need_it(api: Api) -> None:
    saved = await save(api, HOME)
    assert (saved["name"], saved["state"], saved["country"], saved["phone"]) == ("Bea Buyer", "IL", "US", "")
    assert (await api.buyer(BEA, "GET", f"/addresses/{saved['address_id']}")).json() == saved
    assert (await api.buyer(BEA, "GET", "/addresses")).json() == {"items": [saved]}


async def test_the_same_address_is_in_the_book_once_and_the_last_one_saved_comes_first(api: Api, scene: Scene) -> None:
    home, work = await save(api, HOME), await save(api, WORK)
    await scene.set_clock((await scene.now()).replace(hour=11))
    assert (await save(api, HOME))["address_id"] == home["address_id"]
    assert await book(api) == [home["address_id"], work["address_id"]]


async def test_a_changed_address_takes_the_place_of_the_old_one_under_an_id_of_its_own(api: Api, scene: Scene) -> None:
    home = await save(api, HOME)
    answer = await api.buyer(BEA, "PUT", f"/addresses/{home['address_id']}", HOME | {"line1": "2 Main St"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["address_id"] != home["address_id"]
    assert await book(api) == [answer.json()["address_id"]]
    before = await scene.dump()
    bad = await api.buyer(BEA, "PUT", f"/addresses/{answer.json()['address_id']}", HOME | {"postal_code": "nowhere"})
    assert (bad.status_code, bad.json()["reason"], bad.json()["field"]) == (422, "address_not_valid", "postal_code")
    assert await scene.dump() == before


async def test_a_full_book_takes_no_more_but_lets_one_be_changed(api: Api) -> None:
    first = await save(api, HOME)
    for number in range(1, MOST_ADDRESSES):
        await save(api, HOME | {"line1": f"{number + 1} Main St"})
    refused = await api.buyer(BEA, "POST", "/addresses", WORK)
    assert (refused.status_code, refused.json()["reason"]) == (409, "address_book_is_full")
    changed = await api.buyer(BEA, "PUT", f"/addresses/{first['address_id']}", WORK)
    assert changed.status_code == 200, changed.text


async def test_an_address_that_is_deleted_is_gone_and_one_of_another_buyer_was_never_there(api: Api) -> None:
    home = await save(api, HOME)
    path = f"/addresses/{home['address_id']}"
    for method, body in (("GET", None), ("PUT", WORK), ("DELETE", None)):
        stranger = await api.buyer(BOB, method, path, body)
        assert (stranger.status_code, stranger.json()["reason"]) == (404, "address_not_in_book")
    assert (await api.buyer(BEA, "DELETE", path)).status_code == 204
    assert (await api.buyer(BEA, "GET", path)).status_code == 404
    assert (await api.buyer(BEA, "DELETE", path)).status_code == 404


async def test_an_order_goes_to_an_address_of_the_book_and_keeps_it(api: Api, scene: Scene) -> None:
    home = await save(api, HOME)
    wanted = {name: value for name, value in BODY.items() if name != "address"} | {"address_id": home["address_id"]}
    stranger = await api.buyer(BOB, "POST", "/checkouts", wanted)
    assert (stranger.status_code, stranger.json()["reason"]) == (404, "address_not_in_book")
    placed = await api.buyer(BEA, "POST", "/checkouts", wanted)
    assert placed.status_code == 201, placed.text
    await api.buyer(BEA, "DELETE", f"/addresses/{home['address_id']}")
    ((ship_to,),) = await scene.rows("SELECT ship_to FROM orders")
    assert ship_to == {"name": "Bea Buyer", "line1": "1 Main St", "city": "Springfield", "state": "IL",
                       "postal_code": "62701", "country": "US"}  # fmt: skip


async def test_an_address_typed_at_the_checkout_is_checked_and_kept_like_a_saved_one(api: Api, scene: Scene) -> None:
    nowhere = await api.buyer(BEA, "POST", "/checkouts", BODY | {"address": HOME | {"state": "Atlantis"}})
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "state")
    assert (await api.buyer(BEA, "POST", "/checkouts", BODY | {"address": HOME})).status_code == 201
    ((ship_to,),) = await scene.rows("SELECT ship_to FROM orders")
    assert (ship_to["name"], ship_to["state"], ship_to["country"]) == ("Bea Buyer", "IL", "US")
