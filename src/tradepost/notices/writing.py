"""Facts turned into a letter in the receiver's language: dates in the marketplace's zone, money with its currency.

The words are in texts/, a folder for each language: the first line is the subject, the rest the body. Every value that
a text puts in passes `plain`, so that no title, name or tracking number can begin a line or a header of its own.
"""

import re
import unicodedata
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import NumberPattern, get_currency_symbol
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tradepost.calendar_days import local_date, local_time
from tradepost.money import digits_of, format_amount
from tradepost.notices.facts import Facts, Item
from tradepost.notices.records import ClaimedNotice

LANGUAGES = ("en", "zh")
_LONGEST_VALUE = 300
_LONGEST_IN_SUBJECT = 60
_TURNS_THE_TEXT_AROUND = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
_MOMENT = {"en": "MMMM d, y, HH:mm", "zh": "y年M月d日 HH:mm"}
_UNTIL = {"en": "{} to {}", "zh": "{} 至 {}"}
_SERVICES = {
    "en": {"SecondDay": "Second Day", "NextDay": "Next Day"},
    "zh": {"Standard": "标准配送", "Expedited": "加急配送", "SecondDay": "两日达", "NextDay": "次日达"},
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice as its receiver will read it; `email` is None for a receiver who has given none."""

    notice: ClaimedNotice
    email: str | None
    language: str
    marketplace: str
    subject: str
    body: str


def write(facts: Facts) -> Letter:
    """The letter that tells these facts."""
    language = language_of(facts.locale)
    names = (f"{language}/{facts.kind}_{facts.receiver}.txt", f"{language}/{facts.kind}.txt")
    text = _texts().select_template(names).render(_words(facts, language))
    subject, _, body = text.partition("\n")
    return Letter(
        facts.notice, facts.email, language, plain(facts.marketplace), plain(subject), body.strip("\n") + "\n"
    )


def language_of(locale: str) -> str:
    """The language to write to someone of this locale, such as zh_CN or pt-BR; English where there are no texts."""
    language = re.split("[-_]", locale, maxsplit=1)[0].lower()
    return language if language in LANGUAGES else "en"


def plain(text: str) -> str:
    """One line of text, without anything that breaks lines, turns the writing around or goes on for pages."""
    letters = (" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in text)
    return shortened(" ".join("".join(letters).translate(_TURNS_THE_TEXT_AROUND).split()), _LONGEST_VALUE)


def _put_in(value: object) -> object:
    """What a text gets for a value that it names."""
    if value is None:
        raise ValueError("A text of a notice names something that is not there.")
    return plain(value) if isinstance(value, str) else value


def shortened(text: str, most: int) -> str:
    """The text, or as much of its beginning as `most` characters hold."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@cache
def _texts() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("texts")),
        autoescape=False,  # noqa: S701  (plain text, not HTML)
        finalize=_put_in,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _words(facts: Facts, language: str) -> Mapping[str, object]:
    """The facts as the texts put them in: strings that read well in the language, and what they branch on."""

    def day(moment: datetime) -> str:
        return _day(local_date(moment, facts.zone), "full", language)

    def at(moment: datetime) -> str:
        return format_datetime(local_time(moment, facts.zone), _MOMENT[language], tzinfo=None, locale=language)

    earliest, latest = day(facts.deliver_earliest), day(facts.deliver_latest)
    return {
        "order_id": facts.notice.order_id,
        "name": facts.name,
        "marketplace": facts.marketplace,
        "zone": facts.zone,
        "happened_at": at(facts.notice.happened_at),
        "placed_at": at(facts.placed_at),
        "ship_by": day(facts.ship_latest),
        "delivery": earliest if earliest == latest else _UNTIL[language].format(earliest, latest),
        "verify_until": at(facts.verify_until),
        "confirm_by": _day(facts.last_day_to_confirm, "long", language),
        "total": money(facts.total, facts.currency, language),
        "service": _SERVICES[language].get(facts.service, facts.service),
        "items": [_item(item, facts.currency, language) for item in facts.items],
        "first_title": shortened(plain(facts.items[0].title), _LONGEST_IN_SUBJECT) if facts.items else "",
        "units": sum(item.quantity for item in facts.items),
        "promised_anew": facts.promised_anew,
        "rest": facts.rest,
        "whole_order": facts.whole_order,
        "carrier": facts.carrier,
        "tracking": facts.tracking,
        "canceled_by": facts.canceled_by,
        "reason": facts.reason,
    }


def _item(item: Item, currency: str, language: str) -> Mapping[str, object]:
    return {
        "title": item.title,
        "sku": item.sku,
        "quantity": item.quantity,
        "price": money(item.unit_price, currency, language),
    }


def money(units: int, currency: str, language: str) -> str:
    """An amount as the language writes it, with the digits that the currency has, not those that are usual in cash."""
    amount = Decimal(format_amount(units, currency))
    return str(_money_pattern(language, currency).apply(amount, language, currency=currency, currency_digits=False))


@cache
def _money_pattern(language: str, currency: str) -> NumberPattern:
    pattern: NumberPattern = copy(Locale(language).currency_formats["standard"])
    pattern.frac_prec = (digits_of(currency),) * 2
    if get_currency_symbol(currency, language)[-1].isalpha():
        plus, minus = pattern.prefix
        pattern.prefix = plus + "\N{NO-BREAK SPACE}", minus + "\N{NO-BREAK SPACE}"
    return pattern


def _day(day: date, length: str, language: str) -> str:
    return format_date(day, format=length, locale=language)
