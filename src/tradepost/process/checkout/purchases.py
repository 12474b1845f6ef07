"""A checkout as a buyer sends it: its address may be one of the buyer's book, its lines those of the buyer's cart."""

from collections.abc import Sequence

from tradepost.ground.database import Transaction, storable
from tradepost.people import address_book
from tradepost.people import records as people
from tradepost.process.checkout.carts import clear_carts, take_carts
from tradepost.process.checkout.checkout import Cart, Placed, place_orders
from tradepost.refusals import Reason, Refusal


async def check_out(tx: Transaction, carts: Sequence[Cart]) -> list[Placed | Refusal]:
    """Check out many carts, each by itself; the answers stand in the order of the carts.

    A cart that is bought is emptied in the same transaction. Refuses what `place_orders` refuses, and an address that
    is not in the buyer's book.
    """
    if not any(cart.from_cart or cart.address_id for cart in carts):
        return await place_orders(tx, carts)
    wanted = {(cart.buyer_id, cart.address_id) for cart in carts if cart.address_id}
    of_book = await address_book.documents(tx, wanted)
    takers = [place for place, cart in enumerate(carts) if cart.from_cart]
    if takers:  # all of them at once: place_orders may lock those of the others
        await people.lock_buyers(tx, {cart.buyer_id for cart in carts if storable(cart.buyer_id)})
    taken = dict(zip(takers, await take_carts(tx, [carts[place].buyer_id for place in takers]), strict=True))
    complete: dict[int, Cart] = {}
    outcomes: dict[int, Placed | Refusal] = {}
    for place, cart in enumerate(carts):
        address = of_book.get((cart.buyer_id, cart.address_id)) if cart.address_id else cart.address
        if cart.address_id and address is None:
            outcomes[place] = Refusal(Reason.ADDRESS_NOT_IN_BOOK, {"address": cart.address_id})
        else:
            lines = taken[place].lines if cart.from_cart else cart.lines
            complete[place] = cart._replace(lines=lines, address=address)
    outcomes |= zip(complete, await place_orders(tx, list(complete.values())), strict=True)
    await clear_carts(tx, [cart for place, cart in taken.items() if isinstance(outcomes[place], Placed)])
    return [outcomes[place] for place in range(len(carts))]
