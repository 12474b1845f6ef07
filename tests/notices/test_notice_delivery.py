"""The outbox and the worker's rounds: nothing is lost, nothing is sent by two at once, one bad notice stops none."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from notice_world import HAPPENED, Received, World, mail_server, parsed, who_waits

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.lifecycle import Act, Notice, Party
from tradepost.notices import records
from tradepost.notices.delivery import FIRST_WAIT, LEASE, LONGEST_WAIT, MOST_ATTEMPTS, deliver_due
from tradepost.notices.mailbox import Mailbox
from tradepost.notices.post import DELIVERED, Fate, Outcome, Post, Send, sender_of
from tradepost.notices.records import ClaimedNotice, QueuedNotice, Result
from tradepost.notices.smtp import MailSettings
from tradepost.notices.writing import Letter


class Answers:
    """A post whose every answer is said beforehand; it is the network that is played here, not the shelf."""

    def __init__(self, answer: Send) -> None:
        self._answer = answer

    @asynccontextmanager
    async def round(self) -> AsyncIterator[Send]:
        yield self._answer


def always(outcome: Outcome) -> Post:
    async def answer(_letter: Letter) -> Outcome:
        return outcome

    return Answers(answer)


# The outbox


async def test_a_hundred_thousand_notices_are_queued_in_one_statement(database: Database) -> None:
    notices = [
        QueuedNotice(f"S{number % 50}", f"{number:017}", 3, "buyer", "B", Notice.ORDER_CONFIRMATION, HAPPENED)
        for number in range(100_000)
    ]
    before = machine_now()
    async with database.transaction() as tx:
        statements = tx.statements
        await records.queue(tx, notices)
        await tx.write()
        assert tx.statements - statements == 1
        rows = await tx.fetch("SELECT DISTINCT status, attempts, try_at FROM notices")
        assert [tuple(row)[:2] for row in rows] == [("queued", 0)]
        assert before <= rows[0]["try_at"] <= machine_now()
        ids: list[UUID] = [row[0] for row in await tx.fetch("SELECT notice_id FROM notices")]
    assert len(set(ids)) == 100_000
    assert {identity.version for identity in ids} == {7}


async def test_queueing_nothing_asks_the_database_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await records.queue(tx, [])
        assert tx.statements == 0


async def test_a_notice_of_an_act_that_is_rolled_back_is_never_sent(database: Database) -> None:
    async def act(tx: Transaction) -> None:
        await records.queue(tx, [QueuedNotice("S", "1", 1, "buyer", "B", Notice.ORDER_CONFIRMATION, HAPPENED)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.run(act)
    assert await deliver_due(database, always(DELIVERED)) == 0


async def test_a_round_takes_the_same_statements_for_one_notice_and_for_a_hundred(database: Database) -> None:
    world = await World(database).open()
    counts = []
    for notices in (1, 100):
        for _ in range(notices):
            await world.notice()
        counts.append(await _statements_of_a_round(database))
    assert counts[0] == counts[1] <= 7


async def _statements_of_a_round(database: Database) -> int:
    transactions: list[Transaction] = []

    class Counting(Database):
        @asynccontextmanager
        async def transaction(self, *, alone: bool = False) -> AsyncIterator[Transaction]:
            async with super().transaction(alone=alone) as tx:
                transactions.append(tx)
                yield tx

    assert await deliver_due(Counting(database.pool), always(DELIVERED), batch=100) > 0
    return sum(tx.statements for tx in transactions)


# The local mailbox


async def test_the_mailbox_keeps_a_file_for_each_notice(database: Database, tmp_path: Path) -> None:
    world = await World(database, locale="zh_CN", title="红灯 " * 40).open()
    order_id = await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    folder = tmp_path / "kept" / "mail"
    assert await deliver_due(database, Mailbox(folder)) == 1
    [kept] = folder.iterdir()
    assert kept.name.startswith(f"{order_id}-sold_ship_now-seller-")
    assert kept.suffix == ".eml"
    message = parsed(kept.read_bytes())
    assert message["To"] == "seller@example.com"
    assert message["From"] == "Feira <notices@tradepost.invalid>"
    assert message["Message-ID"] == f"<{await world.ask('SELECT notice_id FROM notices')}@tradepost.tradepost.invalid>"
    assert abs(message["Date"].datetime - machine_now()) < timedelta(minutes=1)  # when it was sent
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "zh-Hans"
    assert message.get_content_charset() == "utf-8"
    assert "要求的配送方式" in message.get_content()
    assert "要求的配送方式" in kept.read_text()  # legible without a mail program
    assert await world.statuses() == [("delivered", 1, None)]
    assert await world.ask("SELECT delivered_at IS NOT NULL FROM notices")


async def test_a_repeat_into_the_mailbox_changes_nothing(database: Database, tmp_path: Path) -> None:
    world = await World(database).open()
    await world.notice()
    assert await deliver_due(database, Mailbox(tmp_path)) == 1
    [kept] = tmp_path.iterdir()
    before = kept.stat()
    await world.say("UPDATE notices SET status = 'queued', attempts = 0")
    await world.make_due()
    assert await deliver_due(database, Mailbox(tmp_path)) == 1
    assert [path.stat() for path in tmp_path.iterdir()] == [before]


async def test_the_mailbox_addresses_people_without_e_mail_by_their_id(database: Database, tmp_path: Path) -> None:
    world = await World(database, buyer_email=None, seller_email="no address at all\n").open()
    await world.notice()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    await world.say("UPDATE notices SET receiver_id = 'B-7' || chr(10) || 'Bcc: x@y.example' WHERE receiver = 'buyer'")
    assert await deliver_due(database, Mailbox(tmp_path, sender_of("Feira! <orders@feira.example>"))) == 2
    messages = [parsed(path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    assert [str(message["To"]) for message in messages] == ["B-7_Bcc__x_y.example@buyer.invalid", "S@seller.invalid"]
    assert [message["Bcc"] for message in messages] == [None, None]
    assert messages[0]["From"] == "Feira! <orders@feira.example>"


async def test_a_mailbox_that_cannot_be_written_costs_no_attempt(database: Database, tmp_path: Path) -> None:
    world = await World(database).open()
    await world.notice()
    await world.notice()
    (tmp_path / "file").write_text("not a folder")
    assert await deliver_due(database, Mailbox(tmp_path / "file" / "mail")) == 0
    [first, second] = await world.statuses()
    assert first == second
    assert first[:2] == ("queued", 0)
    assert "mailbox cannot be written" in (first[2] or "")
    assert await deliver_due(database, Mailbox(tmp_path)) == 0  # not at once
    await world.make_due()
    assert await deliver_due(database, Mailbox(tmp_path / "mail")) == 2


# Workers


async def test_workers_at_the_same_time_never_send_the_same_notice(database: Database) -> None:
    world = await World(database).open()
    for _ in range(60):
        await world.notice()
    sent: Counter[UUID] = Counter()
    sending: set[int] = set()
    some_are_sending = asyncio.Event()

    async def worker(number: int) -> int:
        async def answer(letter: Letter) -> Outcome:
            sent[letter.notice.notice_id] += 1
            sending.add(number)
            if len(sending) > 1:
                some_are_sending.set()
            await some_are_sending.wait()  # or the first might be through before another has its connection
            await asyncio.sleep(0.001)
            return DELIVERED

        handled = 0
        while done := await deliver_due(database, Answers(answer), batch=7):
            handled += done
        return handled

    async with asyncio.timeout(120):
        handled = await asyncio.gather(*(worker(number) for number in range(4)))
    assert sum(handled) == len(sent) == 60
    assert set(sent.values()) == {1}
    assert sum(1 for worker_handled in handled if worker_handled) > 1
    assert {status for status, *_ in await world.statuses()} == {"delivered"}


DIE_AFTER_SENDING = """
import asyncio, os, sys
from contextlib import asynccontextmanager
from tradepost.ground.database import connect
from tradepost.notices.delivery import deliver_due
from tradepost.notices.smtp import MailServer, MailSettings

class Dying(MailServer):
    @asynccontextmanager
    async def round(self):
        async with super().round() as send:
            async def send_and_die(letter):
                print(await send(letter), flush=True)
                os.kill(os.getpid(), 9)
            yield send_and_die

async def main():
    async with connect(sys.argv[1]) as database:
        await deliver_due(database, Dying(MailServer(MailSettings(sys.argv[2], "orders@feira.example")).settings))

asyncio.run(main())
"""


async def test_a_worker_killed_after_sending_leaves_the_notice_to_the_next(
    database: Database, database_url: str
) -> None:
    world = await World(database).open()
    await world.notice()
    received = Received()
    async with mail_server(received) as post:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DIE_AFTER_SENDING, database_url, post.settings.url, stdout=subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert b"DELIVERED" in output
        assert process.returncode == -9
        assert await deliver_due(database, post) == 0  # the lease of the dead still holds
        assert await world.statuses() == [("queued", 1, None)]
        async with database.transaction() as tx:
            [leased_until] = await who_waits(tx)
        assert LEASE / 2 < leased_until - machine_now() <= LEASE
        await world.make_due()
        assert await deliver_due(database, post) == 1
    first, second = received.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@tradepost.feira.example>")
    assert await world.statuses() == [("delivered", 2, None)]


async def test_a_notice_that_kills_every_worker_is_given_up(database: Database) -> None:
    world = await World(database).open()
    await world.notice()
    await world.say("UPDATE notices SET attempts = $1", MOST_ATTEMPTS)
    assert await deliver_due(database, always(DELIVERED)) == 1
    [(status, _, error)] = await world.statuses()
    assert (status, error) == ("undeliverable", "Every attempt was broken off without a result.")


async def test_a_worker_told_to_stop_records_what_it_has_sent(database: Database) -> None:
    world = await World(database).open()
    for _ in range(3):
        await world.notice()
    stuck = asyncio.Event()
    sent: list[Letter] = []

    async def answer(letter: Letter) -> Outcome:
        if sent:
            stuck.set()
            await asyncio.sleep(60)
        sent.append(letter)
        return DELIVERED

    worker = asyncio.create_task(deliver_due(database, Answers(answer)))
    await stuck.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert sorted(await world.statuses()) == [("delivered", 1, None), ("queued", 0, None), ("queued", 0, None)]
    assert await deliver_due(database, always(DELIVERED)) == 2  # at once


async def test_a_result_that_comes_after_the_lease_counts_only_if_delivered(database: Database) -> None:
    world = await World(database).open()
    await world.notice()
    now = machine_now()

    def result(claimed: ClaimedNotice, status: str) -> Result:
        key = claimed.seller_id, claimed.notice_id, claimed.leased_until
        return Result(*key, status, claimed.attempts, now, now if status == "delivered" else None, None)

    async with database.transaction() as tx:
        [slow] = await records.claim(tx, now, now + timedelta(seconds=1), 10)
        assert await records.claim(tx, now, now + timedelta(seconds=2), 10) == []
        [quick] = await records.claim(tx, now + timedelta(seconds=1), now + timedelta(seconds=9), 10)
        assert (slow.attempts, quick.attempts) == (1, 2)
        assert await records.record(tx, [result(slow, "undeliverable")]) == 0
        assert await records.record(tx, [result(slow, "delivered")]) == 1
        assert await records.record(tx, [result(quick, "undeliverable")]) == 0
        assert await records.record(tx, [result(quick, "delivered")]) == 0
    assert [status for status, *_ in await world.statuses()] == ["delivered"]


async def test_a_slow_round_stops_while_the_lease_still_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await World(database).open()
    for _ in range(3):
        await world.notice()
    begun = machine_now()
    now = begun
    monkeypatch.setattr("tradepost.notices.delivery.machine_now", lambda: now)

    async def answer(_letter: Letter) -> Outcome:
        nonlocal now
        now = begun + LEASE * 0.6
        return DELIVERED

    assert await deliver_due(database, Answers(answer)) == 1
    assert sorted(await world.statuses()) == [("delivered", 1, None), ("queued", 0, None), ("queued", 0, None)]


# What goes wrong with one notice


async def test_a_poisoned_notice_stops_no_other_and_can_be_sent_again(database: Database) -> None:
    world = await World(database).open()
    poisons = {
        "unknown kind": await world.notice("surprise"),
        "no such order": await world.notice(),
        "no such event": await world.notice(Notice.SHIPMENT_CONFIRMATION, act=Act.RELEASE),
        "no such policy": await world.notice(),
        "unknown currency": await world.notice(),
        "no receiver": await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER),
    }
    await world.say("DELETE FROM orders WHERE order_id = $1", poisons["no such order"])
    await world.say("UPDATE orders SET policy_version = 9 WHERE order_id = $1", poisons["no such policy"])
    await world.say("UPDATE orders SET currency = 'beads' WHERE order_id = $1", poisons["unknown currency"])
    await world.say("UPDATE orders SET seller_id = 'X' WHERE order_id = $1", poisons["no receiver"])
    await world.say("UPDATE notices SET seller_id = 'X' WHERE order_id = $1", poisons["no receiver"])
    good = [await world.notice(happened_at=HAPPENED + timedelta(days=1)) for _ in range(3)]
    sent: list[str] = []

    async def answer(letter: Letter) -> Outcome:
        sent.append(letter.notice.order_id)
        return DELIVERED

    assert await deliver_due(database, Answers(answer)) == len(poisons) + len(good)
    assert sorted(sent) == good

    async with database.transaction() as tx:
        given_up = await records.undeliverable(tx)
        assert {notice.order_id for notice in given_up} == set(poisons.values())
        assert all("could not be written" in (notice.last_error or "") for notice in given_up)
        assert [notice.seller_id for notice in given_up] == ["S"] * 5 + ["X"]
        page = await records.undeliverable(tx, most=4)
        key = page[-1].seller_id, page[-1].notice_id
        assert page + await records.undeliverable(tx, after=key) == given_up

    await world.say("UPDATE orders SET currency = 'BRL', policy_version = 1")  # the operator mends two of them
    async with database.transaction() as tx:
        named = [(notice.seller_id, notice.notice_id) for notice in given_up]
        assert await records.resend(tx, [*named, named[0], ("S", UUID(int=1))]) == len(poisons)
        assert await records.resend(tx, named) == 0
        assert await records.undeliverable(tx) == []
        assert (await records.backlog(tx)).waiting == len(poisons)
    sent.clear()
    assert await deliver_due(database, Answers(answer)) == len(poisons)
    assert sorted(sent) == sorted([poisons["no such policy"], poisons["unknown currency"]])


async def test_a_post_that_breaks_in_an_unknown_way_is_tried_again(database: Database) -> None:
    world = await World(database).open()
    await world.notice()

    async def answer(_letter: Letter) -> Outcome:
        raise KeyError("buyer@example.com")

    assert await deliver_due(database, Answers(answer)) == 1
    assert await world.statuses() == [("queued", 1, "It could not be sent (KeyError).")]


async def test_attempts_are_spaced_out_and_end(database: Database) -> None:
    world = await World(database).open()
    await world.notice()
    waits = timedelta()
    refusing = always(Outcome(Fate.LATER, "The mail server refused it (451)."))
    for attempt in range(1, MOST_ATTEMPTS):
        before = machine_now()
        assert await deliver_due(database, refusing) == 1
        assert await world.statuses() == [("queued", attempt, "The mail server refused it (451).")]
        async with database.transaction() as tx:
            [moment] = await who_waits(tx)
        usual = min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
        assert before + usual * 0.75 <= moment <= machine_now() + usual * 1.25
        waits += moment - before
        await world.make_due()
    assert timedelta(days=2) < waits < timedelta(days=5)
    assert await deliver_due(database, refusing) == 1
    assert await world.statuses() == [("undeliverable", MOST_ATTEMPTS, "The mail server refused it (451).")]
    await world.make_due()
    assert await deliver_due(database, refusing) == 0


async def test_the_business_clock_does_not_move_the_delivery(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradepost.notices.delivery.FIRST_WAIT", timedelta(hours=1))  # however busy the machine is
    world = await World(database).open()
    await world.notice()
    assert await deliver_due(database, always(Outcome(Fate.LATER, "Later."))) == 1
    async with database.transaction(alone=True) as tx:
        clock = await tx.read_clock()
        await tx.move_clock(clock.moved_to(machine_now() + timedelta(days=400)))
    assert await deliver_due(database, always(DELIVERED)) == 0


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"])
def test_a_sender_is_one_address(sender: str) -> None:
    with pytest.raises(ValueError, match="The sender of the notices is an address"):
        MailSettings("smtp://localhost", sender)
