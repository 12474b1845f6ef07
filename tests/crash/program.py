"""A program that uses Tradepost and is killed: `program.py URL WHAT`. A line on its output is an answer it has given.

Where it is to be killed at an exact moment, it says so and then waits for ever.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from tests.scene import BEA, BOB, LAMP, MUG, OFFERS, PRO, SOLO, VASE, Scene
from tradepost import timekeeping
from tradepost.ground.database import Transaction, connect
from tradepost.notices.delivery import deliver_due
from tradepost.notices.post import Outcome, Send
from tradepost.notices.writing import Letter
from tradepost.payments.gateway import Answer
from tradepost.payments.records import Question
from tradepost.process.checkout.checkout import Cart, CartLine, place_orders
from tradepost.process.verification import asking

SHORT_LEASE = timedelta(seconds=1)


def say(*words: str) -> None:
    print(*words, flush=True)


async def wait_for_the_end(*words: str) -> None:
    say(*words)
    await asyncio.Event().wait()


async def live(market: Scene) -> None:
    """Act after act, several at a time, each answered as soon as it is committed."""

    async def shop(buyer: str, items: dict[str, int]) -> None:
        while True:
            key = await market.place(buyer, items)
            say("placed", *key)
            if await market.approve(key) is None:
                say("approve", *key)
            if await market.cancel_by_buyer(key, buyer) is None:
                say("cancel_by_buyer", *key)
            await market.set_stock(key.seller_id, next(iter(items)), 1000)

    await asyncio.gather(shop(BEA, {LAMP: 2, VASE: 1}), shop(BOB, {MUG: 1}), shop(BOB, {VASE: 1}))


async def before_the_commit(market: Scene) -> None:
    async def work(tx: Transaction) -> None:
        await place_orders(tx, [Cart(BEA, tx.now, (CartLine(PRO, LAMP, 2), CartLine(SOLO, MUG, 1)))])
        await wait_for_the_end("worked")

    await market.database.run(work)


async def after_the_commit(market: Scene) -> None:
    await market.check_out(BEA, {LAMP: 2, MUG: 1})
    await wait_for_the_end("committed")


class SilentGateway:
    """Is asked, and never answers."""

    name = "simulated"

    async def authorize(self, question: Question) -> Answer:
        await wait_for_the_end("asked", question.key.order_id)
        raise AssertionError


class SlowPost:
    """Delivers a letter and never comes back."""

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        yield self._send

    async def _send(self, letter: Letter) -> Outcome:
        await wait_for_the_end("sent", str(letter.notice.notice_id))
        raise AssertionError


async def leap(market: Scene) -> None:
    await timekeeping.move_clock(market.database, await market.now() + timedelta(days=40), [SilentGateway()])


async def ask(market: Scene) -> None:
    asking._LEASE = SHORT_LEASE
    await timekeeping.turn(market.database, [SilentGateway()])


async def deliver(market: Scene) -> None:
    await deliver_due(market.database, SlowPost())


async def main(url: str, what: str) -> None:
    async with connect(url) as database:
        market = Scene(database)
        market.sellers = {sku: seller for sku, (seller, *_) in OFFERS.items()}
        await WHAT[what](market)


WHAT = {work.__name__: work for work in (live, before_the_commit, after_the_commit, leap, ask, deliver)}

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
