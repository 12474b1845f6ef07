"""Real mail servers: those that take the letters, refuse them, hang up, talk nonsense, keep silent or are not there."""

import asyncio
import socket
import ssl
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtpd.smtp import AuthResult
from notice_world import HAPPENED, Received, World, at_port, mail_server, parsed, raw_server

from tradepost.ground.database import Database
from tradepost.lifecycle import Notice, Party
from tradepost.notices import records, smtp
from tradepost.notices.delivery import deliver_due
from tradepost.notices.smtp import MailServer, MailSettings

SOON = 2.0  # seconds, for a server that keeps silent; to one that answers as much is left as it takes
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def world(database: Database) -> World:
    return await World(database).open()


async def waiting(world: World) -> tuple[int, int, str | None]:
    async with world.database.transaction() as tx:
        return tuple(await records.backlog(tx))


def make_certificate(key: Path, certificate: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip


# A server that takes them


async def test_a_batch_goes_over_one_connection(world: World) -> None:
    orders = [await world.notice() for _ in range(5)]
    received = Received()
    async with mail_server(received) as post:
        assert await deliver_due(world.database, post) == 5
        assert await deliver_due(world.database, post) == 0
    assert received.greetings == 1
    assert sorted(message["Subject"].split()[2] for message in received.messages) == orders
    for envelope, message in zip(received.envelopes, received.messages, strict=True):
        assert envelope.mail_from == "orders@feira.example"
        assert envelope.rcpt_tos == ["buyer@example.com"]
        assert message["To"] == "buyer@example.com"
        assert message["From"] == "Feira <orders@feira.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Content-Language"] == "en"
        assert message["Message-ID"].endswith("@tradepost.feira.example>")
        assert "Estimated delivery: Thursday, January 9, 2020" in message.get_content()
    assert {status for status, *_ in await world.statuses()} == {"delivered"}


async def test_chinese_passes_a_server_that_knows_only_seven_bits(database: Database) -> None:
    title = "红灯 " * 15 + "灯罩"
    world = await World(database, locale="zh_CN", title=title).open()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    await world.say("DELETE FROM order_lines WHERE line_no = 2")
    received = Received()
    async with mail_server(received) as post:
        assert await deliver_due(database, post) == 1
    [envelope] = received.envelopes
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    [message] = received.messages
    assert message["Content-Language"] == "zh-Hans"
    assert "红灯 红灯" in message["Subject"]
    assert title in message.get_content()


@pytest.mark.parametrize(
    "extra", ["\r\nBcc: all@evil.example", "\nX: y\n\nbody", "\u2028\x85\x0bBcc: all@evil.example"]
)
async def test_no_title_or_name_adds_a_header(database: Database, extra: str) -> None:
    evil = f"Lamp{extra}"
    world = await World(database, title=evil, buyer_name=evil, marketplace=f'{evil}" <a@b.example>, ').open()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    await world.say("DELETE FROM order_lines WHERE line_no = 2")
    received = Received()
    async with mail_server(received) as post:
        settings = MailSettings(post.settings.url, "orders@feira.example")
        assert await deliver_due(database, MailServer(settings)) == 1
    [message] = received.messages
    usual = "From To Subject Date Message-ID Auto-Submitted Content-Type Content-Transfer-Encoding MIME-Version"
    assert set(message.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"} == {*usual.split(), "Content-Language"}
    assert len(message["From"].addresses) == len(message["To"].addresses) == 1
    assert message["From"].addresses[0].addr_spec == "orders@feira.example"
    assert received.envelopes[0].rcpt_tos == ["seller@example.com"]


async def test_a_password_and_starttls_are_used(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    await asyncio.to_thread(make_certificate, key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    logins: Counter[tuple[bytes, bytes]] = Counter()

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        logins[data.login, data.password] += 1  # type: ignore[attr-defined]
        return AuthResult(success=True)

    await world.notice()
    received = Received()
    options = {"tls_context": context, "authenticator": authenticate, "auth_required": True, "require_starttls": True}
    async with mail_server(received, **options) as post:
        with_password = MailServer(
            MailSettings(post.settings.url.replace("//", "//me%40x:p%3Aw%2F@"), post.settings.sender, timeout=60)
        )
        assert await deliver_due(world.database, with_password) == 0  # nobody vouches for the certificate
        assert await waiting(world) == (1, 1, "The mail server cannot be used (SSLCertVerificationError).")
        assert not logins
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await world.make_due()
        assert await deliver_due(world.database, with_password) == 1
    assert list(logins) == [(b"me@x", b"p:w/")]
    assert len(received.envelopes) == 1


async def test_a_password_is_not_sent_unencrypted(world: World) -> None:
    await world.notice()
    async with mail_server(received := Received(), auth_require_tls=False) as post:
        url = post.settings.url.replace("//", "//me:secret@")
        assert await deliver_due(world.database, MailServer(MailSettings(url, "orders@feira.example"))) == 0
    assert await waiting(world) == (1, 1, "The mail server cannot be used (SMTPException).")
    assert not received.envelopes


async def test_a_wrong_password_costs_no_attempt_and_is_not_repeated_anywhere(world: World) -> None:
    await world.notice()

    def refuse(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with mail_server(Received(), authenticator=refuse, auth_require_tls=False) as post:
        url = post.settings.url.replace("//", "//me:secret@") + "?starttls=never"
        assert await deliver_due(world.database, MailServer(MailSettings(url, "orders@feira.example"))) == 0
    [(status, attempts, error)] = await world.statuses()
    assert (status, attempts) == ("queued", 0)
    assert error == "The mail server cannot be used (535 5.7.8)."


# Receivers


async def test_a_temporary_refusal_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.notices.delivery.FIRST_WAIT", timedelta(hours=1))  # however busy the machine is
    await world.notice()
    received = Received(rcpt=lambda before, _: "250 OK" if before else "451 4.7.1 <buyer@example.com>: greylisted")
    async with mail_server(received) as post:
        assert await deliver_due(world.database, post) == 1
        assert await world.statuses() == [("queued", 1, "The mail server refused it (451 4.7.1).")]
        assert await deliver_due(world.database, post) == 0
        await world.make_due()
        assert await deliver_due(world.database, post) == 1
    assert await world.statuses() == [("delivered", 2, None)]
    assert len(received.envelopes) == 1


async def test_a_permanent_refusal_is_for_the_operator_and_stops_no_other(world: World) -> None:
    await world.notice()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    await world.notice()

    def rcpt(_: int, address: str) -> str:
        return "550 5.1.1 <buyer@example.com>: no such user" if address.startswith("buyer") else "250 OK"

    received = Received(rcpt=rcpt)
    async with mail_server(received) as post:
        assert await deliver_due(world.database, post) == 3
    refused = ("undeliverable", 1, "The mail server refused it (550 5.1.1).")
    assert await world.statuses() == [refused, ("delivered", 1, None), refused]
    assert received.greetings == 1


async def test_a_letter_refused_after_it_was_read_is_for_the_operator(world: World) -> None:
    await world.notice()
    async with mail_server(Received(data=lambda _: "554 Looks like spam for buyer@example.com")) as post:
        assert await deliver_due(world.database, post) == 1
    assert await world.statuses() == [("undeliverable", 1, "The mail server refused it (554).")]


async def test_a_server_that_is_closing_down_is_left_alone(world: World) -> None:
    await world.notice()
    await world.notice()
    async with mail_server(Received(data=lambda _: "421 4.3.2 Going down")) as post:
        assert await deliver_due(world.database, post) == 1
    error = "The mail server broke off (421 4.3.2)."
    assert sorted(await world.statuses()) == [("queued", 0, error), ("queued", 1, error)]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (None, "The receiver has no e-mail address."),
        ("", "The receiver has no e-mail address."),
        ("nobody", "The receiver's e-mail address is not valid."),
        ("a@b.example\r\nRCPT TO:<c@d.example>", "The receiver's e-mail address is not valid."),
        ("a@b.example> SIZE=1", "The receiver's e-mail address is not valid."),
        ("a@b.example,c@d.example", "The receiver's e-mail address is not valid."),
        ("A <a@b.example>", "The receiver's e-mail address is not valid."),
        ("a..b@c.example", "The receiver's e-mail address is not valid."),
        ("x" * 250 + "@b.example", "The receiver's e-mail address is not valid."),
        ("用户@例子.example", "The mail server takes no address with letters outside ASCII."),
    ],
)
async def test_without_a_usable_address_a_notice_is_for_the_operator(
    database: Database, address: str | None, error: str
) -> None:
    world = await World(database, buyer_email=address).open()
    await world.notice()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    received = Received()
    async with mail_server(received) as post:
        assert await deliver_due(database, post) == 2
    assert await world.statuses() == [("undeliverable", 1, error), ("delivered", 1, None)]
    assert [envelope.rcpt_tos for envelope in received.envelopes] == [["seller@example.com"]]


async def test_an_address_outside_ascii_is_used_where_the_server_takes_it(database: Database) -> None:
    world = await World(database, buyer_email="用户@例子.example").open()
    await world.notice()
    await world.notice(Notice.SOLD_SHIP_NOW, Party.SELLER)
    received = Received()
    async with mail_server(received, enable_SMTPUTF8=True) as post:
        assert await deliver_due(database, post) == 2
    receivers = [envelope.rcpt_tos[0] for envelope in received.envelopes]
    assert sorted(receivers) == ["seller@example.com", "用户@例子.example"]
    assert [str(message["To"]) for message in received.messages] == receivers
    assert {status for status, *_ in await world.statuses()} == {"delivered"}


# Servers that fail


async def test_a_server_that_is_down_costs_no_attempt(world: World) -> None:
    for _ in range(3):
        await world.notice()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert await deliver_due(world.database, at_port(free.getsockname()[1])) == 0
    error = "The mail server cannot be used (SMTPConnectError)."
    assert await world.statuses() == [("queued", 0, error)] * 3
    assert await waiting(world) == (3, 3, error)
    await world.make_due()
    async with mail_server(Received()) as post:
        assert await deliver_due(world.database, post) == 3
    assert await waiting(world) == (0, 0, None)


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-still here\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _hanging_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


async def _web_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


async def _noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 400 + b"\r\n")
    await reader.read()


async def _busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"554 5.3.2 no service for 127.0.0.1\r\n")
    await reader.read()


async def _deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    while await reader.readline():
        writer.write(b"500 what?\r\n")


async def _choosy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    while line := await reader.readline():
        writer.write(b"550 5.7.1 not from you\r\n" if line.startswith(b"MAIL") else b"250 OK\r\n")


@pytest.mark.parametrize(
    ("talk", "what"),
    [
        (_silent, "SMTPConnectTimeoutError|TimeoutError"),
        (_dripping, "TimeoutError"),
        (_hanging_up, "SMTPConnectError"),
        (_web_server, "an answer that is not SMTP"),
        (_noise, "an answer that is not SMTP"),
        (_busy, "554 5.3.2"),
        (_deaf, "500"),
        (_choosy, "550 5.7.1"),
    ],
)
async def test_a_server_that_cannot_be_talked_to_loses_nothing(world: World, talk: object, what: str) -> None:
    await world.notice()
    await world.notice()
    timeout = SOON if "TimeoutError" in what else 60
    async with raw_server(talk, timeout=timeout) as post, asyncio.timeout(120):  # type: ignore[arg-type]
        assert await deliver_due(world.database, post) == 0
    [first, second] = await world.statuses()
    assert first == second
    assert first[:2] == ("queued", 0)
    assert (first[2] or "").removeprefix("The mail server cannot be used (").removesuffix(").") in what.split("|")


def _after(command: bytes, what: bytes | None) -> object:
    """A server that is well until `command`; then it says `what`, or hangs up, or with b"" keeps silent."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        text = False
        while line := await reader.readline():
            if line.startswith(command) or (text and line == b".\r\n" and command == b"."):
                if what is None:
                    return
                writer.write(what)
                if what == b"":
                    await reader.read()
            elif text:
                text = line != b".\r\n"
                if not text:
                    writer.write(b"250 OK\r\n")
            elif line.startswith(b"DATA"):
                text = True
                writer.write(b"354 go on\r\n")
            else:
                writer.write(b"250 OK\r\n")

    return talk


class Impatient(smtp._Visit):
    """Waits as long as it may until the server is ready, and then hardly for a letter: that it keeps silent in the
    middle of one is no matter of how fast this machine is."""

    async def _ready(self, utf8: bool) -> aiosmtplib.SMTP:
        ready = await super()._ready(utf8)
        self._settings = replace(self._settings, timeout=SOON)
        return ready


@pytest.mark.parametrize("command", [b"RCPT", b"DATA", b"."])
@pytest.mark.parametrize(
    ("what", "error"),
    [
        (None, "SMTPServerDisconnected"),
        (b"", "SMTPReadTimeoutError|TimeoutError"),
        (b"banana\r\n", "an answer that is not SMTP"),
        (b"299 fine, I suppose\r\n", "299"),
    ],
)
async def test_a_server_that_fails_in_the_middle_of_a_letter_costs_only_that_letter_an_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, command: bytes, what: bytes | None, error: str
) -> None:
    await world.notice()
    await world.notice()
    if what == b"":
        monkeypatch.setattr(smtp, "_Visit", Impatient)
    async with raw_server(_after(command, what)) as post:  # type: ignore[arg-type]
        assert await deliver_due(world.database, post) == 1
    statuses = sorted(await world.statuses())
    assert [status[:2] for status in statuses] == [("queued", 0), ("queued", 1)]
    for *_, last_error in statuses:
        assert (last_error or "").removeprefix("The mail server broke off (").removesuffix(").") in error.split("|")
    await world.make_due()
    async with mail_server(received := Received()) as post:
        assert await deliver_due(world.database, post) == 2
    assert len(received.envelopes) == 2


async def test_a_server_that_takes_one_letter_a_connection_gets_all_of_them(world: World) -> None:
    for _ in range(3):
        await world.notice()
    taken: list[bytes] = []

    async def one_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.startswith(b"MAIL") and writer.transport.get_extra_info("peername") in served:
                return
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                taken.append(await reader.readuntil(b"\r\n.\r\n"))
                served.add(writer.transport.get_extra_info("peername"))
            writer.write(b"250 OK\r\n")

    served: set[object] = set()
    async with raw_server(one_only) as post:
        assert await deliver_due(world.database, post) == 3
    assert len({parsed(content)["Message-ID"] for content in taken}) == len(taken) == 3


async def test_one_letter_that_chokes_the_server_does_not_hold_up_the_others(world: World) -> None:
    first = await world.notice(happened_at=HAPPENED)
    for _ in range(4):
        await world.notice(happened_at=HAPPENED.replace(year=2021))
    received = Received()

    def rcpt(_: int, address: str) -> str:
        return "421 choked" if address.startswith("seller") else "250 OK"

    received.rcpt = rcpt
    await world.say("UPDATE notices SET receiver = 'seller' WHERE order_id = $1", first)
    await world.say("UPDATE notices SET kind = 'sold_ship_now' WHERE order_id = $1", first)
    async with mail_server(received) as post:
        assert await deliver_due(world.database, post) == 1
        await world.say("UPDATE notices SET try_at = $1 WHERE order_id <> $2", HAPPENED, first)
        assert await deliver_due(world.database, post) == 4
    assert len(received.envelopes) == 4


# Settings


def test_settings_do_not_show_the_password() -> None:
    settings = MailSettings("smtp://me:secret@mail.example:587", "orders@feira.example")
    assert "secret" not in repr(settings)
    assert settings.connection() == {
        "hostname": "mail.example", "port": 587, "username": "me", "password": "secret",
        "use_tls": False, "start_tls": True, "timeout": 30.0,
    }  # fmt: skip
    assert MailSettings("smtps://mail.example", "a@b.example").connection()["use_tls"] is True
    assert MailSettings("smtp://mail.example", "a@b.example").connection()["start_tls"] is None
    assert MailSettings("smtp://mail.example?starttls=never", "a@b.example").connection()["start_tls"] is False
    for name in ("smtp://mail.example", "smtps://[::1]:465"):
        aiosmtplib.SMTP(**MailSettings(name, "a@b.example").connection())


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.example", "http://me:secret@mail.example", "smtp://me:secret@", "smtp://me:secret@mail.example:port",
        "smtp://me:secret@mail.example:99999", "smtp://me:secret@mail.example?tls=no", "smtp://mail.example?starttls=maybe",
        "smtp://me:secret@mail.example/secret", "smtp://me:secret@[mail", "smtp://me:secret@mail.example?starttls",
    ],
)  # fmt: skip
def test_an_address_of_a_server_that_cannot_be_read_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="The address of the mail server") as refused:
        MailSettings(url, "orders@feira.example")
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("timeout", [0, -1, 61, float("nan")])
def test_a_timeout_keeps_a_round_within_its_lease(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        MailSettings("smtp://mail.example", "orders@feira.example", timeout)
