"""What the people of the story see: their letters, the seller's reports, the status of an order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from csv import DictReader
from datetime import datetime
from io import StringIO

from tests.scene import BEA, PRO, Scene
from tradepost.ground.database import Transaction
from tradepost.notices.delivery import deliver_due
from tradepost.notices.post import DELIVERED, Outcome, Send
from tradepost.notices.writing import Letter
from tradepost.numbers import OrderKey
from tradepost.people import records as people
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.reports.orders_report import orders_report
from tradepost.reports.unshipped_orders_report import unshipped_orders_report
from tradepost.reports.written import whole

Rows = list[dict[str, str]]


class Letterbox:
    """A post that hands every letter over at once, to be read here."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        yield self._keep

    async def _keep(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return DELIVERED


async def letters(scene: Scene) -> list[Letter]:
    """The letters that have arrived since they were last asked for, in the order of what they tell of."""
    box = Letterbox()
    while await deliver_due(scene.database, box):
        pass
    return box.letters


async def letters_to(scene: Scene, receiver: str) -> list[Letter]:
    """The letters that have arrived since they were last asked for, to the "buyer" or to the "seller"."""
    return [letter for letter in await letters(scene) if letter.notice.receiver == receiver]


async def in_orders_report(scene: Scene, seller: str = PRO) -> Rows:
    """The rows of the Orders report that the seller downloads now."""

    async def read(tx: Transaction) -> str:
        return await whole(orders_report, tx, seller)

    return list(DictReader(StringIO(await scene.database.run(read)), dialect="excel-tab"))


async def in_unshipped_report(scene: Scene, seller: str = PRO) -> Rows:
    """The rows of the Unshipped Orders report that the seller downloads now."""

    async def read(tx: Transaction) -> str:
        return await whole(unshipped_orders_report, tx, seller)

    return list(DictReader(StringIO(await scene.database.run(read)), dialect="excel-tab"))


async def status(scene: Scene, key: OrderKey) -> str:
    """What Manage Orders says of the order."""
    return (await scene.order(key)).state.status


async def everyone_reads_chinese(scene: Scene) -> None:
    """Seller and buyer choose the other language."""

    async def choose(tx: Transaction) -> None:
        acme = SellerAccount(PRO, "MARKET", "Acme Inc.", "acme@example.com", "zh_CN", "professional")
        await people.put_sellers(tx, [acme], tx.now)
        await people.put_buyers(tx, [BuyerAccount(BEA, "Bea", "bea@example.com", "zh_CN")], tx.now)

    await scene.database.run(choose)


def utc(text: str) -> datetime:
    """A moment written without its zone."""
    return datetime.fromisoformat(f"{text}+00:00")
