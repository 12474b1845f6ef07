"""The cart, and checking it out."""

import asyncio

from tests.http.conftest import Api
from tests.http.test_checkouts import BODY
from tests.scene import BEA, BOB, LAMP, LAST, MUG, PRO, SOLO, VASE, Scene

WHOLE_CART = {name: value for name, value in BODY.items() if name != "lines"} | {"cart": True}


async def put(api: Api, sku: str, quantity: int, buyer: str = BEA, seller: str = PRO) -> dict[str, object]:
    """Put something into the cart; the cart."""
    line = {"seller_id": seller, "sku": sku, "quantity": quantity}
    answer = await api.buyer(buyer, "PUT", "/cart/lines", line)
    assert answer.status_code == 200, answer.text
    cart: dict[str, object] = answer.json()
    return cart


async def test_a_cart_shows_present_prices_and_what_is_in_the_way_of_buying_it(api: Api, scene: Scene) -> None:
    await put(api, LAMP, 2)
    await put(api, LAST, 1)
    await put(api, MUG, 3, seller=SOLO)
    await scene.set_stock(PRO, LAST, 0)
    await scene.list_offer(PRO, LAMP, title="Red lamp", price=2500)
    answer = await api.buyer(BEA, "GET", "/cart", headers={"Accept-Language": "zh"})
    cart = answer.json()
    assert cart["totals"] == {"USD": 2 * 2500 + 3 * 700}
    assert cart["problem"] is None
    lamp, last, _ = cart["lines"]
    assert lamp == {
        "seller_id": PRO, "seller_name": "Acme Inc.", "sku": LAMP, "title": "Red lamp", "quantity": 2, "available": 2,
        "price": 2500, "currency": "USD", "problem": None,
    }  # fmt: skip
    assert last["problem"] == {"reason": "out_of_stock", "detail": "SKU LAST 剩余 0 件，无法购买 1 件。"}


async def test_a_line_is_set_and_not_added_to_and_nothing_takes_it_out(api: Api) -> None:
    await put(api, LAMP, 2)
    await put(api, VASE, 1)
    cart = await put(api, LAMP, 5)
    assert [(line["sku"], line["quantity"]) for line in cart["lines"]] == [(LAMP, 5), (VASE, 1)]  # type: ignore[attr-defined]
    assert [line["sku"] for line in (await put(api, LAMP, 0))["lines"]] == [VASE]  # type: ignore[attr-defined]
    assert (await api.buyer(BEA, "DELETE", "/cart")).status_code == 204
    assert (await api.buyer(BEA, "GET", "/cart")).json() == {"lines": [], "totals": {}, "problem": None}


async def test_what_nobody_sells_goes_into_no_cart(api: Api) -> None:
    answer = await api.buyer(BEA, "PUT", "/cart/lines", {"seller_id": PRO, "sku": "NEVER", "quantity": 1})
    assert (answer.status_code, answer.json()["reason"]) == (404, "offer_not_found")


async def test_a_buyers_cart_is_nobody_elses(api: Api) -> None:
    await put(api, LAMP, 1)
    assert (await api.buyer(BOB, "GET", "/cart")).json()["lines"] == []
    assert (await api.buyer(BOB, "DELETE", "/cart")).status_code == 204
    assert len((await api.buyer(BEA, "GET", "/cart")).json()["lines"]) == 1


async def test_a_cart_that_is_checked_out_is_empty_and_cannot_be_bought_twice(api: Api, scene: Scene) -> None:
    await put(api, LAMP, 2)
    await put(api, MUG, 1, seller=SOLO)
    await put(api, VASE, 4, buyer=BOB)
    placed = await api.buyer(BEA, "POST", "/checkouts", WHOLE_CART, once="one")
    assert placed.status_code == 201, placed.text
    assert [(order["seller_id"], order["total"]) for order in placed.json()["orders"]] == [(PRO, 3980), (SOLO, 700)]
    assert (await api.buyer(BEA, "GET", "/cart")).json()["lines"] == []
    second = await api.buyer(BEA, "POST", "/checkouts", WHOLE_CART)
    assert (second.status_code, second.json()["reason"]) == (422, "cart_is_empty")
    retried = await api.buyer(BEA, "POST", "/checkouts", WHOLE_CART, once="one")
    assert retried.content == placed.content
    assert await scene.stock(PRO, LAMP) == 998
    assert len((await api.buyer(BOB, "GET", "/cart")).json()["lines"]) == 1


async def test_a_cart_that_is_refused_stays_as_it_was(api: Api, scene: Scene) -> None:
    await put(api, LAMP, 2)
    await put(api, LAST, 1)
    await scene.close_offer(PRO, LAST)
    refused = await api.buyer(BEA, "POST", "/checkouts", WHOLE_CART)
    assert (refused.status_code, refused.json()["reason"]) == (409, "offer_is_closed")
    assert len((await api.buyer(BEA, "GET", "/cart")).json()["lines"]) == 2
    assert await scene.stock(PRO, LAMP) == 1000


async def test_a_cart_that_is_sent_many_times_at_once_is_bought_once(api: Api, scene: Scene) -> None:
    await put(api, LAMP, 2)
    answers = await asyncio.gather(*(api.buyer(BEA, "POST", "/checkouts", WHOLE_CART) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 5]
    assert await scene.stock(PRO, LAMP) == 998


async def test_what_is_put_aside_while_the_cart_is_bought_is_bought_or_stays(api: Api, scene: Scene) -> None:
    await put(api, LAMP, 1)
    bought, _ = await asyncio.gather(
        api.buyer(BEA, "POST", "/checkouts", WHOLE_CART),
        put(api, VASE, 1),
    )
    assert bought.status_code == 201, bought.text
    waiting = [line["sku"] for line in (await api.buyer(BEA, "GET", "/cart")).json()["lines"]]
    assert await scene.stock(PRO, VASE) == (1000 if waiting == [VASE] else 999)
