"""The cart: what a buyer has put aside. It holds no stock and no price: both are those of the checkout (A1)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.people import records as people
from tradepost.process.checkout import records
from tradepost.process.checkout.checkout import MOST_UNITS, CartLine
from tradepost.process.checkout.records import LineKey
from tradepost.refusals import Reason, Refusal, Refused

MOST_CART_LINES = 100


class LineShown(NamedTuple):
    """A line as its buyer sees it: the offer's present price, in minor units of `currency`.

    `available` is how many of the units could be bought now; `problem` is why the checkout would refuse the line.
    """

    seller_id: str
    seller_name: str
    sku: str
    title: str
    quantity: int
    available: int
    price: int
    currency: str
    problem: Refusal | None


@dataclass(frozen=True, slots=True)
class CartShown:
    """A cart as its buyer sees it. `totals` are minor units by currency, of the lines that could be bought now."""

    lines: tuple[LineShown, ...]
    totals: dict[str, int]
    problem: Refusal | None  # why it cannot be one checkout, whatever its lines


class Taken(NamedTuple):
    """A cart on its way to the checkout: its lines are locked until the transaction ends."""

    buyer_id: str
    lines: tuple[CartLine, ...]


async def put_line(tx: Transaction, buyer_id: str, seller_id: str, sku: str, quantity: int) -> None:
    """Let the cart hold so many units of this offer; 0 takes the line out.

    Refuses an offer that there is not, and a line more than 100. What is closed or sold out may wait in a cart.
    """
    if not 0 <= quantity <= MOST_UNITS:
        raise Refused(Reason.QUANTITY_NOT_POSITIVE, quantity=quantity, limit=MOST_UNITS)
    key = LineKey(buyer_id, seller_id, sku)
    if not storable(key) or not await records.offer_exists(tx, seller_id, sku):
        raise Refused(Reason.OFFER_NOT_FOUND, sku=sku)
    if quantity == 0:
        await records.delete(tx, [key])
        return
    await people.lock_buyers(tx, [buyer_id])
    if await records.other_lines(tx, key) >= MOST_CART_LINES:
        raise Refused(Reason.CART_IS_FULL, limit=MOST_CART_LINES)
    await records.put(tx, key, quantity, tx.now)


async def read_cart(tx: Transaction, buyer_id: str) -> CartShown:
    """The buyer's cart at the present prices, with what stands in the way of buying it."""
    put_aside = await records.read(tx, buyer_id)
    lines = tuple(
        LineShown(
            line.seller_id,
            line.seller_name,
            line.sku,
            line.title,
            line.quantity,
            0 if line.closed else min(line.available, line.quantity),
            line.price,
            line.currency,
            _problem(line),
        )
        for line in put_aside
    )
    totals: Counter[str] = Counter()
    for line in lines:
        if line.problem is None:
            totals[line.currency] += line.price * line.quantity
    mixed = len({line.marketplace_id for line in put_aside}) > 1
    problem = Refusal(Reason.CART_IS_MIXED_UP, {"problem": "its sellers belong to different marketplaces"})
    return CartShown(lines, dict(totals), problem if mixed else None)


async def empty_cart(tx: Transaction, buyer_id: str) -> None:
    """Take everything out of the buyer's cart."""
    await people.lock_buyers(tx, [buyer_id])
    await records.delete_all(tx, buyer_id)


async def take_carts(tx: Transaction, buyer_ids: Sequence[str]) -> list[Taken]:
    """The carts of these buyers for `place_orders`, in their order, locked so that each is bought once.

    The buyers are locked first, as `put_line` does. Comes before `place_orders` in the same transaction; `clear_carts`
    follows for those that were placed. An empty cart has no lines, and `place_orders` refuses it by name; so has the
    second of two that one buyer sends at once.
    """
    waiting: dict[str, list[CartLine]] = {buyer_id: [] for buyer_id in buyer_ids if storable(buyer_id)}
    if waiting:
        await people.lock_buyers(tx, waiting)
    for key, quantity in await records.lock(tx, waiting):
        waiting[key.buyer_id].append(CartLine(key.seller_id, key.sku, quantity))
    return [Taken(buyer_id, tuple(waiting.pop(buyer_id, ()))) for buyer_id in buyer_ids]


async def clear_carts(tx: Transaction, bought: Sequence[Taken]) -> None:
    """Take out of the carts what was taken to the checkout and became orders; what was put in since then stays."""
    keys = sorted(LineKey(cart.buyer_id, line.seller_id, line.sku) for cart in bought for line in cart.lines)
    if keys:
        await records.delete(tx, keys)


def _problem(line: records.PutAside) -> Refusal | None:
    if line.closed:
        return Refusal(Reason.OFFER_IS_CLOSED, {"sku": line.sku})
    if line.available < line.quantity:
        facts = {"sku": line.sku, "available": line.available, "wanted": line.quantity}
        return Refusal(Reason.OUT_OF_STOCK, facts)
    return None
