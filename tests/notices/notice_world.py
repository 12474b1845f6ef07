"""Orders as other shelves would have left them, notices about them, and mail servers to send them to."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tradepost.ground.database import Database, Transaction
from tradepost.lifecycle import ACTS, Act, Notice, Party
from tradepost.notices import facts, records
from tradepost.notices.records import QueuedNotice
from tradepost.notices.smtp import MailServer, MailSettings
from tradepost.notices.writing import Letter, write
from tradepost.policy import Policy, to_document

STREET = "Rua das Flores 77"
BUYER_NAME = "Beatriz Buyer"
PLACED = datetime(2020, 1, 2, 2, 30, tzinfo=UTC)  # still January 1 in São Paulo
HAPPENED = datetime(2020, 1, 3, 12, 5, tzinfo=UTC)
SHIP_BY = datetime(2020, 1, 7, 2, 59, 59, tzinfo=UTC)  # the last second of January 6 in São Paulo
DELIVER = (datetime(2020, 1, 9, 3, 0, tzinfo=UTC), datetime(2020, 1, 14, 2, 59, 59, tzinfo=UTC))
TOLD = [(row.act, party, notice) for row in ACTS for party, notice in row.tells]
CANCELING = {row.act: row.reason for row in ACTS if row.stamps == "canceled_at"}


@dataclass
class World:
    """One marketplace with a seller and a buyer; `notice` makes an order and queues a notice about it."""

    database: Database
    zone: str = "America/Sao_Paulo"
    currency: str = "BRL"
    locale: str = "en"
    seller_email: str | None = "seller@example.com"
    buyer_email: str | None = "buyer@example.com"
    buyer_name: str = BUYER_NAME
    marketplace: str = "Feira"
    title: str = "Red lamp"
    orders: int = 0

    async def open(self) -> "World":
        async with self.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO marketplaces VALUES ('M', $1, 'BR', $2, 'pt_BR', 1)", self.marketplace, self.currency
            )
            await tx.execute("INSERT INTO policies VALUES ('M', 1, $1)", to_document(Policy(zone=self.zone)))
            await tx.execute(
                "INSERT INTO sellers VALUES"
                " ('S', 'M', 'Sam Seller', $1, $2, 'professional', 1, '14:00', '{}', '{}', $3)",
                self.seller_email, self.locale, PLACED,
            )  # fmt: skip
            await tx.execute(
                "INSERT INTO buyers VALUES ('B', $1, $2, $3, $4)",
                self.buyer_name, self.buyer_email, self.locale, PLACED,
            )  # fmt: skip
        return self

    async def notice(
        self,
        kind: str = Notice.ORDER_CONFIRMATION,
        receiver: str = Party.BUYER,
        *,
        act: str = Act.RELEASE,
        canceled_by: str = "MARKETPLACE",
        reason: str | None = None,
        part: bool = False,
        carrier: tuple[str, str | None, str | None] = ("UPS", None, "1Z999AA10123456784"),
        placed_at: datetime = PLACED,
        happened_at: datetime = HAPPENED,
    ) -> str:
        """Queue a notice about a new order of three units on two lines, one or all of them shipped or canceled."""
        self.orders += 1
        order_id = f"701-{self.orders:07}-0000001"
        canceled, shipped = act in CANCELING, act == Act.CONFIRM_SHIPMENT
        quantities = [2] if part else [2, 1]
        async with self.database.transaction() as tx:
            await tx.execute(
                """
                INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state,
                    placed_at, ordered_units, shipped_units, canceled_units, currency, total, service, handling_days,
                    ship_earliest, ship_latest, deliver_earliest, deliver_latest, wakes_at, updated_at, last_event,
                    ship_to)
                VALUES ('S', $1, 'M', 1, 'C', 'B', $2, $3, 3, $4, $5, $6, 5980, 'SecondDay', 1,
                    $3, $7, $8, $9, $10, $3, 5, $11)
                """,
                order_id,
                "unshipped" if part or not (canceled or shipped) else "canceled" if canceled else "shipped",
                placed_at,
                sum(quantities) if shipped else 0,
                sum(quantities) if canceled else 0,
                self.currency,
                SHIP_BY,
                *DELIVER,
                PLACED if part or not (canceled or shipped) else None,
                {"name": BUYER_NAME, "street": STREET},
            )
            for line_no, (title, ordered) in enumerate([(self.title, 2), ("Blue vase", 1)], start=1):
                done = ordered if line_no <= len(quantities) else 0
                await tx.execute(
                    "INSERT INTO order_lines VALUES ('S', $1, $2, $3, $4, $5, 1990, $6, $7, $8)",
                    order_id, line_no, f"1000000000000{line_no}", f"SKU-{line_no}", title, ordered,
                    done if shipped else 0, done if canceled else 0,
                )  # fmt: skip
            await tx.execute(
                "INSERT INTO order_events VALUES ('S', $1, 5, $2, 'unshipped', 'clock', 'clock', $3, $3, $4)",
                order_id, act, happened_at, {"package": 1} if shipped else None,
            )  # fmt: skip
            for line_no, quantity in enumerate(quantities, start=1):
                if canceled:
                    await tx.execute(
                        "INSERT INTO cancellations VALUES ('S', $1, 5, $2, $3, $4, $5, true)",
                        order_id, line_no, quantity, canceled_by, reason or CANCELING[Act(act)] or "no_inventory",
                    )  # fmt: skip
                if shipped:
                    await tx.execute(
                        "INSERT INTO package_items VALUES ('S', $1, 1, $2, $3)", order_id, line_no, quantity
                    )
            if shipped:
                await tx.execute(
                    "INSERT INTO packages VALUES ('S', $1, 1, $2, $3, 'Ground', $4, NULL, $5, NULL)",
                    order_id, carrier[0], carrier[1], carrier[2], happened_at,
                )  # fmt: skip
            receiver_id = "B" if receiver == Party.BUYER else "S"
            await records.queue(tx, [QueuedNotice("S", order_id, 5, receiver, receiver_id, kind, happened_at)])
        return order_id

    async def letters(self, locale: str | None = None) -> list[Letter]:
        """Every notice as it is written, without sending any; to people of another locale if one is named."""
        async with self.database.transaction() as tx:
            if locale is not None:
                await tx.execute("UPDATE sellers SET locale = $1", locale)
                await tx.execute("UPDATE buyers SET locale = $1", locale)
            far = datetime(2999, 1, 1, tzinfo=UTC)
            claimed = sorted(await records.claim(tx, far, far, 10_000), key=lambda notice: notice.order_id)
            batch = await facts.read(tx, claimed)
            await tx.execute("UPDATE notices SET attempts = 0, try_at = $1", PLACED)
        return [write(batch.of(notice)) for notice in claimed]

    async def letter(self, *args: Any, locale: str = "en", **kwargs: Any) -> Letter:
        """One notice as it is written."""
        order_id = await self.notice(*args, **kwargs)
        return next(letter for letter in await self.letters(locale) if letter.notice.order_id == order_id)

    async def ask(self, question: str, *values: object) -> Any:
        async with self.database.transaction() as tx:
            return await tx.value(question, *values)

    async def say(self, statement: str, *values: object) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(statement, *values)

    async def statuses(self) -> list[tuple[str, int, str | None]]:
        """Status, attempts and error of every notice, in the order of their orders."""
        async with self.database.transaction() as tx:
            rows = await tx.fetch("SELECT status, attempts, last_error FROM notices ORDER BY order_id, receiver")
        return [tuple(row) for row in rows]

    async def make_due(self) -> None:
        """Let all the time pass that notices wait for: backoff and leases."""
        await self.say("UPDATE notices SET try_at = $1 WHERE status = 'queued'", PLACED)


async def who_waits(tx: Transaction) -> list[datetime]:
    return [row["try_at"] for row in await tx.fetch("SELECT try_at FROM notices ORDER BY order_id")]


@dataclass
class Received:
    """What a mail server was handed, and how it answers: `rcpt` and `data` get how many came before."""

    rcpt: Callable[[int, str], str] = lambda _before, _address: "250 OK"
    data: Callable[[int], str] = lambda _before: "250 OK"
    envelopes: list[Envelope] = field(default_factory=list)
    greetings: int = 0
    asked: int = 0
    offered: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(envelope.content) for envelope in self.envelopes]

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: Sequence[str]
    ) -> Sequence[str]:
        self.greetings += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        answer = self.rcpt(self.asked, address)
        self.asked += 1
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data(self.offered)
        self.offered += 1
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer


def parsed(content: bytes | str | None) -> EmailMessage:
    assert isinstance(content, bytes)
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@asynccontextmanager
async def mail_server(received: Received, *, timeout: float = 60, **options: Any) -> AsyncIterator[MailServer]:  # noqa: ASYNC109
    """A real mail server in this process."""
    loop = asyncio.get_running_loop()
    options = {"enable_SMTPUTF8": False, "hostname": "mail.test", **options}
    server = await loop.create_server(lambda: SMTP(received, loop=loop, **options), "127.0.0.1", 0)
    try:
        yield at_port(server.sockets[0].getsockname()[1], timeout=timeout)
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
    *,
    timeout: float = 60,  # noqa: ASYNC109
) -> AsyncIterator[MailServer]:
    """A server that says what it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield at_port(server.sockets[0].getsockname()[1], timeout=timeout)
    finally:
        server.close()
        await server.wait_closed()


def at_port(port: int, *, timeout: float = 60, user: str = "", query: str = "") -> MailServer:
    settings = MailSettings(f"smtp://{user}127.0.0.1:{port}{query}", "Feira <orders@feira.example>", timeout)
    return MailServer(settings)
