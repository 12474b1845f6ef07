"""Test orders: an order in any state of the lifecycle, by one call.

It needs an operator's key and a simulated clock; on a real one it is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from tradepost import address
from tradepost.address import Address
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.sandbox.recipes import RECIPES, TOKENS, Wanted, verify
from tradepost.ground.answers import Answer
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.orders import sweep
from tradepost.payments.records import Means
from tradepost.people import accounts
from tradepost.people.records import BuyerAccount
from tradepost.process.checkout.checkout import Cart, CartLine, Placed, place_orders
from tradepost.refusals import Reason, Refusal, Refused
from tradepost.reports.inventory import OfferStatus, inventory
from tradepost.reports.order_details import order_details

BUYER = "sandbox-buyer"
ADDRESS = Address("Sam Sandbox", "1 Market Street", city="Springfield", state="NY", postal_code="10001", country="US")
UNITS = 2  # so that one of them can be shipped

OutcomeT = TypeVar("OutcomeT")

Word = Annotated[str, Meta(min_length=1, max_length=200)]


class WantedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of one of the seller's offers."""

    sku: Word
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1


class TestOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """An order to be placed; without lines, two units of the seller's first offer that has them. Without a buyer it
    is the sandbox's own."""

    seller_id: Word
    state: Wanted
    lines: Annotated[list[WantedLine], Meta(min_length=1, max_length=100)] | None = None
    buyer_id: Word = BUYER
    service: Word = "Standard"


class Standing(Struct, frozen=True):
    """Where the order stands now, and what happens to it by itself at `next_at`."""

    order_id: str
    seller_id: str
    status: str
    state: str
    placed_at: datetime
    items: list[str]
    next_at: datetime | None
    next_sentence: str | None


@post("/orders", status_code=201, summary="Place an order that stands where it is wanted")
async def place_test_order(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[TestOrder]
) -> Response[Standing]:
    """Place an order in any state of the lifecycle, by the acts that lead there. It is older where that takes time: no
    clock is moved, and no other order changes. Its stock is taken as ever.

    So it may have been created before the last time that somebody asked for new orders. Who polls by LastUpdatedAfter
    always sees it; who polls by CreatedAfter does not."""

    async def work(tx: Transaction) -> Answer:
        if not (await tx.read_clock()).simulated:
            raise Refused(Reason.CLOCK_IS_REAL)
        standing = await _stand(tx, await _placed(tx, data))
        if standing.state != RECIPES[data.state].state:
            raise _missed(standing.state)
        return Answer(201, msgspec.json.encode(standing))

    return sent(await desk.alone(work, language, once))


async def _placed(tx: Transaction, wanted: TestOrder) -> OrderKey:
    seller = await accounts.seller(tx, wanted.seller_id)
    recipe = RECIPES[wanted.state]
    market = await accounts.marketplace(tx, seller.marketplace_id)
    lines = wanted.lines or [await _any_line(tx, wanted.seller_id)]
    if wanted.buyer_id == BUYER:
        await accounts.open_buyers(tx, [BuyerAccount(BUYER, ADDRESS.name, f"{BUYER}@example.com", "en")], tx.now)
    await accounts.buyer(tx, wanted.buyer_id)
    cart = Cart(
        wanted.buyer_id,
        recipe.placed_at(tx.now, market.policy),
        tuple(CartLine(wanted.seller_id, line.sku, line.quantity) for line in lines),
        address.to_document(replace(ADDRESS, country=market.marketplace.country)),
        wanted.service,
        Means("simulated", TOKENS[recipe.verdict]),
    )
    placed: Placed = _taken(await place_orders(tx, [cart]))
    (order,) = placed.details
    key = placed.orders[0]
    _taken(await verify(tx, order, recipe))
    await sweep.fire(tx, [key], tx.now)
    for act in recipe.acts:
        _taken(await act(tx, order, tx.now))
    return key


async def _any_line(tx: Transaction, seller_id: str) -> WantedLine:
    after = None
    while True:
        page = await inventory(tx, seller_id, status=OfferStatus.ON_SALE, after=after)
        for offer in page.offers:
            if offer.available >= UNITS:
                return WantedLine(offer.sku, UNITS)
        if page.after is None:
            raise Refused(Reason.OUT_OF_STOCK, sku="any", available=0)
        after = page.after


async def _stand(tx: Transaction, key: OrderKey) -> Standing:
    found = await order_details(tx, key.order_id, tx.now, seller_id=key.seller_id)
    assert found is not None
    order, coming = found.order, found.next
    return Standing(
        order.order_id,
        order.seller_id,
        order.state.status,
        order.state,
        order.placed_at,
        [line.item_id for line in order.lines.values()],
        coming and coming.at,
        coming and coming.sentence,
    )


def _missed(state: str) -> Refused:
    """The refusal of an order that came to stand in this state, and not where it was wanted."""
    if state == State.SHIPPED:
        return Refused(
            Reason.INVALID_VALUE, field="lines", problem=f"to be shipped in part takes {UNITS} units or more"
        )
    problem = f"by this marketplace's policy such an order is {state.replace('_', ' ')}"
    return Refused(Reason.INVALID_VALUE, field="state", problem=problem)


def _taken(outcomes: Sequence[OutcomeT | Refusal]) -> OutcomeT:
    """What became of an act that was done on one order; raises its refusal."""
    (outcome,) = outcomes
    if isinstance(outcome, Refusal):
        raise Refused(outcome.reason, **outcome.facts)
    return outcome


TEST_ORDERS: list[Any] = [place_test_order]
