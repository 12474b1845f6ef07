"""A buyer's cart: what is put aside until the checkout. It holds no stock and no price."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.http.shown import shown
from tradepost.doors.storefront_api.checkouts import Word
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.process.checkout import carts
from tradepost.process.checkout.carts import CartShown, LineShown
from tradepost.process.checkout.checkout import MOST_UNITS
from tradepost.refusals import Refusal


class CartLine(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of one seller's offer for the cart; 0 takes the line out."""

    seller_id: Word
    sku: Word
    quantity: Annotated[int, Meta(ge=0, le=MOST_UNITS)]


class Problem(Struct, frozen=True):
    """Why the checkout would say no: the refusal's name and its sentence."""

    reason: str
    detail: str


class LineInCart(Struct, frozen=True):
    """A line at the offer's present price, in minor units of `currency`; `available` of its units are there now."""

    seller_id: str
    seller_name: str
    sku: str
    title: str
    quantity: int
    available: int
    price: int
    currency: str
    problem: Problem | None


class Cart(Struct, frozen=True):
    """What is in the cart. `totals` are minor units by currency, of the lines that can be bought now."""

    lines: list[LineInCart]
    totals: dict[str, int]
    problem: Problem | None


@get("/cart", summary="Look into the cart")
async def read_cart(who: Who, desk: TheDesk, language: Language) -> Cart:
    """The cart at present prices, with what stands in the way of buying it."""
    async with desk.database.transaction() as tx:
        return _cart(await carts.read_cart(tx, who.subject), language)


@put("/cart/lines", summary="Put something into the cart")
async def put_line(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[CartLine]
) -> Response[Cart]:
    """Let the cart hold so many units of an offer, whatever it held before; answers with the cart."""

    async def work(tx: Transaction) -> Answer:
        await carts.put_line(tx, who.subject, data.seller_id, data.sku, data.quantity)
        return Answer(200, msgspec.json.encode(_cart(await carts.read_cart(tx, who.subject), language)))

    return sent(await desk.alone(work, language, once))


@delete("/cart", summary="Empty the cart")
async def empty_cart(who: Who, desk: TheDesk, language: Language, once: MaybeOnce) -> Response[None]:
    """Take everything out of the cart."""

    async def work(tx: Transaction) -> Answer:
        await carts.empty_cart(tx, who.subject)
        return Answer(204)

    return sent(await desk.alone(work, language, once))


def _cart(cart: CartShown, language: str) -> Cart:
    return Cart([_line(line, language) for line in cart.lines], cart.totals, _problem(cart.problem, language))


def _line(line: LineShown, language: str) -> LineInCart:
    return shown(LineInCart, line, problem=_problem(line.problem, language))


def _problem(refusal: Refusal | None, language: str) -> Problem | None:
    return Problem(refusal.reason, refusal.sentence(language)) if refusal else None


CART: list[Any] = [read_cart, put_line, empty_cart]
