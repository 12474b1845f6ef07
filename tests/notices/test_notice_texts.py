"""What the notices say: every kind in both languages, the right dates and reasons, and never an address."""

import inspect
import re
from datetime import datetime, timedelta

import pytest
from notice_world import BUYER_NAME, PLACED, STREET, TOLD, World

from tradepost.ground.database import Database
from tradepost.lifecycle import Act, Notice, Party
from tradepost.notices import facts, records
from tradepost.notices.writing import language_of, money, plain

CHINESE = re.compile("[\u4e00-\u9fff]")
FEEDBACK = {"en": "feedback", "zh": "反馈"}


@pytest.mark.parametrize("locale", ["en_US", "zh_CN"])
async def test_every_notice_of_the_table_has_a_text_without_an_address(database: Database, locale: str) -> None:
    world = await World(database).open()
    for act, party, kind in TOLD:
        await world.notice(kind, party, act=act)
    letters = await world.letters(locale)
    assert len(letters) == len(TOLD)
    for letter in letters:
        text = f"{letter.subject}\n{letter.body}"
        assert letter.notice.order_id in text
        assert "America/Sao_Paulo" in letter.body
        assert "Red lamp" in letter.body
        assert "2020" in letter.body
        assert STREET not in text
        assert (BUYER_NAME in text) == (letter.notice.receiver == Party.BUYER)
        assert bool(CHINESE.search(letter.subject)) == bool(CHINESE.search(letter.body)) == (locale == "zh_CN")
        assert "\n" not in letter.subject
        assert not re.search(r"\n\n\n|[{}%]|None| \n", text), text


@pytest.mark.parametrize("module", [records, facts])
def test_the_shelf_never_reads_a_delivery_address(module: object) -> None:
    assert "ship_to" not in inspect.getsource(module)  # type: ignore[arg-type]


async def test_the_seller_is_told_what_to_ship_by_when_and_how(database: Database) -> None:
    world = await World(database).open()
    letter = await world.letter(Notice.SOLD_SHIP_NOW, Party.SELLER)
    assert letter.subject == "Sold, ship now: 3 units (order 701-0000001-0000001)"
    assert "- 2 x Red lamp (SKU SKU-1)\n- 1 x Blue vase (SKU SKU-2)\n" in letter.body
    assert "Ship by: Monday, January 6, 2020\n" in letter.body
    assert "Requested shipping service: Second Day\n" in letter.body
    chinese = await world.letter(Notice.SOLD_SHIP_NOW, Party.SELLER, locale="zh")
    assert "最晚发货日期：2020年1月6日星期一\n" in chinese.body
    assert "要求的配送方式：两日达\n" in chinese.body


async def test_the_buyer_is_told_when_the_goods_will_come(database: Database) -> None:
    world = await World(database).open()
    letter = await world.letter(Notice.ORDER_CONFIRMATION, Party.BUYER)
    assert "Estimated delivery: Thursday, January 9, 2020 to Monday, January 13, 2020\n" in letter.body
    assert "- 2 x Red lamp (R$19.90 each)\n" in letter.body
    assert "Order total: R$59.80\n" in letter.body
    assert "Your order of January 1, 2020, 23:30 is confirmed" in letter.body
    assert "happened on January 3, 2020, 09:05.\n" in letter.body
    chinese = await world.letter(Notice.ORDER_CONFIRMATION, Party.BUYER, locale="zh-Hans-CN")
    assert "预计送达日期：2020年1月9日星期四 至 2020年1月13日星期一\n" in chinese.body
    assert "您于 2020年1月1日 23:30 提交的订单已确认" in chinese.body


@pytest.mark.parametrize("after", [timedelta(minutes=30), timedelta(minutes=31)])
async def test_a_date_made_anew_is_said_to_be_new(database: Database, after: timedelta) -> None:
    """A31: only where verification outlasted the hold."""
    world = await World(database).open()
    released_at, late = PLACED + after, after > timedelta(minutes=30)
    letter = await world.letter(Notice.ORDER_CONFIRMATION, Party.BUYER, happened_at=released_at)
    assert ("this is a new date" in letter.body) is late
    chinese = await world.letter(Notice.ORDER_CONFIRMATION, Party.BUYER, locale="zh", happened_at=released_at)
    assert ("重新计算" in chinese.body) is late


@pytest.mark.parametrize(
    ("zone", "placed_at", "english", "chinese"),
    [
        ("America/Sao_Paulo", "2020-01-02T02:59:59Z", "January 31, 2020", "2020年1月31日"),
        ("America/Sao_Paulo", "2020-01-02T03:00:00Z", "February 1, 2020", "2020年2月1日"),
        ("Asia/Shanghai", "2020-01-31T15:59:59Z", "March 1, 2020", "2020年3月1日"),
        ("Asia/Shanghai", "2020-01-31T16:00:00Z", "March 2, 2020", "2020年3月2日"),
        ("Pacific/Apia", "2011-11-30T10:30:00Z", "December 30, 2011", "2011年12月30日"),  # a day that never was there
        ("UTC", "2019-01-30T00:00:00Z", "March 1, 2019", "2019年3月1日"),
    ],
)
async def test_the_reminder_is_the_sentence_of_the_process_with_the_last_day(
    database: Database, zone: str, placed_at: str, english: str, chinese: str
) -> None:
    world = await World(database, zone=zone).open()
    placed = datetime.fromisoformat(placed_at)
    kind = (Notice.CONFIRM_SHIPMENT_REMINDER, Party.SELLER)
    letter = await world.letter(*kind, act=Act.REMIND, placed_at=placed)
    assert f"\nConfirm as shipped by {english} to avoid cancellation\n" in letter.body
    assert f"Confirm as shipped by {english} to avoid cancellation" in letter.subject
    letter = await world.letter(*kind, act=Act.REMIND, placed_at=placed, locale="zh_CN")
    assert f"\n请在 {chinese} 前确认发货,以免订单被取消\n" in letter.body
    assert f"请在 {chinese} 前确认发货,以免订单被取消" in letter.subject


async def test_a_failed_payment_says_until_when_it_may_be_mended(database: Database) -> None:
    world = await World(database).open()
    letter = await world.letter(Notice.PAYMENT_FAILED, Party.BUYER, act=Act.FAIL_PAYMENT)
    assert "January 22, 2020, 23:30 is canceled" in letter.body


async def test_a_shipment_is_told_with_its_own_items_and_its_tracking(database: Database) -> None:
    world = await World(database).open()
    kind = (Notice.SHIPMENT_CONFIRMATION, Party.BUYER)
    letter = await world.letter(*kind, act=Act.CONFIRM_SHIPMENT, part=True)
    assert letter.subject.startswith("Part of your order")
    assert "- 2 x Red lamp" in letter.body
    assert "Blue vase" not in letter.body
    assert "Carrier: UPS\nTracking number: 1Z999AA10123456784\n" in letter.body
    letter = await world.letter(*kind, act=Act.CONFIRM_SHIPMENT, carrier=("Other", "Pigeon Post", None))
    assert letter.subject.startswith("Your order")
    assert "Blue vase" in letter.body
    assert "Carrier: Pigeon Post\nThe seller gave no tracking number.\n" in letter.body
    letter = await world.letter(*kind, act=Act.CONFIRM_SHIPMENT, carrier=("Zeppelin", None, "7"), locale="zh")
    assert "承运人：Zeppelin\n追踪编码：7\n" in letter.body


@pytest.mark.parametrize(
    ("act", "by", "reason", "english", "chinese"),
    [
        (Act.CANCEL_BY_BUYER, "BUYER", None, "You canceled the following", "您取消了以下商品"),
        (Act.DECLINE, "MARKETPLACE", None, "your payment was declined", "付款被拒绝"),
        (Act.REPORT_FRAUD, "MARKETPLACE", None, "could not be approved", "未能获得批准"),
        (Act.GIVE_UP_VERIFYING, "MARKETPLACE", None, "could not be verified in the time", "未能在规定时间内通过验证"),
        (Act.CANCEL_UNCONFIRMED, "MARKETPLACE", None, "did not confirm the shipment in time", "未在规定时间内确认发货"),
        (Act.CANCEL_BY_SELLER, "SELLER", "no_inventory", "out of stock", "商品缺货"),
        (Act.CANCEL_BY_SELLER, "SELLER", "buyer_canceled", "you asked for it", "您要求取消"),
        (Act.CANCEL_BY_SELLER, "SELLER", "pricing_error", "the price was wrong", "价格有误"),
        (Act.CANCEL_BY_SELLER, "SELLER", "shipping_address_undeliverable", "does not deliver to", "无法送达"),
        (Act.CANCEL_BY_SELLER, "SELLER", "customer_exchange", "exchanged", "更换"),
        (Act.CANCEL_BY_SELLER, "SELLER", "general_adjustment", "adjusted", "调整"),
    ],
)
async def test_the_buyer_is_told_why_in_the_buyers_words(
    database: Database, act: Act, by: str, reason: str | None, english: str, chinese: str
) -> None:
    world = await World(database).open()
    kind = (Notice.ORDER_CANCELED, Party.BUYER)
    for locale, words in (("en", english), ("zh", chinese)):
        letter = await world.letter(*kind, act=act, canceled_by=by, reason=reason, locale=locale)
        assert words in letter.body
        assert (FEEDBACK[locale] in letter.body) == (by == "SELLER")  # A33
        assert not re.search("fraud|欺", letter.body + letter.subject)


async def test_a_cancellation_in_part_names_only_its_units(database: Database) -> None:
    world = await World(database).open()
    cancel = {"act": Act.CANCEL_BY_SELLER, "canceled_by": "SELLER"}
    letter = await world.letter(Notice.ORDER_CANCELED, Party.BUYER, **cancel, part=True)
    assert letter.subject == "Items of your order 701-0000001-0000001 were canceled"
    assert "Blue vase" not in letter.body
    letter = await world.letter(Notice.ORDER_CANCELED, Party.BUYER, **cancel)
    assert letter.subject == "Your order 701-0000002-0000001 was canceled"


async def test_the_seller_is_told_that_an_unconfirmed_order_is_not_paid(database: Database) -> None:
    world = await World(database).open()
    kind = (Notice.ORDER_CANCELED, Party.SELLER)
    letter = await world.letter(*kind, act=Act.CANCEL_UNCONFIRMED)
    assert "not confirmed as shipped by January 31, 2020" in letter.body
    assert "You will not be paid" in letter.body
    letter = await world.letter(*kind, act=Act.CANCEL_UNCONFIRMED, locale="zh")
    assert "不会获得付款" in letter.body
    letter = await world.letter(*kind, act=Act.CANCEL_BY_BUYER, canceled_by="BUYER")
    assert "The buyer canceled the following while that was still possible" in letter.body
    assert "paid" not in letter.body


@pytest.mark.parametrize(
    "evil",
    [
        "Lamp\r\nBcc: all@evil.example",
        "Lamp\nBcc: all@evil.example\n\nYour account is closed",
        "Lamp\u2028Bcc: all@evil.example",
        "Lamp\u2029\u0085\x0b\x0c\x1c\x1d\x1eBcc: all@evil.example",
        "Lamp\x1b[2J\x07\x7f\x9bBcc: all@evil.example",
        "Lamp \u202egnp.exe\u2066Bcc: all@evil.example",
        "Lamp {{ 7 * 7 }}{% include 'en/_foot.txt' %} Bcc: all@evil.example",
        "Lamp " * 5000 + "Bcc: all@evil.example",
        "灯" * 5000,
    ],
)
@pytest.mark.parametrize("locale", ["en", "zh"])
async def test_no_title_or_name_begins_a_line_of_its_own(database: Database, evil: str, locale: str) -> None:
    world = await World(database, title=evil, buyer_name=evil, marketplace=evil).open()
    for act, party, kind in TOLD:
        await world.notice(kind, party, act=act, carrier=("Other", evil, evil))
    await world.say("UPDATE sellers SET name = $1", evil)
    await world.say("UPDATE order_lines SET sku = $1", evil)
    await world.say("DELETE FROM order_lines WHERE line_no = 2")  # so that the title comes into subjects
    for letter in await world.letters(locale):
        assert len([letter.subject]) == len(letter.subject.splitlines())
        assert len(letter.subject) < 200
        lines = letter.body.splitlines()
        assert lines == letter.body.rstrip("\n").split("\n")
        assert not [line for line in lines if line.lstrip().startswith(("Bcc:", "Your account"))]
        assert not set(letter.body) & set("\u202e\u2066\x1b\x07\x7f\x9b\x00")
        assert "49" not in letter.body
        assert len(letter.body) < 5000


@pytest.mark.parametrize(
    ("units", "currency", "english", "chinese"),
    [
        (1990, "USD", "$19.90", "US$19.90"),
        (123456, "CNY", "CN¥1,234.56", "¥1,234.56"),
        (1500, "JPY", "¥1,500", "JP¥1,500"),
        (1234, "KWD", "KWD\xa01.234", "KWD\xa01.234"),
        (1234, "IQD", "IQD\xa01.234", "IQD\xa01.234"),  # customary: no digits; by ISO 4217: three
        (0, "EUR", "€0.00", "€0.00"),
        (10**12, "EUR", "€10,000,000,000.00", "€10,000,000,000.00"),
    ],
)
def test_money_is_written_with_its_currency_and_all_its_digits(
    units: int, currency: str, english: str, chinese: str
) -> None:
    assert (money(units, currency, "en"), money(units, currency, "zh")) == (english, chinese)


def test_languages_without_texts_fall_back_to_english() -> None:
    locales = ["en", "en_GB", "pt_BR", "zh", "zh_CN", "ZH-hans", "zh-TW", "", "zz", "../etc"]
    assert [language_of(locale) for locale in locales] == ["en"] * 3 + ["zh"] * 4 + ["en"] * 3


def test_values_become_one_line() -> None:
    assert plain("  a\r\n\tb\u2028c ") == "a b c"
    assert plain("👩\u200d🚒 नमस्ते") == "👩\u200d🚒 नमस्ते"
    assert len(plain("x" * 10_000)) == 300
